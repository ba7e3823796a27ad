"""From one generation to another: following, the switch, what agencies are told of it, and back.

A generation that was made follows the ledger until it stands where the projector stands. The switch
locks both cursors, requires them equal and moves the pointer. Then agencies are told where the
profiles read now differ, once each: a person's version tells whether they were told, for it is
greater in the generation that is read than in the one that is kept. Whoever is folded meanwhile is
restated first (`jejak_lrs.projection.folding`); `restate` goes through everybody else.
Source: competency.md, "Projections".
"""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from psycopg.errors import LockNotAvailable

from jejak_lrs import cursor
from jejak_lrs.competency.registry import Registry
from jejak_lrs.database import plan_anew
from jejak_lrs.errors import Busy, Unready
from jejak_lrs.ledger import history
from jejak_lrs.projection import clock, generations, profiles, rebuild, refolding
from jejak_lrs.projection.feeding import Feeder, Slice
from jejak_lrs.projection.folding import Folding
from jejak_lrs.projection.generations import Feed
from jejak_lrs.projection.projecting import NAME

if TYPE_CHECKING:
    from jejak_lrs.database import Connection
    from jejak_lrs.projection.rebuild import Rebuild

# To drop a table waits for whoever reads, and everybody for it: a second at most, then they go on.
_ATTEMPTS: Final = 30
_PAUSE_SECONDS: Final = 0.5


# -- following, and the switch ------------------------------------------------------------


class Following:
    """Feeds the generation on, until it stands where the projector stands. For one thread."""

    def __init__(self, making: Rebuild) -> None:
        self.generation = making.generation
        self._feeder, self._feed = Feeder(), Feed(making.generation)

    def follow(self, connection: Connection, limit: int) -> bool:
        """Fold up to `limit` records that the projector has folded; whether anything came.

        As of the projector's day, whatever the records' own.
        """
        with connection.transaction():
            plan_anew(connection)
            stands = self._lock(connection)
            live = cursor.read(connection, NAME).position
            day = clock.day(connection)
            if day is None:
                return False
            records = history.entries(connection, stands, min(limit, max(0, live - stands)))
            done = self._feeder.feed(connection, [self._feed], Slice(stands, records, day))
            connection.execute(
                "UPDATE rebuild SET position = %s WHERE generation = %s",
                [done.position, self.generation],
            )
        return bool(done)

    def switch(self, connection: Connection) -> bool:
        """Move the pointer, if both stand at one place and nobody is waiting; else False."""
        with connection.transaction():
            live = cursor.lock(connection, NAME).position
            if live != self._lock(connection) or _anyone_waits(connection, self.generation):
                return False
            generations.point_to(connection, self.generation)
            rebuild.forget(connection)
        return True

    def _lock(self, connection: Connection) -> int:
        found = connection.execute(
            "SELECT position FROM rebuild WHERE generation = %s AND phase = 'follow' FOR UPDATE",
            [self.generation],
        ).fetchone()
        if found is None:
            raise Unready(f"generation {self.generation} is not being rebuilt any more")
        return int(found[0])


def _anyone_waits(connection: Connection, generation: int) -> bool:
    """Whether anybody of either is to be folded anew, or has a turn that was not looked at."""
    day = clock.day(connection)
    return (
        refolding.is_anyone_waiting(connection, generation)
        or refolding.is_anyone_waiting(connection, generations.read(connection).active)
        or (day is not None and profiles.first_turn(connection, generation, day) is not None)
    )


# -- after the switch, and back -----------------------------------------------------------


def restate(connection: Connection, most: int = rebuild.PERSONS) -> int | None:
    """Restate up to `most` more persons in one transaction; how many, None where all are done."""
    with connection.transaction():
        plan_anew(connection)
        cursor.lock(connection, NAME)
        found, day = generations.read(connection), clock.day(connection)
        if not found.restating or found.kept is None or day is None:
            return None
        both = (found.active, found.kept)
        people = profiles.people_after(connection, both, found.restated_to, most)
        folding = Folding(connection, Registry(), day, generations.fed(connection)[0])
        folding.stand(people)
        folding.write()
        generations.restated(connection, people[-1] if people else None)
    return len(people)


def rollback(connection: Connection) -> int:
    """The generation that could be read again, which was read before.

    Raises:
        Unready: none is kept, or persons of it wait to be folded anew.
    """
    kept = generations.read(connection).kept
    if kept is None:
        raise Unready("no generation is kept that could be read again")
    if refolding.is_anyone_waiting(connection, kept):
        raise Unready("persons wait to be folded anew: try again when `jejak status` says 0")
    return kept


def roll_back(connection: Connection) -> int:
    """Read that generation again; its number. Then `restate` as ever. Raises Unready as above."""
    with connection.transaction():
        cursor.lock(connection, NAME)
        kept = rollback(connection)
        generations.point_to(connection, kept)
    return kept


# -- giving up, and dropping --------------------------------------------------------------


def give_up(connection: Connection, making: Rebuild) -> None:
    """End a rebuild without its switch, and drop what it made."""
    with connection.transaction():
        rebuild.forget(connection)
    drop(connection, making.generation)


def drop_kept(connection: Connection) -> None:
    """Drop the generation that is kept for a rollback, if there is one.

    Raises:
        Unready: agencies are still to be told where it differs from the one that is read.
    """
    kept = generations.read(connection).kept
    if kept is None:
        return
    with connection.transaction():
        cursor.lock(connection, NAME)
        if generations.read(connection).restating:
            raise Unready("agencies are still being told what the last rebuild changed")
        generations.keep_none(connection)
    drop(connection, kept)


def drop_leftovers(connection: Connection) -> None:
    """Drop what a rebuild left that was killed while it dropped a generation."""
    found, making = generations.read(connection), rebuild.read(connection)
    used = {found.active, found.kept, making.generation if making else None}
    for generation in range(1, found.last + 1):
        if generation not in used:
            drop(connection, generation)


def drop(connection: Connection, generation: int) -> None:
    """Drop a generation that is neither read, kept nor made.

    Its rows in the small tables are deleted; its evidence and profiles are tables of their own.

    Raises:
        Busy: somebody read evidence or profiles all the time.
    """
    for table in ("refold", "refold_reach", "person_merge", "person_split"):
        connection.execute(f"DELETE FROM {table} WHERE generation = %s", [generation])  # noqa: S608  our own names
    while _drop_one(connection, generation):
        pass


def _drop_one(connection: Connection, generation: int) -> bool:
    """Drop one of its tables between two who read evidence or profiles; whether there was one."""
    for _ in range(_ATTEMPTS):
        with suppress(LockNotAvailable):
            found = connection.execute("SELECT projection_drop(%s)", [generation]).fetchone()
            return bool(found and found[0])
        time.sleep(_PAUSE_SECONDS)
    raise Busy("somebody reads evidence or profiles all the time: the same again goes on")
