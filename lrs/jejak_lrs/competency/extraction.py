"""What one event says about its person, as facts.

One row of `_EXTRACT` for each event that says something beside a milestone in a programme; what
the other events are for stands in docs/competency.md. Source: competency.md, "Evidence unit".
"""

from collections.abc import Callable, Iterator
from datetime import date
from typing import Final, Literal
from uuid import UUID

from jejak_lrs.competency.facts import (
    Activity,
    Assertion,
    Award,
    Claim,
    Evidence,
    Fact,
    Milestone,
    Origin,
    Posting,
    Separation,
    Void,
)
from jejak_schemas import events, iris
from jejak_schemas.catalogue import Evidence as EvidenceClass
from jejak_schemas.catalogue import entry_of
from jejak_schemas.events import Event, LearningEvent, StatementSubmitted
from jejak_schemas.statement import followed

_ENROLS: Final = (events.LearnerRegistered, events.LearnerWithdrew, events.LearnerDismissed)
DELIVERED: Final = "delivered"  # the one outcome of a project that is a success


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


def _of_separation(event: events.PersonSeparated, origin: Origin) -> Iterator[Fact]:
    yield Separation(origin, event.valid_from, event.reason)


def _of_roster(event: events.RosterDeclared, origin: Origin) -> Iterator[Fact]:
    yield Claim(
        origin,
        event.valid_from,
        event.valid_until,
        event.unit,
        event.position,
        event.position_class,
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
    events.PersonSeparated: _of_separation,
    events.RosterDeclared: _of_roster,
    events.StatementVoided: _of_void,
}
