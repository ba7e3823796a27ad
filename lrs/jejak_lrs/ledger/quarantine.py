"""Refused and conflicting messages, whole, with a reason. One for each such outcome."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field as of
from typing import TYPE_CHECKING, Any, Final, LiteralString

from psycopg.rows import tuple_row

from jejak_lrs.ledger.batch import Delivered, Original, Source

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from uuid import UUID

    from jejak_lrs.database import Connection


@dataclass(frozen=True, slots=True)
class Quarantined:
    """One message in quarantine; `number` is its outcome's. The original may hold a NIP.

    `again` is why its last redrive was refused.
    """

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
    again: str | None
    trace: str | None = of(repr=False)
    original: Original = of(repr=False)


@dataclass(frozen=True, slots=True)
class Selection:
    """Which messages; None is any. `reason` is the first one's, `below` bounds the numbers."""

    status: str | None = "waiting"
    party: str | None = None
    reason: str | None = None
    since: datetime | None = None
    numbers: Sequence[int] | None = None
    below: int | None = None


WAITING: Final = Selection()
_PAGE: Final = 100

_SELECT: LiteralString = (
    "SELECT number, stored, kind, party, event_id, source_kind, source_topic, source_partition, "
    "source_offset, reason, field, detail, status, (SELECT h.reason FROM handling h "
    "WHERE h.number = q.number AND h.act = 'refused' ORDER BY h.handled DESC LIMIT 1), "
    "trace, original_key, original_value, header_names, header_values FROM quarantine q "
)


def find(
    connection: Connection, selection: Selection = WAITING, *, after: int = -1, limit: int = _PAGE
) -> list[Quarantined]:
    """Messages in quarantine by number, from after a number."""
    numbers = None if selection.numbers is None else list(selection.numbers)
    return _read(
        connection,
        "WHERE number > %(after)s "
        "AND (%(status)s::text IS NULL OR status = %(status)s) "
        "AND (%(party)s::text IS NULL OR party = %(party)s) "
        "AND (%(reason)s::text IS NULL OR reason = %(reason)s) "
        "AND (%(since)s::timestamptz IS NULL OR stored >= %(since)s) "
        "AND (%(numbers)s::bigint[] IS NULL OR number = ANY(%(numbers)s)) "
        "AND (%(below)s::bigint IS NULL OR number < %(below)s) "
        "ORDER BY number LIMIT %(limit)s",
        {
            "after": after,
            "status": selection.status,
            "party": selection.party,
            "reason": selection.reason,
            "since": selection.since,
            "numbers": numbers,
            "below": selection.below,
            "limit": limit,
        },
    )


def each(connection: Connection, selection: Selection = WAITING) -> Iterator[Quarantined]:
    """All of them, by number, in short reads."""
    after = -1
    while found := find(connection, selection, after=after):
        yield from found
        after = found[-1].number


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
    source, (reason, field, detail, status, again, trace) = Source(*rest[:4]), rest[4:10]
    key, value, names, contents = rest[10:]
    headers = zip((name.decode() for name in names or ()), contents or (), strict=True)
    original = Delivered(key, value, tuple(headers))
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
        again,
        trace,
        original,
    )
