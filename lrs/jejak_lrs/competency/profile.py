"""A profile: everything the ledger supports about one person, as intervals of days [from, to).

Its canonical form is JSON with sorted keys and no spaces, of integers, codes and ISO dates
only, without person_id, position, stored, generation and version; the digest is its SHA-256.
"On date D" is a look-up (`jejak_lrs.competency.lookups`). Hours are in 1/100 JP; `to` None means
no end.
"""

import hashlib
from datetime import date
from typing import Final, Literal
from uuid import UUID

from msgspec import Struct, json


class _Part(Struct, frozen=True, gc=False, rename={"starts": "from", "ends": "to"}):
    """Immutable, as a frozen dataclass is; but written and read in a fifth of the time."""


class Indicated(_Part, frozen=True, kw_only=True):
    """A level that the evidence indicates."""

    starts: date
    level: int
    ends: date | None


class Asserted(_Part, frozen=True, kw_only=True):
    """A level that an accredited assessor has asserted."""

    by: str
    starts: date
    level: int
    statement: UUID
    ends: date | None


class Disputed(_Part, frozen=True, kw_only=True):
    """Days on which two accredited bodies contradict each other."""

    starts: date
    ends: date | None


class Standing(_Part, frozen=True, kw_only=True):
    """One competency: levels asserted (held) and, beside them, indicated."""

    asserted: tuple[Asserted, ...] = ()
    competency: str
    disputed: tuple[Disputed, ...] = ()
    indicated: tuple[Indicated, ...] = ()


class Credited(_Part, frozen=True, kw_only=True):
    """Learning hours of one activity, counted on day `on`."""

    form: str
    jp: int
    on: date
    statement: UUID


class Uncredited(_Part, frozen=True, kw_only=True):
    """An activity worth 0 hours, and why."""

    on: date
    reason: str
    statement: UUID


class Year(_Part, frozen=True, kw_only=True):
    """A year of learning hours: of the calendar, or of a PPPK's contract."""

    flags: tuple[str, ...] = ()
    starts: date
    jp: int
    kind: str | None
    ends: date | None


class Hours(_Part, frozen=True, kw_only=True):
    """The JP ledger."""

    credits: tuple[Credited, ...] = ()
    uncredited: tuple[Uncredited, ...] = ()
    years: tuple[Year, ...] = ()


class Certified(_Part, frozen=True, kw_only=True):
    """A certificate held in its days; `ended`: why it ends before its own time."""

    ended: Literal["revoked", "replaced"] | None = None
    starts: date
    number: str
    provider: str
    statement: UUID
    ends: date | None

    @property
    def name(self) -> tuple[str, str]:
        """What makes it one certificate: its number and who issued it."""
        return self.number, self.provider


class Reached(_Part, frozen=True, kw_only=True):
    """A state of a programme, from the day it was entered; `outcome`: what it came to, if that."""

    starts: date
    outcome: str | None = None
    state: str
    statement: UUID
    ends: date | None


class Passed(_Part, frozen=True, kw_only=True):
    """A milestone of a programme: a state that was met, entered or not, and when first."""

    on: date
    state: str
    statement: UUID


class Enrolment(_Part, frozen=True, kw_only=True):
    """One programme and cohort."""

    cohort: str | None
    milestones: tuple[Passed, ...] = ()
    programme: str
    states: tuple[Reached, ...]


class Served(_Part, frozen=True, kw_only=True):
    """Where and as what the person serves."""

    employment: str
    starts: date
    home: str
    position: str | None = None
    position_class: str
    ends: date | None
    unit: str | None = None
    working: str


class Claimed(_Part, frozen=True, kw_only=True):
    """Who claims the person as its own, before BKN's word; several: nobody has them."""

    agencies: tuple[str, ...]
    starts: date
    position: str | None = None
    position_class: str | None = None
    ends: date | None
    unit: str | None = None


class Separated(_Part, frozen=True, kw_only=True):
    """Days on which the person had left the service."""

    starts: date
    reason: str
    ends: date | None


class Profile(_Part, frozen=True, kw_only=True):
    """Everything about one person."""

    certificates: tuple[Certified, ...] = ()
    claims: tuple[Claimed, ...] = ()
    competencies: tuple[Standing, ...] = ()
    hours: Hours = Hours()
    postings: tuple[Served, ...] = ()
    programmes: tuple[Enrolment, ...] = ()
    separations: tuple[Separated, ...] = ()


EMPTY: Final = Profile()
_READ: Final = json.Decoder(Profile)
_WRITTEN: Final = json.Encoder()


def canonical(profile: Profile) -> bytes:
    """The canonical JSON: its keys are sorted, because the fields above stand in that order."""
    return _WRITTEN.encode(profile)


def digest(document: bytes) -> str:
    """SHA-256 of a canonical profile, in hex."""
    return hashlib.sha256(document).hexdigest()


def parse(document: bytes | str) -> Profile:
    """The profile of a canonical document; msgspec.ValidationError where it is none."""
    return _READ.decode(document)
