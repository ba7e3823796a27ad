"""Development plans: nodes, what they need, and what of it there is.

Folded from PlanPublished. Several events of one version add up; on a day the version that began
last is in force, and nobody restates the plan of another. Source:
docs/contract/PlanPublished.md.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from jejak_lrs.competency.days import end_of
from jejak_lrs.competency.decrees import Decree, decree
from jejak_lrs.competency.tallies import Standing, Tally
from jejak_schemas.events import PlanPublished
from jejak_schemas.parts import PlanNode

LOWEST = 1  # a need without a level is one of any level


@dataclass(frozen=True, slots=True)
class Node:
    """A node of a plan in force; `publisher` is the institution that speaks."""

    plan: str
    version: str
    publisher: str
    node: PlanNode


@dataclass(frozen=True, slots=True)
class Supply:
    """People who meet a need, or nearly: each is counted in one of the first three at most.

    `asserted` hold the level (rule 7: by assertion); of the others, `indicated` have evidence of
    it, and `expired` held it by an assertion that has ended. `expiring` are among the asserted.
    """

    asserted: int = 0
    indicated: int = 0
    expired: int = 0
    expiring: int = 0

    def __add__(self, other: "Supply") -> "Supply":
        return Supply(
            self.asserted + other.asserted,
            self.indicated + other.indicated,
            self.expired + other.expired,
            self.expiring + other.expiring,
        )


@dataclass(frozen=True, slots=True)
class Demand:
    """One need of a node beside an agency's supply.

    `people` is how many the agency itself plans for; None: it says no number, or the plan is of
    another institution, whose number is not this agency's.
    """

    node: Node
    competency: str
    level: int
    people: int | None
    supply: Supply

    @property
    def gap(self) -> int | None:
        """People still missing: needed minus asserted."""
        return None if self.people is None else max(0, self.people - self.supply.asserted)


class Plans:
    """Every plan published so far. Grows by `add`; order and repetition do not matter."""

    def __init__(self) -> None:
        self._seen = set[object]()
        # By (plan, institution), then version.
        self._plans: dict[tuple[str, str], dict[str, list[Decree[PlanPublished]]]]
        self._plans = defaultdict(lambda: defaultdict(list))

    def add(self, event: PlanPublished) -> None:
        """Take in one publication."""
        if event.event_id not in self._seen:
            self._seen.add(event.event_id)
            published = decree(event, event, event.valid_from, end_of(event.valid_until))
            self._plans[event.plan, event.speaks_for][event.version].append(published)

    def nodes_on(self, day: date) -> list[Node]:
        """The nodes of every plan in force on a day, by plan, institution and node."""
        return [
            Node(plan, version, publisher, node)
            for (plan, publisher), versions in sorted(self._plans.items())
            for version, events in _in_force(versions, day)
            for node in _nodes(events)
        ]


def _in_force(
    versions: dict[str, list[Decree[PlanPublished]]], day: date
) -> Iterator[tuple[str, list[Decree[PlanPublished]]]]:
    """The version that began last, with its events that hold."""
    holding = {
        version: held
        for version, events in versions.items()
        if (held := [one for one in events if one.holds(day)])
    }
    if holding:
        last = max(holding, key=lambda version: max(one.order for one in holding[version]))
        yield last, holding[last]


def _nodes(events: Sequence[Decree[PlanPublished]]) -> list[PlanNode]:
    """Each node once: as said last."""
    said: dict[str, PlanNode] = {}
    for event in sorted(events, key=lambda one: one.order):
        said |= {node.id: node for node in event.event.nodes}
    return [said[name] for name in sorted(said)]


def demands(nodes: Iterable[Node], counted: Tally, agency: str) -> list[Demand]:
    """Every need of the nodes, beside what an agency's people, as counted, can supply."""
    standings = defaultdict[str, list[tuple[Standing, int]]](list)
    for (_, standing), people in counted.levels.items():
        standings[standing.competency].append((standing, people))
    found = []
    for node in nodes:
        for need in node.node.needs:
            level = need.level or LOWEST
            supply = sum(
                (supply_of(one, level, people) for one, people in standings[need.competency]),
                Supply(),
            )
            planned = need.people if node.publisher == agency else None
            found.append(Demand(node, need.competency, level, planned, supply))
    return found


def supply_of(standing: Standing, level: int, people: int = 1) -> Supply:
    """What so many people in one standing are for a need at a level."""
    if (standing.asserted or 0) >= level:
        return Supply(asserted=people, expiring=people if standing.expiring else 0)
    if (standing.indicated or 0) >= level:
        return Supply(indicated=people)
    return Supply(expired=people if (standing.lapsed or 0) >= level else 0)
