"""A profile: everything the ledger supports about one person, as intervals of days [from, to).

Its canonical form is JSON with sorted keys and no spaces, of integers, codes and ISO dates
only, without person_id, position, stored, generation and version; the digest is its SHA-256.
"On date D" is a look-up (`jejak_lrs.competency.lookups`). Hours are in 1/100 JP; `to` None means
no end.
"""

import hashlib
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Final, Literal
from uuid import UUID

from pydantic import Field, TypeAdapter

From = Annotated[date, Field(alias="from")]
To = Annotated[date | None, Field(alias="to")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Indicated:
    """A level that the evidence indicates."""

    starts: From
    level: int
    ends: To


@dataclass(frozen=True, slots=True, kw_only=True)
class Asserted:
    """A level that an accredited assessor has asserted."""

    by: str
    starts: From
    level: int
    statement: UUID
    ends: To


@dataclass(frozen=True, slots=True, kw_only=True)
class Disputed:
    """Days on which two accredited bodies contradict each other."""

    starts: From
    ends: To


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One competency: levels asserted (held) and, beside them, indicated."""

    asserted: tuple[Asserted, ...] = ()
    competency: str
    disputed: tuple[Disputed, ...] = ()
    indicated: tuple[Indicated, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Credited:
    """Learning hours of one activity, counted on day `on`."""

    form: str
    jp: int
    on: date
    statement: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Uncredited:
    """An activity worth 0 hours, and why."""

    on: date
    reason: str
    statement: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Year:
    """A year of learning hours: of the calendar, or of a PPPK's contract."""

    flags: tuple[str, ...] = ()
    starts: From
    jp: int
    kind: str | None
    ends: To


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """The JP ledger."""

    credits: tuple[Credited, ...] = ()
    uncredited: tuple[Uncredited, ...] = ()
    years: tuple[Year, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Certified:
    """A certificate held in its days; `ended`: why it ends before its own time."""

    ended: Literal["revoked", "replaced"] | None = None
    starts: From
    number: str
    provider: str
    statement: UUID
    ends: To

    @property
    def name(self) -> tuple[str, str]:
        """What makes it one certificate: its number and who issued it."""
        return self.number, self.provider


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """A state of a programme, from the day it was entered; `outcome`: what it came to, if that."""

    starts: From
    outcome: str | None = None
    state: str
    statement: UUID
    ends: To


@dataclass(frozen=True, slots=True, kw_only=True)
class Passed:
    """A milestone of a programme: a state that was met, entered or not, and when first."""

    on: date
    state: str
    statement: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolment:
    """One programme and cohort."""

    cohort: str | None
    milestones: tuple[Passed, ...] = ()
    programme: str
    states: tuple[Reached, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """Where and as what the person serves."""

    employment: str
    starts: From
    home: str
    position: str | None = None
    position_class: str
    ends: To
    unit: str | None = None
    working: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """Who claims the person as its own, before BKN's word; several: nobody has them."""

    agencies: tuple[str, ...]
    starts: From
    position: str | None = None
    position_class: str | None = None
    ends: To
    unit: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Separated:
    """Days on which the person had left the service."""

    starts: From
    reason: str
    ends: To


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """Everything about one person."""

    certificates: tuple[Certified, ...] = ()
    claims: tuple[Claimed, ...] = ()
    competencies: tuple[Standing, ...] = ()
    hours: Hours = Hours()
    postings: tuple[Served, ...] = ()
    programmes: tuple[Enrolment, ...] = ()
    separations: tuple[Separated, ...] = ()


EMPTY: Final = Profile()
_PROFILE: Final = TypeAdapter(Profile)


def canonical(profile: Profile) -> bytes:
    """The canonical JSON: its keys are sorted, because the fields above stand in that order."""
    return _PROFILE.dump_json(profile, by_alias=True)


def digest(document: bytes) -> str:
    """SHA-256 of a canonical profile, in hex."""
    return hashlib.sha256(document).hexdigest()


def parse(document: bytes | str) -> Profile:
    """The profile of a canonical document; pydantic.ValidationError where it is none."""
    return _PROFILE.validate_json(document)
