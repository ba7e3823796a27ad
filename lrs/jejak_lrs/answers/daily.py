"""What the figures need beside profiles: requirements, names and thresholds of the day; and, once
a month, the counts that are published across agencies.
"""  # noqa: D205

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from jejak_lrs.answers import counting
from jejak_lrs.answers.figures import new_competencies
from jejak_lrs.competency.days import months_later
from jejak_lrs.competency.national import categories, month_end, released, tables
from jejak_lrs.competency.plans import Plans
from jejak_lrs.competency.standards import Standards
from jejak_lrs.ledger import history
from jejak_lrs.ledger.statements import Statements
from jejak_schemas.events import PlanPublished

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from jejak_lrs.competency.plans import Node
    from jejak_lrs.competency.publication import Path, Published
    from jejak_lrs.competency.registry import Registry
    from jejak_lrs.competency.ruleset import Ruleset
    from jejak_lrs.competency.stretches import Place
    from jejak_lrs.database import Connection

_CHUNK: Final = 1_000


@dataclass(frozen=True, slots=True)
class Known:
    """What makes the tables of a day what they are: another one means to make them anew."""

    day: date
    position: int  # of the last registry record
    places: int


def plans_at(connection: Connection, upto: int) -> Plans:
    """Every plan published at positions <= `upto`."""
    plans, statements, after = Plans(), Statements(), -1
    wanted = (PlanPublished.__name__,)
    while found := history.records_of_types(connection, wanted, after, upto, _CHUNK):
        for record in found:
            event = statements.event_of(record)
            if isinstance(event, PlanPublished):
                plans.add(event)
        after = found[-1].position
    return plans


def last_decree(connection: Connection) -> int:
    """The position of the last record about no person; -1 before the first."""
    found = connection.execute("SELECT max(position) FROM record WHERE person_id IS NULL")
    return next(found)[0] if found.rowcount else -1


# -- requirements, names, thresholds ------------------------------------------------------


def refresh(
    connection: Connection,
    registry: Registry,
    day: date,
    places: Mapping[Place, int],
    competencies: dict[str, int],
) -> None:
    """Write down what is required where on a day, what competencies are called, and the numbers."""
    standards = Standards(registry, day)
    needs = {place: standards.required_of(place) for place in places}
    named = {competency for one in needs.values() for competency in one}
    named.update(registry.competencies())
    competencies.update(new_competencies(connection, named - competencies.keys()))
    rows = [
        (places[place], competencies[competency], level)
        for place, required in needs.items()
        for competency, level in required.items()
    ]
    connection.execute("DELETE FROM required")
    connection.execute(
        "INSERT INTO required (place, competency, level) "
        "SELECT * FROM unnest(%s::int[], %s::int[], %s::smallint[])",
        [[row[at] for row in rows] for at in range(3)],
    )
    _define(connection, registry, day)
    rules = registry.rules_on(day)
    if rules is not None:
        _set_thresholds(connection, rules)


def _define(connection: Connection, registry: Registry, day: date) -> None:
    known = [
        (iri, one.kind, one.framework, one.version, names.get("id"), names.get("en"))
        for iri in registry.competencies()
        if (one := registry.definition(iri, day)) is not None
        for names in [dict(one.names)]
    ]
    connection.execute(
        "UPDATE competency c SET kind = d.kind, framework = d.framework, version = d.version, "
        "name_id = d.name_id, name_en = d.name_en FROM unnest(%s::text[], %s::text[], %s::text[], "
        "%s::text[], %s::text[], %s::text[]) "
        "AS d (iri, kind, framework, version, name_id, name_en) WHERE c.iri = d.iri",
        [[row[at] for row in known] for at in range(6)],
    )


def _set_thresholds(connection: Connection, rules: Ruleset) -> None:
    values = {
        "pns-minimum": rules.hours.pns.minimum,
        "pppk-ceiling": rules.hours.pppk.ceiling,
        "expiring-within-days": rules.announcements.expiring_within_days,
        **{f"scale-{name}-full": scale.full for name, scale in rules.scales.items()},
        **{f"scale-{name}-partial": scale.partial for name, scale in rules.scales.items()},
    }
    connection.execute(
        "INSERT INTO threshold (name, value) SELECT * FROM unnest(%s::text[], %s::int[]) "
        "ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        [list(values), list(values.values())],
    )


