"""Approvals of destruction in the ledger, and which records they choose."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from jejak_lrs.ledger import history
from jejak_lrs.ledger.statements import Statements
from jejak_schemas.clock import jakarta_date
from jejak_schemas.events import DestructionApproved

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date
    from uuid import UUID

    from jejak_lrs.database import Connection
    from jejak_lrs.ledger.history import Record

_CHUNK: Final = 1_000


@dataclass(frozen=True, slots=True)
class Choice:
    """Records that meet every condition given; none given: all. Days are Asia/Jakarta's."""

    statements: frozenset[UUID] = frozenset()
    person_id: UUID | None = None
    types: frozenset[str] = frozenset()
    since: date | None = None
    until: date | None = None

    def admits(self, record: Record, person_id: UUID) -> bool:
        """Whether a record about this person is chosen; a void is about its target's."""
        day = jakarta_date(record.occurred_at)
        return (
            (not self.statements or record.statement_id in self.statements)
            and self.person_id in (None, person_id)
            and (not self.types or record.event_type in self.types)
            and (self.since is None or day >= self.since)
            and (self.until is None or day <= self.until)
        )


@dataclass(frozen=True, slots=True)
class Approval:
    """A recorded DestructionApproved. `agency` is whose records it may choose."""

    position: int
    statement_id: UUID
    agency: str
    event: DestructionApproved

    @property
    def choice(self) -> Choice:
        """What it chooses."""
        said = self.event
        return Choice(
            statements=frozenset(said.statements),
            person_id=said.person.person_id if said.person else None,
            types=frozenset(said.types),
            since=said.since,
            until=said.until,
        )


def approvals(connection: Connection, decision: str) -> list[Approval]:
    """Every approval recorded under a decision's number, in the order of the ledger."""
    return [one for one in _all(connection) if one.event.decision == decision]


def _all(connection: Connection) -> Iterator[Approval]:
    statements = Statements()
    upto = history.head(connection).next_position
    after, kinds = -1, [DestructionApproved.__name__]
    while found := history.records_of_types(connection, kinds, after, upto, _CHUNK):
        for record in found:
            event = statements.event_of(record)
            if isinstance(event, DestructionApproved):
                agency = record.on_behalf_of or record.party
                yield Approval(record.position, record.statement_id, agency, event)
        after = found[-1].position
