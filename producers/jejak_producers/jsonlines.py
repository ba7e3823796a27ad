"""JSON Lines: one object a line; `"event"` names the class, the rest are its fields.

    {"event": "CourseCompleted", "party": "lan", "learner": {"nip": "..."}, ...}

A line that is no whole object is refused by itself; the lines around it are read.
"""

import hashlib
import json
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Final

from jejak_producers.errors import BadEvent
from jejak_producers.plain import event_of, named
from jejak_schemas.events import Event
from jejak_schemas.reasons import Meaning

_LONGEST: Final = 1024 * 1024  # bytes of one line; an event is at most 64 KiB on the wire

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


@dataclass(frozen=True)
class JsonLine:
    """A line of a JSON Lines file. Its repr hides the text: it holds NIPs."""

    number: int
    raw: bytes = field(repr=False)

    @property
    def digest(self) -> bytes:
        """SHA-256 of the line without its end."""
        return hashlib.sha256(self.raw).digest()

    @property
    def named(self) -> str | None:
        """The event of the catalogue that it names, if it names one."""
        try:
            return named(self._fields())
        except BadEvent:
            return None

    def event(self) -> Event:
        """The event; raises BadEvent."""
        return event_of(self._fields())

    def _fields(self) -> dict[str, Any]:
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
        return fields


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        raise ValueError("a field twice")
    return fields


def _no_constant(_: str) -> None:
    raise ValueError("NaN and Infinity are not JSON")


def json_lines(stream: BinaryIO) -> Generator[JsonLine, None, None]:
    """The lines of a file that are not blank; of one that is too long only the beginning."""
    number = 0
    while raw := stream.readline(_LONGEST):
        number += 1
        rest = raw
        while len(rest) == _LONGEST and not rest.endswith(b"\n"):
            rest = stream.readline(_LONGEST)
        text = (raw.removeprefix(b"\xef\xbb\xbf") if number == 1 else raw).rstrip(b"\r\n")
        if text.strip():
            yield JsonLine(number, text)
