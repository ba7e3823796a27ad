"""What one event says about its person, as facts.

One row of `_EXTRACT` for each event that says something beside a milestone in a programme; what
the other events are for stands in docs/competency.md. Source: competency.md, "Evidence unit".
"""

from collections.abc import Callable, Iterator
from typing import Any, Final, Literal
from uuid import UUID

from jejak_lrs.competency.facts import (
    Activity,
    Assertion,
    Award,
    CertificateRevoked,
    Claim,
    Evidence,
    Fact,
    LevelRevoked,
    Milestone,
    Origin,
    Posting,
    Separation,
    Verification,
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
    said = vars(event)  # a model takes a microsecond to say that it lacks a field (measured)
    origin = Origin(
        statement_id,
        position,
        event.occurred_at,
        type(event).__name__,
        event.party,
        event.on_behalf_of,
        said.get("offering"),
        said.get("form"),
    )
    extract = _EXTRACT.get(type(event))
    own = tuple(extract(event, origin)) if extract else ()
    return own + tuple(_milestones(event, origin))


def _milestones(event: Event, origin: Origin) -> Iterator[Milestone]:
    if isinstance(event, LearningEvent) and event.programme is not None:
        said = vars(event)
        yield Milestone(
            origin,
            event.programme,
            event.cohort,
            event.registration,
            said.get("stage"),
            said.get("outcome"),
            event.scope,
            _about(event),
        )


def _about(event: Event) -> Literal["course", "programme"] | None:
    """What an enrolment is of: a course, unless its activity says that it is the programme."""
    if not isinstance(event, _ENROLS):
        return None
    return "programme" if event.activity.type == iris.PROGRAMME else "course"


Trained = (
    events.SessionAttended
    | events.AssessmentPassed
    | events.AssessmentFailed
    | events.CourseCompleted
    | events.SelfLearningLogged
    | events.CommunityContributed
    | events.SecondmentCompleted
    | events.FieldVisitAttended
    | events.ProjectJoined
    | events.ProjectEvaluated
    | events.CertificateEarned
)
Done = (
    events.SessionAttended
    | events.CourseCompleted
    | events.SelfLearningLogged
    | events.CommunityContributed
    | events.SecondmentCompleted
    | events.FieldVisitAttended
)


def _evidence(event: Trained, origin: Origin, **more: Any) -> Iterator[Fact]:
    evidence_class = _class_of(event)
    if not event.competencies:
        yield Evidence(origin, evidence_class, **more)
    for named in event.competencies:
        yield Evidence(origin, evidence_class, named.id, named.claimed_level, **more)


def _class_of(event: Event) -> str:
    evidence_class = entry_of(event).evidence
    return (evidence_class or EvidenceClass.COMPLETION).value


def _activity(
    event: Done | events.ProgrammeCompleted | events.CoachingHeld, origin: Origin, activity: str
) -> Activity:
    return Activity(
        origin,
        activity,
        event.registration,
        event.ended_on,
        event.scope == "international",
        event.jp_claimed,
    )


def _of_test(event: events.AssessmentPassed, origin: Origin) -> Iterator[Fact]:
    yield from _evidence(event, origin)


def _of_failed_test(event: events.AssessmentFailed, origin: Origin) -> Iterator[Fact]:
    yield from _evidence(event, origin, passed=False)


def _of_done(event: Done, origin: Origin) -> Iterator[Fact]:
    yield from _evidence(event, origin)
    yield _activity(event, origin, event.activity.id)


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
    yield from _evidence(event, origin, valid_until=given.valid_until, certificate=given.number)
    yield Award(origin, given.number, given.issued_on, given.valid_until, event.registration)


def _of_reissue(event: events.CertificateReissued, origin: Origin) -> Iterator[Fact]:
    given = event.certificate
    yield Award(
        origin, given.number, given.issued_on, given.valid_until, event.registration,
        event.replaces,
    )  # fmt: skip


def _of_revoked_certificate(event: events.CertificateRevoked, origin: Origin) -> Iterator[Fact]:
    issuer = event.issuer or origin.provider
    yield CertificateRevoked(origin, event.number, issuer, event.effective_on)


def _of_assessed(event: events.CompetencyAssessed, origin: Origin) -> Iterator[Fact]:
    assessor = event.assessor.person_id if event.assessor else None
    yield Evidence(
        origin, _class_of(event), event.competency, event.level, event.valid_until, assessor
    )
    yield Assertion(origin, event.competency, event.level, event.valid_until)


def _of_asserted(event: events.CompetencyAsserted, origin: Origin) -> Iterator[Fact]:
    yield Assertion(origin, event.competency, event.level, event.valid_until)


def _of_revoked_level(event: events.CompetencyRevoked, origin: Origin) -> Iterator[Fact]:
    yield LevelRevoked(origin, event.competency, event.target, event.effective_on)


def _of_verification(event: events.ClaimVerified, origin: Origin) -> Iterator[Fact]:
    yield Verification(origin, event.target, event.learner.person_id, event.verifier.person_id)


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
    events.SessionAttended: _of_done,
    events.AssessmentPassed: _of_test,
    events.AssessmentFailed: _of_failed_test,
    events.CourseCompleted: _of_done,
    events.ProgrammeCompleted: _of_programme,
    events.CoachingHeld: _of_coaching,
    events.SelfLearningLogged: _of_done,
    events.ClaimVerified: _of_verification,
    events.CommunityContributed: _of_done,
    events.SecondmentCompleted: _of_done,
    events.FieldVisitAttended: _of_done,
    events.ProjectJoined: _of_joined,
    events.ProjectEvaluated: _of_evaluated,
    events.CertificateEarned: _of_certificate,
    events.CertificateReissued: _of_reissue,
    events.CertificateRevoked: _of_revoked_certificate,
    events.CompetencyAssessed: _of_assessed,
    events.CompetencyAsserted: _of_asserted,
    events.CompetencyRevoked: _of_revoked_level,
    events.PersonRegistered: _of_posting,
    events.PersonMoved: _of_posting,
    events.PersonSeparated: _of_separation,
    events.RosterDeclared: _of_roster,
    events.StatementVoided: _of_void,
}
SAYING: Final = frozenset(event.__name__ for event in _EXTRACT)
