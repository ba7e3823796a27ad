"""Refused and conflicting messages, whole, with a reason. One for each such outcome."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field as of
from typing import TYPE_CHECKING, Any, LiteralString

from psycopg.rows import tuple_row

from jejak_lrs.batch import Original, Source

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from jejak_lrs.database import Connection


@dataclass(frozen=True, slots=True)
class Quarantined:
    """One message in quarantine; `number` is its outcome's. The original may hold a NIP."""

    number: int
    stored: datetime
    kind: str
    party: str | None
    event_id: UUID | None
    source: Source
    reason: str
    field: str | None
    detail: str | None
    status: str
    trace: str | None = of(repr=False)
    original: Original = of(repr=False)


_SELECT: LiteralString = (
    "SELECT number, stored, kind, party, event_id, source_kind, source_topic, source_partition, "
    "source_offset, reason, field, detail, status, trace, original_key, original_value, "
    "header_names, header_values FROM quarantine "
)


def find(
    connection: Connection,
    *,
    status: str | None = "waiting",
    party: str | None = None,
    reason: str | None = None,
    after: int = -1,
    limit: int = 100,
) -> list[Quarantined]:
    """Messages in quarantine by number, from after a number; None means any."""
    return _read(
        connection,
        "WHERE number > %(after)s "
        "AND (%(status)s::text IS NULL OR status = %(status)s) "
        "AND (%(party)s::text IS NULL OR party = %(party)s) "
        "AND (%(reason)s::text IS NULL OR reason = %(reason)s) "
        "ORDER BY number LIMIT %(limit)s",
        {"after": after, "status": status, "party": party, "reason": reason, "limit": limit},
    )


def show(connection: Connection, number: int) -> Quarantined | None:
    """One message, with its original bytes."""
    found = _read(connection, "WHERE number = %(number)s", {"number": number})
    return found[0] if found else None


def counts(connection: Connection) -> dict[tuple[str, str], int]:
    """How many messages by (status, reason)."""
    found = connection.execute("SELECT status, reason, count(*) FROM quarantine GROUP BY 1, 2")
    return {(status, reason): count for status, reason, count in found}


def _read(
    connection: Connection, where: LiteralString, values: dict[str, object]
) -> list[Quarantined]:
    with connection.cursor(row_factory=tuple_row, binary=True) as cursor:
        return [_of(row) for row in cursor.execute(_SELECT + where, values)]


def _of(row: tuple[Any, ...]) -> Quarantined:
    number, stored, kind, party, event_id, *rest = row
    source, (reason, field, detail, status, trace) = Source(*rest[:4]), rest[4:9]
    key, value, names, contents = rest[9:]
    headers = zip((name.decode() for name in names or ()), contents or (), strict=True)
    return Quarantined(
        number,
        stored,
        kind,
        party,
        event_id,
        source,
        reason,
        field,
        detail,
        status,
        trace,
        Original(key, value, tuple(headers)),
    )
