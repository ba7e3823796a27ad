"""CSV: a header of dotted paths, `event,party,learner.nip,activity.name.id,competencies.0.id`.

An empty cell is an absent field; the separator is comma or semicolon. docs/provider.md, "CSV", is
the whole convention.
"""

import csv
import hashlib
import io
import re
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, BinaryIO, Final, get_args, get_origin

from pydantic import BaseModel

from jejak_producers import columns
from jejak_producers.errors import BadEvent, BadFile
from jejak_producers.plain import event_of, named
from jejak_schemas.catalogue import BY_NAME
from jejak_schemas.events import Event

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

    @property
    def named(self) -> str | None:
        """The event of the catalogue that it names, if it names one."""
        return named({"event": self._cell("event")})

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


def csv_lines(stream: BinaryIO, name: str) -> Generator[CsvLine, None, None]:
    """The records of a file that are not empty; raises BadFile where one cannot be taken apart."""
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
