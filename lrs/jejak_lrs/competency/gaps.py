"""Gaps: what the standard requires, minus what is held (asserted). JPM in basis points.

Source: competency.md, "What agencies get"; Held is asserted only (rule 7): who was not assessed
has no gap of that competency, but lowers the coverage.
"""

from dataclasses import dataclass
from datetime import date
from typing import Final

from jejak_lrs.competency.lookups import levels_on, serving_on
from jejak_lrs.competency.profile import Profile, Served
from jejak_lrs.competency.registry import Registry
from jejak_lrs.competency.standards import Standards

_WHOLE: Final = 10_000


@dataclass(frozen=True, slots=True)
class Gap:
    """One competency: levels required, held (None: not assessed) and indicated, beside it."""

    competency: str
    required: int
    held: int | None
    indicated: int | None

    @property
    def gap(self) -> int | None:
        """max(0, required - held); None where it was not assessed."""
        return None if self.held is None else max(0, self.required - self.held)


@dataclass(frozen=True, slots=True)
class Match:
    """Sums over assessed competencies, from which the job-person match (JPM) follows.

    `capped` is the sum of min(held, required), `held` and `required` are plain sums, all three
    over assessed competencies; `assessed` and `wanted` count competencies, `short` those held
    below what is required.
    """

    capped: int = 0
    held: int = 0
    required: int = 0
    assessed: int = 0
    wanted: int = 0
    short: int = 0

    @property
    def jpm(self) -> int | None:
        """JPM in basis points, rounded down; None where nothing was assessed."""
        return self.capped * _WHOLE // self.required if self.required else None

    @property
    def uncapped(self) -> int | None:
        """The same without the cap at what is required."""
        return self.held * _WHOLE // self.required if self.required else None

    @property
    def coverage(self) -> int | None:
        """Assessed of required competencies, in basis points; None where none is required."""
        return self.assessed * _WHOLE // self.wanted if self.wanted else None

    def __add__(self, other: "Match") -> "Match":
        """Sum over sum: an agency's match is not a mean of means."""
        return Match(
            self.capped + other.capped,
            self.held + other.held,
            self.required + other.required,
            self.assessed + other.assessed,
            self.wanted + other.wanted,
            self.short + other.short,
        )


@dataclass(frozen=True, slots=True)
class Gaps:
    """One person against the standard of the position held on a day, by competency."""

    serving: Served
    gaps: tuple[Gap, ...]

    @property
    def match(self) -> Match:
        """The person's sums."""
        assessed = (matched(one.held, one.required) for one in self.gaps if one.held is not None)
        return sum(assessed, Match(wanted=len(self.gaps)))


def matched(held: int, required: int, people: int = 1) -> Match:
    """What so many people who hold a level add to a match, beside being wanted."""
    return Match(
        capped=people * min(held, required),
        held=people * held,
        required=people * required,
        assessed=people,
        short=people if held < required else 0,
    )


def gaps(profile: Profile, registry: Registry, day: date) -> Gaps | None:
    """The gaps of a person on a day; None without a position or a standard for it: left out."""
    serving = serving_on(profile, day)
    required = Standards(registry, day).required_of(serving) if serving else {}
    if serving is None or not required:
        return None
    levels = levels_on(profile, day)
    found = []
    for competency, level in sorted(required.items()):
        known = levels.get(competency)
        held, indicated = (known.asserted, known.indicated) if known else (None, None)
        found.append(Gap(competency, level, held, indicated))
    return Gaps(serving, tuple(found))
