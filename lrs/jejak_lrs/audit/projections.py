"""Projections against the ledger: profiles folded anew, and the evidence that they were made of.

Projections may be made anew, so what is wrong here is no loss; it is what agencies were told.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from jejak_lrs import cursor
from jejak_lrs.audit import told
from jejak_lrs.audit.difference import Difference
from jejak_lrs.competency.facts import to_document
from jejak_lrs.competency.persons import named_in
from jejak_lrs.competency.profile import EMPTY
from jejak_lrs.competency.routing import agencies_on
from jejak_lrs.projection import clock, evidence, kinship, profiles, projecting
from jejak_lrs.replay import comparing
from jejak_lrs.replay.gathering import facts_until, fold_person

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import date
    from uuid import UUID

    from jejak_lrs.database import Connection
    from jejak_lrs.replay.comparing import Compared


def differences(
    connection: Connection, sample: int | None, watch: Callable[[int, int], None]
) -> Iterator[Difference]:
    """Each person's profile that is not what the records give.

    Args:
        connection: an auditor's.
        sample: how many persons, chosen by chance; None: all.
        watch: told how many persons are done, of how many.
    """
    people = None if sample is None else drawn(connection, sample)
    generation, day = profiles.active_generation(connection), clock.day(connection)
    for one in comparing.compare(connection, people, watch):
        if one.pending:
            continue
        where = f"profile of person {one.person_id}"
        if one.wrong:
            what = f"its digest is {one.stored_digest}, the records give {one.digest}"
            yield Difference(where, what)
        elif day is not None and _lost(connection, generation, one, day):
            yield Difference(where, "its agencies are not those of its postings")
        if told.is_behind(connection, generation, one.person_id):
            yield Difference(where, "agencies were told of a later version")
        if not _is_made_of(connection, generation, one):
            what = f"it is not what the records say up to {one.position}"
            yield Difference(f"evidence of person {one.person_id}", what)
    yield from _missing(connection, generation, people)


def drawn(connection: Connection, count: int) -> list[UUID]:
    """Persons by chance, each as likely as any other; all where there are no more than `count`.

    Drawn from the whole table: ids grow with time, so whoever follows a random one is nearly always
    the same.
    """
    found = connection.execute("SELECT person_id FROM person ORDER BY random() LIMIT %s", [count])
    return [person_id for (person_id,) in found]


def _lost(connection: Connection, generation: int, one: Compared, day: date) -> bool:
    """Whether the agencies that are told of a person are not those of a day.

    Whose profile turns on that day or before may still be in the projector's hands.
    """
    stood = profiles.stored(connection, [one.person_id], generation).get(one.person_id)
    if stood is None or (stood.turns_on is not None and stood.turns_on <= day):
        return False
    return stood.told != agencies_on(one.replayed, day)


def _is_made_of(connection: Connection, generation: int, one: Compared) -> bool:
    """Whether the evidence kept of a person is what the records say."""
    upto = one.position
    ids = kinship.persons_at(connection, [one.person_id], upto).one_with(one.person_id)
    try:
        found = evidence.of_people(connection, generation, ids, upto)
    except ValueError:  # it reads as no fact at all
        return False
    kept = [fact for facts in found.values() for fact in facts]
    named = kinship.persons_at(connection, named_in(kept), upto)
    stated = facts_until(connection, one.person_id, upto)
    return sorted(to_document(named.known(fact)) for fact in kept) == sorted(
        map(to_document, stated)
    )


def _missing(
    connection: Connection, generation: int, people: Iterable[UUID] | None
) -> Iterator[Difference]:
    """Persons who have no profile, and of whom the records say something."""
    reached = cursor.read(connection, projecting.NAME).position
    wanted = None if people is None else list(people)
    found = connection.execute(
        "SELECT person_id FROM person p WHERE (%s::uuid[] IS NULL OR person_id = ANY(%s)) "
        "AND NOT EXISTS (SELECT FROM profile f WHERE f.generation = %s "
        "AND f.person_id = p.person_id) ORDER BY person_id",
        [wanted, wanted, generation],
    )
    for (person_id,) in found:
        if fold_person(connection, person_id, reached) != EMPTY:
            what = f"it is missing, and the records up to {reached} say something"
            yield Difference(f"profile of person {person_id}", what)
