"""The table of evidence: what was said about each person, and whom a registry record touches."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jejak_lrs import kinship
from jejak_lrs.competency.facts import from_documents, to_document

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime
    from uuid import UUID

    from jejak_lrs.competency.facts import Fact
    from jejak_lrs.competency.reach import Reach
    from jejak_lrs.database import Connection
    from jejak_lrs.history import Record


@dataclass(frozen=True, slots=True)
class Arrival:
    """Facts that become a person's at a position, by a record: their own, or a void's target."""

    person_id: UUID
    position: int
    record: Record
    facts: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class Touched:
    """A person whom a registry record may have touched."""

    person_id: UUID
    position: int
    statement_id: UUID
    stored: datetime


def insert(connection: Connection, generation: int, arrivals: Iterable[Arrival]) -> None:
    """Keep facts; those kept already stay as they are."""
    rows = [
        row
        for arrival in arrivals
        for ordinal, fact in enumerate(arrival.facts)
        for row in [_row(generation, arrival, ordinal, fact)]
    ]
    if rows:
        columns: list[list[object]] = [list(column) for column in zip(*rows, strict=True)]
        connection.execute(
            "INSERT INTO evidence (generation, position, ordinal, person_id, arrived, kind, "
            "statement_id, party, provider, offering, competency, agency, document) "
            "SELECT * FROM unnest(%s::int[], %s::bigint[], %s::int[], %s::uuid[], %s::bigint[], "
            "%s::text[], %s::uuid[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], "
            "%s::jsonb[]) ON CONFLICT DO NOTHING",
            columns,
        )


def _row(generation: int, arrival: Arrival, ordinal: int, fact: Fact) -> tuple[object, ...]:
    origin = fact.origin
    return (
        generation,
        origin.position,
        ordinal,
        arrival.person_id,
        arrival.position,
        fact.kind,
        origin.statement_id,
        origin.party,
        origin.provider,
        origin.offering,
        getattr(fact, "competency", None),
        getattr(fact, "working", None) or getattr(fact, "agency", None),
        to_document(fact),
    )


def erase(connection: Connection, generation: int, order: int) -> list[UUID]:
    """Forget what records said whose erasure the record at `order` orders, and what agencies were
    told of it; the persons of this generation, who are to be folded anew.
    """  # noqa: D205
    found = connection.execute("SELECT projection_erase(%s, %s)", [order, generation])
    return sorted(person_id for (person_id,) in found if person_id is not None)


def of_people(
    connection: Connection, generation: int, people: Iterable[UUID], upto: int
) -> dict[UUID, list[Fact]]:
    """The facts of persons that had arrived by position `upto`."""
    found: dict[UUID, list[str]] = defaultdict(list)
    for person_id, document in connection.execute(
        "SELECT person_id, document::text FROM evidence "
        "WHERE generation = %s AND person_id = ANY(%s) AND arrived <= %s",
        [generation, list(people), upto],
    ):
        found[person_id].append(document)
    return {person_id: list(from_documents(each)) for person_id, each in found.items()}


def people_between(connection: Connection, generation: int, low: UUID, high: UUID) -> list[UUID]:
    """Everyone of whom something was said, from one to another, both included."""
    found = connection.execute(
        "SELECT DISTINCT person_id FROM evidence "
        "WHERE generation = %s AND person_id BETWEEN %s AND %s ORDER BY person_id",
        [generation, low, high],
    )
    return [person_id for (person_id,) in found]


def people_at(connection: Connection, generation: int, agency: str) -> list[UUID]:
    """Everyone who was ever posted to work at an agency, under the ids that stay."""
    found = connection.execute(
        "SELECT DISTINCT person_id FROM evidence WHERE generation = %s AND agency = %s",
        [generation, agency],
    ).fetchall()
    persons = kinship.persons(connection, [person_id for (person_id,) in found])
    return sorted({persons.stays(person_id) for (person_id,) in found})


# -- refold -------------------------------------------------------------------------------


def mark(connection: Connection, generation: int, reach: Reach, cause: Record) -> int:
    """Put whom a registry record reaches into `refold`, the latest cause over earlier ones."""
    if not reach:
        return 0
    marked = connection.execute(
        "INSERT INTO refold (generation, person_id, position, statement_id, stored) "
        "SELECT DISTINCT %(generation)s::int, person_id, %(position)s::bigint, "
        "%(statement)s::uuid, %(stored)s::timestamptz "
        "FROM evidence WHERE generation = %(generation)s AND arrived < %(position)s "
        "AND (%(everyone)s "
        "OR provider = ANY(%(institutions)s) OR (party = ANY(%(institutions)s) AND "
        "party <> provider) OR offering = ANY(%(offerings)s) "
        "OR competency = ANY(%(competencies)s) OR agency = ANY(%(agencies)s) "
        "OR document ->> 'home' = ANY(%(agencies)s) "
        "OR document ->> 'assessor' = ANY(%(persons)s)) "
        "ON CONFLICT (generation, person_id) DO UPDATE SET position = excluded.position, "
        "statement_id = excluded.statement_id, stored = excluded.stored "
        "WHERE refold.position < excluded.position",
        {
            "generation": generation,
            "position": cause.position,
            "statement": cause.statement_id,
            "stored": cause.stored,
            "everyone": reach.everyone,
            "institutions": list(reach.institutions),
            "offerings": list(reach.offerings),
            "competencies": list(reach.competencies),
            "agencies": list(reach.agencies),
            "persons": [str(one) for one in reach.persons],
        },
    )
    return marked.rowcount


def take_marked(
    connection: Connection, generation: int, most: int, before: int | None = None
) -> list[Touched]:
    """Take up to `most` persons out of `refold`; they are to be folded in this transaction.

    Nobody who waits in the generation `before`, too.
    """
    found = connection.execute(
        "DELETE FROM refold WHERE (generation, person_id) IN (SELECT generation, person_id "
        "FROM refold r WHERE generation = %s AND NOT EXISTS (SELECT FROM refold o "
        "WHERE o.generation = %s AND o.person_id = r.person_id) ORDER BY person_id LIMIT %s) "
        "RETURNING person_id, position, statement_id, stored",
        [generation, before, most],
    )
    return sorted((Touched(*row) for row in found), key=lambda one: one.person_id)


def backlog(connection: Connection, generation: int) -> int:
    """How many persons wait to be folded anew."""
    found: Sequence[int] | None = connection.execute(
        "SELECT count(*) FROM refold WHERE generation = %s", [generation]
    ).fetchone()
    return found[0] if found else 0


def is_anyone_marked(connection: Connection, generation: int) -> bool:
    """Whether anybody waits to be folded anew."""
    found = connection.execute("SELECT FROM refold WHERE generation = %s LIMIT 1", [generation])
    return found.fetchone() is not None


def is_pending(connection: Connection, generation: int, person_id: UUID) -> bool:
    """Whether a person waits to be folded anew."""
    ids = kinship.persons(connection, [person_id]).one_with(person_id)
    found = connection.execute(
        "SELECT FROM refold WHERE generation = %s AND person_id = ANY(%s)", [generation, [*ids]]
    )
    return found.fetchone() is not None
