"""Answers about what is taught: who teaches the same thing, and how learners fare where."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from jejak_lrs.competency.accreditation import GUARANTOR
from jejak_lrs.competency.fragmentation import Fragments, Outcomes, Taught, fragments
from jejak_lrs.projection import profiles

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date

    from jejak_lrs.answers.workforce import Asked
    from jejak_lrs.competency.registry import Registry
    from jejak_lrs.database import Connection


def fragments_of(connection: Connection, asked: Asked, registry: Registry) -> list[Fragments]:
    """Every competency, the most fragmented first; [] where the ruleset has no rule for it."""
    rules = registry.rules_on(asked.day)
    if rules is None or rules.fragmentation is None:
        return []
    return fragments(
        taught_on(registry, asked.day),
        outcomes_by(connection, asked, registry),
        rules.fragmentation,
    )


def taught_on(registry: Registry, day: date) -> Iterator[Taught]:
    """Every series under a countersigned alignment in force on a day."""
    for competency in registry.competencies():
        for series in sorted(registry.series_aligned_to(competency)):
            alignment = registry.alignment(series, competency, day)
            if alignment is None:
                continue
            names = defaultdict[str, set[str]](set)
            for one in registry.offerings_of(series):
                offering = registry.offering_on(one, day)
                if offering is not None:
                    names[offering.speaks_for].update(offering.name.values())
            for provider, said in sorted(names.items()):
                level = alignment.event.level
                yield Taught(competency, series, provider, level, tuple(sorted(said)))


def outcomes_by(connection: Connection, asked: Asked, registry: Registry) -> list[Outcomes]:
    """How the learners of each provider fared in each competency by the end of a day.

    An outcome is a test passed or failed, or a project evaluated; what was withdrawn by whoever
    said it, or by LAN, is none. One that names no competency is of those its series teaches.
    """
    passed = Counter[tuple[str, str]]()
    failed = Counter[tuple[str, str]]()
    agencies = defaultdict[tuple[str, str], set[str]](set)
    for provider, offering, competency, good, agency, count in _rows(connection, asked, registry):
        for one in _about(registry, asked.day, offering, competency):
            key = one, provider
            (passed if good else failed)[key] += count
            if agency is not None:
                agencies[key].add(agency)
    return [
        Outcomes(*key, passed[key], failed[key], frozenset(agencies[key]))
        for key in sorted({*passed, *failed})
    ]


def _about(
    registry: Registry, day: date, offering: str | None, competency: str | None
) -> Iterable[str]:
    if competency is not None:
        return (competency,)
    published = registry.offering_on(offering, day)
    if published is None:
        return ()
    return (
        one
        for one in registry.competencies_of(published.series)
        if registry.alignment(published.series, one, day) is not None
    )


Row = tuple[str, "str | None", "str | None", bool, "str | None", int]


def _rows(connection: Connection, asked: Asked, registry: Registry) -> list[Row]:
    return connection.execute(
        "SELECT provider, offering, competency, "
        "coalesce((said->>'passed')::boolean, true) AS good, p.working, count(*) FROM ("
        "SELECT *, document::jsonb AS said FROM evidence "
        "WHERE generation = %(generation)s AND kind = 'evidence' "
        "AND (%(known_at)s::bigint IS NULL OR arrived <= %(known_at)s)) AS e "
        "LEFT JOIN profile p USING (generation, person_id) "
        "WHERE said->'origin'->>'event' "
        "IN ('AssessmentPassed', 'AssessmentFailed', 'ProjectEvaluated') "
        "AND ((said->'origin'->>'occurred_at')::timestamptz AT TIME ZONE 'Asia/Jakarta')::date "
        "<= %(day)s "
        "AND NOT EXISTS (SELECT FROM evidence v WHERE v.generation = e.generation "
        "AND v.person_id = e.person_id AND v.kind = 'void' "
        "AND (v.document::jsonb->>'target')::uuid = e.statement_id "
        "AND (v.provider = e.provider OR v.provider = ANY(%(guarantors)s)) "
        "AND (%(known_at)s::bigint IS NULL OR v.arrived <= %(known_at)s)) "
        "GROUP BY provider, offering, competency, good, p.working",
        {
            "generation": profiles.active_generation(connection),
            "day": asked.day,
            "known_at": asked.known_at,
            "guarantors": registry.holders_of(GUARANTOR, asked.day),
        },
    ).fetchall()
