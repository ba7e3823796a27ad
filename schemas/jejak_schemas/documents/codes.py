"""The page of reasons and warnings: what each means, how to mend it, how it comes about."""

import json
from collections.abc import Iterator

from jejak_schemas.documents import material, pages
from jejak_schemas.documents.markdown import code, codes, link, page
from jejak_schemas.documents.material import Shown
from jejak_schemas.reasons import REASONS, WARNINGS, Meaning


def codes_page() -> str:
    """docs/contract/reasons.md."""
    receipt = link("receipt", "Receipt.md")
    return page(
        "# Reasons and warnings",
        f"A {receipt} says why a message was refused by one code of the first list, and in "
        "`field` where it can be told; its `detail` never repeats a value of the message. A "
        "recorded event may carry codes of the second list. Both lists are closed, and a code "
        "keeps its meaning for ever. The SDK and `jejak validate` refuse with the same codes "
        "before anything is sent.",
        f"Go to: {link('reasons', '#reasons')}, {link('warnings', '#warnings')}; "
        f"{link('the contract', pages.INDEX)}.",
        "## Reasons",
        "Refused: nothing was recorded. Correct the event and emit it anew.",
        *(_entry(name, meaning) for name, meaning in REASONS.items()),
        "## Warnings",
        "Recorded all the same; the warning says what may keep it from counting.",
        *(_entry(name, meaning) for name, meaning in WARNINGS.items()),
    )


def _entry(name: str, meaning: Meaning) -> str:
    return page(
        f"### {name}",
        f"{meaning.en} **{meaning.mend_en}**<br>\n*{meaning.id} **{meaning.mend_id}***",
        f"Example: {_example(material.shown_of(name))}",
    ).rstrip("\n")


def _example(shown: Shown) -> str:
    if shown.shown:
        return shown.shown
    field = f", field {code(shown.field)}" if shown.field else ""
    return f"a {link(shown.event, f'{shown.event}.md')} {'; '.join(_changes(shown))}{field}."


def _changes(shown: Shown) -> Iterator[str]:
    for path, value in shown.change.items():
        yield f"with {code(f'{_last(path)}: {json.dumps(value, ensure_ascii=False)}')}"
    if shown.without:
        yield f"without {codes(shown.without)}"
    if shown.long:
        yield f"whose {code(shown.long)} is a character too long"


def _last(path: str) -> str:
    return json.dumps(path.rpartition(".")[2])
