"""Which facts become whose, and when: the step from records to evidence.

A record's facts are its person's at its own position. A void names no person: it belongs to the
person of its target, at its own position, or at the target's where that comes later.
"""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING

from msgspec import Struct

from jejak_lrs.competency.extraction import facts_of
from jejak_lrs.competency.gist import Gist
from jejak_lrs.ledger import history
from jejak_lrs.projection.evidence import Arrival
from jejak_schemas.events import StatementVoided

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from jejak_lrs.competency.facts import Fact
    from jejak_lrs.database import Connection
    from jejak_lrs.ledger.history import Entry
    from jejak_lrs.ledger.statements import Statements
    from jejak_schemas.events import Event


class Said(Struct, frozen=True, gc=False):
    """What a record says: facts, and its event where more than they may be asked for."""

    record: Entry
    facts: tuple[Fact, ...]
    event: Event | None


def said_in(records: Iterable[Entry], statements: Statements) -> Iterator[Said]:
    """What records say; those that say nothing left out."""
    for record in records:
        event = statements.folded_of(record)
        if event is not None:
            facts = facts_of(event, record.position, record.statement_id)
            yield Said(record, facts, None if isinstance(event, Gist) else event)


def arrivals(
    connection: Connection,
    records: Sequence[Entry],
    told: Sequence[Said],
    statements: Statements,
) -> list[Arrival]:
    """The facts of a batch of records, each with its person, in the order of arrival.

    `told` are those of the records that say something. Three queries at most, whatever the batch.
    """
    found = [*owned(told), *of_voids(connection, records, told, statements)]
    return sorted(found, key=attrgetter("position", "person_id"))


def owned(told: Iterable[Said]) -> Iterator[Arrival]:
    """What records say about their own persons."""
    for said in told:
        record = said.record
        if said.facts and record.person_id is not None:
            yield Arrival(record.person_id, record.position, said.facts)


def of_voids(
    connection: Connection,
    records: Sequence[Entry],
    told: Sequence[Said],
    statements: Statements,
) -> list[Arrival]:
    """The voids among `told`, and those that waited for one of the records."""
    waited = _voids_that_waited(connection, records, statements)
    return [*_voids(connection, told), *waited]


def _voids(connection: Connection, told: Sequence[Said]) -> Iterator[Arrival]:
    """Voids whose target is recorded before them."""
    told = [one for one in told if one.event is not None]  # `isinstance` asks a model at length
    voids = [(said, said.event) for said in told if isinstance(said.event, StatementVoided)]
    if not voids:
        return
    known = history.whereabouts(connection, {event.target for _, event in voids})
    for said, event in voids:
        position, person_id = known.get(event.target, (said.record.position, None))
        if person_id is not None and position < said.record.position:
            yield Arrival(person_id, said.record.position, said.facts)


def _voids_that_waited(
    connection: Connection, records: Sequence[Entry], statements: Statements
) -> Iterator[Arrival]:
    """Voids recorded before their target, which is in this batch, also one that says nothing."""
    targets = {one.statement_id: one for one in records if one.person_id}
    if not targets:
        return
    waiting = [
        (targets[target], position)
        for target, position in history.references_to(connection, targets)
        if position < targets[target].position
    ]
    voids = {
        one.position: one
        for one in (history.records_at(connection, {at for _, at in waiting}) if waiting else ())
    }
    for target, position in waiting:
        void = voids[position]
        event = statements.event_of(void)
        if event is not None and target.person_id is not None:
            facts = facts_of(event, position, void.statement_id)
            if facts:  # what undoes a merge acts on it, too, and says nothing of a statement
                yield Arrival(target.person_id, target.position, facts)
