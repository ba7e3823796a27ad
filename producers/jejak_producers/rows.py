"""Files of events: JSON Lines and CSV, read line by line, whatever their size.

Both are UTF-8, and `event_id` may be absent. jsonlines.py and csvlines.py say how each is written.
"""

import io
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import BinaryIO, Final, Literal, Protocol

from jejak_producers.csvlines import csv_lines
from jejak_producers.errors import BadFile
from jejak_producers.jsonlines import json_lines
from jejak_schemas.events import Event

Form = Literal["jsonl", "csv"]
_FORMS: Final[dict[str, Form]] = {
    ".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "jsonl",
}  # fmt: skip


class Line(Protocol):
    """One line that should be an event."""

    @property
    def number(self) -> int:
        """Its number in the file, from 1; of a CSV record, where it begins."""
        ...

    @property
    def digest(self) -> bytes:
        """SHA-256 of what stands there: tells whether the file was changed."""
        ...

    @property
    def named(self) -> str | None:
        """The event of the catalogue that it names, whatever else is wrong with it."""
        ...

    def event(self) -> Event:
        """The event; raises BadEvent."""
        ...


@contextmanager
def open_rows(path: Path) -> Iterator[Iterator[Line]]:
    """The lines of a file; raises BadFile with one clear line."""
    try:
        with path.open("rb") as stream, closing(_read(stream, path)) as lines:
            yield lines
    except FileNotFoundError:
        raise BadFile(f"there is no file {path}") from None
    except IsADirectoryError:
        raise BadFile(f"{path} is a directory, not a file of events") from None
    except PermissionError:
        raise BadFile(f"{path} may not be read by this user") from None


def _read(stream: BinaryIO, path: Path) -> Generator[Line, None, None]:
    return read(stream, str(path), _FORMS.get(path.suffix.lower()))


def read(stream: BinaryIO, name: str, form: Form | None = None) -> Generator[Line, None, None]:
    """The lines of an open file; `form` None: an object at the start means JSON Lines.

    Raises BadFile, before the first line or on the way.
    """
    buffered = stream if isinstance(stream, io.BufferedReader) else io.BufferedReader(stream)  # type: ignore[type-var]
    start = buffered.peek(1)
    if not start:
        raise BadFile(f"{name} is empty")
    if form is None:
        first = start.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
        form = "jsonl" if first in (b"{", b"") else "csv"
    lines = json_lines(buffered) if form == "jsonl" else csv_lines(buffered, name)
    return _some(lines, name)


def _some(lines: Generator[Line, None, None], name: str) -> Generator[Line, None, None]:
    line = None
    with closing(lines):  # before its file: who stops early closes both
        for line in lines:
            yield line
    if line is None:
        raise BadFile(f"{name} holds no events")
