"""Facts and registry straight from the ledger, up to a position: what a replay folds.

The projector keeps evidence as it goes; a replay reads the records themselves. Both run the same
`facts_of`, `Registry.add` and `assess`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from jejak_lrs.competency.assess import assess
from jejak_lrs.competency.extraction import facts_of
from jejak_lrs.competency.persons import named_in
from jejak_lrs.competency.registry import REGISTRY_EVENTS, Registry
from jejak_lrs.ledger import history
from jejak_lrs.ledger.statements import Statements
from jejak_lrs.projection import kinship

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID

    from jejak_lrs.competency.facts import Fact
    from jejak_lrs.competency.profile import Profile
    from jejak_lrs.database import Connection
    from jejak_lrs.ledger.history import Record

_CHUNK: Final = 1_000


def fold_person(
    connection: Connection, person_id: UUID, upto: int, registry: Registry | None = None
) -> Profile:
    """A person's profile by the records at positions <= `upto` alone.

    Args:
        connection: a reader's.
        person_id: whose.
        upto: the last position that counts; a committed prefix never changes.
        registry: as of `upto`; read from the ledger where it is not given.
    """
    known = registry_at(connection, upto) if registry is None else registry
    return assess(facts_until(connection, person_id, upto), known)


def facts_until(connection: Connection, person_id: UUID, upto: int) -> list[Fact]:
    """What was said about a person up to a position, and voids of it; nothing of the absorbed."""
    statements = Statements()
    ids = kinship.persons_at(connection, [person_id], upto).one_with(person_id)
    records = [record for one in ids for record in _of_person(connection, one, upto)]
    gone = history.ordered_erased(connection, [record.position for record in records], upto)
    records = [record for record in records if record.position not in gone]
    acting = _acting(connection, [record.statement_id for record in records], upto)
    facts = [fact for record in (*records, *acting) for fact in _facts(statements, record)]
    named = kinship.persons_at(connection, named_in(facts), upto)
    return [named.known(fact) for fact in facts]


def registry_at(connection: Connection, upto: int) -> Registry:
    """The registry by the records at positions <= `upto`."""
    return RegistryReader(connection).at(upto)


class RegistryReader:
    """The registry at one position after the other, each record of it read once."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._registry = Registry()
        self._statements = Statements()
        self._after = -1

    def at(self, upto: int) -> Registry:
        """The registry by the records at positions <= `upto`, which MUST not go back.

        It is one object that grows: what was asked for before has grown with it.
        """
        while found := self._read(upto):
            for record in found:
                event = self._statements.event_of(record)
                if event is not None:
                    self._registry.add(event, record.position)
            self._after = found[-1].position
        return self._registry

    def _read(self, upto: int) -> list[Record]:
        return history.records_of_types(
            self._connection, REGISTRY_EVENTS, self._after, upto, _CHUNK
        )


def _of_person(connection: Connection, person_id: UUID, upto: int) -> Iterator[Record]:
    after = -1
    while found := history.records_of_person(connection, person_id, after, _CHUNK):
        yield from (record for record in found if record.position <= upto)
        after = found[-1].position


def _acting(connection: Connection, targets: list[UUID], upto: int) -> list[Record]:
    referring = history.references_to(connection, targets)
    return history.records_at(connection, {at for _, at in referring if at <= upto})


def _facts(statements: Statements, record: Record) -> tuple[Fact, ...]:
    event = statements.event_of(record)
    return facts_of(event, record.position, record.statement_id) if event is not None else ()
