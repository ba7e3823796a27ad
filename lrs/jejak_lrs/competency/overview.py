"""An agency against its standards, reckoned from counts: by unit and competency, sum over sum."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from jejak_lrs.competency.gaps import Match, matched
from jejak_lrs.competency.registry import Registry
from jejak_lrs.competency.standards import Standards
from jejak_lrs.competency.stretches import Place
from jejak_lrs.competency.tallies import Tally

K = TypeVar("K")
Unit = str | None
Cell = tuple[Unit, str]


@dataclass(frozen=True, slots=True)
class Overview:
    """An agency's people against what their positions require; `left_out` have no standard."""

    agency: str
    day: date
    cells: Mapping[Cell, Match]  # by unit and competency
    people: Mapping[Unit, int]
    left_out: Mapping[Unit, int]

    @property
    def match(self) -> Match:
        """The whole agency's."""
        return sum(self.cells.values(), Match())

    def by_unit(self) -> dict[Unit, Match]:
        """The match of each unit that has people, those in none last."""
        units = sorted(self.people, key=lambda unit: (unit is None, unit or ""))
        sums = _summed((unit, match) for (unit, _), match in self.cells.items())
        return {unit: sums.get(unit, Match()) for unit in units}

    def by_competency(self) -> dict[str, Match]:
        """The match of each competency that is required of anybody."""
        sums = _summed((competency, match) for (_, competency), match in self.cells.items())
        return dict(sorted(sums.items()))


def overview(agency: str, day: date, counted: Tally, registry: Registry) -> Overview:
    """The agency's people as they are counted, against the standards of that day."""
    standards = Standards(registry, day)
    required = {place: standards.required_of(place) for place in counted.people}
    found = [*_wanted(counted, required), *_assessed(counted, required)]
    return Overview(
        agency=agency,
        day=day,
        cells=_summed(found),
        people=_heads(counted, counted.people),
        left_out=_heads(counted, (place for place, needs in required.items() if not needs)),
    )


def _wanted(
    counted: Tally, required: Mapping[Place, Mapping[str, int]]
) -> Iterable[tuple[Cell, Match]]:
    for place, people in counted.people.items():
        for competency in required[place]:
            yield (place.unit, competency), Match(wanted=people)


def _assessed(
    counted: Tally, required: Mapping[Place, Mapping[str, int]]
) -> Iterable[tuple[Cell, Match]]:
    for (place, standing), people in counted.levels.items():
        level = required.get(place, {}).get(standing.competency)
        if level is not None and standing.asserted is not None:
            cell = (place.unit, standing.competency)
            yield cell, matched(standing.asserted, level, people)


def _summed(matches: Iterable[tuple[K, Match]]) -> dict[K, Match]:
    sums: dict[K, Match] = defaultdict(Match)
    for key, match in matches:
        sums[key] += match
    return dict(sums)


def _heads(counted: Tally, places: Iterable[Place]) -> dict[Unit, int]:
    heads: dict[Unit, int] = defaultdict(int)
    for place in places:
        heads[place.unit] += counted.people[place]
    return dict(heads)
