"""Who teaches the same thing: providers, agencies and series per competency, and how they differ.

Source: competency.md, "What agencies get".
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Final

from jejak_lrs.competency.ruleset import Fragmentation

_WHOLE: Final = 10_000
_WORD: Final = re.compile(r"[^\W\d_]+")
# What tells one run of a course from the next, in either language; not what it is about.
_RUN: Final = frozenset({"angkatan", "batch", "gelombang", "tahun", "cohort", "kelas", "class"})
_ROMAN: Final = re.compile(r"[ivxl]+")


@dataclass(frozen=True, slots=True)
class Taught:
    """One series for one competency: what it is called, who teaches it at which level."""

    competency: str
    series: str
    provider: str
    level: int
    names: tuple[str, ...]  # of its offerings, in any language


@dataclass(frozen=True, slots=True)
class Outcomes:
    """How the learners of one provider fared in one competency; `agencies` is whose they were."""

    competency: str
    provider: str
    passed: int
    failed: int
    agencies: frozenset[str]

    @property
    def rate(self) -> int:
        """The pass rate in basis points, rounded down."""
        return self.passed * _WHOLE // (self.passed + self.failed)


@dataclass(frozen=True, slots=True)
class Alike:
    """Two series of different providers whose names look alike; `share` in basis points."""

    one: Taught
    other: Taught
    share: int


@dataclass(frozen=True, slots=True)
class Fragments:
    """One competency. `rates` are of providers with enough outcomes, the lowest first."""

    competency: str
    providers: tuple[str, ...]
    agencies: int
    series: tuple[str, ...]
    rates: tuple[tuple[str, int], ...]
    alike: tuple[Alike, ...]

    @property
    def spread(self) -> int | None:
        """Between the lowest and the highest pass rate; None where fewer than two compare."""
        return self.rates[-1][1] - self.rates[0][1] if len(self.rates) > 1 else None


def fragments(
    taught: Iterable[Taught], outcomes: Iterable[Outcomes], rule: Fragmentation
) -> list[Fragments]:
    """Every competency that is taught or was shown, the most fragmented first."""
    courses = defaultdict[str, list[Taught]](list)
    shown = defaultdict[str, list[Outcomes]](list)
    for one in taught:
        courses[one.competency].append(one)
    for result in outcomes:
        shown[result.competency].append(result)
    found = [_of(name, courses[name], shown[name], rule) for name in {*courses, *shown}]
    return sorted(found, key=lambda one: (-len(one.providers), -len(one.series), one.competency))


def _of(
    competency: str, courses: list[Taught], shown: list[Outcomes], rule: Fragmentation
) -> Fragments:
    enough = [one for one in shown if one.passed + one.failed >= rule.fewest_outcomes]
    rates = sorted(((one.provider, one.rate) for one in enough), key=lambda one: (one[1], one[0]))
    return Fragments(
        competency=competency,
        providers=tuple(
            sorted({one.provider for one in courses} | {one.provider for one in shown})
        ),
        agencies=len({agency for one in shown for agency in one.agencies}),
        series=tuple(sorted({one.series for one in courses})),
        rates=tuple(rates),
        alike=tuple(_alike(courses, rule)),
    )


def _alike(courses: list[Taught], rule: Fragmentation) -> Iterator[Alike]:
    """Pairs of series of different providers, for the same competency at the same level."""
    for one, other in combinations(sorted(courses, key=lambda taught: taught.series), 2):
        if one.provider == other.provider or one.level != other.level:
            continue
        share = max((shared(left, right) for left in one.names for right in other.names), default=0)
        if share >= rule.alike:
            yield Alike(one, other, share)


def shared(one: str, other: str) -> int:
    """How much of the words of two names is shared (Jaccard), in basis points."""
    mine, yours = words(one), words(other)
    return len(mine & yours) * _WHOLE // len(mine | yours) if mine and yours else 0


def words(name: str) -> frozenset[str]:
    """The words that tell what a course is about: no numbers, no run of it."""
    found = (word.casefold() for word in _WORD.findall(name))
    return frozenset(word for word in found if word not in _RUN and not _ROMAN.fullmatch(word))
