"""How the command speaks: answers to stdout, talk to stderr."""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from jejak_schemas import clock

_BOUNDLESS: Final = 10_000  # columns


def tell(line: str) -> None:
    """Talk: progress, warnings, hints."""
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def answer_json(document: object) -> None:
    """The answer as one JSON document."""
    sys.stdout.write(json.dumps(document, ensure_ascii=False, indent=2, default=plain) + "\n")


def plain(value: object) -> str:
    """A value as programs read it: a moment by RFC 3339."""
    return clock.rfc3339(value) if isinstance(value, datetime) else str(value)


def answer_table(
    columns: Sequence[str], rows: Iterable[Sequence[Any]], title: str | None = None
) -> None:
    """The answer as a table for a person."""
    table = Table(title=title, title_justify="left")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        # Never as markup: a cell may hold what a stranger wrote.
        table.add_row(*(Text("" if cell is None else str(cell)) for cell in row))
    show(table)


def answer_pairs(pairs: Mapping[str, object]) -> None:
    """The answer as lines of name and value."""
    width = max(map(len, pairs), default=0)
    for name, value in pairs.items():
        sys.stdout.write(f"{name:<{width}}  {value}\n")
    sys.stdout.flush()


def say(text: str) -> None:
    """The answer as text."""
    sys.stdout.write(text + "\n")


def show(renderable: RenderableType) -> None:
    """The answer as a picture for a person; as wide as it wants where no terminal bounds it."""
    console = Console()
    if not console.is_terminal:
        boundless = console.options.update(width=_BOUNDLESS)
        wanted = console.measure(renderable, options=boundless).maximum
        console.width = max(console.width, wanted)
    console.print(renderable)
