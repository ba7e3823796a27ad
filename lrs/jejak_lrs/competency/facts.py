"""What was said: facts about one person, extracted from one event each.

A fact holds what the event says and nothing that a registry could change: what it counts
for is decided in `assess`. Facts store losslessly as one compact JSON document a row.
Levels are 1..5, JP hundredths, dates Asia/Jakarta. Source: competency.md, "Evidence unit".
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Annotated, Final, Literal
from uuid import UUID

from pydantic import Field, TypeAdapter

from jejak_schemas import events, iris
from jejak_schemas.catalogue import Evidence as EvidenceClass
from jejak_schemas.catalogue import entry_of
from jejak_schemas.clock import jakarta_date
from jejak_schemas.events import Event, LearningEvent, StatementSubmitted
from jejak_schemas.statement import followed

_ENROLS: Final = (events.LearnerRegistered, events.LearnerWithdrew, events.LearnerDismissed)
DELIVERED: Final = "delivered"  # the one outcome of a project that is a success


@dataclass(frozen=True, slots=True)
class Origin:
    """The record that a fact is from: who said what event, when, under which offering."""

    statement_id: UUID
    position: int
    occurred_at: datetime
    event: str
    party: str
    on_behalf_of: str | None = None
    offering: str | None = None
    form: str | None = None
    # The Jakarta date of occurred_at: asked so often that it is worked out once.
    day: Annotated[date, Field(exclude=True)] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "day", jakarta_date(self.occurred_at))

    @property
    def provider(self) -> str:
        """Rule 0: on_behalf_of if present, else party."""
        return self.on_behalf_of or self.party

    @property
    def order(self) -> tuple[datetime, UUID]:
        """The order of evidence: (occurred_at, statement_id)."""
        return (self.occurred_at, self.statement_id)


@dataclass(frozen=True, slots=True)
class Evidence:
    """One piece of evidence, or a failure, for one competency; None: what its series teaches."""

    origin: Origin
    evidence_class: str
    competency: str | None = None
    level: int | None = None
    valid_until: date | None = None
    assessor: UUID | None = None
    passed: bool = True
    kind: Literal["evidence"] = "evidence"


@dataclass(frozen=True, slots=True)
class Assertion:
    """A level stated by an assessor."""

    origin: Origin
    competency: str
    level: int
    valid_until: date | None = None
    kind: Literal["assertion"] = "assertion"


@dataclass(frozen=True, slots=True)
class Activity:
    """Something done that may be worth learning hours."""

    origin: Origin
    activity: str
    registration: UUID | None = None
    ended_on: date | None = None
    international: bool = False
    jp_claimed: int | None = None
    kind: Literal["activity"] = "activity"

    @property
    def on(self) -> date:
        """The day whose year and month the hours belong to."""
        return self.ended_on or self.origin.day


@dataclass(frozen=True, slots=True)
class Award:
    """A certificate earned."""

    origin: Origin
    number: str
    issued_on: date
    valid_until: date | None = None
    registration: UUID | None = None
    kind: Literal["award"] = "award"


@dataclass(frozen=True, slots=True)
class Milestone:
    """Something that happened in a programme; `about` is what an enrolment is of."""

    origin: Origin
    programme: str
    cohort: str | None = None
    registration: UUID | None = None
    stage: str | None = None
    outcome: str | None = None
    scope: str | None = None
    about: Literal["course", "programme"] | None = None
    kind: Literal["milestone"] = "milestone"


@dataclass(frozen=True, slots=True)
class Posting:
    """BKN's word on where and as what a person serves, from a day."""

    origin: Origin
    valid_from: date
    home: str
    working: str
    position_class: str
    employment: str
    unit: str | None = None
    position: str | None = None
    contract_start: date | None = None
    kind: Literal["posting"] = "posting"


@dataclass(frozen=True, slots=True)
class Void:
    """Someone takes a statement back; whether it works is judged in the fold."""

    origin: Origin
    target: UUID
    kind: Literal["void"] = "void"


Fact = Evidence | Assertion | Activity | Award | Milestone | Posting | Void
_STORED: Final[TypeAdapter[Fact]] = TypeAdapter(Annotated[Fact, Field(discriminator="kind")])
_MANY: Final[TypeAdapter[tuple[Fact, ...]]] = TypeAdapter(
    tuple[Annotated[Fact, Field(discriminator="kind")], ...]
)


def to_document(fact: Fact) -> str:
    """The fact as compact JSON, empty fields left out; `from_documents` is its inverse."""
    return _STORED.dump_json(fact, exclude_none=True).decode()


def from_documents(documents: Iterable[str]) -> tuple[Fact, ...]:
    """The facts of stored documents; pydantic.ValidationError where one is none of ours."""
    return _MANY.validate_json("[" + ",".join(documents) + "]")


def facts_of(event: Event, position: int, statement_id: UUID) -> tuple[Fact, ...]:
    """What a resolved event says about its person; () where it says nothing.

    A StatementVoided names no person: its fact belongs to the person of its target. A provider's
    own statement says what its event would have said, where it follows our Profile.
    """
    if isinstance(event, StatementSubmitted):
        stated = followed(event)
        return facts_of(stated, position, statement_id) if stated is not None else ()
    origin = Origin(
        statement_id,
        position,
        event.occurred_at,
        type(event).__name__,
        event.party,
        event.on_behalf_of,
        getattr(event, "offering", None),
        getattr(event, "form", None),
    )
    extract = _EXTRACT.get(type(event))
    own = tuple(extract(event, origin)) if extract else ()
    return own + tuple(_milestones(event, origin))


