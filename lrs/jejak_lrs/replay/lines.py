"""Records as JSON Lines: the same records, the same bytes, whoever asks and when.

One object a line, the keys in this order: the columns, then the statement exactly as it is kept,
but for line breaks between its parts, which become spaces. Of an erased record `erased` is true,
and what erasure takes is null.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import orjson

from jejak_lrs.replay.selection import Reader
from jejak_schemas.clock import rfc3339

if TYPE_CHECKING:
    from jejak_lrs.database import Connection
    from jejak_lrs.ledger.history import Record
    from jejak_lrs.replay.selection import Selected, Span

WIDTH: Final = 500  # positions in one part: a short query, little enough for a processor's cache
_BREAKS: Final = bytes.maketrans(b"\r\n", b"  ")  # JSON has them between its parts only


@dataclass(frozen=True, slots=True)
class Found:
    """What some spans hold: how many records of which type, erased ones, the first and last."""

    records: int = 0
    erased: int = 0
    first: int | None = None
    last: int | None = None
    types: Counter[str] = field(default_factory=Counter)

    def document(self) -> dict[str, Any]:
        """It as JSON values."""
        return {
            "records": self.records,
            "erased": self.erased,
            "first_position": self.first,
            "last_position": self.last,
            "types": dict(sorted(self.types.items())),
        }

    @classmethod
    def parse(cls, document: dict[str, Any]) -> Found:
        """What `document` said."""
        return cls(
            document["records"],
            document["erased"],
            document["first_position"],
            document["last_position"],
            Counter(document["types"]),
        )

    def and_then(self, after: Found) -> Found:
        """Of this, and of what follows it."""
        types = self.types.copy()
        types.update(after.types)
        return Found(
            self.records + after.records,
            self.erased + after.erased,
            after.first if self.first is None else self.first,
            self.last if after.last is None else after.last,
            types,
        )


@dataclass(frozen=True, slots=True)
class Part:
    """The lines of one span. `end` is the span's."""

    end: int
    lines: bytes = field(repr=False)
    found: Found


@dataclass(frozen=True, slots=True)
class Lines:
    """The work of making parts: by a connection, of one span."""

    selected: Selected

    def begin(self, connection: Connection) -> Reader:
        """What one connection needs for all its spans."""
        return Reader(connection, self.selected)

    def make(self, reader: Reader, span: Span) -> Part:
        """The lines of a span."""
        told = reader.records(span)
        return Part(span.end, b"".join(line(one, plain) for one, plain in told), found_in(told))


def found_in(told: list[tuple[Record, bytes | None]]) -> Found:
    """What these records are, in short."""
    if not told:
        return Found()
    return Found(
        records=len(told),
        erased=sum(plain is None for _, plain in told),
        first=told[0][0].position,
        last=told[-1][0].position,
        types=Counter(record.event_type for record, _ in told),
    )


def line(record: Record, plain: bytes | None) -> bytes:
    """One record as a line."""
    return orjson.dumps(document(record, plain), option=orjson.OPT_APPEND_NEWLINE)


def document(record: Record, plain: bytes | None) -> dict[str, Any]:
    """One record as orjson writes it."""
    return {
        **columns(record),
        "erased": plain is None,
        "statement": None if plain is None else orjson.Fragment(_in_one_line(plain)),
    }


def _in_one_line(plain: bytes) -> bytes:
    broken = b"\n" in plain or b"\r" in plain
    return plain.translate(_BREAKS) if broken else plain


def columns(record: Record) -> dict[str, Any]:
    """What of a record stands beside its statement, salt and tag, for orjson."""
    return {
        "position": record.position,
        "statement_id": record.statement_id,
        "stored": rfc3339(record.stored),
        "occurred_at": rfc3339(record.occurred_at),
        "event_type": record.event_type,
        "party": record.party,
        "on_behalf_of": record.on_behalf_of,
        "person_id": record.person_id,
        "agency": record.agency,
        "verb": record.verb,
        "activity": record.activity,
        "source_kind": record.source_kind,
        "source_topic": record.source_topic,
        "source_partition": record.source_partition,
        "source_offset": record.source_offset,
        "mapping_version": record.mapping_version,
        "warnings": record.warnings or [],
        "commitment": record.commitment.hex(),
    }
