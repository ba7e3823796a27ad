"""Answers about an agency's people: against their standards, their learning hours, the plans.

What is known now is counted in the tables of figures; what was known at a position is folded from
the ledger, person by person, and counted the same way. Persons are person ids; no function here
sees a NIP.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from jejak_lrs import cursor
from jejak_lrs.answers import counting, daily
from jejak_lrs.competency import gaps as gapping
from jejak_lrs.competency import learning, overview, plans, tallies
from jejak_lrs.competency.days import FOREVER
from jejak_lrs.competency.learning import PersonHours, limits_of
from jejak_lrs.competency.lookups import serving_on, year_in
from jejak_lrs.competency.profile import parse
from jejak_lrs.competency.stretches import place_of
from jejak_lrs.projection import evidence, profiles
from jejak_lrs.projection.projecting import NAME
from jejak_lrs.replay.gathering import fold_person, registry_at

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date
    from uuid import UUID

    from jejak_lrs.competency.gaps import Gaps
    from jejak_lrs.competency.learning import Hours
    from jejak_lrs.competency.overview import Overview
    from jejak_lrs.competency.plans import Demand
    from jejak_lrs.competency.profile import Profile
    from jejak_lrs.competency.registry import Registry
    from jejak_lrs.competency.stretches import Place
    from jejak_lrs.competency.tallies import Tally
    from jejak_lrs.database import Connection


@dataclass(frozen=True, slots=True)
class Asked:
    """The end of a day that is asked about, and by which records; None: all that are projected."""

    day: date
    known_at: int | None = None


@dataclass(frozen=True, slots=True)
class PersonGaps:
    """One person's gaps."""

    person_id: UUID
    gaps: Gaps


def registry_for(connection: Connection, asked: Asked) -> Registry:
    """The registry by the records that are asked about."""
    return registry_at(connection, _upto(connection, asked))


def _upto(connection: Connection, asked: Asked) -> int:
    """The last position that counts."""
    return cursor.read(connection, NAME).position if asked.known_at is None else asked.known_at


def counted(connection: Connection, agency: str, asked: Asked, registry: Registry) -> Tally:
    """An agency's people on a day, by where and how they stand."""
    rules = registry.rules_on(asked.day)
    within = rules.announcements.expiring_within_days if rules else 0
    if asked.known_at is None:
        return counting.tally(connection, agency, asked.day, within)
    people = (profile for _, profile in people_at(connection, agency, asked, registry))
    return tallies.tally(people, agency, asked.day, within)


def people_at(
    connection: Connection, agency: str, asked: Asked, registry: Registry
) -> list[tuple[UUID, Profile]]:
    """Everyone whose working agency this is on a day, with their profile; by person."""
    return [
        (person_id, profile)
        for person_id, profile in _ever_at(connection, agency, asked, registry)
        if (serving := serving_on(profile, asked.day)) is not None and serving.working == agency
    ]


def _ever_at(
    connection: Connection, agency: str, asked: Asked, registry: Registry
) -> list[tuple[UUID, Profile]]:
    generation = profiles.active_generation(connection)
    people = evidence.people_at(connection, generation, agency)
    if asked.known_at is not None:
        upto = asked.known_at
        return [(one, fold_person(connection, one, upto, registry)) for one in people]
    stored = profiles.stored(connection, people, generation)
    return [(one, parse(stored[one].document)) for one in sorted(stored)]


# -- gaps ---------------------------------------------------------------------------------


def overview_of(
    connection: Connection,
    agency: str,
    asked: Asked,
    registry: Registry,
    unit: str | None = None,
) -> Overview:
    """An agency against its standards, by unit and competency; or one unit and those beneath."""
    people = counted(connection, agency, asked, registry)
    if unit is not None:
        units = {place.unit for place in people.people if place.unit is not None}
        people = people.only(beneath(unit, agency, units, asked.day, registry))
    return overview.overview(agency, asked.day, people, registry)


def beneath(
    unit: str, agency: str, units: Iterable[str], day: date, registry: Registry
) -> frozenset[str]:
    """Those of some units that are a unit, or lie beneath it, as the agency published them."""
    return frozenset(one for one in units if unit in registry.units.above(agency, one, day))


def gaps_of_person(
    connection: Connection, person_id: UUID, asked: Asked, registry: Registry
) -> Gaps | None:
    """A person's gaps on a day; None without a profile, a position or a standard."""
    if asked.known_at is not None:
        folded = fold_person(connection, person_id, asked.known_at, registry)
        return gapping.gaps(folded, registry, asked.day)
    stored = profiles.stored(connection, [person_id]).get(person_id)
    return gapping.gaps(parse(stored.document), registry, asked.day) if stored else None


def gaps_of_people(
    connection: Connection, agency: str, asked: Asked, registry: Registry
) -> list[PersonGaps]:
    """The gaps of everyone who works at an agency and has a standard; by person."""
    return [
        PersonGaps(person_id, found)
        for person_id, profile in people_at(connection, agency, asked, registry)
        if (found := gapping.gaps(profile, registry, asked.day)) is not None
    ]


# -- learning hours -----------------------------------------------------------------------


def hours_of_people(
    connection: Connection, agency: str, year: int, asked: Asked, registry: Registry
) -> list[PersonHours]:
    """The learning hours in a year of everyone who works at an agency on a day; by person.

    Minimum and ceiling are those of the ruleset in force on the day. A PPPK's year is the contract
    year that begins in the calendar year `year`.
    """
    rules = registry.rules_on(asked.day)
    return [
        _hours(person_id, place, credited, limits_of(place, rules))
        for person_id, place, credited in _years(connection, agency, year, asked, registry)
    ]


Credit = tuple[int, "date", "date"]  # hours, and the year's days


def _years(
    connection: Connection, agency: str, year: int, asked: Asked, registry: Registry
) -> list[tuple[UUID, Place, Credit | None]]:
    if asked.known_at is None:
        return counting.years(connection, agency, year, asked.day)
    found = []
    for person_id, profile in people_at(connection, agency, asked, registry):
        serving = serving_on(profile, asked.day)
        if serving is not None:
            one = year_in(profile, year, serving.employment)
            credit = (one.jp, one.starts, one.ends or FOREVER) if one else None
            found.append((person_id, place_of(serving), credit))
    return found


def _hours(
    person_id: UUID, place: Place, credited: Credit | None, limits: learning.Limits
) -> PersonHours:
    jp, starts, ends = credited or (0, None, None)
    return PersonHours(
        person_id, place.unit, place.employment, jp, limits.minimum, limits.ceiling, starts, ends
    )


def hours_by_unit(
    connection: Connection, agency: str, year: int, under: int, asked: Asked, registry: Registry
) -> dict[str | None, Hours]:
    """The same by unit; `under`: how many have fewer hours (1/100 JP) than this."""
    if asked.known_at is None:
        rules = registry.rules_on(asked.day)
        limits = {place: limits_of(place, rules) for place in counting.places(connection, agency)}
        found = counting.hours(connection, agency, year, asked.day, limits, under)
        return learning.by_unit((place.unit, hours) for place, hours in found.items())
    people = hours_of_people(connection, agency, year, asked, registry)
    return learning.by_unit((one.unit, learning.of_person(one, under)) for one in people)


# -- plans --------------------------------------------------------------------------------


def demands_of(
    connection: Connection, agency: str, asked: Asked, registry: Registry
) -> list[Demand]:
    """What the plans in force need, beside what an agency's people can supply."""
    nodes = daily.plans_at(connection, _upto(connection, asked)).nodes_on(asked.day)
    return plans.demands(nodes, counted(connection, agency, asked, registry), agency)
