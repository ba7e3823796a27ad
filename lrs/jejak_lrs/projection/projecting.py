"""The projector's work: which records come next, on which day, into which generations.

Days come in with the records (the Jakarta date on which each was stored), or as `today` where none
come. Before anything of a day is folded, what begins or ends in profiles on that day is told; of
days that were missed, one after the other. What is done with a slice: `feeding`.
Source: competency.md, "Projections".
"""

from __future__ import annotations

from itertools import takewhile
from typing import TYPE_CHECKING, Final

from jejak_lrs import cursor
from jejak_lrs.cursor import Cursor
from jejak_lrs.database import plan_anew
from jejak_lrs.ledger import history
from jejak_lrs.projection import clock, generations, profiles, refolding
from jejak_lrs.projection.feeding import Feeder, Projected, Slice
from jejak_schemas.clock import jakarta_date

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from jejak_lrs.database import Connection
    from jejak_lrs.ledger.history import Entry

NAME: Final = "projector"


class Projector:
    """Folds the ledger into the generation that is read, and into the one that is kept beside it.

    For one thread.
    """

    def __init__(self) -> None:
        self._feeder = Feeder()

    def project(self, connection: Connection, limit: int, today: date | None = None) -> Projected:
        """Fold up to `limit` records past the cursor, and move it: one transaction.

        Args:
            connection: the projector's.
            limit: of records.
            today: the day it is; None: no other days come than those of the records.

        Raises:
            Fenced: the cursor is gone.
            BadPayload: a record cannot be read back.
        """
        with connection.transaction():
            stands = cursor.lock(connection, NAME)
            coming = self.slice_after(connection, stands.position, limit, today)
            if coming is None:
                return Projected(stands.position, 0, 0, 0)
            done = self.keep(connection, coming)
            if coming.records:
                cursor.move(connection, NAME, stands, Cursor(done.position, -1))
        return done

    def forget(self) -> None:
        """Believe nothing any more of what was read: it may be another ledger's by now."""
        self._feeder.forget()

    def slice_after(
        self, connection: Connection, after: int, limit: int, today: date | None
    ) -> Slice | None:
        """What is to be done next: the turns of a day, or records up to the end of one.

        None: nothing, nor will there be before more is recorded or another day.
        """
        records = history.entries(connection, after, limit)
        day = clock.day(connection)
        until = max(_days(jakarta_date(records[0].stored) if records else today, day), default=None)
        if until is None:
            return None
        if until != day:
            active = generations.read(connection).active
            turn = profiles.first_turn(connection, active, until)
            if turn is not None:
                return Slice(after, (), turn, turning=True)
        if not records and until == day and not _anyone_waits(connection):
            return None
        return Slice(after, _of_day(records, until), until)

    def keep(self, connection: Connection, coming: Slice) -> Projected:
        """The effect of a slice; in the cursor's transaction."""
        plan_anew(connection)
        active, *kept = generations.fed(connection)
        if coming.turning:
            return self._feeder.turn(connection, active, coming)
        clock.move(connection, coming.day)
        return self._feeder.feed(connection, [active, *kept], coming)


def _anyone_waits(connection: Connection) -> bool:
    """Whether persons wait to be folded anew."""
    feeds = generations.fed(connection)
    return any(refolding.is_anyone_waiting(connection, one.generation) for one in feeds)


def _days(*days: date | None) -> list[date]:
    return [day for day in days if day is not None]


def _of_day(records: Sequence[Entry], day: date) -> Sequence[Entry]:
    """The records up to the end of a day: `stored` never goes back."""
    if not records or jakarta_date(records[-1].stored) <= day:
        return records
    return list(takewhile(lambda one: jakarta_date(one.stored) <= day, records))
