"""Markdown, as far as the pages need it."""

from collections.abc import Iterable, Sequence

from jejak_schemas.documents.material import Meaning


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; cells are Markdown in one line."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def block(lang: str, text: str) -> str:
    """A block of code."""
    return f"```{lang}\n{text}\n```"


def link(text: str, target: str) -> str:
    """A link."""
    return f"[{text}]({target})"


def anchor(heading: str) -> str:
    """The anchor that a heading of one word gets."""
    return "#" + heading.lower().replace(" ", "-")


def code(text: str) -> str:
    """Text as code."""
    return f"`{text}`"


def codes(texts: Iterable[str]) -> str:
    """Several, with commas."""
    return ", ".join(map(code, texts))


def both(meaning: Meaning) -> str:
    """A meaning in both languages, for a cell."""
    return f"{meaning.en}<br>*{meaning.id}*"


def page(*parts: str | None) -> str:
    """A page, of its parts that are there."""
    return "\n\n".join(part for part in parts if part) + "\n"
