"""Learning hours of people against the yearly minimum (PNS) and ceiling (PPPK), in 1/100 JP."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Protocol
from uuid import UUID

from jejak_lrs.competency.ruleset import Ruleset

_CONTRACTED = "PPPK"


class Engaged(Protocol):
    """What decides which limits hold for somebody."""

    @property
    def employment(self) -> str:
        """PNS or PPPK."""
        ...

    @property
    def position_class(self) -> str:
        """The class of their position."""
        ...


@dataclass(frozen=True, slots=True)
class Limits:
    """The minimum and the ceiling of a year; None: none holds."""

    minimum: int | None = None
    ceiling: int | None = None

    def is_below(self, jp: int) -> bool:
        """Whether a minimum holds and is not reached."""
        return self.minimum is not None and jp < self.minimum

    def is_passed(self, jp: int) -> bool:
        """Whether a ceiling holds and is passed: shown, never clipped."""
        return self.ceiling is not None and jp > self.ceiling


def limits_of(engaged: Engaged, rules: Ruleset | None) -> Limits:
    """What holds for somebody under a ruleset."""
    if rules is None:
        return Limits()
    if engaged.employment != _CONTRACTED:
        return Limits(minimum=rules.hours.pns.minimum)
    if engaged.position_class in rules.hours.pppk.exempt_position_classes:
        return Limits()
    return Limits(ceiling=rules.hours.pppk.ceiling)


@dataclass(frozen=True, slots=True)
class PersonHours:
    """One person's learning hours in a year; `starts` None: nothing was credited."""

    person_id: UUID
    unit: str | None
    employment: str
    jp: int
    minimum: int | None
    ceiling: int | None
    starts: date | None = None
    ends: date | None = None

    @property
    def limits(self) -> Limits:
        """Both limits."""
        return Limits(self.minimum, self.ceiling)

    @property
    def below(self) -> bool:
        """Whether a minimum holds and is not reached."""
        return self.limits.is_below(self.jp)

    @property
    def passed(self) -> bool:
        """Whether a ceiling holds and is passed."""
        return self.limits.is_passed(self.jp)


@dataclass(frozen=True, slots=True)
class Hours:
    """The hours of so many people: in all, how many are below the minimum, above the ceiling.

    `under` have fewer than was asked about.
    """

    people: int = 0
    jp: int = 0
    below: int = 0
    passed: int = 0
    under: int = 0

    def __add__(self, other: "Hours") -> "Hours":
        return Hours(
            self.people + other.people,
            self.jp + other.jp,
            self.below + other.below,
            self.passed + other.passed,
            self.under + other.under,
        )


def by_unit(people: Iterable[tuple[str | None, Hours]]) -> dict[str | None, Hours]:
    """The hours of each unit; people in none come last."""
    sums = defaultdict[str | None, Hours](Hours)
    for unit, hours in people:
        sums[unit] += hours
    return dict(sorted(sums.items(), key=lambda item: (item[0] is None, item[0] or "")))


def of_person(one: PersonHours, under: int) -> Hours:
    """One person, as a count."""
    return Hours(1, one.jp, int(one.below), int(one.passed), int(one.jp < under))


def without_any(people: int, limits: Limits, under: int) -> Hours:
    """So many people who were credited nothing."""
    return Hours(
        people,
        below=people * limits.is_below(0),
        passed=people * limits.is_passed(0),
        under=people * (under > 0),
    )
