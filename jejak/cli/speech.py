"""How the command speaks: answers to stdout, talk to stderr."""

import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import typer
from rich.console import Console, RenderableType
from rich.text import Text

from jejak import sheets
from jejak.errors import Misuse, Refuse
from jejak.pictures import Picture
from jejak.sheets import Sheet
from jejak_schemas import clock

_BOUNDLESS: Final = 10_000  # columns


def tell(line: str) -> None:
    """Talk: progress, warnings, hints."""
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def ask(question: str) -> None:
    """Go on only where somebody says yes; Abort where they do not, or nobody is there.

    Asked on stderr, and not by Typer, which leaves a space on stdout.
    """
    sys.stderr.write(f"{question} [y/N]: ")
    sys.stderr.flush()
    answer = sys.stdin.readline()
    if not answer:
        tell("")  # the question's line has no end yet
    if answer.strip().lower() not in ("y", "yes", "ya"):
        raise typer.Abort


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
    table = Picture(title=title, title_justify="left")
    for column in columns:
        table.add_column(column)
    for row in rows:
        # Never as markup: a cell may hold what a stranger wrote.
        table.add_row(*(Text("" if cell is None else str(cell)) for cell in row))
    show(table)


def answer_sheet(sheet: Sheet, kind: str | None, output: Path | None) -> None:
    """The answer as a table for a spreadsheet: to a file, else CSV on stdout.

    Raises:
        Misuse: as `sheet_kind` does.
        Refuse: the file cannot be written.
    """
    workbook = sheet_kind(kind, output) == "xlsx"
    held = sheets.as_xlsx(sheet) if workbook else sheets.as_csv(sheet).encode()
    if output is not None:
        write_file(output, held)
    else:
        sys.stdout.flush()
        sys.stdout.buffer.write(held)


def sheet_kind(kind: str | None, output: Path | None) -> str:
    """What was said, csv or xlsx, else how the file's name ends.

    A command asks it before it reckons anything, so that whoever asks wrongly need not wait.

    Raises:
        Misuse: the format is unclear, or is not one for a terminal.
    """
    kind = kind or (output.suffix.lstrip(".").lower() if output else "csv")
    if kind not in ("csv", "xlsx"):
        raise Misuse(f"{output}: the name must end in .csv or .xlsx, or say --format")
    if kind == "xlsx" and output is None and sys.stdout.isatty():
        raise Misuse("a workbook is not for a terminal: say --output FILE.xlsx")
    return kind


def write_file(path: Path, held: bytes) -> None:
    """Write a file that only its owner may read, and say so; Refuse where it cannot be.

    A file that is there keeps its permissions.
    """
    try:
        with open(path, "wb", opener=_privately) as file:
            file.write(held)
    except OSError as error:
        raise Refuse(f"cannot write {path}: {error.strerror}") from None
    tell(f"written to {path}")


def _privately(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


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
