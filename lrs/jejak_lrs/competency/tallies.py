"""How many people stand how on one day: counted once, asked many ways.

A tally is made of rows, whether the database counts them or the fold has just made them.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

from jejak_lrs.competency.days import FOREVER
from jejak_lrs.competency.profile import Profile
from jejak_lrs.competency.stretches import Level, Place, Stint, levels, stints


@dataclass(frozen=True, slots=True)
class Standing:
    """The levels of one competency; `expiring`: the assertion ends within the days asked about."""

    competency: str
    asserted: int | None = None
    expiring: bool = False
    indicated: int | None = None
    lapsed: int | None = None


@dataclass(slots=True)
class Tally:
    """People by place, and by place and standing; who has no level of a competency is no row."""

    people: Counter[Place] = field(default_factory=Counter)
    levels: Counter[tuple[Place, Standing]] = field(default_factory=Counter)

    def only(self, units: Collection[str | None]) -> "Tally":
        """The part of some units."""
        return Tally(
            Counter({place: count for place, count in self.people.items() if place.unit in units}),
            Counter({key: count for key, count in self.levels.items() if key[0].unit in units}),
        )


# People by place, programme and the states, in order, that they are in there; no row: in none.
Enrolled = Mapping[tuple[Place, str, tuple[str, ...]], int]


def tally(profiles: Iterable[Profile], agency: str | None, day: date, within: int) -> Tally:
    """Count profiles on a day: those who work at an agency; None: at any.

    Args:
        profiles: one per person.
        agency: its code.
        day: the day.
        within: an assertion that ends in so many days is expiring.
    """
    counted = Tally()
    for profile in profiles:
        for stint in stints(profile):
            if _counts(stint, agency, day):
                counted.people[stint.place] += 1
        for level in levels(profile):
            if _counts(level, agency, day):
                counted.levels[level.place, standing_of(level, day, within)] += 1
    return counted


def _counts(row: Stint | Level, agency: str | None, day: date) -> bool:
    return row.starts <= day < row.ends and agency in (None, row.place.working)


def standing_of(level: Level, day: date, within: int) -> Standing:
    """A stretch as it is counted on a day."""
    days_left = None if level.until is None or level.until == FOREVER else (level.until - day).days
    return Standing(
        level.competency,
        level.asserted,
        days_left is not None and days_left <= within,
        level.indicated,
        level.lapsed,
    )
