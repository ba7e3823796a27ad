"""What an operator watches of the ledger, in short reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, LiteralString

if TYPE_CHECKING:
    from jejak_lrs.cursor import Cursor
    from jejak_lrs.database import Connection


@dataclass(frozen=True, slots=True)
class Outcomes:
    """What became of every message delivered from an inbox, as of one moment.

    `recorded` is what the others leave of what was delivered; that this many records are there is
    what the books say (`jejak_lrs.ledger.books`), which count them.
    """

    recorded: int
    duplicate: int
    conflict: int
    refused: int


def outcomes(connection: Connection) -> Outcomes:
    """The totals by kind: of duplicates, the most by far, what the others leave of all outcomes."""
    found = connection.execute(
        "SELECT delivered - next_outcome + elsewhere, "
        "next_outcome - elsewhere - conflict - refused, conflict, refused FROM ledger_head, "
        "(SELECT coalesce(sum(delivered), 0)::bigint AS delivered FROM inbox_offset) AS inboxes, "
        "(SELECT count(*) FILTER (WHERE source_kind <> 'inbox') AS elsewhere, "
        "count(*) FILTER (WHERE source_kind = 'inbox' AND kind = 'conflict') AS conflict, "
        "count(*) FILTER (WHERE source_kind = 'inbox' AND kind = 'refused') AS refused "
        # In the words of its index, outcome_few.
        "FROM outcome WHERE kind IN ('conflict', 'refused') "
        "OR source_kind IN ('redrive', 'http', 'system')) AS few"
    ).fetchone()
    return Outcomes(*(found or (0, 0, 0, 0)))


def sessions(connection: Connection) -> dict[str, int]:
    """How many connections of each name there are to this database, whoever's they are."""
    found = connection.execute(
        "SELECT application_name, count(*) FROM pg_stat_activity "
        "WHERE datname = current_database() AND application_name <> '' GROUP BY 1"
    )
    return dict(found.fetchall())


@dataclass(frozen=True, slots=True)
class Behind:
    """What a follower has not seen: how much, and the age of the oldest in seconds."""

    count: int = 0
    seconds: float = 0.0


def records_behind(connection: Connection, at: Cursor) -> Behind:
    """How far a follower of records is behind the head."""
    return _behind(
        connection,
        "SELECT next_position - 1 - %(position)s, extract(epoch FROM clock_timestamp() - "
        "(SELECT stored FROM record WHERE position = %(position)s + 1)) FROM ledger_head",
        at,
    )


def fates_behind(connection: Connection, at: Cursor) -> Behind:
    """How far a follower of records and outcomes is behind the head."""
    return _behind(
        connection,
        "SELECT next_position - 1 - %(position)s + next_outcome - 1 - %(outcome_number)s, "
        "extract(epoch FROM clock_timestamp() - least("
        "(SELECT stored FROM record WHERE position = %(position)s + 1), "
        "(SELECT stored FROM outcome WHERE number = %(outcome_number)s + 1))) FROM ledger_head",
        at,
    )


def changes_behind(connection: Connection, at: Cursor) -> Behind:
    """How far a follower of changes is behind the last one."""
    return _behind(
        connection,
        "SELECT next_number - 1 - %(position)s, extract(epoch FROM clock_timestamp() - "
        "(SELECT changed_at FROM change WHERE number = %(position)s + 1)) FROM change_head",
        at,
    )


def _behind(connection: Connection, query: LiteralString, at: Cursor) -> Behind:
    count, age = connection.execute(query, at._asdict()).fetchone() or (0, None)
    return Behind(max(0, count), max(0.0, float(age or 0)))
