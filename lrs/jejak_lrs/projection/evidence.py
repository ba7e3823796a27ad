"""The table of evidence: what was said about each person."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct

from jejak_lrs.competency.facts import (
    Assertion,
    Claim,
    Evidence,
    LevelRevoked,
    Posting,
    from_documents,
    to_document,
)
from jejak_lrs.database import array
from jejak_lrs.ledger.copying import copy_into
from jejak_lrs.projection import kinship

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from uuid import UUID

    from jejak_lrs.competency.facts import Fact
    from jejak_lrs.database import Connection


class Arrival(Struct, frozen=True, gc=False):
    """Facts that become a person's at a position, by a record: their own, or a void's target."""

    person_id: UUID
    position: int
    facts: tuple[Fact, ...]


_COLUMNS: Final = (
    ("position", "int8"), ("ordinal", "int4"), ("person_id", "uuid"),
    ("arrived", "int8"), ("kind", "text"), ("statement_id", "uuid"), ("party", "text"),
    ("provider", "text"), ("offering", "text"), ("competency", "text"), ("agency", "text"),
    ("home", "text"), ("assessor", "uuid"), ("document", "text"),
)  # fmt: skip
_INSERT: Final = (
    f"INSERT INTO evidence (generation, {', '.join(name for name, _ in _COLUMNS)}) "  # noqa: S608  our own columns
    "SELECT %s, * FROM unnest("
    f"{', '.join(f'%s::{kind}[]' for _, kind in _COLUMNS[:-1])}, %b::text[])"
)


def insert(connection: Connection, generation: int, arrivals: Iterable[Arrival]) -> None:
    """Keep facts. Each arrives once: in the transaction that takes in its record."""
    columns = ("generation", "int4"), *_COLUMNS
    copy_into(connection, "evidence", columns, _rows(generation, arrivals))


def insert_beside(connection: Connection, generation: int, arrivals: Iterable[Arrival]) -> None:
    """The same in a pipeline, where there is no COPY: PostgreSQL keeps them meanwhile."""
    rows = list(_rows(generation, arrivals))
    if rows:
        _, *columns, documents = zip(*rows, strict=True)
        connection.execute(_INSERT, [generation, *map(array, columns), list(documents)])


def _rows(generation: int, arrivals: Iterable[Arrival]) -> Iterator[tuple[object, ...]]:
    for arrival in arrivals:
        for ordinal, fact in enumerate(arrival.facts):
            origin, named = fact.origin, _NAMED.get(type(fact), _nothing)
            competency, agency, home, assessor = named(fact)
            yield (
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
                competency,
                agency,
                home,
                assessor,
                to_document(fact),
            )


# The competency, agency, home agency and assessor that a fact names: it is found by these.
_NAMED: Final[Mapping[type[Fact], Callable[[Any], tuple[object, ...]]]] = {
    Evidence: lambda fact: (fact.competency, None, None, fact.assessor),
    Assertion: lambda fact: (fact.competency, None, None, None),
    LevelRevoked: lambda fact: (fact.competency, None, None, None),
    Posting: lambda fact: (None, fact.working, fact.home, None),
    Claim: lambda fact: (None, fact.agency, None, None),
}


def _nothing(_fact: Fact) -> tuple[object, ...]:
    return (None, None, None, None)


def erase(connection: Connection, generation: int, order: int) -> list[UUID]:
    """Forget what records said whose erasure the record at `order` orders, and what agencies were
    told of it; the persons of this generation, who are to be folded anew.
    """  # noqa: D205
    found = connection.execute("SELECT projection_erase(%s, %s)", [order, generation])
    return sorted(person_id for (person_id,) in found if person_id is not None)


def of_people(
    connection: Connection, generation: int, people: Iterable[UUID], upto: int
) -> dict[UUID, list[Fact]]:
    """The facts of persons that had arrived by position `upto`.

    Person by person, and of a generation that is looked up: so PostgreSQL takes the index of
    persons also where it does not know how many rows of this generation there are.
    """
    found = connection.execute(
        "SELECT who, documents FROM unnest(%s::uuid[]) AS who, LATERAL ("
        "SELECT string_agg(document, ',') AS documents FROM evidence "
        "WHERE generation = (SELECT %s::int) AND person_id = who AND arrived <= %s) AS said "
        "WHERE documents IS NOT NULL",
        [list(people), generation, upto],
    )
    return {person_id: list(from_documents(documents)) for person_id, documents in found}


def of_people_between(
    connection: Connection, generation: int, low: UUID, high: UUID, upto: int
) -> dict[UUID, list[Fact]]:
    """The same of everyone of whom something was said, from one to another, both included.

    Also who is named as the one who stays for others, though nothing else be said of that id.
    """
    asked = {"generation": generation, "low": low, "high": high, "upto": upto}
    found = connection.execute(
        "SELECT person_id, string_agg(document, ',') FROM evidence "
        "WHERE generation = (SELECT %(generation)s::int) "
        "AND person_id BETWEEN %(low)s AND %(high)s AND arrived <= %(upto)s "
        "GROUP BY person_id ORDER BY person_id",
        asked,
    )
    facts = {person_id: list(from_documents(documents)) for person_id, documents in found}
    stay = connection.execute(
        "SELECT stays FROM person_merge "
        "WHERE generation = %(generation)s AND stays BETWEEN %(low)s AND %(high)s",
        asked,
    )
    return {person_id: [] for (person_id,) in stay} | facts


def people_at(connection: Connection, generation: int, agency: str) -> list[UUID]:
    """Everyone who was ever posted to work at an agency, under the ids that stay."""
    found = connection.execute(
        "SELECT DISTINCT person_id FROM evidence WHERE generation = %s AND agency = %s",
        [generation, agency],
    ).fetchall()
    persons = kinship.persons(connection, [person_id for (person_id,) in found])
    return sorted({persons.stays(person_id) for (person_id,) in found})
