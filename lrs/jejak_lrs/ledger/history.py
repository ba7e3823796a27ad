"""Reading the ledger. Short reads only: whoever wants much asks again from where it stood."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, LiteralString

from psycopg.rows import args_row

from jejak_lrs.ledger.batch import Source, SourceKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime
    from uuid import UUID

    from jejak_lrs.database import Connection


@dataclass(frozen=True, slots=True)
class Head:
    """Where the ledger stands, from one read."""

    epoch: UUID
    next_position: int
    next_outcome: int
    registry_version: int
    last_stored: datetime


@dataclass(slots=True)
class Entry:
    """Of a record what a projection needs: a third of the columns, read in a third of the time.

    Nobody changes one. It is not frozen, for that takes eight times as long to make.
    """

    position: int
    statement_id: UUID
    stored: datetime
    occurred_at: datetime
    event_type: str
    party: str
    on_behalf_of: str | None
    person_id: UUID | None
    payload: bytes | None = field(repr=False)


@dataclass(slots=True)
class Record(Entry):
    """A record, all but its tag salt. Erasure nulls person_id, agency, activity, payload, salt
    and content_tag. `payload` is packed: dictionaries.unpacker().unpack(payload).
    """  # noqa: D205

    agency: str | None
    verb: str
    activity: str | None
    source_kind: SourceKind
    source_topic: UUID | None
    source_partition: int | None
    source_offset: int | None
    mapping_version: int
    warnings: list[str] | None
    salt: bytes | None = field(repr=False)
    content_tag: bytes | None = field(repr=False)
    commitment: bytes

    @property
    def source(self) -> Source:
        """Where its message came from."""
        return Source(
            self.source_kind, self.source_topic, self.source_partition, self.source_offset
        )


@dataclass(frozen=True, slots=True)
class Outcome:
    """A message that did not become a record."""

    number: int
    at_position: int
    stored: datetime
    kind: str
    party: str | None
    event_id: UUID | None
    source_kind: SourceKind
    source_topic: UUID | None
    source_partition: int | None
    source_offset: int | None
    of_position: int | None
    reason: str | None
    field: str | None
    detail: str | None
    salt: bytes | None
    commitment: bytes

    @property
    def source(self) -> Source:
        """Where its message came from."""
        return Source(
            self.source_kind, self.source_topic, self.source_partition, self.source_offset
        )


_ENTRY: LiteralString = (
    "position, statement_id, stored, occurred_at, event_type, party, on_behalf_of, person_id, "
    "payload"
)
_RECORD: LiteralString = (
    "SELECT " + _ENTRY + ", agency, "  # noqa: S608 - our own columns
    "coalesce(verb, (SELECT v.verb FROM event_verb v WHERE v.event_type = record.event_type)), "
    "activity, source_kind, source_topic, source_partition, source_offset, mapping_version, "
    "string_to_array(warnings, ' '), salt, content_tag, commitment FROM record "
)
_OUTCOME: LiteralString = (
    "SELECT number, at_position, stored, kind, party, event_id, source_kind, source_topic, "
    "source_partition, source_offset, of_position, reason, field, detail, salt, commitment "
    "FROM outcome "
)


def head(connection: Connection) -> Head:
    """Where the ledger stands."""
    with connection.cursor(row_factory=args_row(Head)) as cursor:
        cursor.execute(
            "SELECT epoch, next_position, next_outcome, registry_version, last_stored "
            "FROM ledger_head"
        )
        return next(iter(cursor))


def records(connection: Connection, after: int, limit: int) -> list[Record]:
    """The records with position > `after`, in order; -1 is before the first."""
    return _records(connection, "WHERE position > %s ORDER BY position LIMIT %s", after, limit)


def entries(connection: Connection, after: int, limit: int) -> list[Entry]:
    """The same, for a projection."""
    with connection.cursor(row_factory=args_row(Entry), binary=True) as cursor:
        return cursor.execute(
            "SELECT " + _ENTRY + " FROM record WHERE position > %s ORDER BY position LIMIT %s",  # noqa: S608
            [after, limit],
        ).fetchall()


def outcomes(connection: Connection, after: int, limit: int) -> list[Outcome]:
    """The outcomes with number > `after`, in order; -1 is before the first.

    An outcome comes before the record at its `at_position`: sorting both by
    (at_position, 0, number) and (position, 1, 0) gives the order of appends.
    """
    with connection.cursor(row_factory=args_row(Outcome), binary=True) as cursor:
        return cursor.execute(
            _OUTCOME + "WHERE number > %s ORDER BY number LIMIT %s", [after, limit]
        ).fetchall()


def record_at(connection: Connection, position: int) -> Record | None:
    """The record at a position."""
    return _first(_records(connection, "WHERE position = %s", position))


def record_of(connection: Connection, statement_id: UUID) -> Record | None:
    """The record of a statement."""
    position = "(SELECT position FROM statement_key WHERE statement_id = %s)"
    return _first(_records(connection, f"WHERE position = {position}", statement_id))


def records_of_person(
    connection: Connection, person_id: UUID, after: int, limit: int
) -> list[Record]:
    """The records about a person with position > `after`, in order.

    The person's index has no positions, so it is read by itself: never beside all later positions.
    """
    positions = "ARRAY(SELECT position FROM record WHERE person_id = %s)"
    where: LiteralString = (
        f"WHERE position = ANY({positions}) AND position > %s ORDER BY position LIMIT %s"
    )
    return _records(connection, where, person_id, after, limit)


def acting_on(connection: Connection, target: UUID) -> list[Record]:
    """The records that void a statement or undo a merge, in order, recorded or not itself."""
    positions = "(SELECT position FROM statement_reference WHERE target = %s)"
    return _records(connection, f"WHERE position IN {positions} ORDER BY position", target)


def records_at(connection: Connection, positions: Iterable[int]) -> list[Record]:
    """The records at some positions, in order."""
    return _records(connection, "WHERE position = ANY(%s) ORDER BY position", list(positions))


def records_of_types(
    connection: Connection, event_types: Iterable[str], after: int, upto: int, limit: int
) -> list[Record]:
    """Records about no person of some event types, with after < position <= upto, in order.

    Read by record_registry, the index of records about no person, which are few.
    """
    where: LiteralString = (
        "WHERE person_id IS NULL AND event_type = ANY(%s) AND position > %s AND position <= %s "
        "ORDER BY position LIMIT %s"
    )
    return _records(connection, where, list(event_types), after, upto, limit)


def merges_of(connection: Connection, people: Iterable[UUID], upto: int) -> list[Record]:
    """The PersonMerged records at positions <= `upto` that name any of these persons, in order.

    Who stays is found by record_merged, the index of these records alone.
    """
    where: LiteralString = (
        "WHERE event_type = 'PersonMerged' AND position <= %s AND position IN ("
        "SELECT position FROM record WHERE person_id = ANY(%s) AND event_type = 'PersonMerged' "
        "UNION ALL SELECT position FROM statement_reference WHERE target = ANY(%s)) "
        "ORDER BY position"
    )
    asked = list(people)
    return _records(connection, where, upto, asked, asked)


def ordered_erased(connection: Connection, positions: Iterable[int], upto: int) -> set[int]:
    """Those of the positions whose erasure was ordered by position `upto`, done yet or not."""
    found = connection.execute(
        "SELECT position FROM erasure WHERE position = ANY(%s) AND ordered <= %s",
        [list(positions), upto],
    )
    return {position for (position,) in found}


def whereabouts(
    connection: Connection, statement_ids: Iterable[UUID]
) -> dict[UUID, tuple[int, UUID | None]]:
    """The position and person of each of the statements that the ledger holds."""
    found = connection.execute(
        "SELECT k.statement_id, position, r.person_id FROM statement_key k "
        "JOIN record r USING (position) WHERE k.statement_id = ANY(%s)",
        [list(statement_ids)],
    )
    return {statement_id: (position, person_id) for statement_id, position, person_id in found}


def references_to(connection: Connection, targets: Iterable[UUID]) -> list[tuple[UUID, int]]:
    """(target, position) of every record that acts on one of these, in order."""
    return connection.execute(
        "SELECT target, position FROM statement_reference WHERE target = ANY(%s) "
        "ORDER BY position, target",
        [list(targets)],
    ).fetchall()


def last_position_by(connection: Connection, moment: datetime) -> int:
    """The last position stored at or before a moment; -1 where none was."""
    return _last(connection, "stored <= %(moment)s", moment)


def last_stored_before(connection: Connection, moment: datetime) -> int:
    """The last position stored before a moment; -1 where there is none."""
    return _last(connection, "stored < %(moment)s", moment)


def _last(connection: Connection, holds: LiteralString, moment: datetime) -> int:
    """The last position for which it holds, found by halving: `stored` never goes back.

    Twenty million records take 25 looks; an index would have to be read from one end.
    """
    found = connection.execute(
        "WITH RECURSIVE halves (yes, no) AS (SELECT -1::bigint, next_position FROM ledger_head"  # noqa: S608 - our own condition
        " UNION ALL SELECT CASE WHEN " + holds + " THEN position ELSE yes END,"
        " CASE WHEN " + holds + " THEN no ELSE position END FROM halves"
        " JOIN record ON position = (yes + no) / 2 WHERE no - yes > 1)"
        " SELECT yes FROM halves ORDER BY no - yes LIMIT 1",
        {"moment": moment},
    ).fetchone()
    return int(found[0]) if found else -1


def records_where(
    connection: Connection, where: LiteralString, values: Mapping[str, Any]
) -> list[Record]:
    """The records that a condition chooses, in the order that it says (replay/selection.py)."""
    with connection.cursor(row_factory=args_row(Record), binary=True) as cursor:
        return cursor.execute(_RECORD + where, values).fetchall()


def statements_held(connection: Connection, statement_ids: Iterable[UUID]) -> set[UUID]:
    """Those of the statements that the ledger holds."""
    found = connection.execute(
        "SELECT statement_id FROM statement_key WHERE statement_id = ANY(%s)",
        [list(statement_ids)],
    )
    return {statement_id for (statement_id,) in found}


def _records(connection: Connection, where: LiteralString, *values: object) -> list[Record]:
    with connection.cursor(row_factory=args_row(Record), binary=True) as cursor:
        return cursor.execute(_RECORD + where, values).fetchall()


def _first(found: list[Record]) -> Record | None:
    return found[0] if found else None
