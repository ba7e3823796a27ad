"""What was said: facts about one person; `extraction` takes them from events.

A fact holds what the event says and nothing that a registry could change: what it counts
for is decided in `assess`. Facts store losslessly as one compact JSON document a row.
Levels are 1..5, JP hundredths, dates Asia/Jakarta. Source: competency.md, "Evidence unit".
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Annotated, Final, Literal, NamedTuple
from uuid import UUID

from pydantic import Field, TypeAdapter

from jejak_schemas.clock import jakarta_date

Order = tuple[datetime, UUID]


class Voice(NamedTuple):
    """Who said what kind of event on which day, under which offering: what may or may not count."""

    party: str
    provider: str
    event: str
    offering: str | None
    form: str | None
    day: date


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
    # The Jakarta date of occurred_at; the order of evidence, (occurred_at, statement_id); what
    # decides whether it may count, whoever it is about: asked so often that they are made once.
    day: Annotated[date, Field(exclude=True)] = field(init=False, compare=False, repr=False)
    order: Annotated[Order, Field(exclude=True)] = field(init=False, compare=False, repr=False)
    voice: Annotated[Voice, Field(exclude=True)] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        # Of one zone object: pydantic makes one for each moment, and comparing moments of two
        # takes ten times as long (measured).
        occurred_at = self.occurred_at.astimezone(UTC)
        day = jakarta_date(occurred_at)
        voice = Voice(self.party, self.provider, self.event, self.offering, self.form, day)
        object.__setattr__(self, "occurred_at", occurred_at)
        object.__setattr__(self, "day", day)
        object.__setattr__(self, "order", (occurred_at, self.statement_id))
        object.__setattr__(self, "voice", voice)

    @property
    def provider(self) -> str:
        """Rule 0: on_behalf_of if present, else party."""
        return self.on_behalf_of or self.party


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
    certificate: str | None = None  # the number, where the evidence is one
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
    """A certificate earned, or issued anew under another number."""

    origin: Origin
    number: str
    issued_on: date
    valid_until: date | None = None
    registration: UUID | None = None
    replaces: str | None = None  # the number that this one stands for from now on
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
class Separation:
    """BKN's word that a person has left the service, from a day."""

    origin: Origin
    valid_from: date
    reason: str
    kind: Literal["separation"] = "separation"


@dataclass(frozen=True, slots=True)
class Claim:
    """An agency's word that a person is its own; it holds until BKN's word."""

    origin: Origin
    valid_from: date
    valid_until: date | None = None
    unit: str | None = None
    position: str | None = None
    position_class: str | None = None
    kind: Literal["claim"] = "claim"

    @property
    def agency(self) -> str:
        """Who claims."""
        return self.origin.provider


# -- what acts on other statements: whether it works is judged in the fold -------------------


@dataclass(frozen=True, slots=True)
class Void:
    """Someone takes a statement back."""

    origin: Origin
    target: UUID
    kind: Literal["void"] = "void"


@dataclass(frozen=True, slots=True)
class Verification:
    """An agency confirms what a learner logged as learnt alone."""

    origin: Origin
    target: UUID
    learner: UUID | None
    verifier: UUID | None
    kind: Literal["verification"] = "verification"


@dataclass(frozen=True, slots=True)
class LevelRevoked:
    """A stated level counts no longer from a day."""

    origin: Origin
    competency: str
    target: UUID
    effective_on: date
    kind: Literal["level-revoked"] = "level-revoked"


@dataclass(frozen=True, slots=True)
class CertificateRevoked:
    """A certificate counts no longer from a day."""

    origin: Origin
    number: str
    issuer: str
    effective_on: date
    kind: Literal["certificate-revoked"] = "certificate-revoked"


Act = Void | Verification | LevelRevoked | CertificateRevoked
Said = Evidence | Assertion | Activity | Award | Milestone
Fact = Said | Posting | Separation | Claim | Act
# The same for `isinstance`, which is much slower on a union that is made for each call.
BKNS: Final = (Posting, Separation)
JUDGED: Final = (
    Evidence, Assertion, Activity, Award, Milestone, Verification, LevelRevoked,
    CertificateRevoked,
)  # fmt: skip
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
