"""The projector's work: from records to evidence, profiles and changes, in one transaction.

Each record is folded at its own position, with the registry of that position, so the changes that a
person's own records make do not depend on batching. Registry records that may touch people put them
into `refold`; up to CHUNK of them are folded anew in each transaction, so after these the versions
and changes on the way do depend on it. Profiles never do.
Source: ledger.md, "Followers"; competency.md, "Projections".
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Final

from jejak_lrs import cursor, evidence, history
from jejak_lrs.arriving import Said, arrivals
from jejak_lrs.competency.reach import reach_of
from jejak_lrs.cursor import Cursor
from jejak_lrs.evidence import Arrival
from jejak_lrs.folding import Cause, Folding
from jejak_lrs.replay import registry_at
from jejak_lrs.statements import Statements

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jejak_lrs.competency.registry import Registry
    from jejak_lrs.database import Connection
    from jejak_lrs.history import Record

NAME: Final = "projector"
CHUNK: Final = 1_000  # persons folded anew per transaction
_SILENT: Final = "PersonSeen"  # says nothing about competency


@dataclass(frozen=True, slots=True)
class Projected:
    """What one transaction did. `position` is the cursor's new place, -1 before any record."""

    position: int
    records: int
    persons: int
    changes: int

    def __bool__(self) -> bool:
        """Whether anything came."""
        return self.records > 0 or self.persons > 0


class Projector:
    """Folds the ledger into one generation of the projection. For one thread.

    Keeps the registry in memory between transactions; after a failed one it is read again.
    """

    def __init__(self, generation: int = 1) -> None:
        self.generation = generation
        self._statements = Statements()
        self._registry: Registry | None = None
        self._at = -1  # the position that the registry reflects

    def project(self, connection: Connection, limit: int) -> Projected:
        """Fold up to `limit` records past the cursor, and move it: one transaction.

        Raises:
            Fenced: the cursor is gone.
            BadPayload: a record cannot be read back.
        """
        with connection.transaction():
            stands = cursor.lock(connection, NAME)
            records = history.records(connection, stands.position, limit)
            done = self.keep(connection, stands.position, records)
            if records:
                cursor.move(connection, NAME, stands, Cursor(done.position, -1))
        return done

    def has_work(self, connection: Connection) -> bool:
        """Whether persons wait to be folded anew, also where no record came."""
        return evidence.is_anyone_marked(connection, self.generation)

    def keep(self, connection: Connection, after: int, records: Sequence[Record]) -> Projected:
        """The effect of the records that follow position `after`; in the cursor's transaction.

        Also folds up to CHUNK waiting persons anew, so it has work even without records.
        """
        registry = self._take_registry(connection, after)
        told = [
            Said(record, event)
            for record in records
            if record.event_type != _SILENT
            and (event := self._statements.event_of(record)) is not None
        ]
        coming = arrivals(connection, told, self._statements)
        evidence.insert(connection, self.generation, coming)
        folding = Folding(connection, self.generation, registry)
        folding.load({one.person_id for one in coming}, after)
        self._step(folding, told, coming)
        changes = folding.write()
        position = records[-1].position if records else after
        anew, more = self._anew(connection, registry, position)
        self._registry, self._at = registry, position
        return Projected(position, len(records), folding.folded + anew, changes + more)

    def _take_registry(self, connection: Connection, at: int) -> Registry:
        """The registry as of a position. It grows with the batch, so it is kept at its end only:
        if the batch fails, or its commit, the next one starts elsewhere and reads it again.
        """  # noqa: D205
        registry, self._registry = self._registry, None
        return registry if registry is not None and self._at == at else registry_at(connection, at)

    def _step(self, folding: Folding, told: Sequence[Said], coming: Sequence[Arrival]) -> None:
        """Record by record: the registry first, then the persons whom it is about."""
        at_position = defaultdict[int, list[Arrival]](list)
        for one in coming:
            at_position[one.position].append(one)
        for said in told:
            record = said.record
            if folding.registry.add(said.event, record.position):
                reach = reach_of(said.event, folding.registry)
                evidence.mark(folding.connection, self.generation, reach, record)
            cause = Cause(record.position, record.statement_id, record.stored, record.event_type)
            here = at_position[record.position]
            for person_id, group in groupby(here, key=lambda one: one.person_id):
                folding.arrive(person_id, [fact for one in group for fact in one.facts], cause)

    def _anew(self, connection: Connection, registry: Registry, position: int) -> tuple[int, int]:
        """Fold waiting persons by everything up to `position`: how many, and their changes."""
        waiting = evidence.take_marked(connection, self.generation, CHUNK)
        folding = Folding(connection, self.generation, registry)
        folding.load([one.person_id for one in waiting], position)
        for one in waiting:
            cause = Cause(one.position, one.statement_id, one.stored)
            folding.fold(one.person_id, position, cause)
        return folding.folded, folding.write()
