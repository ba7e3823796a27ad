"""A nation's learning, in the order in which it happens.

Runs (an offering, or an assessment centre's day) are walked by their opening day; each gets a
share of the events asked for, and a heap holds only what lies ahead of the present run. So memory
grows with the runs under way, not with the number of events.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from heapq import heappop, heappush
from itertools import accumulate, chain
from math import gcd
from random import Random
from typing import Final

from jejak_producers.simulate import journeys
from jejak_producers.simulate.careers import LEAVERS
from jejak_producers.simulate.identifiers import source
from jejak_producers.simulate.population import Person, Population
from jejak_producers.simulate.registry import Course, Registry, courses, workday
from jejak_schemas import clock
from jejak_schemas.events import AssessorAccredited, Event, OfferingPublished

# Shares of the months: quiet in January and around Eid, a rush towards the end of the year.
_MONTHS: Final = (5, 8, 7, 9, 10, 11, 9, 10, 12, 13, 14, 16)
# Sizes of runs, relative: e-learning and distance learning are open to many.
_CLASS: Final = 4
_SIZES: Final = {"16": 10, "17": 6}
_ASSESSMENT: Final = 1
_OPENS_BEFORE: Final = timedelta(6)  # enrolment begins in the week before
_FEWEST: Final = 12  # a run below so many events is not held
_FIRST_ASSESSMENT: Final = date(2025, 7, 15)
_STRUCTURAL: Final = "1"
_VISIT: Final = "20"
_PROJECT: Final = "-proyek"  # how the sample's project series end


@dataclass(frozen=True, slots=True)
class Learners:
    """The people numbered [first, until) of a population; those before belong to the stories."""

    population: Population
    first: int
    until: int

    def shuffled(self, random: Random) -> Iterator[Person]:
        """Everyone but who has left the service once, in an order that the random source decides,
        without holding them.
        """  # noqa: D205
        count = self.until - self.first
        start, stride = random.randrange(count), random.randrange(1, max(2, count))
        while gcd(stride, count) != 1:
            stride += 1
        for step in range(count):
            number = self.first + (start + step * stride) % count
            if not (self.population.invents(number) and LEAVERS.takes(number)):
                yield self.population.person(number)


@dataclass(frozen=True, slots=True)
class _Run:
    number: int
    opens_on: date
    weight: int
    course: Course | None = None
    assessor: AssessorAccredited | None = None


@dataclass(frozen=True, slots=True)
class Traffic:
    """What decides the stream; `until` is the first day that no event reaches (Jakarta)."""

    seed: str
    registry: Registry
    added: tuple[OfferingPublished, ...]
    learners: Learners
    until: date

    def events(self, count: int) -> Iterator[Event]:
        """Exactly `count` events by occurred_at; ValueError where there are too few people."""
        runs = self._runs()
        goals = _goals(runs, count)
        ahead: list[tuple[datetime, int, Event]] = []
        made = 0
        for run, goal in zip(runs, goals, strict=True):
            yield from _before(ahead, run.opens_on)
            if goal - made < _FEWEST and goal < count:
                continue
            for event in self._of_run(run, goal - made):
                heappush(ahead, (event.occurred_at, event.event_id.int, event))
                made += 1
        yield from _before(ahead, date.max)
        if made < count:
            raise ValueError(f"so few people make {made} events by then, not {count}")

    def _runs(self) -> list[_Run]:
        teaching = (
            _run(course.offering.starts_on, course=course)
            for course in courses(self.registry, self.added)
        )
        assessing = (
            _run(day, assessor=assessor)
            for assessor in self.registry.assessors
            for day in _assessment_days(self.until)
        )
        opened = [
            run for run in chain(teaching, assessing) if run.opens_on + _OPENS_BEFORE < self.until
        ]
        opened.sort(key=lambda run: run.opens_on)
        return [
            _Run(number, run.opens_on, run.weight, run.course, run.assessor)
            for number, run in enumerate(opened)
        ]

    def _of_run(self, run: _Run, wanted: int) -> Iterator[Event]:
        """At most `wanted` events: learners come until the run has its share."""
        random = source(self.seed, "run", run.number)
        for person in self.learners.shuffled(random):
            for event in self._of_learner(run, person, random):
                if clock.jakarta_date(event.occurred_at) >= self.until:
                    continue
                if wanted == 0:
                    return
                wanted -= 1
                yield event
            if wanted == 0:
                return

    def _of_learner(self, run: _Run, person: Person, random: Random) -> Iterator[Event]:
        standard = self.registry.standards[person.position_class]
        if run.assessor is not None:
            if person.position_class in run.assessor.position_classes:
                day = run.opens_on + _OPENS_BEFORE
                yield from journeys.assessment_day(person, run.assessor, standard, day, random)
        elif run.course is not None and _invited(
            run.course, person, standard.requirements[0].level
        ):
            yield from self._course(run.course, person, random)

    def _course(self, course: Course, person: Person, random: Random) -> Iterator[Event]:
        journey = journeys.Journey(person, course, random)
        if course.offering.form == _VISIT:
            return journeys.visit_journey(journey)
        if course.offering.series.endswith(_PROJECT):
            others = self.learners.shuffled(random)
            coach = next(other for other in others if other.nip != person.nip)
            return journeys.project_journey(journey, coach)
        return journeys.course_journey(journey)


def _run(
    day: date, *, course: Course | None = None, assessor: AssessorAccredited | None = None
) -> _Run:
    ends_on = course.ends_on if course else day
    size = _SIZES.get(course.offering.form, _CLASS) if course else _ASSESSMENT
    return _Run(0, day - _OPENS_BEFORE, size * _MONTHS[ends_on.month - 1], course, assessor)


def _assessment_days(until: date) -> Iterator[date]:
    day = _FIRST_ASSESSMENT
    while day < until:
        yield workday(day)
        day = (day.replace(day=1) + timedelta(32)).replace(day=15)


def _goals(runs: Sequence[_Run], count: int) -> list[int]:
    """How many events there shall be by the end of each run; the last is `count`."""
    sums = list(accumulate(run.weight for run in runs))
    return [count * reached // sums[-1] for reached in sums]


def _before(ahead: list[tuple[datetime, int, Event]], day: date) -> Iterator[Event]:
    limit = datetime.combine(day, time(0), UTC)
    while ahead and ahead[0][0] < limit:
        yield heappop(ahead)[2]


def _invited(course: Course, person: Person, required: int) -> bool:
    """Leadership training is for that level of post; other courses for posts not far below."""
    if course.offering.form == _STRUCTURAL:
        leads = person.position_class.startswith(("pengawas", "administrator", "jpt"))
        return leads and required == course.level
    return required >= course.level - 2
