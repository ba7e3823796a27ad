"""What was said: facts about one person; `extraction` takes them from events.

A fact holds what the event says and nothing that a registry could change: what it counts
for is decided in `assess`. Facts store losslessly as one compact JSON document a row. They are
msgspec's Structs, immutable as a frozen dataclass: made, read and written in a fifth of the time
of one, and no burden on the garbage collector; a person's every fact is read when one comes.
Levels are 1..5, JP hundredths, dates Asia/Jakarta. Source: competency.md, "Evidence unit".
"""

from datetime import UTC, date, datetime
from typing import Annotated, ClassVar, Final, Literal, NamedTuple
from uuid import UUID

from msgspec import Meta, Struct, json
from msgspec.structs import force_setattr

from jejak_schemas.clock import jakarta_date

Order = tuple[datetime, int]  # when, and which statement


class Voice(NamedTuple):
    """Who said what kind of event on which day, under which offering: what may or may not count."""

    party: str
    provider: str
    event: str
    offering: str | None
    form: str | None
    day: date


class Origin(Struct, frozen=True, dict=True, omit_defaults=True):
    """The record that a fact is from: who said what event, when, under which offering."""

    statement_id: UUID
    position: int
    occurred_at: Annotated[datetime, Meta(tz=True)]
    event: str
    party: str
    on_behalf_of: str | None = None
    offering: str | None = None
    form: str | None = None

    # Made of the above, so often asked that it is done at once; class variables to msgspec, which
    # keeps out of them. The Jakarta date of occurred_at; the order of evidence; what decides
    # whether it may count, whoever it is about.
    day: ClassVar[date]
    order: ClassVar[Order]
    voice: ClassVar[Voice]

    def __post_init__(self) -> None:
        occurred_at = self.occurred_at
        # Of one zone object: comparing moments of two takes ten times as long (measured).
        if occurred_at.tzinfo is not UTC:
            occurred_at = occurred_at.astimezone(UTC)
            force_setattr(self, "occurred_at", occurred_at)
        made = self.__dict__
        made["day"] = day = jakarta_date(occurred_at)
        # A UUID compares as its number does, five times slower (measured).
        made["order"] = (occurred_at, self.statement_id.int)
        # Made as its own constructor does it, in half of the time (measured).
        said = (self.party, self.provider, self.event, self.offering, self.form, day)
        made["voice"] = tuple.__new__(Voice, said)

    @property
    def provider(self) -> str:
        """Rule 0: on_behalf_of if present, else party."""
        return self.on_behalf_of or self.party


def _kind(name: str) -> str:
    """`LevelRevoked`: level-revoked."""
    return "".join(f"-{one.lower()}" if one.isupper() else one for one in name).lstrip("-")


class _Fact(Struct, frozen=True, gc=False, omit_defaults=True, tag_field="kind", tag=_kind):
    origin: Origin
    kind: ClassVar[str]  # which of the facts below, as it is stored

    def __init_subclass__(cls) -> None:
        cls.kind = _kind(cls.__name__)


class Evidence(_Fact, frozen=True):
    """One piece of evidence, or a failure, for one competency; None: what its series teaches."""

    evidence_class: str
    competency: str | None = None
    level: int | None = None
    valid_until: date | None = None
    assessor: UUID | None = None
    passed: bool = True
    certificate: str | None = None  # the number, where the evidence is one


class Assertion(_Fact, frozen=True):
    """A level stated by an assessor."""

    competency: str
    level: int
    valid_until: date | None = None


class Activity(_Fact, frozen=True):
    """Something done that may be worth learning hours."""

    activity: str
    registration: UUID | None = None
    ended_on: date | None = None
    international: bool = False
    jp_claimed: int | None = None

    @property
    def on(self) -> date:
        """The day whose year and month the hours belong to."""
        return self.ended_on or self.origin.day


class Award(_Fact, frozen=True):
    """A certificate earned, or issued anew under another number."""

    number: str
    issued_on: date
    valid_until: date | None = None
    registration: UUID | None = None
    replaces: str | None = None  # the number that this one stands for from now on


class Milestone(_Fact, frozen=True):
    """Something that happened in a programme; `about` is what an enrolment is of."""

    programme: str
    cohort: str | None = None
    registration: UUID | None = None
    stage: str | None = None
    outcome: str | None = None
    scope: str | None = None
    about: Literal["course", "programme"] | None = None


class Posting(_Fact, frozen=True):
    """BKN's word on where and as what a person serves, from a day."""

    valid_from: date
    home: str
    working: str
    position_class: str
    employment: str
    unit: str | None = None
    position: str | None = None
    contract_start: date | None = None


class Separation(_Fact, frozen=True):
    """BKN's word that a person has left the service, from a day."""

    valid_from: date
    reason: str


class Claim(_Fact, frozen=True):
    """An agency's word that a person is its own; it holds until BKN's word."""

    valid_from: date
    valid_until: date | None = None
    unit: str | None = None
    position: str | None = None
    position_class: str | None = None

    @property
    def agency(self) -> str:
        """Who claims."""
        return self.origin.provider


# -- what acts on other statements: whether it works is judged in the fold -------------------


class Void(_Fact, frozen=True):
    """Someone takes a statement back."""

    target: UUID


class Verification(_Fact, frozen=True):
    """An agency confirms what a learner logged as learnt alone."""

    target: UUID
    learner: UUID | None
    verifier: UUID | None


class LevelRevoked(_Fact, frozen=True):
    """A stated level counts no longer from a day."""

    competency: str
    target: UUID
    effective_on: date


class CertificateRevoked(_Fact, frozen=True):
    """A certificate counts no longer from a day."""

    number: str
    issuer: str
    effective_on: date


Act = Void | Verification | LevelRevoked | CertificateRevoked
Said = Evidence | Assertion | Activity | Award | Milestone
Fact = Said | Posting | Separation | Claim | Act
# The same for `isinstance`, which is much slower on a union that is made for each call.
BKNS: Final = (Posting, Separation)
ACTS: Final = (Void, Verification, LevelRevoked, CertificateRevoked)
_MANY: Final = json.Decoder(tuple[Fact, ...])
_WRITTEN: Final = json.Encoder()


def to_document(fact: Fact) -> str:
    """The fact as compact JSON, without what is as usual; `from_documents` is its inverse."""
    return _WRITTEN.encode(fact).decode()


def from_documents(documents: str) -> tuple[Fact, ...]:
    """The facts of stored documents, with commas between; msgspec's errors where one is none."""
    return _MANY.decode(f"[{documents}]")
