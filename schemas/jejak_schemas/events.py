"""What may be said: one frozen class per event. Source: contract.md, "The catalogue".

A bad event cannot be built: pydantic names the field, and the error's type is a code of
`reasons.REASONS`. Units: levels 1..5; JP in hundredths; durations in seconds; times UTC.
"""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError
from uuid_utils.compat import uuid7

from jejak_schemas.parts import (
    Activity,
    Alias,
    Certificate,
    Competency,
    FrameworkCompetency,
    Institution,
    Part,
    PersonRef,
    Requirement,
    Role,
    Score,
    SealedAlias,
)
from jejak_schemas.wire import (
    AgencyCode,
    Code,
    Count,
    Day,
    Document,
    EventId,
    Hundredths,
    Id,
    Iri,
    Level,
    Names,
    PartyCode,
    Seconds,
    Text,
    Time,
)

Competencies = Annotated[tuple[Competency, ...], Field(max_length=50)]
PlanNodes = Annotated[tuple[Iri, ...], Field(max_length=50)]
Codes = Annotated[tuple[Code, ...], Field(max_length=50)]
Parties = Annotated[tuple[PartyCode, ...], Field(max_length=50)]


class Event(Part):
    """On every event: its id (the idempotency key), when it happened, who says it."""

    event_id: EventId = Field(default_factory=uuid7)
    occurred_at: Time
    party: PartyCode
    on_behalf_of: PartyCode | None = None

    @property
    def speaks_for(self) -> str:
        """For whom the party speaks: `on_behalf_of` if present, else `party`."""
        return self.on_behalf_of or self.party


class LearningEvent(Event):
    """Something about one learner."""

    learner: PersonRef
    programme: Code | None = None
    cohort: Code | None = None
    registration: Id | None = None
    scope: Literal["national", "international"] | None = None


class RegistryEvent(Event):
    """Something about an offering, a framework, an institution, a person's post."""


class SystemEvent(RegistryEvent):
    """Made by the system only, refused from any inbox."""


class Period(Part):
    """A start and an end, both days included."""

    started_on: Day | None = None
    ended_on: Day | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.started_on and self.ended_on and self.ended_on < self.started_on:
            raise PydanticCustomError("impossible", "ended_on is before started_on")
        return self


class Validity(Part):
    """In force from a day, to a last day included; None is open."""

    valid_from: Day
    valid_until: Day | None = None

    @model_validator(mode="after")
    def _valid_in_order(self) -> Self:
        if self.valid_until and self.valid_until < self.valid_from:
            raise PydanticCustomError("impossible", "valid_until is before valid_from")
        return self


class Credit(Period):
    """What learning hours are reckoned from: form of learning, JP claimed (1/100), length."""

    form: Code | None = None
    jp_claimed: Hundredths | None = None
    duration: Seconds | None = None
    plan_nodes: PlanNodes = ()
    unit: Code | None = None
    host: Text | None = None
    partner: Text | None = None


# -- learning events --------------------------------------------------------------------


class LearnerRegistered(LearningEvent, Period):
    """A learner is enrolled in a course or programme."""

    activity: Activity
    offering: Iri | None = None


class AssessmentPassed(LearningEvent):
    """A learner passed a test."""

    activity: Activity
    offering: Iri | None = None
    competencies: Competencies = ()
    score: Score | None = None


class CourseCompleted(LearningEvent, Credit):
    """A learner completed a course."""

    activity: Activity
    offering: Iri | None = None
    competencies: Competencies = ()
    score: Score | None = None


class ProgrammeCompleted(LearningEvent, Credit):
    """A learner reached the end of a programme."""

    programme: Code
    offering: Iri | None = None


class CoachingHeld(LearningEvent, Credit):
    """A coach or mentor held a session with the learner."""

    coach: PersonRef
    offering: Iri | None = None


class FieldVisitAttended(LearningEvent, Credit):
    """A learner visited a host in the field."""

    activity: Activity
    host: Text
    offering: Iri | None = None
    competencies: Competencies = ()


class ProjectJoined(LearningEvent):
    """A learner joined a project."""

    activity: Activity
    offering: Iri | None = None
    competencies: Competencies = ()


class ProjectEvaluated(LearningEvent):
    """A stage of a learner's project was judged."""

    activity: Activity
    stage: Literal["design", "implementation", "result"]
    outcome: Code
    offering: Iri | None = None
    competencies: Competencies = ()
    score: Score | None = None


