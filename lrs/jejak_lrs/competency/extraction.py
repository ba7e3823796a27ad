"""What one event says about its person, as facts.

One row of `_EXTRACTS` for each event that says something beside a milestone in a programme; what
the other events are for stands in docs/competency.md. Source: competency.md, "Evidence unit".
"""

from collections.abc import Callable, Container, Mapping
from typing import Any, Final, Literal, get_args
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
from jejak_lrs.competency.gist import Gist
from jejak_schemas import events, iris
from jejak_schemas.catalogue import CATALOGUE
from jejak_schemas.catalogue import Evidence as EvidenceClass
from jejak_schemas.events import Event, LearningEvent, StatementSubmitted
from jejak_schemas.statement import followed

Enrols = events.LearnerRegistered | events.LearnerWithdrew | events.LearnerDismissed
DELIVERED: Final = "delivered"  # the one outcome of a project that is a success


def facts_of(event: Event | Gist, position: int, statement_id: UUID) -> tuple[Fact, ...]:
    """What a resolved event, or its gist, says about its person; () where it says nothing.

    A StatementVoided names no person: its fact belongs to the person of its target. A provider's
    own statement says what its event would have said, where it follows our Profile.
    """
    if type(event) is StatementSubmitted:  # `isinstance` asks a model at length
        stated = followed(event)
        return facts_of(stated, position, statement_id) if stated is not None else ()
    return _facts(event, position, statement_id)


def _facts(event: Any, position: int, statement_id: UUID) -> tuple[Fact, ...]:
    name = type(event).__name__
    has = _FIELDS[name]  # a model takes a microsecond to say that it lacks a field (measured)
    origin = Origin(
        statement_id,
        position,
        event.occurred_at,
        name,
        event.party,
        event.on_behalf_of,
        event.offering if "offering" in has else None,
        event.form if "form" in has else None,
    )
    extract = _EXTRACT.get(name)
    own = extract(event, origin) if extract else ()
    if name in _LEARNING and event.programme is not None:
        return (*own, _milestone(event, origin, has))
    return own


def _milestone(event: Any, origin: Origin, has: Container[str]) -> Milestone:
    return Milestone(
        origin,
        event.programme,
        event.cohort,
        event.registration,
        event.stage if "stage" in has else None,
        event.outcome if "outcome" in has else None,
        event.scope,
        _about(event) if origin.event in _ENROLS else None,
    )


def _about(event: Enrols) -> Literal["course", "programme"]:
    """What an enrolment is of: a course, unless its activity says that it is the programme."""
    return "programme" if event.activity.type == iris.PROGRAMME else "course"


# By an event's name, for it is cheaper than to ask a model.
_FIELDS: Final = {row.name: row.event.model_fields.keys() for row in CATALOGUE}
_LEARNING: Final = {row.name for row in CATALOGUE if issubclass(row.event, LearningEvent)}
_ENROLS: Final = {event.__name__ for event in get_args(Enrols)}
_EVIDENCE: Final = {row.name: (row.evidence or EvidenceClass.COMPLETION).value for row in CATALOGUE}

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


def _evidence(event: Trained, origin: Origin, **more: Any) -> tuple[Fact, ...]:
    evidence_class = _EVIDENCE[origin.event]
    if not event.competencies:
        return (Evidence(origin, evidence_class, **more),)
    return tuple(
        [
            Evidence(origin, evidence_class, named.id, named.claimed_level, **more)
            for named in event.competencies
        ]
    )


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


def _of_test(event: events.AssessmentPassed, origin: Origin) -> tuple[Fact, ...]:
    return _evidence(event, origin)


def _of_failed_test(event: events.AssessmentFailed, origin: Origin) -> tuple[Fact, ...]:
    return _evidence(event, origin, passed=False)


def _of_done(event: Done, origin: Origin) -> tuple[Fact, ...]:
    return (*_evidence(event, origin), _activity(event, origin, event.activity.id))


def _of_programme(event: events.ProgrammeCompleted, origin: Origin) -> tuple[Fact, ...]:
    return (_activity(event, origin, event.programme),)


def _of_coaching(event: events.CoachingHeld, origin: Origin) -> tuple[Fact, ...]:
    return (_activity(event, origin, "coaching"),)


def _of_joined(event: events.ProjectJoined, origin: Origin) -> tuple[Fact, ...]:
    return _evidence(event, origin)


def _of_evaluated(event: events.ProjectEvaluated, origin: Origin) -> tuple[Fact, ...]:
    return _evidence(event, origin, passed=event.outcome == DELIVERED)


def _of_certificate(event: events.CertificateEarned, origin: Origin) -> tuple[Fact, ...]:
    given = event.certificate
    return (
        *_evidence(event, origin, valid_until=given.valid_until, certificate=given.number),
        Award(origin, given.number, given.issued_on, given.valid_until, event.registration),
    )


def _of_reissue(event: events.CertificateReissued, origin: Origin) -> tuple[Fact, ...]:
    given = event.certificate
    return (Award(
        origin, given.number, given.issued_on, given.valid_until, event.registration,
        event.replaces,
    ),)  # fmt: skip


def _of_revoked_certificate(event: events.CertificateRevoked, origin: Origin) -> tuple[Fact, ...]:
    issuer = event.issuer or origin.provider
    return (CertificateRevoked(origin, event.number, issuer, event.effective_on),)


def _of_assessed(event: events.CompetencyAssessed, origin: Origin) -> tuple[Fact, ...]:
    assessor = event.assessor.person_id if event.assessor else None
    return (
        Evidence(
            origin,
            _EVIDENCE[origin.event],
            event.competency,
            event.level,
            event.valid_until,
            assessor,
        ),
        Assertion(origin, event.competency, event.level, event.valid_until),
    )


def _of_asserted(event: events.CompetencyAsserted, origin: Origin) -> tuple[Fact, ...]:
    return (Assertion(origin, event.competency, event.level, event.valid_until),)


def _of_revoked_level(event: events.CompetencyRevoked, origin: Origin) -> tuple[Fact, ...]:
    return (LevelRevoked(origin, event.competency, event.target, event.effective_on),)


def _of_verification(event: events.ClaimVerified, origin: Origin) -> tuple[Fact, ...]:
    return (Verification(origin, event.target, event.learner.person_id, event.verifier.person_id),)


def _of_posting(
    event: events.PersonRegistered | events.PersonMoved, origin: Origin
) -> tuple[Fact, ...]:
    return (
        Posting(
            origin,
            event.valid_from,
            event.home_agency,
            event.working_agency,
            event.position_class,
            event.kind,
            event.unit,
            event.position,
            event.contract_start,
        ),
    )


def _of_separation(event: events.PersonSeparated, origin: Origin) -> tuple[Fact, ...]:
    return (Separation(origin, event.valid_from, event.reason),)


def _of_roster(event: events.RosterDeclared, origin: Origin) -> tuple[Fact, ...]:
    return (
        Claim(
            origin,
            event.valid_from,
            event.valid_until,
            event.unit,
            event.position,
            event.position_class,
        ),
    )


def _of_void(event: events.StatementVoided, origin: Origin) -> tuple[Fact, ...]:
    return (Void(origin, event.target),)


# A later event type is one row here (and one function, where it says something new).
_EXTRACTS: Final[Mapping[type[Event], Callable[..., tuple[Fact, ...]]]] = {
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
_EXTRACT: Final = {event.__name__: extract for event, extract in _EXTRACTS.items()}
SAYING: Final = frozenset(_EXTRACT)
