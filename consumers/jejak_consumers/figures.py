"""Figures: follows the changes of profiles and lays them out in rows, for whoever counts.

It works beside the projector, in its process, and lets it go first: at most two batches a second
while the projector is busy. What cannot be laid out is set aside (`jejak status` says so) and tried
again when it changes, and once after each start.
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final
from uuid import UUID

import structlog

from jejak_consumers.follower import Batch
from jejak_consumers.projector import today
from jejak_consumers.vitals import Vitals
from jejak_lrs import cursor
from jejak_lrs.answers import aside, daily, figures
from jejak_lrs.answers.daily import Known
from jejak_lrs.answers.figures import Figures
from jejak_lrs.cursor import Cursor
from jejak_lrs.database import Connection
from jejak_lrs.ledger import standing
from jejak_lrs.projection import projecting
from jejak_lrs.replay import gathering
from jejak_schemas.traces import Step

log = structlog.get_logger()

MOST: Final = 2_000  # changes a transaction
_PAUSE: Final = 0.5  # seconds between looks while the projector is busy, or nothing comes

_SHARE: Final = 20  # times as long as the day's tables took, until they are made anew


@dataclass(frozen=True, slots=True)
class People:
    """Whose profiles changed; nobody where only the day's tables are to be made."""

    changed: Sequence[UUID]
    known: Known | None = None


@dataclass(slots=True)
class Layout:
    """The work of laying out."""

    day: Callable[[], date] = today
    name: str = field(default=figures.NAME, init=False)
    _figures: Figures = field(default_factory=Figures, init=False)
    _known: Known | None = field(default=None, init=False)
    _not_before: float = field(default=0.0, init=False)
    _not_again_before: float = field(default=0.0, init=False)  # the day's tables
    _is_new: bool = field(default=True, init=False)  # who is set aside was not tried again

    def read(self, connection: Connection, after: Cursor) -> Batch[People] | None:
        """Whoever changed next; where nobody did, the day's tables if they are old."""
        if time.monotonic() < self._not_before:
            return None
        busy = self._is_projecting(connection)
        last, changed = figures.changed(connection, after.position, MOST)
        if busy or not changed:
            self._not_before = time.monotonic() + _PAUSE
        if changed:
            return Batch(People(changed), Cursor(last, -1))
        if self._is_new:
            self._is_new = False
            if again := aside.people(connection):
                return Batch(People(again), after)
        self._figures.remember(connection)
        known = Known(self.day(), daily.last_decree(connection), len(self._figures.places))
        if busy or known == self._known or time.monotonic() < self._not_again_before:
            return None
        return Batch(People((), known), after)

    def hurry(self) -> None:
        """Do not pause before the next look."""
        self._not_before = self._not_again_before = 0.0

    def act(self, items: People) -> None:
        """Nothing: all of its effect is in PostgreSQL."""

    def keep(self, connection: Connection, items: People) -> None:
        """Lay them out; or make the day's tables anew."""
        if items.known is None:
            self._lay_out(connection, items.changed)
        else:
            self._look_at_the_day(connection, items.known)

    def _lay_out(self, connection: Connection, people: Sequence[UUID]) -> None:
        """All at once; where that fails half of them, down to those of whom it cannot be done."""
        error = aside.attempt(connection, lambda: self._figures.lay_out(connection, people))
        if error is None:
            aside.clear(connection, map(str, people))
            return
        self._figures.forget()
        if len(people) == 1:
            self._set_aside(connection, str(people[0]), error)
            return
        middle = len(people) // 2
        self._lay_out(connection, people[:middle])
        self._lay_out(connection, people[middle:])

    def _set_aside(self, connection: Connection, subject: str, error: str) -> None:
        log.error("set aside", work=self.name, subject=subject, error=error)
        aside.put(connection, subject, error)

    def _look_at_the_day(self, connection: Connection, known: Known) -> None:
        """Make its tables anew, and publish; where that fails, they stay as they are."""
        began = time.monotonic()
        error = aside.attempt(connection, lambda: self._make_the_day(connection, known))
        if error is None:
            aside.clear(connection, [aside.DAY])
        else:
            self._figures.forget()
            self._set_aside(connection, aside.DAY, error)
        self._known = known
        self._not_again_before = time.monotonic() + _SHARE * (time.monotonic() - began)

    def _make_the_day(self, connection: Connection, known: Known) -> None:
        registry = gathering.registry_at(connection, known.position)
        places, competencies = self._figures.places, self._figures.competencies
        daily.refresh(connection, registry, known.day, places, competencies)
        end = daily.due(connection, registry, known.day)
        if end is not None and places:
            nodes = daily.plans_at(connection, known.position).nodes_on(end)
            daily.publish(connection, registry, nodes, end)

    def rest(self) -> None:
        """Forget what a failed transaction may have taken back."""
        self._figures.forget()
        self._known = None

    def numbers(self, items: People) -> Mapping[str, int]:
        """How many persons."""
        return {"persons": len(items.changed)}

    def steps(self, items: People) -> Iterable[Step]:
        """No event's trace tells of it."""
        del items
        return ()

    def look(self, connection: Connection, at: Cursor, vitals: Vitals) -> None:
        """Note how many changes are not laid out."""
        vitals.lags(self.name, standing.changes_behind(connection, at))

    def _is_projecting(self, connection: Connection) -> bool:
        at = cursor.read(connection, projecting.NAME)
        return standing.records_behind(connection, at).count > 0
