"""A profile: everything the ledger supports about one person, as intervals of days [from, to).

Its canonical form is JSON with sorted keys and no spaces, of integers, codes and ISO dates
only, without person_id, position, stored, generation and version; the digest is its SHA-256.
"On date D" is a look-up. Hours are in 1/100 JP; `to` None means no end.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated, Final, Literal, Protocol, TypeVar
from uuid import UUID

from pydantic import Field, TypeAdapter

From = Annotated[date, Field(alias="from")]
To = Annotated[date | None, Field(alias="to")]


class Dated(Protocol):
    """Anything that holds in days [starts, ends)."""

    @property
    def starts(self) -> date:
        """The first day."""
        ...

    @property
    def ends(self) -> date | None:
        """The first day no more; None: no end."""
        ...


D = TypeVar("D", bound=Dated)


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


# -- look-ups -----------------------------------------------------------------------------


def on(spans: Iterable[D], day: date) -> D | None:
    """The one of `spans` that holds on a day."""
    return next(
        (one for one in spans if one.starts <= day and (one.ends is None or day < one.ends)), None
    )


@dataclass(frozen=True, slots=True)
class Levels:
    """The levels of one competency on one day; None: no level, "not assessed"."""

    asserted: int | None
    indicated: int | None
    disputed: bool


def levels_on(profile: Profile, day: date) -> dict[str, Levels]:
    """Every competency that has a level on a day."""
    found = ((one.competency, _levels(one, day)) for one in profile.competencies)
    return {
        competency: levels
        for competency, levels in found
        if levels.asserted is not None or levels.indicated is not None
    }


def _levels(standing: Standing, day: date) -> Levels:
    asserted, indicated = on(standing.asserted, day), on(standing.indicated, day)
    return Levels(
        asserted.level if asserted else None,
        indicated.level if indicated else None,
        on(standing.disputed, day) is not None,
    )


def held_on(profile: Profile, day: date) -> dict[str, int]:
    """Rule 7: the asserted levels of a day; what is missing is not assessed."""
    return {
        competency: levels.asserted
        for competency, levels in levels_on(profile, day).items()
        if levels.asserted is not None
    }


def serving_on(profile: Profile, day: date) -> Served | None:
    """Where the person serves on a day."""
    return on(profile.postings, day)


def certificates_on(profile: Profile, day: date, expiring: int = 0) -> dict[tuple[str, str], str]:
    """The state per (number, issuer) of each certificate issued by that day.

    `earned`, in the last `expiring` days `expiring`, and `expired`; or `revoked`, `replaced`.
    """
    return {
        one.name: _certified(one, day, expiring)
        for one in profile.certificates
        if one.starts <= day
    }


def _certified(one: Certified, day: date, expiring: int) -> str:
    warned = 0 if one.ended else expiring
    if one.ends is None or day < one.ends - timedelta(warned):
        return "earned"
    return "expiring" if day < one.ends else one.ended or "expired"


def programmes_on(profile: Profile, day: date) -> dict[tuple[str, str | None], str]:
    """The state per (programme, cohort) entered by that day."""
    reached = ((one, on(one.states, day)) for one in profile.programmes)
    return {
        (enrolment.programme, enrolment.cohort): state.state
        for enrolment, state in reached
        if state is not None
    }


def year_in(profile: Profile, year: int, employment: str) -> Year | None:
    """The year of learning hours that begins in calendar year `year`; None: nothing credited.

    Where someone changed from one kind to the other, years of both may begin then: the one of
    the given kind is preferred.
    """
    years = [one for one in profile.hours.years if one.starts.year == year]
    fitting = (one for one in years if one.kind == employment)
    return next(fitting, years[0] if years else None)
