"""The page of what classes share: how each type of value is written, and the shared parts."""

from collections.abc import Iterator

from pydantic import BaseModel

from jejak_schemas import avro
from jejak_schemas.documents import material, pages
from jejak_schemas.documents.markdown import anchor, both, link, page, table
from jejak_schemas.documents.shapes import parts_of, rows_of


def types_page() -> str:
    """docs/contract/types.md."""
    return page(
        "# Types and shared parts",
        "How values are written in JSON and in CSV. What an Avro client writes stands in the "
        "`.avsc` files: a time as microseconds since 1970 in UTC, a date as days since 1970.",
        table(("type", "in JSON", "must be", "unit"), _types()),
        "In CSV a column's name is the path with dots, items of a list are numbered from 0 "
        "(`competencies.0.id`), and an empty cell is an absent field.",
        *(_part(part) for part in shared_parts()),
        f"All events and messages: {link('the contract', pages.INDEX)}.",
    )


def shared_parts() -> list[type[BaseModel]]:
    """Every part that stands in some class, by name."""
    found = {part for model in avro.MODELS for part in parts_of(model)}
    return sorted(found, key=lambda part: part.__name__)


def _types() -> Iterator[tuple[str, ...]]:
    for words in sorted(material.types().values(), key=lambda one: one.words.lower()):
        place = anchor(words.words).removeprefix("#")
        yield f'<a id="{place}"></a>{words.words}', words.json, words.rule, words.unit


def _part(part: type[BaseModel]) -> str:
    refused = list(pages.refused_lines(part))
    beyond = "\n".join(["Refused as well, beyond single fields:", "", *refused])
    return page(
        f"## {part.__name__}",
        both(material.sentence_of(part)),
        pages.fields_table(rows_of(part)),
        beyond if refused else None,
    ).rstrip("\n")
