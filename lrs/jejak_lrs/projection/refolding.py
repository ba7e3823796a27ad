"""Whom a registry record touches: the persons who wait to be folded anew, `refold`.

A record that reaches few persons has them put there at once. One that reaches many stands in
`refold_reach`, and everybody's evidence is looked through in the order of persons, a page in each
transaction; so no record makes a transaction long, however many it touches.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, LiteralString
from uuid import UUID

from psycopg.types.json import Jsonb

from jejak_lrs.database import array
from jejak_lrs.projection import kinship

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from jejak_lrs.competency.reach import Reach
    from jejak_lrs.database import Connection
    from jejak_lrs.ledger.history import Entry

FEW: Final = 2_000  # rows of evidence that are looked up at once
PAGE: Final = 10_000  # rows of evidence that are looked through in one transaction


_FIRST: Final = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Touched:
    """A person whom a registry record may have touched."""

    person_id: UUID
    position: int
    statement_id: UUID
    stored: datetime


# By column of `evidence`: what of a reach it is compared with.
_COLUMNS: Final[dict[LiteralString, str]] = {
    "provider": "institutions",
    "party": "institutions",
    "offering": "offerings",
    "competency": "competencies",
    "agency": "agencies",
    "home": "agencies",
    "assessor": "persons",
}


def mark(connection: Connection, generation: int, reached: Sequence[tuple[Reach, Entry]]) -> None:
    """Let whom registry records reach wait, the latest cause over earlier ones.

    The records in order; as many as reach few persons together are looked up together.
    """
    found = _few(connection, generation, reached)
    if found is not None:
        _put(connection, generation, found)
    elif len(reached) > 1:
        half = len(reached) // 2
        mark(connection, generation, reached[:half])
        mark(connection, generation, reached[half:])
    else:
        [(reach, cause)] = reached
        connection.execute(
            "INSERT INTO refold_reach (generation, position, statement_id, stored, reach) "
            "VALUES (%s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
            [generation, cause.position, cause.statement_id, cause.stored, Jsonb(_named(reach))],
        )


def _few(
    connection: Connection, generation: int, reached: Sequence[tuple[Reach, Entry]]
) -> list[Touched] | None:
    """Whom they reach, by the indexes; None if they are many."""
    if any(reach.everyone for reach, _ in reached):
        return None
    latest: dict[LiteralString, dict[str, Entry]] = defaultdict(dict)
    for reach, cause in reached:
        for column, values in _named(reach).items():
            latest[column].update(dict.fromkeys(values, cause))
    touched: dict[UUID, Entry] = {}
    for column, causes in latest.items():
        # The party's index is of those rows only in which it is not the provider as well.
        apart = " AND party <> provider" if column == "party" else ""
        of_type = "uuid" if column == "assessor" else "text"
        rows = connection.execute(
            f"SELECT person_id, arrived, {column}::text FROM evidence "  # noqa: S608  our own columns
            "WHERE generation = %s AND arrived < %s "
            f"AND {column} = ANY(%s::{of_type}[]){apart} LIMIT %s",
            [generation, reached[-1][1].position, [*causes], FEW],
        ).fetchall()
        if len(rows) == FEW:
            return None
        for person_id, arrived, value in rows:
            cause = causes[value]
            if arrived < cause.position >= touched.get(person_id, cause).position:
                touched[person_id] = cause
    return [_touched(person_id, cause) for person_id, cause in touched.items()]


def _touched(person_id: UUID, cause: Entry) -> Touched:
    return Touched(person_id, cause.position, cause.statement_id, cause.stored)


def _named(reach: Reach) -> dict[LiteralString, list[str]]:
    """The values that evidence is compared with, by column; of everyone none."""
    named = {column: sorted(map(str, getattr(reach, field))) for column, field in _COLUMNS.items()}
    return {column: values for column, values in named.items() if values}


def _put(connection: Connection, generation: int, waiting: Iterable[Touched]) -> None:
    """Let persons wait; each comes once."""
    rows = sorted((one.person_id, one.position, one.statement_id, one.stored) for one in waiting)
    if not rows:
        return
    connection.execute(
        "INSERT INTO refold (generation, person_id, position, statement_id, stored) "
        "SELECT %s, * FROM unnest(%s::uuid[], %s::bigint[], %s::uuid[], %s::timestamptz[]) "
        "ON CONFLICT (generation, person_id) DO UPDATE SET position = excluded.position, "
        "statement_id = excluded.statement_id, stored = excluded.stored "
        "WHERE refold.position < excluded.position",
        [generation, *map(array, zip(*rows, strict=True))],
    )


def look_on(connection: Connection, generation: int) -> bool:
    """Look through a page of evidence for the first record that reaches many; False: none does."""
    reaches = connection.execute(
        "SELECT position, statement_id, stored, reach, looked FROM refold_reach "
        "WHERE generation = %s ORDER BY position LIMIT 1",
        [generation],
    ).fetchone()
    if reaches is None:
        return False
    position, statement_id, stored, named, looked = reaches
    rows = connection.execute(
        "SELECT person_id, provider, party, offering, competency, agency, home, assessor::text "
        "FROM evidence WHERE generation = %s AND arrived < %s AND person_id > %s "
        "ORDER BY person_id LIMIT %s",
        [generation, position, looked or _FIRST, PAGE],
    ).fetchall()
    wanted = {column: frozenset(values) for column, values in named.items()}
    people = {row[0] for row in rows if not wanted or _is_named(row[1:], wanted)}
    found = (Touched(one, position, statement_id, stored) for one in people)
    _put(connection, generation, found)
    if len(rows) < PAGE:
        connection.execute(
            "DELETE FROM refold_reach WHERE generation = %s AND position = %s",
            [generation, position],
        )
        return True
    # The last person's rows may go on beyond the page: look at all of them again, unless they
    # alone fill it; then they wait, whatever the rest says.
    last = rows[-1][0]
    before = next((row[0] for row in reversed(rows) if row[0] != last), None)
    if before is None:
        _put(connection, generation, [Touched(last, position, statement_id, stored)])
    connection.execute(
        "UPDATE refold_reach SET looked = %s WHERE generation = %s AND position = %s",
        [before or last, generation, position],
    )
    return True


def _is_named(row: Iterable[str | None], wanted: dict[str, frozenset[str]]) -> bool:
    return any(
        value in wanted[column]
        for column, value in zip(_COLUMNS, row, strict=True)
        if column in wanted
    )


def take(connection: Connection, generation: int, most: int) -> list[Touched]:
    """Take up to `most` persons who wait; they are to be folded in this transaction."""
    found = connection.execute(
        "DELETE FROM refold WHERE (generation, person_id) IN (SELECT generation, person_id "
        "FROM refold WHERE generation = %s ORDER BY person_id LIMIT %s) "
        "RETURNING person_id, position, statement_id, stored",
        [generation, most],
    )
    return sorted((Touched(*row) for row in found), key=lambda one: one.person_id)


def backlog(connection: Connection, generation: int) -> int:
    """How many persons wait; and one for each record for which others are still looked up."""
    found = connection.execute(
        "SELECT (SELECT count(*) FROM refold WHERE generation = %s) "
        "+ (SELECT count(*) FROM refold_reach WHERE generation = %s)",
        [generation, generation],
    ).fetchone()
    return int(found[0]) if found else 0


def is_anyone_waiting(connection: Connection, generation: int) -> bool:
    """Whether anybody waits, or is still looked up."""
    found = connection.execute(
        "SELECT FROM refold WHERE generation = %s UNION ALL "
        "SELECT FROM refold_reach WHERE generation = %s LIMIT 1",
        [generation, generation],
    )
    return found.fetchone() is not None


def is_pending(connection: Connection, generation: int, person_id: UUID) -> bool:
    """Whether a person waits, or may still be found to be touched."""
    ids = [*kinship.persons(connection, [person_id]).one_with(person_id)]
    found = connection.execute(
        "SELECT FROM refold WHERE generation = %s AND person_id = ANY(%s) UNION ALL "
        "SELECT FROM refold_reach WHERE generation = %s "
        "AND (looked IS NULL OR looked < ANY(%s::uuid[])) LIMIT 1",
        [generation, ids, generation, ids],
    )
    return found.fetchone() is not None
