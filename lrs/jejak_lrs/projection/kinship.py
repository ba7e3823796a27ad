"""Who is one with whom, out of the database: as the projector keeps it, and out of the ledger.

The rule is competency/persons.py. The projector keeps its own table, because a batch asks about a
thousand persons at a time; a replay reads the records alone. Both find everybody who is, or was
ever, merged with somebody asked about.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from jejak_lrs.competency.persons import Merge, Persons, Split, word_of
from jejak_lrs.ledger import history
from jejak_lrs.ledger.statements import Statements
from jejak_lrs.projection import profiles

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from uuid import UUID

    from jejak_lrs.database import Connection
    from jejak_lrs.projection.arriving import Said

# -- as the projector keeps it ------------------------------------------------------------


def insert(connection: Connection, generation: int, told: Sequence[Said]) -> None:
    """Keep the merges and splits of a batch; those kept already stay as they are."""
    words = [(one.record.position, word_of(one.event)) for one in told if one.event is not None]
    merges = [(at, word) for at, word in words if isinstance(word, Merge)]
    splits = [(at, word) for at, word in words if isinstance(word, Split)]
    if merges:
        connection.execute(
            "INSERT INTO person_merge "
            "(generation, position, statement_id, stays, absorbed, occurred_at) "
            "SELECT %s, * FROM unnest(%s::bigint[], %s::uuid[], %s::uuid[], %s::uuid[], "
            "%s::timestamptz[]) ON CONFLICT DO NOTHING",
            [
                generation,
                [at for at, _ in merges],
                [word.statement_id for _, word in merges],
                [word.stays for _, word in merges],
                [word.absorbed for _, word in merges],
                [word.occurred_at for _, word in merges],
            ],
        )
    if splits:
        connection.execute(
            "INSERT INTO person_split (generation, position, target) "
            "SELECT %s, * FROM unnest(%s::bigint[], %s::uuid[]) ON CONFLICT DO NOTHING",
            [generation, [at for at, _ in splits], [word.target for _, word in splits]],
        )


def words_about(
    connection: Connection, generation: int, people: Iterable[UUID], upto: int
) -> list[Merge | Split]:
    """What is said by position `upto` of whoever is or will be merged with these.

    A split is also given where its merge comes later. Two queries at most, and one look for all of
    these where nobody is merged: merges are few.
    """
    asked = list(people)
    if not asked:
        return []
    merges = connection.execute(
        "WITH RECURSIVE kin (id) AS (SELECT stays FROM person_merge WHERE "
        "generation = %(generation)s AND (stays = ANY(%(people)s) OR absorbed = ANY(%(people)s)) "
        "UNION SELECT unnest(ARRAY[stays, absorbed]) FROM kin JOIN person_merge "
        "ON generation = %(generation)s AND kin.id IN (stays, absorbed)) "
        "SELECT position, statement_id, occurred_at, stays, absorbed FROM person_merge "
        "WHERE generation = %(generation)s AND stays IN (SELECT id FROM kin)",
        {"people": asked, "generation": generation},
    ).fetchall()
    if not merges:
        return []
    splits = connection.execute(
        "SELECT DISTINCT target FROM person_split "
        "WHERE generation = %s AND position <= %s AND target = ANY(%s)",
        [generation, upto, [statement_id for _, statement_id, *_ in merges]],
    ).fetchall()
    said = [Merge(*row) for position, *row in merges if position <= upto]
    return [*said, *(Split(target) for (target,) in splits)]


def touched(connection: Connection, generation: int, words: Iterable[Merge | Split]) -> set[UUID]:
    """The persons whom words name, those of the merges that are undone among them."""
    merges = [one for one in words if isinstance(one, Merge)]
    splits = [one.target for one in words if isinstance(one, Split)]
    people = {person for one in merges for person in one.both}
    if splits:
        for stays, absorbed in connection.execute(
            "SELECT stays, absorbed FROM person_merge "
            "WHERE generation = %s AND statement_id = ANY(%s)",
            [generation, splits],
        ):
            people |= {stays, absorbed}
    return people


def persons(connection: Connection, people: Iterable[UUID]) -> Persons:
    """Who is one with any of these persons now, by the generation that is read."""
    generation = profiles.active_generation(connection)
    return Persons(words_about(connection, generation, people, _LATEST))


_LATEST = 2**63 - 1

# -- out of the ledger --------------------------------------------------------------------


def persons_at(connection: Connection, people: Iterable[UUID], upto: int) -> Persons:
    """Who is one with any of these persons by the records at positions <= `upto` alone."""
    statements = Statements()
    known: set[UUID] = set()
    asked = set(people)
    words: dict[UUID, Merge] = {}
    while asked - known:
        found = history.merges_of(connection, asked - known, upto)
        known |= asked
        events = (statements.event_of(record) for record in found)
        for word in (word_of(event) for event in events if event is not None):
            if isinstance(word, Merge):
                words[word.statement_id] = word
                asked |= {*word.both}
    return Persons([*words.values(), *_splits(connection, words, upto)])


def _splits(connection: Connection, merges: Iterable[UUID], upto: int) -> list[Split]:
    referring = history.references_to(connection, merges)
    return [Split(target) for target, position in referring if position <= upto]