def _milestones(event: Event, origin: Origin) -> Iterator[Milestone]:
    if isinstance(event, LearningEvent) and event.programme is not None:
        yield Milestone(
            origin,
            event.programme,
            event.cohort,
            event.registration,
            getattr(event, "stage", None),
            getattr(event, "outcome", None),
            event.scope,
            _about(event),
        )


def _about(event: Event) -> Literal["course", "programme"] | None:
    """What an enrolment is of: a course, unless its activity says that it is the programme."""
    if not isinstance(event, _ENROLS):
        return None
    return "programme" if event.activity.type == iris.PROGRAMME else "course"


Trained = (
    events.AssessmentPassed
    | events.CourseCompleted
    | events.FieldVisitAttended
    | events.ProjectJoined
    | events.ProjectEvaluated
    | events.CertificateEarned
)


def _evidence(
    event: Trained, origin: Origin, *, valid_until: date | None = None, passed: bool = True
) -> Iterator[Fact]:
    evidence_class = _class_of(event)
    if not event.competencies:
        yield Evidence(origin, evidence_class, valid_until=valid_until, passed=passed)
    for named in event.competencies:
        yield Evidence(
            origin, evidence_class, named.id, named.claimed_level, valid_until, None, passed
        )


def _class_of(event: Event) -> str:
    evidence_class = entry_of(event).evidence
    return (evidence_class or EvidenceClass.COMPLETION).value


def _done(event: events.CourseCompleted | events.FieldVisitAttended, origin: Origin) -> Activity:
    return _activity(event, origin, event.activity.id)


def _activity(
    event: events.CourseCompleted
    | events.FieldVisitAttended
    | events.ProgrammeCompleted
    | events.CoachingHeld,
    origin: Origin,
    activity: str,
) -> Activity:
    return Activity(
        origin,
        activity,
        event.registration,
        event.ended_on,
        event.scope == "international",
        event.jp_claimed,
    )


def _of_passed(event: events.AssessmentPassed, origin: Origin) -> Iterator[Fact]:
    yield from _evidence(event, origin)


def _of_course(event: events.CourseCompleted, origin: Origin) -> Iterator[Fact]:
    yield from _evidence(event, origin)
    yield _done(event, origin)


def _of_visit(event: events.FieldVisitAttended, origin: Origin) -> Iterator[Fact]:
    yield from _evidence(event, origin)
    yield _done(event, origin)


def _of_programme(event: events.ProgrammeCompleted, origin: Origin) -> Iterator[Fact]:
    yield _activity(event, origin, event.programme)


def _of_coaching(event: events.CoachingHeld, origin: Origin) -> Iterator[Fact]:
    yield _activity(event, origin, "coaching")


def _of_joined(event: events.ProjectJoined, origin: Origin) -> Iterator[Fact]:
    yield from _evidence(event, origin)


def _of_evaluated(event: events.ProjectEvaluated, origin: Origin) -> Iterator[Fact]:
    yield from _evidence(event, origin, passed=event.outcome == DELIVERED)


def _of_certificate(event: events.CertificateEarned, origin: Origin) -> Iterator[Fact]:
    given = event.certificate
    yield from _evidence(event, origin, valid_until=given.valid_until)
    yield Award(origin, given.number, given.issued_on, given.valid_until, event.registration)


def _of_assessed(event: events.CompetencyAssessed, origin: Origin) -> Iterator[Fact]:
    assessor = event.assessor.person_id if event.assessor else None
    yield Evidence(
        origin, _class_of(event), event.competency, event.level, event.valid_until, assessor
    )
    yield Assertion(origin, event.competency, event.level, event.valid_until)


def _of_posting(
    event: events.PersonRegistered | events.PersonMoved, origin: Origin
) -> Iterator[Fact]:
    yield Posting(
        origin,
        event.valid_from,
        event.home_agency,
        event.working_agency,
        event.position_class,
        event.kind,
        event.unit,
        event.position,
        event.contract_start,
    )


def _of_void(event: events.StatementVoided, origin: Origin) -> Iterator[Fact]:
    yield Void(origin, event.target)


# A later event type is one row here (and one function, where it says something new).
_EXTRACT: Final[dict[type[Event], Callable[..., Iterator[Fact]]]] = {
    events.AssessmentPassed: _of_passed,
    events.CourseCompleted: _of_course,
    events.ProgrammeCompleted: _of_programme,
    events.CoachingHeld: _of_coaching,
    events.FieldVisitAttended: _of_visit,
    events.ProjectJoined: _of_joined,
    events.ProjectEvaluated: _of_evaluated,
    events.CertificateEarned: _of_certificate,
    events.CompetencyAssessed: _of_assessed,
    events.PersonRegistered: _of_posting,
    events.PersonMoved: _of_posting,
    events.StatementVoided: _of_void,
}
