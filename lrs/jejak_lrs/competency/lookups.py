"""What a profile says of one day. Nothing is computed: levels hold in days [from, to)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Protocol, TypeVar

from jejak_lrs.competency.profile import Certified, Credited, Profile, Served, Standing, Year


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


def on(spans: Iterable[D], day: date) -> D | None:
    """The one of `spans` that holds on a day."""
    for one in spans:
        if one.starts <= day and (one.ends is None or day < one.ends):
            return one
    return None


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


def hours_on(profile: Profile, day: date) -> list[tuple[Year, int]]:
    """Each year of learning hours that has begun by a day, with those credited by its end."""
    later = [one for one in profile.hours.credits if one.on > day]
    return [
        (year, year.jp - sum(one.jp for one in later if _is_of(one, year, profile)))
        for year in profile.hours.years
        if year.starts <= day
    ]


def _is_of(one: Credited, year: Year, profile: Profile) -> bool:
    """Years of both kinds may hold a day on which someone changed from one to the other."""
    if on((year,), one.on) is None:
        return False
    serving = serving_on(profile, one.on)
    return serving is None or serving.employment == year.kind


def year_in(profile: Profile, year: int, employment: str) -> Year | None:
    """The year of learning hours that begins in calendar year `year`; None: nothing credited.

    Where someone changed from one kind to the other, years of both may begin then: the one of
    the given kind is preferred.
    """
    years = [one for one in profile.hours.years if one.starts.year == year]
    fitting = (one for one in years if one.kind == employment)
    return next(fitting, years[0] if years else None)