# -- publication --------------------------------------------------------------------------


def due(connection: Connection, registry: Registry, day: date) -> date | None:
    """The month's end that is to be published on a day; None: none, or it is.

    A month that ended before the ledger began is not: its people were still being told of.
    """
    rules = registry.rules_on(day)
    if rules is None or rules.publication is None:
        return None
    end = month_end(day - timedelta(days=rules.publication.after_days))
    found = connection.execute(
        "SELECT NOT EXISTS (SELECT FROM published WHERE month_end = %(end)s) AND EXISTS ("
        "SELECT FROM record WHERE position = 0 "
        "AND (stored AT TIME ZONE 'Asia/Jakarta')::date <= %(end)s)",
        {"end": end},
    ).fetchone()
    return end if found and found[0] else None


def publishable(
    connection: Connection, registry: Registry, nodes: list[Node], end: date
) -> dict[str, Published]:
    """What may be published across agencies of a month's end, by subject; {}: nothing may."""
    rules = registry.rules_on(end)
    if rules is None or rules.publication is None:
        return {}
    within = rules.announcements.expiring_within_days
    counted = counting.tally(connection, None, end, within)
    lately = _hidden_since(connection, months_later(end, -rules.publication.keep_hidden_months))
    enrolled = counting.enrolled(connection, end)
    return released(tables(counted, enrolled, registry, nodes, end), rules.publication, lately)


def publish(connection: Connection, registry: Registry, nodes: list[Node], end: date) -> int:
    """Publish the counts of a month's end, once; how many rows. In a transaction."""
    return _write(connection, end, publishable(connection, registry, nodes, end))


def _hidden_since(connection: Connection, since: date) -> dict[str, frozenset[Path]]:
    hidden = defaultdict[str, set["Path"]](set)
    for subject, agency, unit in connection.execute(
        "SELECT DISTINCT subject, agency, unit FROM published "
        "WHERE month_end > %s AND people IS NULL",
        [since],
    ):
        hidden[subject].add(tuple(part for part in (agency, unit) if part))
    return {subject: frozenset(rows) for subject, rows in hidden.items()}


def _write(connection: Connection, end: date, found: Mapping[str, Published]) -> int:
    rows = [
        (end, subject, *(*path, "", "")[:2], category, count)
        for subject, table in found.items()
        for path, counts in table.rows.items()
        for category, count in zip(
            categories(subject), counts or [None] * len(categories(subject)), strict=True
        )
    ]
    if rows:
        connection.execute(
            "INSERT INTO published (month_end, subject, agency, unit, category, people) "
            "SELECT * FROM unnest(%s::date[], %s::text[], %s::text[], %s::text[], %s::text[], "
            "%s::int[])",
            [list(column) for column in zip(*rows, strict=True)],
        )
    return len(rows)


# -- what was published -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Figure:
    """One row of a published table; `counts` None: hidden. No agency: the nation."""

    month_end: date
    subject: str
    agency: str | None
    unit: str | None
    counts: Mapping[str, int] | None


def published(connection: Connection, end: date | None, subject: str | None) -> list[Figure]:
    """The published tables of a month's end; None: of the last one.

    `subject`: one table, or all of a kind (`programme`); None: every one.
    """
    found = connection.execute(
        "SELECT month_end, subject, nullif(agency, ''), nullif(unit, ''), "
        "CASE WHEN count(people) = count(*) THEN json_object_agg(category, people) END "
        "FROM published WHERE month_end = coalesce(%(end)s, (SELECT max(month_end) FROM published))"
        " AND (%(subject)s::text IS NULL OR %(subject)s IN (subject, split_part(subject, ' ', 1))) "
        "GROUP BY month_end, subject, agency, unit ORDER BY subject, agency, unit",
        {"end": end, "subject": subject},
    )
    return [Figure(*row) for row in found]
