"""The catalogue: every event with who acts, what is done to what, who may say it.

The one table of the contract (contract.md, "The catalogue"). To add an event: one class in
events.py, one row here, one release of its schema.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from jejak_schemas import events, iris
from jejak_schemas.events import Event, RegistryEvent, SystemEvent
from jejak_schemas.parts import PersonRef


class Actor(StrEnum):
    """Who acts in the statement."""

    LEARNER = "learner"
    INSTITUTION = "institution"
    COACH = "coach"  # the person in the event's field of this name


class Evidence(StrEnum):
    """The class of evidence that an event can be; its weight is ruleset data."""

    ATTENDANCE = "attendance"
    COMPLETION = "completion"
    PROJECT = "project"
    TEST = "test"
    CERTIFICATE = "certificate"
    ASSESSMENT_CENTRE = "assessment-centre"


@dataclass(frozen=True, slots=True)
class Entry:
    """One row.

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

    @property
    def name(self) -> str:
        """The event's name, as records and receipts carry it."""
        return self.event.__name__

    @property
    def family(self) -> str:
        """`learning`, `registry` or `system`."""
        if issubclass(self.event, SystemEvent):
            return "system"
        return "registry" if issubclass(self.event, RegistryEvent) else "learning"

    def key_of(self, event: Event) -> str:
        """The message key: the learner reference, or the subject, as text."""
        value: object = getattr(event, self.key)
        return value.key if isinstance(value, PersonRef) else str(value)


def _row(  # noqa: PLR0913  a row has this many columns
    number: int,
    event: type[Event],
    verb: str,
    thing: str,
    type: str | None,  # noqa: A002  the column's name
    roles: str,
    *,
    actor: Actor = Actor.LEARNER,
    key: str = "learner",
    evidence: Evidence | None = None,
) -> Entry:
    return Entry(number, event, actor, verb, thing, type, frozenset(roles.split()), key, evidence)


def _registry(
    number: int, event: type[Event], done: str, key: str, kind: str | None, roles: str
) -> Entry:
    verb = iris.own_verb(done)
    own = iris.own_type(kind) if kind else None
    return _row(number, event, verb, key, own, roles, actor=Actor.INSTITUTION, key=key)


_ANY_EMITTER = "provider marketplace agency assessor lan bkn panrb anri bappenas"

CATALOGUE: Final[tuple[Entry, ...]] = (
    _row(
        7, events.LearnerRegistered, iris.REGISTERED, "activity", iris.COURSE,
        "provider marketplace",
    ),
    _row(
        11, events.AssessmentPassed, iris.PASSED, "activity", iris.ASSESSMENT,
        "provider", evidence=Evidence.TEST,
    ),
    _row(
        13, events.CourseCompleted, iris.COMPLETED, "activity", iris.COURSE,
        "provider", evidence=Evidence.COMPLETION,
    ),
    _row(
        14, events.ProgrammeCompleted, iris.SATISFIED, "programme", iris.own_type("programme"),
        "provider lan",
    ),
    _row(
        17, events.CoachingHeld, iris.MENTORED, "learner", None,
        "agency provider lan", actor=Actor.COACH,
    ),
    _row(
        23, events.FieldVisitAttended, iris.ATTENDED, "activity", iris.own_type("field-visit"),
        "provider", evidence=Evidence.ATTENDANCE,
    ),
    _row(
        24, events.ProjectJoined, iris.JOINED, "activity", iris.PROJECT,
        "provider agency", evidence=Evidence.COMPLETION,
    ),
    _row(
        26, events.ProjectEvaluated, iris.EVALUATED, "activity", iris.PROJECT,
        "provider lan agency", actor=Actor.INSTITUTION, evidence=Evidence.PROJECT,
    ),
    _row(
        27, events.CertificateEarned, iris.EARNED, "certificate", iris.CERTIFICATE,
        "provider", evidence=Evidence.CERTIFICATE,
    ),
    _row(
        31, events.CompetencyAssessed, iris.own_verb("assessed"), "competency",
        iris.own_type("competency"), "assessor",
        actor=Actor.INSTITUTION, evidence=Evidence.ASSESSMENT_CENTRE,
    ),
    _row(
        38, events.StatementVoided, iris.VOIDED, "target", None,
        _ANY_EMITTER, actor=Actor.INSTITUTION, key="target",
    ),
    _registry(40, events.OfferingPublished, "published", "offering", "offering",
              "provider marketplace"),
    _registry(42, events.PersonRegistered, "registered", "person", None, "bkn"),
    _registry(43, events.PersonMoved, "moved", "person", None, "bkn"),
    _registry(50, events.ProviderAccredited, "accredited", "provider", "accreditation", "lan"),
    _registry(52, events.AssessorAccredited, "accredited", "assessor", "accreditation", "bkn"),
    _registry(54, events.FrameworkPublished, "published", "framework", "framework",
              "panrb agency"),
    _registry(55, events.AlignmentPublished, "published", "series", "alignment", "provider"),
    _registry(56, events.AlignmentCountersigned, "countersigned", "alignment", None,
              "panrb agency"),
    _registry(57, events.StandardPublished, "published", "standard", "standard", "panrb agency"),
    _registry(58, events.RulesetPublished, "published", "version", "ruleset", "lan"),
    _registry(62, events.Genesis, "began", "epoch", "ledger", "operator"),
    _registry(63, events.PartyDeclared, "declared", "code", "party", "operator"),
    _registry(64, events.PartySuspended, "suspended", "code", "party", "operator"),
    _registry(65, events.PersonSeen, "saw", "person", None, "operator"),
)  # fmt: skip

BY_NAME: Final[dict[str, Entry]] = {entry.name: entry for entry in CATALOGUE}
# Events that change who may say what; each ends its batch (ledger.md, "Before the transaction").
CHANGES_PARTIES: Final = frozenset(
    {"ProviderAccredited", "ProviderSuspended", "PartyDeclared", "PartySuspended"}
)


def entry_of(event: Event) -> Entry:
    """The catalogue row of an event."""
    return BY_NAME[type(event).__name__]
