"""What one learner does in one run of a course, and what is then said about it.

Each journey is a pure function of its arguments and the random source; how often learners drop
out, fail to hand in or earn a certificate are plausible shares, not statistics.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Any, Final

from jejak_producers.simulate.identifiers import uuid4_from, uuid7_at
from jejak_producers.simulate.population import Person
from jejak_producers.simulate.registry import Course, workday
from jejak_schemas import events
from jejak_schemas.events import AssessorAccredited, Event, StandardPublished
from jejak_schemas.parts import Activity, Certificate, Competency, PersonRef, Score

MARKETPLACE: Final = "lokapasar-asn"
LAN: Final = "lan"
_ZONES: Final = (7, 7, 7, 8, 8, 9)  # offices in WIB, WITA, WIT
_OPEN: Final = 8 * 3600
_OFFICE_HOURS: Final = 8.5 * 3600
_JP_SECONDS: Final = 45 * 60
_ELEARNING: Final = ("16", "17")
_SOLD: Final = ("11", "16", "17")  # forms that the marketplace enrols for
_TESTED: Final = ("1", "3", "5", "11")


@dataclass(frozen=True, slots=True)
class Journey:
    """A learner in a run: who, in which course, under which enrolment, with which luck."""

    person: Person
    course: Course
    random: Random

    @property
    def learner(self) -> PersonRef:
        """The learner, one time in three by the number from before an appointment as PNS."""
        former = self.person.former
        return PersonRef(nip=former if former and self.random.random() < 1 / 3 else self.person.nip)


def moment_on(day: date, random: Random) -> datetime:
    """A moment of office hours somewhere between Sabang and Merauke, UTC."""
    local = _OPEN + random.random() * _OFFICE_HOURS - random.choice(_ZONES) * 3600
    return datetime.combine(day, time(0), UTC) + timedelta(microseconds=int(local * 1_000_000))


def _stamped(day: date, random: Random) -> dict[str, Any]:
    moment = moment_on(day, random)
    return {"event_id": uuid7_at(moment, random), "occurred_at": moment}


def _activity(course: Course, test: str = "") -> Activity:
    offering = course.offering
    if not test:
        return Activity(id=offering.series, name=offering.name)
    name = {lang: f"{test}: {text}" for lang, text in offering.name.items()}
    return Activity(id=f"{offering.series}/ujian-akhir", name=name)


def _score(random: Random) -> Score:
    points = min(9900, max(6500, int(random.gauss(8200, 600)))) // 50 * 50
    return Score(scaled=points, raw=points, min=0, max=10_000)


def _shared(course: Course, learner: PersonRef, random: Random) -> dict[str, Any]:
    offering = course.offering
    return {
        "learner": learner,
        "programme": offering.programme,
        "cohort": offering.offering.rpartition("/")[2],
        "registration": uuid4_from(random),
        "offering": offering.offering,
    }


def _spoken(course: Course) -> dict[str, Any]:
    return {"party": course.sender, "on_behalf_of": course.on_behalf_of}


def _credit(course: Course) -> dict[str, Any]:
    offering = course.offering
    return {
        "started_on": offering.starts_on,
        "ended_on": course.ends_on,
        "form": offering.form,
        "jp_claimed": offering.jp,
        "duration": (offering.jp or 0) * _JP_SECONDS // 100,
    }


def course_journey(journey: Journey) -> Iterator[Event]:
    """Enrolled; perhaps a test; completed; perhaps a certificate. Eight of a hundred drop out."""
    random, course = journey.random, journey.course
    offering = course.offering
    shared = _shared(course, journey.learner, random)
    yield _registered(course, shared, random)
    if random.random() < 0.08:  # noqa: PLR2004
        return
    done = _done_on(course, random)
    score = _score(random)
    if offering.form in _TESTED or random.random() < 0.4:  # noqa: PLR2004
        yield events.AssessmentPassed(
            **_stamped(done, random),
            **_spoken(course),
            **shared,
            activity=_activity(course, "Ujian akhir"),
            score=score,
        )
    named = offering.competencies if random.random() < 0.2 else ()  # noqa: PLR2004
    credit = _credit(course) | {"ended_on": done, "started_on": min(offering.starts_on, done)}
    yield events.CourseCompleted(
        **_stamped(done, random),
        **_spoken(course),
        **shared,
        **credit,
        activity=_activity(course),
        competencies=tuple(Competency(id=c.id) for c in named),
        score=score,
    )
    if random.random() < 0.6:  # noqa: PLR2004
        yield _certificate(
            course, shared, workday(done + timedelta(random.randrange(1, 9))), random
        )


def _registered(course: Course, shared: dict[str, Any], random: Random) -> Event:
    offering = course.offering
    sold = offering.form in _SOLD and random.random() < 0.5  # noqa: PLR2004
    return events.LearnerRegistered(
        **_stamped(offering.starts_on - timedelta(random.randrange(5)), random),
        **({"party": MARKETPLACE} if sold else _spoken(course)),
        **shared,
        activity=_activity(course),
        started_on=offering.starts_on,
        ended_on=course.ends_on,
    )


def _done_on(course: Course, random: Random) -> date:
    offering = course.offering
    if offering.form not in _ELEARNING:
        return course.ends_on
    length = (course.ends_on - offering.starts_on).days
    return offering.starts_on + timedelta(length // 3 + random.randrange(length - length // 3))


def _certificate(course: Course, shared: dict[str, Any], day: date, random: Random) -> Event:
    provider = course.offering.party.upper()
    number = f"{provider}/{day.year}/{random.getrandbits(32):08X}"
    return events.CertificateEarned(
        **_stamped(day, random),
        **_spoken(course),
        **shared,
        certificate=Certificate(
            number=number,
            issued_on=day,
            sha256=f"{random.getrandbits(256):064x}",
            signature_status="valid",
        ),
    )


def visit_journey(journey: Journey) -> Iterator[Event]:
    """Enrolled, then a visit to the host."""
    random, course = journey.random, journey.course
    shared = _shared(course, journey.learner, random)
    day = course.offering.starts_on + timedelta(random.randrange(2))
    yield _registered(course, shared, random)
    yield events.FieldVisitAttended(
        **_stamped(day, random),
        **_spoken(course),
        **shared,
        **_credit(course) | {"started_on": day, "ended_on": day},
        activity=_activity(course),
        host=course.offering.host or "Pemerintah daerah setempat",
    )


def project_journey(journey: Journey, coach: Person) -> Iterator[Event]:
    """Joined by the learner's agency; two sessions with a mentor; judged; most reach the end."""
    random, course = journey.random, journey.course
    offering, agency = course.offering, journey.person.working_agency
    shared = _shared(course, journey.learner, random)
    project = Activity(
        id=f"https://{agency}.example/proyek/{shared['registration']}", name=offering.name
    )
    length = (course.ends_on - offering.starts_on).days
    yield events.ProjectJoined(
        **_stamped(offering.starts_on, random), **shared, party=agency, activity=project
    )
    for part in (3, 2):
        day = workday(offering.starts_on + timedelta(length // part))
        yield events.CoachingHeld(
            **_stamped(day, random),
            **shared,
            party=agency,
            coach=PersonRef(nip=coach.nip),
            form="15",
            started_on=day,
            ended_on=day,
            duration=5_400,
        )
    delivered = random.random() < 0.85  # noqa: PLR2004
    yield events.ProjectEvaluated(
        **_stamped(course.ends_on, random),
        **shared,
        party=random.choice((LAN, agency)),
        activity=project,
        stage="result",
        outcome="delivered" if delivered else "not-delivered",
        competencies=offering.competencies,
        score=_score(random),
    )
    if delivered and offering.programme:
        yield events.ProgrammeCompleted(
            **_stamped(workday(course.ends_on + timedelta(6)), random),
            **shared,
            **_credit(course),
            party=LAN,
        )


def assessment_day(
    person: Person,
    assessor: AssessorAccredited,
    standard: StandardPublished,
    day: date,
    random: Random,
) -> Iterator[Event]:
    """An assessment centre judges three to five of the competencies that the post requires."""
    several = random.sample(standard.requirements, random.randrange(3, 6))
    until = date(day.year + 3, day.month, 28)
    for required in several:
        found = required.level + random.choices((-2, -1, 0, 1), (5, 30, 55, 10))[0]
        yield events.CompetencyAssessed(
            **_stamped(day, random),
            party=assessor.assessor,
            learner=PersonRef(nip=person.nip),
            competency=required.competency,
            level=min(5, max(1, found)),
            method="assessment-center",
            valid_until=until,
        )
