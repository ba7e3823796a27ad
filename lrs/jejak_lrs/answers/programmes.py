"""Answers about programmes: how far people have come, who dropped out, what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from jejak_lrs.competency.ruleset import Ruleset
    from jejak_lrs.competency.steps import Step
    from jejak_lrs.database import Connection

COMPLETED: Final = "completed"


@dataclass(frozen=True, slots=True)
class Milestone:
    """A state of a programme: how many ever entered it by the day, and how many are in it now."""

    state: str
    is_end: bool  # a drop-out or a failure
    reached: int
    now: int


@dataclass(frozen=True, slots=True)
class Cohort:
    """One programme and cohort on a day; its states in the ruleset's order."""

    programme: str
    cohort: str | None
    people: int
    milestones: tuple[Milestone, ...]

    @property
    def completed(self) -> int:
        """How many have completed it."""
        return sum(one.now for one in self.milestones if one.state == COMPLETED)

    @property
    def left(self) -> int:
        """How many dropped out or failed."""
        return sum(one.now for one in self.milestones if one.is_end)

    @property
    def under_way(self) -> int:
        """How many are in it."""
        return self.people - self.completed - self.left


def cohorts(connection: Connection, day: date, rules: Ruleset | None, agency: str) -> list[Cohort]:
    """Every programme and cohort that somebody who works at an agency had entered by a day.

    Exact: for whoever may see that agency's people.

    Args:
        connection: a reader's.
        day: its end.
        rules: whose states; those that it does not know come last.
        agency: where the people work on the day.
    """
    found = connection.execute(
        "SELECT programme, cohort, state, count(DISTINCT person_id), "
        "count(*) FILTER (WHERE ends > %(day)s) FROM enrolled e WHERE starts <= %(day)s "
        "AND EXISTS (SELECT FROM served s JOIN place p ON p.id = s.place "
        "WHERE s.person_id = e.person_id AND p.working = %(agency)s "
        "AND s.starts <= %(day)s AND s.ends > %(day)s) "
        "GROUP BY programme, cohort, state ORDER BY programme, cohort, state",
        {"day": day, "agency": agency},
    )
    states: dict[tuple[str, str], dict[str, tuple[int, int]]] = {}
    for programme, cohort, state, reached, now in found:
        states.setdefault((programme, cohort), {})[state] = (reached, now)
    return [
        _cohort(programme, cohort, counts, rules) for (programme, cohort), counts in states.items()
    ]


def _cohort(
    programme: str, cohort: str, counts: dict[str, tuple[int, int]], rules: Ruleset | None
) -> Cohort:
    steps = rules.programmes.steps(programme) if rules else ()
    return Cohort(
        programme=programme,
        cohort=cohort or None,
        people=sum(now for _, now in counts.values()),
        milestones=tuple(_milestones(steps, counts)),
    )


def _milestones(steps: Iterable[Step], counts: dict[str, tuple[int, int]]) -> Iterable[Milestone]:
    ends = {step.state: step.end for step in steps}
    order = [*ends, *sorted(counts.keys() - ends.keys())]
    for state in order:
        reached, now = counts.get(state, (0, 0))
        yield Milestone(state, ends.get(state, False), reached, now)
