"""Certificates held and programme states reached, as intervals."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from itertools import pairwise

from jejak_lrs.competency.days import FOREVER, closing, end_of
from jejak_lrs.competency.facts import Award, Milestone
from jejak_lrs.competency.profile import Certified, Enrolment, Reached
from jejak_lrs.competency.registry import Registry


def certificates(awards: Iterable[Award]) -> tuple[Certified, ...]:
    """Each certificate once, by number: the earliest event that names it."""
    first: dict[str, Award] = {}
    for award in sorted(awards, key=lambda one: one.origin.order):
        first.setdefault(award.number, award)
    return tuple(
        Certified(
            starts=award.issued_on,
            ends=closing(end_of(award.valid_until)),
            number=number,
            provider=award.origin.provider,
            statement=award.origin.statement_id,
        )
        for number, award in sorted(first.items())
    )


def programmes(milestones: Iterable[Milestone], registry: Registry) -> tuple[Enrolment, ...]:
    """The states of each programme and cohort, in the order in which they were reached."""
    entered: dict[tuple[str, str], list[tuple[Milestone, int, str]]] = defaultdict(list)
    for one in sorted(milestones, key=lambda one: one.origin.order):
        step = _step(one, registry)
        if step is not None:
            entered[one.programme, one.cohort or ""].append((one, *step))
    return tuple(
        Enrolment(programme=programme, cohort=cohort or None, states=_states(steps))
        for (programme, cohort), steps in sorted(entered.items())
    )


def _step(one: Milestone, registry: Registry) -> tuple[int, str] | None:
    """The rank and name of the furthest state that a milestone enters."""
    rules = registry.rules_on(one.origin.day)
    found = None
    for rank, step in enumerate(rules.programmes.steps(one.programme) if rules else ()):
        if any(
            entry.event == one.origin.event
            and entry.stage in (None, one.stage)
            and entry.outcome in (None, one.outcome)
            for entry in step.by
        ):
            found = (rank, step.state)
    return found


def _states(steps: Sequence[tuple[Milestone, int, str]]) -> tuple[Reached, ...]:
    """The furthest state per day: a step already passed is not entered again."""
    furthest, by_day = -1, dict[date, tuple[Milestone, str]]()
    for one, rank, state in steps:
        if rank > furthest:
            furthest = rank
            by_day[one.origin.day] = (one, state)
    days = [*sorted(by_day), FOREVER]
    return tuple(
        Reached(
            starts=day,
            ends=closing(end),
            state=by_day[day][1],
            statement=by_day[day][0].origin.statement_id,
        )
        for day, end in pairwise(days)
    )