class CertificateEarned(LearningEvent):
    """A learner earned a certificate."""

    certificate: Certificate
    offering: Iri | None = None
    competencies: Competencies = ()


class CompetencyAssessed(LearningEvent):
    """An accredited assessor assessed a level."""

    competency: Iri
    level: Level
    method: Code
    valid_until: Day | None = None
    assessor: PersonRef | None = None


class StatementVoided(Event):
    """The emitter takes a statement back; it may arrive before its target."""

    target: Id
    reason: Code


# -- registry events --------------------------------------------------------------------


class OfferingPublished(RegistryEvent):
    """A course as it is offered once; `series` is what successive offerings repeat."""

    offering: Iri
    series: Iri
    name: Names
    form: Code
    jp: Hundredths
    starts_on: Day
    ends_on: Day
    capacity: Count | None = None
    competencies: Competencies = ()
    programme: Code | None = None
    host: Text | None = None
    partner: Text | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.ends_on < self.starts_on:
            raise PydanticCustomError("impossible", "ends_on is before starts_on")
        return self


class _Posting(RegistryEvent):
    person: PersonRef
    aliases: Annotated[tuple[Alias, ...] | tuple[SealedAlias, ...], Field(max_length=20)] = ()
    home_agency: AgencyCode
    working_agency: AgencyCode
    unit: Code | None = None
    position: Text | None = None
    position_class: Code
    kind: Literal["PNS", "PPPK"]
    contract_start: Day | None = None
    valid_from: Day


class PersonRegistered(_Posting):
    """BKN's word on who a person is, and where they serve."""


class PersonMoved(_Posting):
    """BKN's word that a person serves elsewhere or otherwise, from a date."""


class ProviderAccredited(RegistryEvent, Validity):
    """LAN accredits a provider; no `forms` means all forms of learning."""

    provider: PartyCode
    forms: Codes = ()
    technical_senders: Parties = ()


class AssessorAccredited(RegistryEvent, Validity):
    """BKN accredits an assessor for kinds of competency and position classes."""

    assessor: PartyCode
    competency_kinds: Annotated[tuple[Code, ...], Field(min_length=1, max_length=20)]
    position_classes: Annotated[tuple[Code, ...], Field(min_length=1, max_length=50)]


class FrameworkPublished(RegistryEvent):
    """A competency dictionary, version by version, under its owner's IRI base."""

    framework: Iri
    version: Code
    name: Names
    valid_from: Day
    competencies: Annotated[tuple[FrameworkCompetency, ...], Field(min_length=1, max_length=200)]


class AlignmentPublished(RegistryEvent):
    """A provider says which competency and level its series teaches."""

    series: Iri
    competency: Iri
    level: Level
    valid_from: Day


class AlignmentCountersigned(RegistryEvent):
    """The framework's owner agrees with an alignment, named by its event id."""

    alignment: Id


class StandardPublished(RegistryEvent, Validity):
    """Required levels for a position class, or for one position of the emitting agency."""

    standard: Iri
    position_class: Code | None = None
    position: Text | None = None
    requirements: Annotated[tuple[Requirement, ...], Field(min_length=1, max_length=500)]

    @model_validator(mode="after")
    def _one_scope(self) -> Self:
        if (self.position_class is None) == (self.position is None):
            raise PydanticCustomError("impossible", "needs either position_class or position")
        return self


class RulesetPublished(RegistryEvent):
    """A version of the level and JP rules, as a TOML document."""

    version: Code
    valid_from: Day
    document: Document


# -- system events ----------------------------------------------------------------------


class Genesis(SystemEvent):
    """Position 0: the institutions that begin the ledger, and its log key (None: none yet)."""

    epoch: Id
    institutions: Annotated[tuple[Institution, ...], Field(max_length=500)]
    log_key: Text | None = None


class PartyDeclared(SystemEvent):
    """An institution and its roles, from a day."""

    code: PartyCode
    name: Text
    roles: Annotated[tuple[Role, ...], Field(min_length=1, max_length=10)]
    valid_from: Day


class PartySuspended(SystemEvent):
    """An institution may no longer speak, from a day."""

    code: PartyCode
    valid_from: Day
    reason: Code


class PersonSeen(SystemEvent):
    """A person's first sight, with the sealed alias that was seen."""

    person: PersonRef
    alias: SealedAlias
