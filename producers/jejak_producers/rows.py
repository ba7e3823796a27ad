"""Files of events: JSON Lines and CSV, read line by line, whatever their size.

JSON Lines: one object a line, `"event"` names the class, the rest are its fields:

    {"event": "CourseCompleted", "party": "lan", "learner": {"nip": "..."}, ...}

CSV: a header of dotted paths, `event,party,learner.nip,activity.name.id,competencies.0.id`;
an empty cell is an absent field; comma or semicolon. Both are UTF-8. `event_id` may be absent.
docs/provider.md, "CSV", is the whole convention.
"""

import csv
import hashlib
import io
import json
import re
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO, Final, Literal, Protocol, get_args, get_origin

from pydantic import BaseModel, ValidationError

from jejak_producers import columns
from jejak_producers.errors import BadEvent, BadFile
from jejak_schemas import codec
from jejak_schemas.catalogue import BY_NAME
from jejak_schemas.events import Event, SystemEvent
from jejak_schemas.reasons import Meaning

Form = Literal["jsonl", "csv"]
_LONGEST: Final = 1024 * 1024  # bytes of one line; an event is at most 64 KiB on the wire
_FORMS: Final[dict[str, Form]] = {
    ".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "jsonl",
}  # fmt: skip

_PLACE: Final = re.compile(r"\[(\d+)\]")
_SHORTENED: Final = re.compile(r"\d([.,]\d+)?E\+\d+")  # 1,99104E+17
_AS_TEXT: Final = "a spreadsheet has shortened the number; make the column text, and type it anew"

_BROKEN: Final = {  # by what the csv module says
    "unexpected end": "a quotation mark that opens there is never closed",
    "field larger": f"a cell holds more than {csv.field_size_limit()} characters, or a quotation "
    "mark that opens there is never closed",
    "expected after": "behind a closing quotation mark stands no separator; "
    'a `"` within a cell is doubled',
}

NOT_JSON: Final = "not-json"
REASONS: Final = {
    NOT_JSON: Meaning(
        "The line is not one whole JSON object.",
        "Baris ini bukan satu objek JSON yang utuh.",
        "Write one object a line; a line cut in half is no event.",
        "Tulis satu objek per baris; baris yang terpotong bukan peristiwa.",
    ),
}
"""Reasons of this module's own, beside those of the contract."""


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

    def event(self) -> Event:
        """The event; raises BadEvent."""
        ...


def event_of(fields: Mapping[str, Any]) -> Event:
    """An event from plain values: `event` names the class. Raises BadEvent."""
    rest = dict(fields)
    name = rest.pop("event", None)
    if name is None:
        raise BadEvent("missing", "event")
    entry = BY_NAME.get(name) if isinstance(name, str) else None
    if entry is None:
        raise BadEvent("unknown-code", "event", "is no event of the catalogue")
    if issubclass(entry.event, SystemEvent):
        raise BadEvent("system-only", "event")
    try:
        return entry.event.model_validate(rest)
    except ValidationError as error:
        raise BadEvent.of(codec.refusal_of(error)) from None


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
    lines = _json_lines(buffered) if form == "jsonl" else _csv_lines(buffered, name)
    return _some(lines, name)


def _some(lines: Generator[Line, None, None], name: str) -> Generator[Line, None, None]:
    line = None
    with closing(lines):  # before its file: who stops early closes both
        for line in lines:
            yield line
    if line is None:
        raise BadFile(f"{name} holds no events")


# -- JSON Lines -------------------------------------------------------------------------


@dataclass(frozen=True)
class JsonLine:
    """A line of a JSON Lines file. Its repr hides the text: it holds NIPs."""

    number: int
    raw: bytes = field(repr=False)

    @property
    def digest(self) -> bytes:
        """SHA-256 of the line without its end."""
        return hashlib.sha256(self.raw).digest()

    def event(self) -> Event:
        """The event; raises BadEvent."""
        if len(self.raw) >= _LONGEST:
            raise BadEvent("too-large")
        try:
            fields = json.loads(
                self.raw.decode("utf-8"), object_pairs_hook=_once, parse_constant=_no_constant
            )
        except UnicodeDecodeError as exc:
            raise BadEvent("invalid-utf8", None, f"byte {exc.start + 1} is not UTF-8") from None
        except (ValueError, RecursionError):
            raise BadEvent(NOT_JSON, None, REASONS[NOT_JSON].en) from None
        if not isinstance(fields, dict):
            raise BadEvent(NOT_JSON, None, REASONS[NOT_JSON].en)
        return event_of(fields)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        raise ValueError("a field twice")
    return fields


def _no_constant(_: str) -> None:
    raise ValueError("NaN and Infinity are not JSON")


def _json_lines(stream: BinaryIO) -> Generator[Line, None, None]:
    number = 0
    while raw := stream.readline(_LONGEST):
        number += 1
        rest = raw
        while len(rest) == _LONGEST and not rest.endswith(b"\n"):
            rest = stream.readline(_LONGEST)
        text = (raw.removeprefix(b"\xef\xbb\xbf") if number == 1 else raw).rstrip(b"\r\n")
        if text.strip():
            yield JsonLine(number, text)


