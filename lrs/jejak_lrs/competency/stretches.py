"""A profile laid out in rows, each true on its days [starts, ends): what is counted for answers.

Rows are of days on which the person serves somewhere: an agency counts its own people.
"""

from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from jejak_lrs.competency.days import FOREVER
from jejak_lrs.competency.lookups import Dated, on, year_in
from jejak_lrs.competency.profile import Profile, Served, Standing


@dataclass(frozen=True, slots=True)
class Place:
    """Where and as what people serve; many share one."""

    working: str
    home: str
    unit: str | None
    position_class: str
    position: str | None
    employment: str


@dataclass(frozen=True, slots=True)
class Stint:
    """Days at a place."""

    starts: date
    ends: date
    place: Place


@dataclass(frozen=True, slots=True)
class Level:
    """Days at a place with the same levels of one competency.

    `until` is the first day on which the assertion holds no more; `lapsed` the level of the last
    assertion that ended, on days when none holds.
    """

    starts: date
    ends: date
    place: Place
    competency: str
    asserted: int | None
    until: date | None
    indicated: int | None
    lapsed: int | None
    disputed: bool


@dataclass(frozen=True, slots=True)
class Learnt:
    """Days at a place, and the learning hours (1/100 JP) of one year as they count there.

    `year` is the calendar year in which the year begins: a PPPK's is one of the contract.
    """

    starts: date
    ends: date
    place: Place
    year: int
    year_starts: date
    year_ends: date
    jp: int


def stints(profile: Profile) -> list[Stint]:
    """Where the person serves, in order."""
    return [Stint(one.starts, one.ends or FOREVER, place_of(one)) for one in profile.postings]


def place_of(serving: Served) -> Place:
    """The place of a posting."""
    return Place(
        working=serving.working,
        home=serving.home,
        unit=serving.unit,
        position_class=serving.position_class,
        position=serving.position,
        employment=serving.employment,
    )


def levels(profile: Profile) -> list[Level]:
    """Every stretch of days with a level, or one that has lapsed, of each competency."""
    return [
        row
        for stint in stints(profile)
        for standing in profile.competencies
        for start, end in pairwise(_turns(standing, stint))
        if (row := _level(standing, stint.place, start, end)) is not None
    ]


def _turns(standing: Standing, stint: Stint) -> list[date]:
    """The days of a stint on which something about a competency changes, its ends included."""
    spans: tuple[Dated, ...] = (*standing.asserted, *standing.indicated, *standing.disputed)
    turns = {turn for span in spans for turn in (span.starts, span.ends or FOREVER)}
    inside = {turn for turn in turns if stint.starts < turn < stint.ends}
    return sorted({stint.starts, *inside, stint.ends})


def _level(standing: Standing, place: Place, start: date, end: date) -> Level | None:
    asserted, indicated = on(standing.asserted, start), on(standing.indicated, start)
    lapsed = None if asserted else _lapsed(standing, start)
    if asserted is None and indicated is None and lapsed is None:
        return None
    return Level(
        starts=start,
        ends=end,
        place=place,
        competency=standing.competency,
        asserted=asserted.level if asserted else None,
        until=asserted.ends or FOREVER if asserted else None,
        indicated=indicated.level if indicated else None,
        lapsed=lapsed,
        disputed=on(standing.disputed, start) is not None,
    )


def _lapsed(standing: Standing, day: date) -> int | None:
    ended = [one for one in standing.asserted if one.ends is not None and one.ends <= day]
    return max(ended, key=lambda one: one.ends or FOREVER).level if ended else None


def learnt(profile: Profile) -> list[Learnt]:
    """The learning hours of every year, at each place where the person serves."""
    years = sorted({one.starts.year for one in profile.hours.years})
    return [
        Learnt(
            starts=stint.starts,
            ends=stint.ends,
            place=stint.place,
            year=year,
            year_starts=found.starts,
            year_ends=found.ends or FOREVER,
            jp=found.jp,
        )
        for stint in stints(profile)
        for year in years
        if (found := year_in(profile, year, stint.place.employment)) is not None
    ]
