"""One page for each class: what it is for, who says it, its fields, what is refused, an example."""

from collections.abc import Iterable, Iterator
from typing import Final

from pydantic import BaseModel

from jejak_schemas import avro
from jejak_schemas.catalogue import BY_NAME, Actor, Entry
from jejak_schemas.documents import channels, examples, material
from jejak_schemas.documents.markdown import anchor, block, both, code, codes, link, page, table
from jejak_schemas.documents.shapes import Row, Shape, parts_of, rows_of

INDEX: Final = "README.md"
TYPES: Final = "types.md"
CODES: Final = "reasons.md"
_SOURCES: Final = "../../schemas/jejak_schemas/avsc/"
_ACTORS: Final = {
    Actor.LEARNER: "the learner",
    Actor.INSTITUTION: "the institution that says it",
    Actor.COACH: "the person in `coach`",
}


def page_of(model: type[BaseModel]) -> str:
    """The page of a class."""
    said = material.sentence_of(model)
    return page(
        f"# {model.__name__}",
        f"{said.en}<br>\n*{said.id}*",
        table(("", ""), _sheet(model)),
        "## Fields",
        fields_table(rows_of(model)),
        _refused(model),
        "## Example",
        block("json", examples.as_json(model)),
        block("python", examples.as_python(model)),
        _csv(model),
        f"All events and messages: {link('the contract', INDEX)}.",
    )


def fields_table(rows: Iterable[Row]) -> str:
    """The fields of a class or a shared part."""
    columns = ("field", "type", "required", "limits and unit", "meaning")
    return table(columns, map(_field, rows))


def _field(row: Row) -> tuple[str, ...]:
    required = "**yes**" if row.required else ""
    return code(row.name), _type(row.shape), required, _limits(row.shape), both(row.meaning)


def _type(shape: Shape) -> str:
    words = material.types().get(shape.name)
    name = words.words if words else shape.name
    target = shape.name if shape.part else words.words if words else None
    shown = link(name, TYPES + anchor(target)) if target else name
    return f"list of {shown}" if shape.many else shown


def _limits(shape: Shape) -> str:
    words = material.types().get(shape.name)
    unit = (f"in {words.unit}",) if words and words.unit else ()
    return "; ".join((*shape.limits, *unit))


def refused_lines(model: type[BaseModel]) -> Iterator[str]:
    """What is refused beyond single fields, a line each."""
    for refused in material.refusals_of(model):
        yield f"- {link(code(refused.reason), CODES + anchor(refused.reason))}: {refused.why}"


def _refused(model: type[BaseModel]) -> str | None:
    own = list(refused_lines(model))
    parts = [part for part in parts_of(model) if any(refused_lines(part))]
    named = ", ".join(link(part.__name__, TYPES + anchor(part.__name__)) for part in parts)
    if named:
        own.append(f"- whatever is refused of a {named}")
    if not own:
        return None
    return "\n".join(["Refused as well, beyond single fields:", "", *own])


def _csv(model: type[BaseModel]) -> str | None:
    text = examples.as_csv(model)
    return block("csv", text) if text else None


# -- the sheet at the top -----------------------------------------------------------------


def _sheet(model: type[BaseModel]) -> Iterator[tuple[str, str]]:
    entry = BY_NAME.get(model.__name__)
    yield from _said_by(entry) if entry else _sent(model)
    yield "versions", "<br>".join(_versions(model.__name__))


def _said_by(entry: Entry) -> Iterator[tuple[str, str]]:
    yield "event", f"{entry.number}, {entry.family}"
    if entry.family == "system":
        yield "said by", "the system itself; refused from any inbox"
    else:
        yield "said by", ", ".join(sorted(entry.roles))
        yield "message key", code(entry.key)
    yield "statement", _statement(entry)
    yield "evidence", code(entry.evidence) if entry.evidence else "none"
    readers = material.readers_of(entry.name)
    read = "<br>".join(link(one.en.rstrip("."), f"../{one.page}") for one in readers)
    yield "read by", read or "no rule; it is kept and replayed"


def _statement(entry: Entry) -> str:
    """What it becomes in the ledger."""
    if entry.actor is Actor.STATED:
        return "the provider's own, but for its persons"
    lines = (
        f"actor: {_ACTORS[entry.actor]}",
        f"verb: {link(entry.verb.rpartition('/')[2], entry.verb)}",
        f"object: {_object(entry)}",
    )
    return "<br>".join(lines)


def _object(entry: Entry) -> str:
    if entry.type is None:
        return code(entry.thing)
    return f"{code(entry.thing)}, usually of type {link(entry.type.rpartition('/')[2], entry.type)}"


def _sent(model: type[BaseModel]) -> Iterator[tuple[str, str]]:
    channel = channels.channel_of(model)
    if channel is None:
        raise LookupError(model.__name__)
    yield "sent on", code(channel.address)
    yield "which is", channel.says
    yield "message key", channel.key


def _versions(name: str) -> Iterator[str]:
    """Each version, and what it says more than the one before."""
    known: frozenset[str] | None = None
    for schema in avro.versions(name):
        fields = frozenset(field["name"] for field in schema.reader["fields"])
        added = sorted(fields - known) if known else []
        more = f", adds {codes(added)}" if added else ""
        file = _SOURCES + avro.file_name(name, schema.version)
        number = "draft" if schema.version == avro.DRAFT else str(schema.version)
        yield f"{link(number, file)}, fingerprint {code(schema.fingerprint)}{more}"
        known = fields
