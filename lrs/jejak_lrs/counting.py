"""Counts of people from the tables of figures: what agencies, analysts and publications ask."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jejak_lrs import cursor, profiles
from jejak_lrs.competency.stretches import Place
from jejak_lrs.competency.tallies import Standing, Tally
from jejak_lrs.figures import NAME

if TYPE_CHECKING:
    from datetime import date

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
    places = _places(connection, agency)
    asked = {"places": list(places), "day": day, "within": within}
    counted = Tally()
    for place, people in connection.execute(
        "SELECT place, count(*) FROM served "
        "WHERE place = ANY(%(places)s) AND starts <= %(day)s AND ends > %(day)s GROUP BY place",
        asked,
    ):
        counted.people[places[place]] = people
    for place, people, *standing in connection.execute(
        "SELECT place, count(*), iri, asserted, expiring, indicated, lapsed FROM ("
        "SELECT place, competency, asserted, indicated, lapsed, "
        "coalesce(until <= %(day)s::date + %(within)s::int, false) AS expiring FROM standing "
        "WHERE place = ANY(%(places)s) AND starts <= %(day)s AND ends > %(day)s) AS s "
        "JOIN competency ON id = competency "
        "GROUP BY place, iri, asserted, expiring, indicated, lapsed",
        asked,
    ):
        counted.levels[places[place], Standing(*standing)] += people
    return counted


def _places(connection: Connection, agency: str | None) -> dict[int, Place]:
    found = connection.execute(
        "SELECT id, working, home, unit, position_class, position, employment FROM place "
        "WHERE %(agency)s::text IS NULL OR working = %(agency)s",
        {"agency": agency},
    )
    return {number: Place(*row) for number, *row in found}
