"""Certificates held and programme states reached, as intervals.

The rule of the programmes is docs/programmes.md, its tables are ruleset data.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise
from typing import Literal
from uuid import UUID

from msgspec import Struct

from jejak_lrs.competency.acts import Acts
from jejak_lrs.competency.days import FOREVER, closing, end_of
from jejak_lrs.competency.facts import Award, Milestone
from jejak_lrs.competency.profile import Certified, Enrolment, Passed, Reached
from jejak_lrs.competency.registry import Registry
from jejak_lrs.competency.steps import Entry, Step


def certificates(awards: Sequence[Award], acts: Acts) -> tuple[Certified, ...]:
    """Each certificate once, by number and issuer: the first event that names it.

    It ends with its validity, or earlier: on the day from which it is revoked, or on which
    another number was issued in its place.
    """
    first: dict[tuple[str, str], Award] = {}
    replaced: dict[tuple[str, str], date] = {}
    for award in awards:
        issuer = award.origin.provider
        first.setdefault((award.number, issuer), award)
        if award.replaces is not None and award.replaces != award.number:
            old = (award.replaces, issuer)
            replaced[old] = min(replaced.get(old, FOREVER), award.issued_on)
    return tuple(
        _certified(award, replaced.get(name, FOREVER), acts.certificate_ends(*name))
        for name, award in sorted(first.items(), key=lambda one: one[0])
    )


def _certified(award: Award, replaced: date, revoked: date) -> Certified:
    ends = min(end_of(award.valid_until), replaced, revoked)
    ended: Literal["revoked", "replaced"] | None = None
    if ends in (replaced, revoked) and ends != FOREVER:
        ended = "revoked" if ends == revoked else "replaced"
    return Certified(
        starts=award.issued_on,
        ends=closing(max(ends, award.issued_on)),
        number=award.number,
        provider=award.origin.provider,
        statement=award.origin.statement_id,
        ended=ended,
    )


def programmes(milestones: Iterable[Milestone], registry: Registry) -> tuple[Enrolment, ...]:
    """The states of each programme and cohort, in the order in which they were reached."""
    paths: dict[tuple[str, str], list[Milestone]] = defaultdict(list)
    for one in milestones:
        paths[one.programme, one.cohort or ""].append(one)
    found = (
        _enrolment(programme, cohort or None, path, registry)
        for (programme, cohort), path in sorted(paths.items())
    )
    return tuple(one for one in found if one.states)


def _enrolment(
    programme: str, cohort: str | None, path: Iterable[Milestone], registry: Registry
) -> Enrolment:
    met = list(_met(path, registry))
    return Enrolment(
        programme=programme,
        cohort=cohort,
        states=_states([one for one in met if one.entered]),
        milestones=_milestones(met),
    )


class _Met(Struct, frozen=True, gc=False):
    """An event that meets a state, and whether it enters it; `outcome` is the state's."""

    event: Milestone
    step: Step
    entered: bool
    outcome: str | None


def _met(path: Iterable[Milestone], registry: Registry) -> Iterator[_Met]:
    walk = _Walk()
    for one in path:
        rules = registry.rules_on(one.origin.day)
        if rules is None:
            continue
        step = walk.met_by(one, rules.programmes.ways(one.programme, one.origin.event))
        if step is not None:
            yield _Met(one, step, walk.enter(step), rules.programmes.outcomes.get(step.state))


def _states(entered: Iterable[_Met]) -> tuple[Reached, ...]:
    """The last state entered on each day holds from that day until the next such day."""
    by_day = {one.event.origin.day: one for one in entered}
    days = [*sorted(by_day), FOREVER]
    return tuple(
        Reached(
            starts=day,
            ends=closing(end),
            state=by_day[day].step.state,
            statement=by_day[day].event.origin.statement_id,
            outcome=by_day[day].outcome,
        )
        for day, end in pairwise(days)
    )


def _milestones(met: Iterable[_Met]) -> tuple[Passed, ...]:
    """Each step that was met, entered or not, when first; ends are no milestones."""
    first: dict[str, Milestone] = {}
    for one in met:
        if not one.step.end:
            first.setdefault(one.step.state, one.event)
    return tuple(
        Passed(on=one.origin.day, state=state, statement=one.origin.statement_id)
        for state, one in first.items()
    )


@dataclass(slots=True)
class _Walk:
    """How far a path has led, and the enrolments (registrations) that stand."""

    at: Step | None = None
    standing: set[UUID] = field(default_factory=set)

    def met_by(self, one: Milestone, ways: Iterable[tuple[Step, Entry]]) -> Step | None:
        """The state that an event meets; None: it meets none."""
        met = [(step, entry) for step, entry in ways if _says(one, entry)]
        self._enrol(one, met)
        open_to = [step for step, entry in met if not (entry.last and self.standing)]
        return max(open_to, key=lambda step: step.rank, default=None)

    def enter(self, step: Step) -> bool:
        """Enter a state that was met, if the path leads there."""
        if not self._leads_to(step):
            return False
        self.at = step
        if step.end:
            self.standing.clear()
        return True

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
        entry.stage in (None, one.stage)
        and entry.outcome in (None, one.outcome)
        and entry.scope in (None, one.scope)
        and entry.about in (None, one.about)
    )
