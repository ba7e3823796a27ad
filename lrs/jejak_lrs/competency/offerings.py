"""Courses as they are offered, and the series that successive offerings repeat. Rule 0."""

from collections import defaultdict
from datetime import date

from jejak_lrs.competency.decrees import Decree, decree, in_force
from jejak_lrs.competency.memo import MOST, Memo
from jejak_lrs.competency.ownership import Owners
from jejak_schemas.clock import jakarta_date
from jejak_schemas.events import OfferingPublished, OfferingWithdrawn

Word = OfferingPublished | OfferingWithdrawn


class Offerings:
    """Every offering published or withdrawn so far; for one thread."""

    def __init__(self) -> None:
        self._owners = Owners()
        self._said: dict[str, list[Decree[Word]]] = defaultdict(list)
        self._series: dict[str, set[str]] = defaultdict(set)
        self._in_force = Memo(self._offered)
        self._missed: set[str] = set()  # asked about before anything was said of them

    def add(self, event: Word, position: int) -> None:
        """Take in one event, in any order."""
        if self.may_have_been_asked(event.offering):
            self._in_force.clear()
        if isinstance(event, OfferingPublished):
            self._owners.publish((event.offering,), position, event.speaks_for)
            self._series[event.series].add(event.offering)
        self._said[event.offering].append(decree(event, event, jakarta_date(event.occurred_at)))

    def on(self, offering: str | None, day: date) -> OfferingPublished | None:
        """The offering as last published by that day, else as first published.

        None: never published by its owner, or withdrawn by then and not published again.
        """
        return None if offering is None else self._in_force[offering, day]

    def may_have_been_asked(self, offering: str) -> bool:
        """Whether what is said of an offering may change an answer that was given."""
        return offering in self._said or offering in self._missed or len(self._missed) >= MOST

    def _offered(self, key: tuple[str, date]) -> OfferingPublished | None:
        offering, day = key
        if offering not in self._said and len(self._missed) < MOST:
            self._missed.add(offering)
        owner = self._owners.of(offering)
        known = [one for one in self._said.get(offering, ()) if one.event.speaks_for == owner]
        held = in_force(known, day)
        if held is None:
            published = (one for one in known if isinstance(one.event, OfferingPublished))
            held = min(published, key=lambda one: one.order, default=None)
        return held.event if held and isinstance(held.event, OfferingPublished) else None

    def of_series(self, series: str) -> frozenset[str]:
        """Every offering ever published of a series."""
        return frozenset(self._series.get(series, ()))
