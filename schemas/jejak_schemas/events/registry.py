"""What is offered, accredited, published and decided: 40, 41, 48 to 61 of the catalogue."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from jejak_schemas.events.family import Codes, Competencies, Parties, RegistryEvent, Validity
from jejak_schemas.parts import FrameworkCompetency, PersonRef, PlanNode, Requirement
from jejak_schemas.wire import (
    AgencyCode,
    Code,
    Count,
    Day,
    Document,
    Hundredths,
    Id,
    Iri,
    Level,
    Many,
    Names,
    PartyCode,
    Text,
)

# -- offerings --------------------------------------------------------------------------


class OfferingPublished(RegistryEvent):
    """A course as it is offered once; `series` is what successive offerings repeat.

    No `jp`: its form is not credited as programmed. No `ends_on`: it has no end.
    """

    offering: Iri
    series: Iri
    course: Iri | None = None
    name: Names
    form: Code
    jp: Hundredths | None = None
    starts_on: Day
    ends_on: Day | None = None
    capacity: Count | None = None
    competencies: Competencies = ()
    programme: Code | None = None
    host: Text | None = None
    partner: Text | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.ends_on is not None and self.ends_on < self.starts_on:
            raise PydanticCustomError("impossible", "ends_on is before starts_on")
        return self


class OfferingWithdrawn(RegistryEvent):
    """An offering does not take place."""

    offering: Iri
    reason: Code


# -- agencies, providers, assessors -----------------------------------------------------


class AgencyRestructured(RegistryEvent):
    """An agency's code is succeeded by others, from a date: renamed, split, or merged into one."""

    before: AgencyCode
    after: Annotated[Many[AgencyCode], Field(min_length=1, max_length=50)]
    valid_from: Day
    decree: Text | None = None


class UnitPublished(RegistryEvent, Validity):
    """A unit of an agency, and the unit above it."""

    agency: AgencyCode
    unit: Code
    name: Names
    parent: Code | None = None


class ProviderAccredited(RegistryEvent, Validity):
    """LAN accredits a provider; no `forms` means all forms of learning."""

    provider: PartyCode
    forms: Codes = ()
    technical_senders: Parties = ()


class ProviderSuspended(RegistryEvent, Validity):
    """LAN suspends a provider's accreditation; stated again with an end, it is shortened."""

    provider: PartyCode
    reason: Code


class AssessorAccredited(RegistryEvent, Validity):
    """BKN accredits an assessor for kinds of competency and position classes."""

    assessor: PartyCode
    competency_kinds: Annotated[Many[Code], Field(min_length=1, max_length=20)]
    position_classes: Annotated[Many[Code], Field(min_length=1, max_length=50)]


class AssessorSuspended(RegistryEvent, Validity):
    """BKN suspends an assessor's accreditation; stated again with an end, it is shortened."""

    assessor: PartyCode
    reason: Code


# -- what counts, and for what ----------------------------------------------------------


class FrameworkPublished(RegistryEvent):
    """Competencies of a dictionary's version; several events of one version add up."""

    framework: Iri
    version: Code
    name: Names
    valid_from: Day
    competencies: Annotated[Many[FrameworkCompetency], Field(min_length=1, max_length=200)]


class AlignmentPublished(RegistryEvent):
    """A provider says which competency and level its series teaches."""

    series: Iri
    competency: Iri
    level: Level
    valid_from: Day


class AlignmentCountersigned(RegistryEvent):
    """The framework's owner agrees with an alignment; `target` is the alignment's event id."""

    target: Id


class StandardPublished(RegistryEvent, Validity):
    """Required levels for a position class, or for one position of the emitting agency."""

    standard: Iri
    position_class: Code | None = None
    position: Text | None = None
    requirements: Annotated[Many[Requirement], Field(min_length=1, max_length=500)]

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


class PlanPublished(RegistryEvent, Validity):
    """Nodes of a development plan and what they need; several events of one version add up."""

    plan: Iri
    version: Code
    name: Names
    nodes: Annotated[Many[PlanNode], Field(min_length=1, max_length=200)]


# -- the archive ------------------------------------------------------------------------


class RetentionPublished(RegistryEvent):
    """A version of the archive retention schedule, as a TOML document."""

    version: Code
    valid_from: Day
    document: Document


class DestructionApproved(RegistryEvent):
    """The agency that owns records approves their destruction, with ANRI's consent.

    What is chosen meets every condition given; at least one is. `since` and `until` are days of
    occurred_at, both included.
    """

    decision: Text
    decided_on: Day
    anri_consent: Text
    basis: Literal["schedule", "request"]
    statements: Annotated[Many[Id], Field(max_length=1_000)] = ()
    person: PersonRef | None = None
    types: Codes = ()
    since: Day | None = None
    until: Day | None = None

    @model_validator(mode="after")
    def _chooses(self) -> Self:
        if not (self.statements or self.person or self.types or self.since or self.until):
            raise PydanticCustomError("impossible", "chooses no records")
        if self.since is not None and self.until is not None and self.until < self.since:
            raise PydanticCustomError("impossible", "until is before since")
        return self
