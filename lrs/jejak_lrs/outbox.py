"""What the publisher reads to tell parties and agencies, and where its chains stand."""

from __future__ import annotations

import heapq
from collections import defaultdict
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, LiteralString

from jejak_lrs.cursor import Cursor
from jejak_lrs.projection import kinship

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from uuid import UUID

    from jejak_lrs.database import Connection
    from jejak_lrs.ledger.history import Head


@dataclass(frozen=True, slots=True)
class Delivered:
    """What became of one message of an inbox. `position` is the record's that it became or met."""

    party: str
    outcome: str
    topic: str
    partition: int
    offset: int
    event_id: UUID | None
    position: int | None
    reason: str | None = None
    field: str | None = None
    detail: str | None = None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Entry:
    """A record or an outcome at its place in the order of appends; None: nobody is told."""

    order: tuple[int, int, int]
    delivered: Delivered | None


# Only what came from an inbox is answered by a receipt; a redriven message keeps its source. No end
# is asked for: of a range PostgreSQL may believe that it is short, and then sorts all of it.
_INBOX: LiteralString = (
    "LEFT JOIN inbox_offset i ON i.topic_id = source_topic AND i.partition = source_partition "
)
_RECORDS: LiteralString = (
    "SELECT position, statement_id, r.party, i.topic, source_partition, source_offset, "
    "string_to_array(warnings, ' ') "
    "FROM record r " + _INBOX + "WHERE position > %s ORDER BY position LIMIT %s"
)
_OUTCOMES: LiteralString = (
    "SELECT number, at_position, o.party, kind, i.topic, source_partition, source_offset, "
    "event_id, of_position, reason, field, detail "
    "FROM outcome o " + _INBOX + "WHERE number > %s ORDER BY number LIMIT %s"
)


def delivered(
    connection: Connection, after: Cursor, head: Head, limit: int
) -> tuple[list[Delivered], Cursor]:
    """The next messages' fates in the order of appends, and the cursor past them.

    Each append's outcomes by number, then its records. `head` MUST be one read, made before: what
    lies below it is whole appends, so the order never changes, whatever the limit.
    """
    entries = heapq.merge(
        _outcomes(connection, after.outcome_number, head.next_outcome, limit),
        _records(connection, after.position, head.next_position, limit),
        key=lambda entry: entry.order,
    )
    told: list[Delivered] = []
    position, number = after
    for entry in islice(entries, limit):
        at, is_record, outcome = entry.order
        position, number = (at, number) if is_record else (position, outcome)
        if entry.delivered is not None:
            told.append(entry.delivered)
    return told, Cursor(position, number)


def _records(connection: Connection, after: int, end: int, limit: int) -> Iterator[_Entry]:
    with connection.cursor(binary=True) as rows:
        rows.execute(_RECORDS, [after, limit])
        for position, statement_id, party, topic, partition, offset, warnings in rows:
            if position >= end:
                return
            told = Delivered(
                party, "recorded", topic, partition, offset, statement_id, position,
                warnings=tuple(warnings or ()),
            )  # fmt: skip
            yield _Entry((position, 1, 0), told if topic else None)


def _outcomes(connection: Connection, after: int, end: int, limit: int) -> Iterator[_Entry]:
    with connection.cursor(binary=True) as rows:
        rows.execute(_OUTCOMES, [after, limit])
        for number, at, party, kind, topic, partition, offset, event_id, *about in rows:
            if number >= end:
                return
            told = Delivered(party, kind, topic, partition, offset, event_id, *about)
            yield _Entry((at, 0, number), told if party and topic else None)


def chains(connection: Connection, topics: Iterable[str]) -> dict[str, tuple[UUID, int]]:
    """Where topics stand: the epoch and the last seq given. A topic without messages is missing."""
    found = connection.execute(
        "SELECT topic, epoch, seq FROM chain WHERE topic = ANY(%s)", [sorted(set(topics))]
    )
    return {topic: (epoch, seq) for topic, epoch, seq in found}


def move_chains(connection: Connection, given: Mapping[str, tuple[UUID, int]]) -> None:
    """Move topics to the last seq given; in the cursor's transaction."""
    if given:
        connection.execute(
            "INSERT INTO chain (topic, epoch, seq) "
            "SELECT * FROM unnest(%s::text[], %s::uuid[], %s::bigint[]) "
            "ON CONFLICT (topic) DO UPDATE SET epoch = excluded.epoch, seq = excluded.seq",
            [
                list(given),
                [epoch for epoch, _ in given.values()],
                [seq for _, seq in given.values()],
            ],
        )


def nips_of(connection: Connection, people: Iterable[UUID]) -> dict[UUID, tuple[str, ...]]:
    """Every NIP that persons ever had, under any of their ids. MUST NOT be logged.

    Who was absorbed by another has their own: by them agencies know who has left.
    """
    asked = list(people)
    kin = kinship.persons(connection, asked)
    every_id = {one: kin.one_with(one) or (one,) for one in asked}
    nips: dict[UUID, list[str]] = defaultdict(list)
    for person_id, value in connection.execute(
        "SELECT person_id, value FROM person_alias WHERE kind = 'nip' AND person_id = ANY(%s) "
        "ORDER BY since, value",
        [list({each for ids in every_id.values() for each in ids})],
    ):
        nips[person_id].append(value)
    return {one: tuple(nip for each in ids for nip in nips[each]) for one, ids in every_id.items()}
