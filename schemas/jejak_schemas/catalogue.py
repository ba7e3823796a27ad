"""The catalogue: every event with who acts, what is done to what, who may say it.

The one table of the contract, of which docs/contract/ is made. To add an event: one class in
events/, one row here, one release of its schema (CONTRIBUTING.md).
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from jejak_schemas import events, iris
from jejak_schemas.events import Event, RegistryEvent, SystemEvent
from jejak_schemas.parts import PersonRef


class Actor(StrEnum):
    """Who acts in the statement: the learner, the emitting institution, a coach, or its own."""

    LEARNER = "learner"
    INSTITUTION = "institution"
    COACH = "coach"  # the person in the event's field of this name
    STATED = "stated"  # whoever acts in the statement that the provider wrote


class Evidence(StrEnum):
    """The class of evidence that an event can be; its weight is ruleset data."""

    ATTENDANCE = "attendance"
    COMPLETION = "completion"
    PROJECT = "project"
    TEST = "test"
    CERTIFICATE = "certificate"
    ASSESSMENT_CENTRE = "assessment-centre"


@dataclass(frozen=True, slots=True, eq=False)  # there is one of each: told apart by identity
class Entry:
    """One row.

    `name` is what records and receipts call the event; `family` is `learning`, `registry` or
    `system` (a void belongs to learning though it names nobody).
    `thing` names the field that holds the statement's object; `type` is the object's usual
    activity type (None where the object is a person or a statement). `key` names the field
    that the Kafka key repeats.
    """

    number: int
    event: type[Event]
    actor: Actor
    verb: str
    thing: str
    type: str | None
    roles: frozenset[str]
    key: str
    evidence: Evidence | None = None
    name: str = field(init=False)
    family: str = field(init=False)
    stated: bool = field(init=False)  # by its own statement, which names who acts

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", self.event.__name__)
        object.__setattr__(self, "family", _family_of(self.event))
        object.__setattr__(self, "stated", self.actor is Actor.STATED)

    @property
    def required(self) -> tuple[str, ...]:
        """The fields that an event of this row must fill, those of every event aside."""
        fields = self.event.model_fields
        common = Event.model_fields
        return tuple(n for n, field in fields.items() if field.is_required() and n not in common)

    def key_of(self, event: Event) -> str:
        """The message key: the learner reference, or the subject, as text."""
        value: object = getattr(event, self.key)
        return value.key if isinstance(value, PersonRef) else str(value)

    def person_of(self, event: Event) -> PersonRef | None:
        """Whose record it is: the learner, or the person a registry event is about."""
        value: object = getattr(event, self.key)
        return value if isinstance(value, PersonRef) else None


def _family_of(event: type[Event]) -> str:
    if issubclass(event, SystemEvent):
        return "system"
    return "registry" if issubclass(event, RegistryEvent) else "learning"


def _row(  # noqa: PLR0913  a row has this many columns
    number: int,
    event: type[Event],
    verb: str,
    thing: str,
    type: str | None,  # noqa: A002  the column's name
    roles: str,
    evidence: Evidence | None = None,
    *,
    actor: Actor = Actor.LEARNER,
    key: str = "learner",
) -> Entry:
    return Entry(number, event, actor, verb, thing, type, frozenset(roles.split()), key, evidence)


def _said(number: int, event: type[Event], *columns: Any, **more: Any) -> Entry:
    """A row whose actor is the emitting institution."""
    return _row(number, event, *columns, actor=Actor.INSTITUTION, **more)


def _registry(
    number: int, event: type[Event], done: str, key: str, kind: str | None, roles: str
) -> Entry:
    own = iris.own_type(kind) if kind else None
    return _said(number, event, iris.own_verb(done), key, own, roles, key=key)


_ANY_EMITTER: Final = "provider marketplace agency assessor lan bkn panrb anri bappenas"
_ATTENDANCE: Final = Evidence.ATTENDANCE
_COMPLETION: Final = Evidence.COMPLETION
_COMPETENCY: Final = iris.own_type("competency")
_OFFERING: Final = iris.own_type("offering")

CATALOGUE: Final[tuple[Entry, ...]] = (
    # number, event, verb, field of the object, its usual type, roles, class of evidence
    _said(1, events.NeedIdentified, iris.DIRECTED, "competency", _COMPETENCY, "agency"),
    _said(2, events.PlanApproved, iris.APPROVED, "plan", iris.own_type("learning-plan"), "agency"),
    _said(3, events.LearningRecommended, iris.RECOMMENDED, "activity", iris.COURSE,
          "agency lan marketplace"),
    _said(4, events.CandidateNominated, iris.own_verb("nominated"), "programme", iris.PROGRAMME,
          "agency"),
    _said(5, events.CandidateSelected, iris.own_verb("selected"), "programme", iris.PROGRAMME,
          "agency lan provider"),
    _said(6, events.CandidateNotSelected, iris.own_verb("not-selected"), "programme",
          iris.PROGRAMME, "agency lan provider"),
    _row(7, events.LearnerRegistered, iris.REGISTERED, "activity", iris.COURSE,
         "provider marketplace"),
    _row(8, events.LearnerWithdrew, iris.UNREGISTERED, "activity", iris.COURSE, "provider"),
    _said(9, events.LearnerDismissed, iris.own_verb("dismissed"), "activity", iris.COURSE,
          "provider lan"),
    _row(10, events.SessionAttended, iris.ATTENDED, "activity", iris.MEETING, "provider",
         _ATTENDANCE),
    _row(11, events.AssessmentPassed, iris.PASSED, "activity", iris.ASSESSMENT, "provider",
         Evidence.TEST),
    _row(12, events.AssessmentFailed, iris.FAILED, "activity", iris.ASSESSMENT, "provider",
         Evidence.TEST),
    _row(13, events.CourseCompleted, iris.COMPLETED, "activity", iris.COURSE, "provider",
         _COMPLETION),
    _row(14, events.ProgrammeCompleted, iris.SATISFIED, "programme", iris.PROGRAMME,
         "provider lan"),
    _row(15, events.ProgrammeFailed, iris.FAILED, "programme", iris.PROGRAMME, "provider lan"),
    _row(16, events.LearningWaived, iris.WAIVED, "activity", iris.COURSE, "lan agency"),
    _row(17, events.CoachingHeld, iris.MENTORED, "learner", None, "agency provider lan",
         actor=Actor.COACH),
    _row(18, events.SelfLearningLogged, iris.EXPERIENCED, "activity", iris.RESOURCE,
         "agency provider", _COMPLETION),
    _said(19, events.ClaimVerified, iris.own_verb("verified"), "target", None, "agency"),
    _row(20, events.CommunityContributed, iris.SHARED, "activity", iris.COMMUNITY_SITE,
         "provider", _ATTENDANCE),
    _row(21, events.SecondmentStarted, iris.INITIALIZED, "activity", iris.JOB_DUTY, "agency"),
    _row(22, events.SecondmentCompleted, iris.COMPLETED, "activity", iris.JOB_DUTY, "agency",
         _COMPLETION),
    _row(23, events.FieldVisitAttended, iris.ATTENDED, "activity", iris.FIELD_VISIT, "provider",
         _ATTENDANCE),
    _row(24, events.ProjectJoined, iris.JOINED, "activity", iris.PROJECT, "provider agency",
         _COMPLETION),
    _row(25, events.ProjectSubmitted, iris.SUBMITTED, "activity", iris.PROJECT,
         "provider agency"),
    _said(26, events.ProjectEvaluated, iris.EVALUATED, "activity", iris.PROJECT,
          "provider lan agency", Evidence.PROJECT),
    _row(27, events.CertificateEarned, iris.EARNED, "certificate", iris.CERTIFICATE, "provider",
         Evidence.CERTIFICATE),
    _said(28, events.CertificateReissued, iris.own_verb("reissued"), "certificate",
          iris.CERTIFICATE, "provider"),
    _said(29, events.CertificateRevoked, iris.own_verb("revoked"), "number", iris.CERTIFICATE,
          "provider lan"),
    _row(30, events.BadgeEarned, iris.EARNED, "activity", iris.BADGE, "provider marketplace"),
    _said(31, events.CompetencyAssessed, iris.own_verb("assessed"), "competency", _COMPETENCY,
          "assessor", Evidence.ASSESSMENT_CENTRE),
    _said(32, events.CompetencyAsserted, iris.own_verb("asserted"), "competency", _COMPETENCY,
          "assessor agency"),
    _said(33, events.CompetencyRevoked, iris.own_verb("revoked"), "competency", _COMPETENCY,
          "assessor bkn"),
    _row(34, events.OfferingOrdered, iris.PURCHASED, "offering", _OFFERING, "marketplace"),
    _row(35, events.OrderCancelled, iris.own_verb("cancelled"), "offering", _OFFERING,
         "marketplace"),
    _row(36, events.LearningRated, iris.RATED, "activity", iris.COURSE, "provider marketplace"),
    _said(37, events.ImpactEvaluated, iris.EVALUATED, "activity", iris.COURSE, "agency"),
    _said(38, events.StatementVoided, iris.VOIDED, "target", None, _ANY_EMITTER, key="target"),
    _row(39, events.StatementSubmitted, iris.own_verb("submitted"), "statement", None,
         "provider", actor=Actor.STATED),
    # number, event, what was done, field of the subject, type of the thing, roles
    _registry(40, events.OfferingPublished, "published", "offering", "offering",
              "provider marketplace"),
    _registry(41, events.OfferingWithdrawn, "withdrawn", "offering", "offering",
              "provider marketplace"),
    _registry(42, events.PersonRegistered, "registered", "person", None, "bkn"),
    _registry(43, events.PersonMoved, "moved", "person", None, "bkn"),
    _registry(44, events.PersonMerged, "merged", "person", None, "bkn"),
    _registry(45, events.PersonSplit, "split", "person", None, "bkn"),
    _registry(46, events.PersonSeparated, "separated", "person", None, "bkn"),
    _registry(47, events.RosterDeclared, "declared", "person", None, "agency"),
    _registry(48, events.AgencyRestructured, "restructured", "before", "agency", "bkn panrb"),
    _registry(49, events.UnitPublished, "published", "unit", "unit", "agency"),
    _registry(50, events.ProviderAccredited, "accredited", "provider", "accreditation", "lan"),
    _registry(51, events.ProviderSuspended, "suspended", "provider", "accreditation", "lan"),
    _registry(52, events.AssessorAccredited, "accredited", "assessor", "accreditation", "bkn"),
    _registry(53, events.AssessorSuspended, "suspended", "assessor", "accreditation", "bkn"),
    _registry(54, events.FrameworkPublished, "published", "framework", "framework",
              "panrb agency"),
    _registry(55, events.AlignmentPublished, "published", "series", "alignment", "provider"),
    _registry(56, events.AlignmentCountersigned, "countersigned", "target", None, "panrb agency"),
    _registry(57, events.StandardPublished, "published", "standard", "standard", "panrb agency"),
    _registry(58, events.RulesetPublished, "published", "version", "ruleset", "lan"),
    _registry(59, events.PlanPublished, "published", "plan", "plan", "bappenas agency panrb"),
    _registry(60, events.RetentionPublished, "published", "version", "retention", "anri"),
    _registry(61, events.DestructionApproved, "approved-destruction", "decision", "decision",
              "agency"),
    _registry(62, events.Genesis, "began", "epoch", "ledger", "operator"),
    _registry(63, events.PartyDeclared, "declared", "code", "party", "operator"),
    _registry(64, events.PartySuspended, "suspended", "code", "party", "operator"),
    _registry(65, events.PersonSeen, "saw", "person", None, "operator"),
    _registry(66, events.ErasureOrdered, "ordered-erasure", "target", None, "operator"),
)  # fmt: skip

BY_NAME: Final[dict[str, Entry]] = {entry.name: entry for entry in CATALOGUE}
# Events that change who may say what; each ends its batch: what follows is walked anew.
CHANGES_PARTIES: Final = frozenset(
    {"ProviderAccredited", "ProviderSuspended", "PartyDeclared", "PartySuspended"}
)


def entry_of(event: Event) -> Entry:
    """The catalogue row of an event."""
    return BY_NAME[type(event).__name__]
