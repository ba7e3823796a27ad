"""What events have in common: the families, and the groups of fields that several share."""

from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError
from uuid_utils.compat import uuid7

from jejak_schemas.parts import Competency, Part, PersonRef
from jejak_schemas.wire import (
    Code,
    Day,
    EventId,
    Hundredths,
    Id,
    Iri,
    Many,
    PartyCode,
    Seconds,
    Text,
    Time,
)

Competencies = Annotated[Many[Competency], Field(max_length=50)]
Iris = Annotated[Many[Iri], Field(max_length=50)]
Codes = Annotated[Many[Code], Field(max_length=50)]
Parties = Annotated[Many[PartyCode], Field(max_length=50)]


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
        first, last = self.started_on, self.ended_on
        if first is not None and last is not None and last < first:
            raise PydanticCustomError("impossible", "ended_on is before started_on")
        return self


class Validity(Part):
    """In force from a day, to a last day included; None is open."""

    valid_from: Day
    valid_until: Day | None = None

    @model_validator(mode="after")
    def _valid_in_order(self) -> Self:
        if self.valid_until is not None and self.valid_until < self.valid_from:
            raise PydanticCustomError("impossible", "valid_until is before valid_from")
        return self


class Credit(Period):
    """What learning hours are reckoned from: form of learning, JP claimed (1/100), length."""

    form: Code | None = None
    jp_claimed: Hundredths | None = None
    duration: Seconds | None = None
    plan_nodes: Iris = ()
    unit: Code | None = None
    host: Text | None = None
    partner: Text | None = None


class Offered(Part):
    """Tied to an offering, and through its series to what the series teaches."""

    offering: Iri | None = None
    competencies: Competencies = ()


# Groups of fields that several events share; in a schema they stand after an event's own fields.
GROUPS: Final[tuple[type[Part], ...]] = (Period, Validity, Credit, Offered)
