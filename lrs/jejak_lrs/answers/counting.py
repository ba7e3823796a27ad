"""Counts of people from the tables of figures: what agencies, analysts and publications ask."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jejak_lrs import cursor
from jejak_lrs.answers.figures import NAME
from jejak_lrs.competency import learning
from jejak_lrs.competency.learning import Hours
from jejak_lrs.competency.stretches import Place
from jejak_lrs.competency.tallies import Standing, Tally
from jejak_lrs.projection import profiles

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date
    from uuid import UUID

    from jejak_lrs.competency.learning import Limits
    from jejak_lrs.competency.tallies import Enrolled
    from jejak_lrs.database import Connection


def behind(connection: Connection) -> int:
    """How many changes are not laid out in figures yet."""
    return profiles.last_change(connection) - cursor.read(connection, NAME).position


def tally(connection: Connection, agency: str | None, day: date, within: int) -> Tally:
    """Count who works at an agency on a day; None: at any.

    Args:
        connection: a reader's.
        agency: its code.
        day: the day, in Jakarta.
        within: an assertion that ends in so many days is expiring.
    """
    numbered = _places(connection, agency)
    asked = {"places": list(numbered), "day": day, "within": within}
    counted = Tally()
    for place, people in _people(connection, list(numbered), day).items():
        counted.people[numbered[place]] = people
    for place, people, *standing in connection.execute(
        "SELECT place, count(*), iri, asserted, expiring, indicated, lapsed FROM ("
        "SELECT place, competency, asserted, indicated, lapsed, "
        "coalesce(until <= %(day)s::date + %(within)s::int, false) AS expiring FROM standing "
        "WHERE place = ANY(%(places)s) AND starts <= %(day)s AND ends > %(day)s) AS s "
        "JOIN competency ON id = competency "
        "GROUP BY place, iri, asserted, expiring, indicated, lapsed",
        asked,
    ):
        counted.levels[numbered[place], Standing(*standing)] += people
    return counted


def enrolled(connection: Connection, day: date) -> Enrolled:
    """Count who is in which states of programmes on a day, at any agency."""
    numbered = _places(connection, None)
    found = connection.execute(
        "SELECT place, programme, states, count(*) FROM ("
        "SELECT place, programme, array_agg(DISTINCT state) AS states "
        "FROM enrolled e JOIN served s USING (person_id) "
        "WHERE e.starts <= %(day)s AND e.ends > %(day)s "
        "AND s.starts <= %(day)s AND s.ends > %(day)s "
        "GROUP BY person_id, place, programme) AS each GROUP BY place, programme, states",
        {"day": day},
    )
    return {
        (numbered[place], programme, tuple(states)): people
        for place, programme, states, people in found
    }


def places(connection: Connection, agency: str) -> list[Place]:
    """Every place of an agency."""
    return list(_places(connection, agency).values())


def _people(connection: Connection, places: list[int], day: date) -> dict[int, int]:
    """How many serve at each on a day; where nobody does is left out."""
    found = connection.execute(
        "SELECT place, count(*) FROM served "
        "WHERE place = ANY(%s) AND starts <= %s AND ends > %s GROUP BY place",
        [places, day, day],
    )
    return dict(found.fetchall())


def _places(connection: Connection, agency: str | None) -> dict[int, Place]:
    found = connection.execute(
        "SELECT id, working, home, unit, position_class, position, employment FROM place "
        "WHERE %(agency)s::text IS NULL OR working = %(agency)s",
        {"agency": agency},
    )
    return {number: Place(*row) for number, *row in found}


# -- learning hours -----------------------------------------------------------------------


def years(
    connection: Connection, agency: str, year: int, day: date
) -> list[tuple[UUID, Place, tuple[int, date, date] | None]]:
    """Everyone who works at an agency on a day, with the hours of a year; None: no hours."""
    numbered = _places(connection, agency)
    found = connection.execute(
        "SELECT s.person_id, s.place, y.jp, y.year_starts, y.year_ends FROM served s "
        "LEFT JOIN learning_year y "
        "ON y.person_id = s.person_id AND y.year = %(year)s AND y.starts = s.starts "
        "WHERE s.place = ANY(%(places)s) AND s.starts <= %(day)s AND s.ends > %(day)s "
        "ORDER BY s.person_id",
        {"places": list(numbered), "year": year, "day": day},
    )
    return [
        (who, numbered[place], None if jp is None else (jp, starts, ends))
        for who, place, jp, starts, ends in found
    ]


def hours(
    connection: Connection,
    agency: str,
    year: int,
    day: date,
    limits: Mapping[Place, Limits],
    under: int,
) -> dict[Place, Hours]:
    """The same, summed by place: `limits` is what holds at each, `under` what is asked about."""
    numbered = _places(connection, agency)
    people = _people(connection, list(numbered), day)
    found = connection.execute(
        "SELECT place, count(*), sum(jp)::bigint, "
        "count(*) FILTER (WHERE jp < minimum), count(*) FILTER (WHERE jp > ceiling), "
        "count(*) FILTER (WHERE jp < %(under)s) FROM unnest("
        "%(places)s::int[], %(minima)s::int[], %(ceilings)s::int[]) AS l (place, minimum, ceiling) "
        "JOIN learning_year USING (place) "
        "WHERE year = %(year)s AND starts <= %(day)s AND ends > %(day)s GROUP BY place",
        {
            "places": list(people),
            "minima": [limits[numbered[place]].minimum for place in people],
            "ceilings": [limits[numbered[place]].ceiling for place in people],
            "day": day,
            "year": year,
            "under": under,
        },
    )
    hours = {numbered[place]: Hours(*sums) for place, *sums in found}
    for number, many in people.items():
        place = numbered[number]
        credited = hours.get(place, Hours())
        idle = learning.without_any(many - credited.people, limits[place], under)
        hours[place] = credited + idle
    return hours