# -- CSV --------------------------------------------------------------------------------


@dataclass(frozen=True)
class CsvLine:
    """A record of a CSV file. Its repr hides the cells: they hold NIPs."""

    number: int
    header: tuple[str, ...]
    cells: Sequence[str] = field(repr=False)

    @cached_property
    def digest(self) -> bytes:
        """SHA-256 of header and cells."""
        text = "\x1e".join(("\x1f".join(self.header), "\x1f".join(self.cells)))
        return hashlib.sha256(text.encode(errors="surrogateescape")).digest()

    def event(self) -> Event:
        """The event; raises BadEvent."""
        if any(self.cells[len(self.header) :]):
            raise BadEvent("unknown-field", None, "has more cells than the header has columns")
        tree = _tree(self.header, self.cells)
        entry = BY_NAME.get(str(tree.get("event")))
        try:
            return event_of(_shaped(entry.event, tree) if entry else tree)
        except BadEvent as error:
            if _SHORTENED.fullmatch(self._cell(error.field or "")):
                error = BadEvent(error.reason, error.field, _AS_TEXT)
            raise error from None

    def _cell(self, field: str) -> str:
        column = _PLACE.sub(r".\1", field)
        found = dict(zip(self.header, self.cells, strict=False))
        return found.get(column, "")


def _csv_lines(stream: BinaryIO, name: str) -> Generator[Line, None, None]:
    # A byte that is not UTF-8 becomes a lone surrogate: its line is refused, the others are not.
    text = io.TextIOWrapper(stream, encoding="utf-8-sig", errors="surrogateescape", newline="")
    number = 1
    try:
        first = text.readline()
        header = _header(first, name)
        number = 2
        reader = csv.reader(text, delimiter=_delimiter(first), strict=True)
        for cells in reader:
            if any(cells):
                yield CsvLine(number, header, cells)
            number = reader.line_num + 2
    except csv.Error as exc:
        raise BadFile(f"{name}: line {number}: {_broken(exc)}") from None
    finally:
        text.detach()


def _broken(error: csv.Error) -> str:
    """What is wrong with a record that cannot be taken apart, in words."""
    return next((words for said, words in _BROKEN.items() if said in str(error)), str(error))


def _delimiter(first: str) -> str:
    return ";" if first.count(";") > first.count(",") else ","


def _header(first: str, name: str) -> tuple[str, ...]:
    if any("\udc80" <= letter <= "\udcff" for letter in first):
        raise BadFile(f"{name} is not UTF-8 text; save it as `CSV UTF-8`")
    cells = next(csv.reader([first], delimiter=_delimiter(first), strict=True), [])
    header = [cell.strip() for cell in cells]
    while header and not header[-1]:  # what spreadsheets leave behind
        header.pop()
    fault = _fault(header)
    if fault:
        raise BadFile(f"{name}: line 1: {fault}")
    return tuple(header)


def _fault(header: Sequence[str]) -> str | None:
    """What is wrong with a header, in words."""
    if "event" not in header:
        return "the header has no column `event`"
    for place, column in enumerate(header):
        if not column:
            return f"column {place + 1} has no name"
        if column in header[:place]:
            return f"the column `{_shown(column)}` is there twice"
        if any(other.startswith(column + ".") for other in header):
            return f"{_shown(column)} is a column and has columns below it"
        if not columns.exists(column):
            guess = columns.nearest(column)
            hint = f"; do you mean `{guess}`?" if guess else ""
            return f"`{_shown(column)}` is a field of no event{hint}"
    return None


def _shown(column: str) -> str:
    """A column's name, unless it can be a person's number: a file without a header begins so."""
    return "(a name with a long number)" if re.search(r"\d{8}", column) else column


def _tree(header: Sequence[str], cells: Sequence[str]) -> dict[str, Any]:
    """Cells by their dotted paths, as nested dicts of text; empty cells are absent."""
    tree: dict[str, Any] = {}
    for path, cell in zip(header, cells, strict=False):
        if cell:
            *steps, last = path.split(".")
            node = tree
            for step in steps:
                node = node.setdefault(step, {})
            node[last] = cell
    return tree


def _shaped(annotation: Any, value: Any) -> Any:
    """Text as the field's type wants it: numbers where it says int, lists where it says tuple."""
    wanted = columns.wire_form(annotation)
    if isinstance(value, str):
        return _number(value) if wanted is int else value
    if get_origin(wanted) is tuple:
        return _list(get_args(wanted)[0], value)
    if isinstance(wanted, type) and issubclass(wanted, BaseModel):
        fields = wanted.model_fields
        return {
            key: _shaped(fields[key].annotation if key in fields else None, part)
            for key, part in value.items()
        }
    return value


def _number(text: str) -> int | str:
    digits = text.removeprefix("-")
    return int(text) if digits.isascii() and digits.isdigit() and len(digits) < 20 else text  # noqa: PLR2004


def _list(item: Any, parts: Mapping[str, Any]) -> Any:
    """`{"0": a, "1": b}` as a list; left as it is, and so refused, where a number is missing."""
    if set(parts) != {str(place) for place in range(len(parts))}:
        return parts
    return [_shaped(item, parts[str(place)]) for place in range(len(parts))]
