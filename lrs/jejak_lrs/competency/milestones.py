"""Certificates held and programme states reached, as intervals.

The rule of the programmes is docs/programmes.md, its tables are ruleset data.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from uuid import UUID

from jejak_lrs.competency.days import FOREVER, closing, end_of
from jejak_lrs.competency.facts import Award, Milestone
from jejak_lrs.competency.profile import Certified, Enrolment, Reached
from jejak_lrs.competency.registry import Registry
from jejak_lrs.competency.ruleset import Entry, Step


def certificates(awards: Iterable[Award]) -> tuple[Certified, ...]:
    """Each certificate once, by number and issuer: the earliest event that names it."""
    first: dict[tuple[str, str], Award] = {}
    for award in sorted(awards, key=lambda one: one.origin.order):
        first.setdefault((award.number, award.origin.provider), award)
    return tuple(
        Certified(
            starts=award.issued_on,
            ends=closing(end_of(award.valid_until)),
            number=number,
            provider=provider,
            statement=award.origin.statement_id,
        )
        for (number, provider), award in sorted(first.items())
    )


def programmes(milestones: Iterable[Milestone], registry: Registry) -> tuple[Enrolment, ...]:
    """The states of each programme and cohort, in the order in which they were reached."""
    paths: dict[tuple[str, str], list[Milestone]] = defaultdict(list)
    for one in sorted(milestones, key=lambda one: one.origin.order):
        paths[one.programme, one.cohort or ""].append(one)
    found = (
        Enrolment(programme=programme, cohort=cohort or None, states=_states(path, registry))
        for (programme, cohort), path in sorted(paths.items())
    )
    return tuple(one for one in found if one.states)


def _states(path: Iterable[Milestone], registry: Registry) -> tuple[Reached, ...]:
    """The last state entered on each day holds from that day until the next such day."""
    by_day = {one.origin.day: (one, step) for one, step in _entered(path, registry)}
    days = [*sorted(by_day), FOREVER]
    return tuple(
        Reached(
            starts=day,
            ends=closing(end),
            state=by_day[day][1].state,
            statement=by_day[day][0].origin.statement_id,
        )
        for day, end in pairwise(days)
    )


def _entered(path: Iterable[Milestone], registry: Registry) -> Iterator[tuple[Milestone, Step]]:
    """Each milestone that enters a state, and the state, in order."""
    walk = _Walk()
    for one in path:
        rules = registry.rules_on(one.origin.day)
        step = walk.pass_by(one, rules.programmes.steps(one.programme) if rules else ())
        if step is not None:
            yield one, step


@dataclass(slots=True)
class _Walk:
    """How far a path has led, and the enrolments (registrations) that stand."""

    at: Step | None = None
    standing: set[UUID] = field(default_factory=set)

    def pass_by(self, one: Milestone, steps: Iterable[Step]) -> Step | None:
        """The state that a milestone enters; None: it enters none."""
        met = [(step, entry) for step in steps for entry in step.by if _says(one, entry)]
        self._enrol(one, met)
        open_to = [step for step, entry in met if not (entry.last and self.standing)]
        step = max(open_to, key=lambda step: step.rank, default=None)
        if step is None or not self._leads_to(step):
            return None
        self.at = step
        if step.end:
            self.standing.clear()
        return step

    def _enrol(self, one: Milestone, met: Iterable[tuple[Step, Entry]]) -> None:
        for step, entry in met:
            if step.again and one.registration:
                self.standing.add(one.registration)
            elif entry.last and one.registration:
                self.standing.discard(one.registration)
            elif entry.last:
                self.standing.clear()

    def _leads_to(self, step: Step) -> bool:
        if self.at is None:
            return True
        return step.again if self.at.end else step.rank > self.at.rank


def _says(one: Milestone, entry: Entry) -> bool:
    return (
        entry.event == one.origin.event
        and entry.stage in (None, one.stage)
        and entry.outcome in (None, one.outcome)
        and entry.scope in (None, one.scope)
        and entry.about in (None, one.about)
    )
