"""Units of agencies, and the unit above each, day by day. Source: UnitPublished."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date

from jejak_lrs.competency.days import end_of
from jejak_lrs.competency.decrees import Decree, decree, in_force
from jejak_schemas.events import UnitPublished


class Units:
    """Every unit published so far; for one thread. An agency speaks of its own units only."""

    def __init__(self) -> None:
        self._said: dict[tuple[str, str], list[Decree[UnitPublished]]] = defaultdict(list)

    def add(self, event: UnitPublished) -> None:
        """Take in one event, in any order; of another agency's units it is passed over."""
        if event.agency == event.speaks_for:
            ends = end_of(event.valid_until)
            self._said[event.agency, event.unit].append(
                decree(event, event, event.valid_from, ends)
            )

    def unit_on(self, agency: str, unit: str, day: date) -> UnitPublished | None:
        """A unit as published for a day; None: it is not known then."""
        held = in_force(self._said.get((agency, unit), ()), day)
        return held.event if held else None

    def above(self, agency: str, unit: str, day: date) -> Iterator[str]:
        """The unit itself and those above it, the nearest first; a circle is walked once."""
        seen: set[str] = set()
        at: str | None = unit
        while at is not None and at not in seen:
            seen.add(at)
            yield at
            known = self.unit_on(agency, at, day)
            at = known.parent if known else None
