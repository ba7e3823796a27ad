"""The books: every message delivered from an inbox has exactly one outcome.

Per inbox partition, at any moment: delivered = recorded + duplicates + conflicts + refused, and
next_offset = the greatest committed source offset + 1.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, LiteralString
from uuid import UUID

from jejak_lrs.inboxes import Inbox

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jejak_lrs.database import Connection

# How many positions one query reads: short transactions, however large the ledger.
STEP = 1_000_000

_Key = tuple[UUID, int]


@dataclass(frozen=True, slots=True)
class Balance:
    """The books of one inbox partition; `greatest_offset` None where nothing came yet."""

    inbox: Inbox
    recorded: int
    duplicates: int
    conflicts: int
    refused: int
    greatest_offset: int | None

    @property
    def balanced(self) -> bool:
        """Whether nothing is missing and nothing is too much."""
        known = self.recorded + self.duplicates + self.conflicts + self.refused
        past = 0 if self.greatest_offset is None else self.greatest_offset + 1
        return self.inbox.delivered == known and self.inbox.next_offset == past


def balance(connection: Connection, step: int = STEP) -> list[Balance]:
    """The books of every inbox partition, as of one moment, by topic and partition.

    The upper bounds are read once; what is committed below them cannot change, so the counting
    runs in short reads beside the writers.
    """
    next_position, next_outcome, inboxes = _moment(connection)
    counts: defaultdict[_Key, Counter[str]] = defaultdict(Counter)
    greatest: dict[_Key, int] = {}
    for query, past in ((_RECORDED, next_position), (_TOLD, next_outcome)):
        for topic_id, partition, kind, count, last in _count(connection, query, past, step):
            counts[topic_id, partition][kind] += count
            greatest[topic_id, partition] = max(last, greatest.get((topic_id, partition), -1))
    return [_balance(inbox, counts[inbox.key], greatest.get(inbox.key)) for inbox in inboxes]


_RECORDED: LiteralString = (
    "SELECT source_topic, source_partition, 'recorded', count(*), max(source_offset) FROM record "
    "WHERE position >= %s AND position < %s AND source_kind = 'inbox' GROUP BY 1, 2"
)
_TOLD: LiteralString = (
    "SELECT source_topic, source_partition, kind, count(*), max(source_offset) FROM outcome "
    "WHERE number >= %s AND number < %s AND source_kind = 'inbox' GROUP BY 1, 2, 3"
)


def _moment(connection: Connection) -> tuple[int, int, list[Inbox]]:
    found = connection.execute(
        "SELECT next_position, next_outcome, o.topic_id, o.partition, o.topic, o.party, "
        "o.generation, o.next_offset, o.delivered "
        "FROM ledger_head LEFT JOIN inbox_offset o ON true "
        "ORDER BY o.topic, o.generation, o.partition"
    ).fetchall()
    inboxes = [Inbox(*row[2:]) for row in found if row[2] is not None]
    return found[0][0], found[0][1], inboxes


def _count(
    connection: Connection, query: LiteralString, past: int, step: int
) -> Iterator[tuple[UUID, int, str, int, int]]:
    for start in range(0, past, step):
        yield from connection.execute(query, [start, min(start + step, past)])


def _balance(inbox: Inbox, counts: Counter[str], greatest: int | None) -> Balance:
    return Balance(
        inbox=inbox,
        recorded=counts["recorded"],
        duplicates=counts["duplicate"],
        conflicts=counts["conflict"],
        refused=counts["refused"],
        greatest_offset=greatest,
    )
