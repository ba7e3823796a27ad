"""A generation of the projection made anew beside the one that is read, and the switch to it.

::

    extract (by position)  ->  assess (by person)  ->  follow  ->  switch  ->  restate

The first two are parts that any number of workers take, each in a transaction of its own, so a
rebuild that was killed goes on where it was, and any parts and workers give the same profiles.
Both read the records up to `upto` and nothing later. The rest is `jejak_lrs.projection.switching`.
Source: competency.md, "Projections".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal
from uuid import UUID

from psycopg.rows import args_row

from jejak_lrs.database import plan_anew
from jejak_lrs.errors import Unready
from jejak_lrs.ledger import history
from jejak_lrs.projection import clock, generations
from jejak_lrs.projection.feeding import Feeder
from jejak_lrs.projection.generations import Feed

if TYPE_CHECKING:
    from jejak_lrs.database import Connection

Phase = Literal["extract", "assess", "follow"]
POSITIONS: Final = 5_000  # a part, of records
PERSONS: Final = 1_000  # a part, of persons
_FIRST, _LAST = UUID(int=0), UUID(int=2**128 - 1)


@dataclass(frozen=True, slots=True)
class Rebuild:
    """The generation that is being made."""

    generation: int
    upto: int
    phase: Phase
    position: int


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a phase: positions or persons, both ends included."""

    number: int
    low: str
    high: str


@dataclass(frozen=True, slots=True)
class Progress:
    """How many parts of a phase are done, of how many."""

    done: int
    parts: int


# -- beginning, and going on --------------------------------------------------------------


def read(connection: Connection) -> Rebuild | None:
    """The rebuild that was begun and not ended; None: there is none."""
    with connection.cursor(row_factory=args_row(Rebuild)) as rows:
        rows.execute("SELECT generation, upto, phase, position FROM rebuild")
        return rows.fetchone()


def lead(connection: Connection) -> bool:
    """Whether this connection may lead the rebuild; as long as it lives, no other may."""
    found = connection.execute(
        "SELECT pg_try_advisory_lock(hashtextextended('jejak rebuild', 0))"
    ).fetchone()
    return bool(found and found[0])


def begin(connection: Connection, positions: int = POSITIONS) -> Rebuild:
    """Begin a rebuild from every record there is now, in parts of so many positions.

    Raises:
        Unready: no record was ever projected.
    """
    if clock.day(connection) is None:
        raise Unready("nothing was projected yet: there is nothing to rebuild")
    upto = history.head(connection).next_position - 1
    with connection.transaction():
        generation = generations.begin(connection)
        connection.execute(
            "INSERT INTO rebuild (generation, upto, phase, position) "
            "VALUES (%s, %s, 'extract', %s)",
            [generation, upto, upto],
        )
        connection.execute(
            "INSERT INTO rebuild_part (generation, phase, number, low, high) "
            "SELECT %(generation)s, 'extract', low / %(size)s, low::text, "
            "least(low + %(size)s - 1, %(upto)s)::text "
            "FROM generate_series(0, %(upto)s::bigint, %(size)s::bigint) AS low",
            {"generation": generation, "upto": upto, "size": positions},
        )
    return Rebuild(generation, upto, "extract", upto)


def assess_next(connection: Connection, rebuild: Rebuild, persons: int = PERSONS) -> None:
    """All is extracted: plan parts of so many of those whom the ledger knows.

    From the first id there can be to the last, so nobody is left out whom it does not know.
    """
    _count(connection, rebuild)
    with connection.transaction():
        found = connection.execute(
            "SELECT person_id FROM (SELECT person_id, row_number() OVER (ORDER BY person_id) "
            "FROM person) AS numbered (person_id, nth) WHERE nth %% %s = 0 ORDER BY nth",
            [persons],
        )
        firsts = [_FIRST, *(person_id for (person_id,) in found)]
        lasts = [*(UUID(int=one.int - 1) for one in firsts[1:]), _LAST]
        connection.execute(
            "INSERT INTO rebuild_part (generation, phase, number, low, high) "
            "SELECT %s, 'assess', nth - 1, low, high "
            "FROM unnest(%s::text[], %s::text[]) WITH ORDINALITY AS part (low, high, nth)",
            [rebuild.generation, *(list(map(str, ends)) for ends in (firsts, lasts))],
        )
        _enter(connection, rebuild, "assess")


def follow_next(connection: Connection, rebuild: Rebuild) -> None:
    """All is assessed: from now on it follows the ledger."""
    _count(connection, rebuild)
    with connection.transaction():
        _enter(connection, rebuild, "follow")


def _count(connection: Connection, rebuild: Rebuild) -> None:
    """Let PostgreSQL see how many rows of a new generation there are, or it believes in none."""
    connection.execute("SELECT projection_analyze(%s)", [rebuild.generation])


def _enter(connection: Connection, rebuild: Rebuild, phase: Phase) -> None:
    connection.execute(
        "UPDATE rebuild SET phase = %s WHERE generation = %s", [phase, rebuild.generation]
    )


def forget(connection: Connection) -> None:
    """The rebuild has ended, with its switch or without."""
    connection.execute("DELETE FROM rebuild_part")
    connection.execute("DELETE FROM rebuild")


def progress(connection: Connection, rebuild: Rebuild, phase: Phase) -> Progress:
    """How far a phase is."""
    found = connection.execute(
        "SELECT count(*) FILTER (WHERE done), count(*) FROM rebuild_part "
        "WHERE generation = %s AND phase = %s",
        [rebuild.generation, phase],
    ).fetchone()
    return Progress(*(found or (0, 0)))


# -- the two phases -----------------------------------------------------------------------


class Worker:
    """Does parts until none is left. For one thread, on a connection of its own."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._feeder = Feeder()

    def work(self, rebuild: Rebuild) -> bool:
        """Do one part of the phase, in one transaction; False: each is done or another's."""
        with self._connection.transaction():
            plan_anew(self._connection)
            mine = self._take(rebuild)
            if mine is not None:
                self._do(rebuild, mine)
                self._connection.execute(
                    "UPDATE rebuild_part SET done = true "
                    "WHERE generation = %s AND phase = %s AND number = %s",
                    [rebuild.generation, rebuild.phase, mine.number],
                )
        return mine is not None

    def _take(self, rebuild: Rebuild) -> Part | None:
        with self._connection.cursor(row_factory=args_row(Part)) as rows:
            rows.execute(
                "SELECT number, low, high FROM rebuild_part WHERE generation = %s AND phase = %s "
                "AND NOT done ORDER BY number LIMIT 1 FOR UPDATE SKIP LOCKED",
                [rebuild.generation, rebuild.phase],
            )
            return rows.fetchone()

    def _do(self, rebuild: Rebuild, mine: Part) -> None:
        feed = Feed(rebuild.generation)
        if rebuild.phase == "extract":
            first, last = int(mine.low), int(mine.high)
            records = history.entries(self._connection, first - 1, last - first + 1)
            self._feeder.extract(self._connection, feed, records, rebuild.upto)
        else:
            low, high = UUID(mine.low), UUID(mine.high)
            self._feeder.assess(self._connection, feed, low, high, rebuild.upto)
