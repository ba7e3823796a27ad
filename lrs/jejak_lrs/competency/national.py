"""What is counted across agencies: one table for each subject, by agency and unit.

Categories of a subject do not overlap and leave nobody out, so that each row sums to its people.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Final

from jejak_lrs.competency.plans import Node, supply_of
from jejak_lrs.competency.publication import Path, Published, Table, publish, summed
from jejak_lrs.competency.registry import Registry
from jejak_lrs.competency.ruleset import Publication
from jejak_lrs.competency.standards import Standards
from jejak_lrs.competency.steps import OTHER
from jejak_lrs.competency.stretches import Place
from jejak_lrs.competency.tallies import Enrolled, Standing, Tally

PEOPLE: Final = "people"
NO_UNIT: Final = "-"
EVERYBODY: Final = ("people",)
MATCHING: Final = ("meets", "below", "not-assessed", "not-required")
SUPPLYING: Final = ("asserted", "indicated", "expired", "none")
ENROLLED: Final = ("completed", "under-way", "left", "none")
_COMPLETED: Final = "completed"  # the outcome


def month_end(day: date) -> date:
    """The last month's end that is not after a day."""
    tomorrow = day + timedelta(days=1)
    return day if tomorrow.month != day.month else day.replace(day=1) - timedelta(days=1)


def categories(subject: str) -> tuple[str, ...]:
    """The categories of a subject, in the order of its counts."""
    kind, _, _ = subject.partition(" ")
    return {PEOPLE: EVERYBODY, "plan": SUPPLYING, "programme": ENROLLED}.get(kind, MATCHING)


def tables(
    counted: Tally,
    enrolled: Enrolled,
    registry: Registry,
    nodes: Iterable[Node],
    day: date,
) -> dict[str, Table]:
    """Every table, unrounded.

    `people`, `match COMPETENCY`, `plan COMPETENCY LEVEL`, `programme CODE`; of programmes those
    that the ruleset lists, by agency only.
    """
    standings = defaultdict[str, list[tuple[Place, Standing, int]]](list)
    for (place, standing), people in counted.levels.items():
        standings[standing.competency].append((place, standing, people))
    standards = Standards(registry, day)
    required = {place: standards.required_of(place) for place in counted.people}
    wanted = sorted({competency for needs in required.values() for competency in needs})
    needs = sorted({(one.competency, one.level or 1) for node in nodes for one in node.node.needs})
    found = {PEOPLE: _rows(((place, 0, count) for place, count in counted.people.items()), 1)}
    for competency in wanted:
        cells = _matching(counted, required, competency, standings[competency])
        found[f"match {competency}"] = _rows(cells, len(MATCHING))
    for competency, level in needs:
        supply = _supplying(counted, level, standings[competency])
        found[f"plan {competency} {level}"] = _rows(supply, len(SUPPLYING))
    if (rules := registry.rules_on(day)) is not None:
        for programme in sorted(rules.programmes.of.keys() - {OTHER}):
            cells = _taking_part(counted, enrolled, programme, rules.programmes.outcomes)
            found[f"programme {programme}"] = _agencies(_rows(cells, len(ENROLLED)))
    return found


Cells = Iterable[tuple[Place, int, int]]  # a place, a category by its number, people


def _matching(
    counted: Tally,
    required: Mapping[Place, Mapping[str, int]],
    competency: str,
    standings: Iterable[tuple[Place, Standing, int]],
) -> Cells:
    left = Counter(counted.people)
    for place, standing, people in standings:
        level = required[place].get(competency)
        if level is not None and standing.asserted is not None:
            yield place, 0 if standing.asserted >= level else 1, people
            left[place] -= people
    for place, people in left.items():
        yield place, 2 if competency in required[place] else 3, people


def _supplying(
    counted: Tally, level: int, standings: Iterable[tuple[Place, Standing, int]]
) -> Cells:
    left = Counter(counted.people)
    for place, standing, people in standings:
        supply = supply_of(standing, level)
        category = (supply.asserted, supply.indicated, supply.expired, 1).index(1)
        yield place, category, people
        left[place] -= people
    for place, people in left.items():
        yield place, SUPPLYING.index("none"), people


def _taking_part(
    counted: Tally, enrolled: Enrolled, programme: str, outcomes: Mapping[str, str]
) -> Cells:
    """Who takes part in several cohorts counts as what is best of them."""
    left = Counter(counted.people)
    for (place, code, states), people in enrolled.items():
        if code == programme:
            yield place, min(_stage(outcomes.get(state)) for state in states), people
            left[place] -= people
    for place, people in left.items():
        yield place, ENROLLED.index("none"), people


def _stage(outcome: str | None) -> int:
    if outcome is None:
        return ENROLLED.index("under-way")
    return ENROLLED.index("completed" if outcome == _COMPLETED else "left")


def _agencies(table: Table) -> Table:
    sums = summed(table)
    return {path: counts for path, counts in sums.items() if len(path) == 1}


def _rows(cells: Cells, width: int) -> Table:
    rows = defaultdict[Path, list[int]](lambda: [0] * width)
    for place, category, people in cells:
        rows[place.working, place.unit or NO_UNIT][category] += people
    return {path: tuple(counts) for path, counts in rows.items()}


def released(
    found: Mapping[str, Table], rule: Publication, lately: Mapping[str, frozenset[Path]]
) -> dict[str, Published]:
    """What may be published of all of them; `lately`: the rows of each that were hidden."""
    people = publish(found[PEOPLE], rule, hidden=lately.get(PEOPLE, ()), sums_hidden=True)
    others = {
        subject: publish(table, rule, hidden=people.hidden | lately.get(subject, frozenset()))
        for subject, table in found.items()
        if subject != PEOPLE
    }
    return {PEOPLE: people, **others}
