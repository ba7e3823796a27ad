"""How the command speaks: answers to stdout, talk to stderr."""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.console import Console, RenderableType
from rich.table import Table


def tell(line: str) -> None:
    """Talk: progress, warnings, hints."""
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def answer_json(document: object) -> None:
    """The answer as one JSON document."""
    sys.stdout.write(json.dumps(document, ensure_ascii=False, indent=2, default=str) + "\n")


def answer_table(
    columns: Sequence[str], rows: Iterable[Sequence[Any]], title: str | None = None
) -> None:
    """The answer as a table for a person."""
    table = Table(*columns, title=title, title_justify="left")
    for row in rows:
        table.add_row(*("" if cell is None else str(cell) for cell in row))
    Console().print(table)


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
    """The answer as a picture for a person."""
    Console().print(renderable)
