"""The projector's work: from records to evidence, profiles and changes, in one transaction.

Each record is folded at its own position, with the registry of that position, so the changes that a
person's own records make do not depend on batching. Registry records that may touch people put them
into `refold`; up to CHUNK of them are folded anew in each transaction, so after these the versions
and changes on the way do depend on it. Profiles never do.

Days come in with the records (the Jakarta date on which each was stored), or as `today` where none
come. Before anything of a day is folded, what begins or ends in profiles on that day is told; of
days that were missed, one after the other.
Source: ledger.md, "Followers"; competency.md, "Projections".
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import groupby, takewhile
from typing import TYPE_CHECKING, Final

from jejak_lrs import clock, cursor, evidence, history, kinship, profiles
from jejak_lrs.arriving import Said, arrivals
from jejak_lrs.competency.persons import word_of
from jejak_lrs.competency.reach import Reach, reach_of
from jejak_lrs.cursor import Cursor
from jejak_lrs.effects import erased_by
from jejak_lrs.evidence import Arrival
from jejak_lrs.folding import Cause, Folding
from jejak_lrs.replay import registry_at
from jejak_lrs.statements import Statements
from jejak_schemas.clock import jakarta_date

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from uuid import UUID

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


@dataclass(frozen=True, slots=True)
class Slice:
    """What one transaction is to do: the records that follow `after`, all of one day or earlier.

    `turning`: profiles turn on that day; that comes first, and no records with it. `day` is None
    in an empty ledger without a day.
    """

    after: int
    records: Sequence[Record]
    day: date | None
    turning: bool = False

    @property
    def to(self) -> int:
        """The last of its positions."""
        return self.records[-1].position if self.records else self.after


class Projector:
    """Folds the ledger into one generation of the projection. For one thread.

    Keeps the registry in memory between transactions; after a failed one it is read again.
    """

    def __init__(self, generation: int = 1) -> None:
        self.generation = generation
        self._statements = Statements()
        self._registry: Registry | None = None
        self._at = -1  # the position that the registry reflects

    def project(self, connection: Connection, limit: int, today: date | None = None) -> Projected:
        """Fold up to `limit` records past the cursor, and move it: one transaction.

        Args:
            connection: the projector's.
            limit: of records.
            today: the day it is; None: no other days come than those of the records.

        Raises:
            Fenced: the cursor is gone.
            BadPayload: a record cannot be read back.
        """
        with connection.transaction():
            stands = cursor.lock(connection, NAME)
            coming = self.slice_after(connection, stands.position, limit, today)
            done = self.keep(connection, coming)
            if coming.records:
                cursor.move(connection, NAME, stands, Cursor(done.position, -1))
        return done

    def slice_after(
        self, connection: Connection, after: int, limit: int, today: date | None
    ) -> Slice:
        """What is to be done next: the turns of a day, or records up to the end of one."""
        records = history.records(connection, after, limit)
        day = clock.day(connection)
        until = jakarta_date(records[0].stored) if records else today or day
        if until is None or (day is not None and until < day):
            until = day
        if until is not None and until != day:
            turn = profiles.first_turn(connection, self.generation, until)
            if turn is not None:
                return Slice(after, (), turn, turning=True)
        return Slice(after, _of_day(records, until), until)

    def has_work(self, connection: Connection, coming: Slice) -> bool:
        """Whether anything is to be done: also where no record came."""
        return (
            bool(coming.records)
            or coming.turning
            or coming.day != clock.day(connection)
            or evidence.is_anyone_marked(connection, self.generation)
        )

    def keep(self, connection: Connection, coming: Slice) -> Projected:
        """The effect of a slice; in the cursor's transaction.

        Also folds up to CHUNK waiting persons anew, so it has work even without records.
        """
        if coming.day is None:
            return Projected(coming.after, 0, 0, 0)
        registry = self._take_registry(connection, coming.after)
        if coming.turning:
            done = self._turn(connection, registry, coming, coming.day)
        else:
            clock.move(connection, coming.day)
            done = self._fold(connection, registry, coming, coming.day)
        self._registry, self._at = registry, coming.to
        return done

    def _turn(
        self, connection: Connection, registry: Registry, coming: Slice, day: date
    ) -> Projected:
        """Tell what begins and ends on a day, for up to CHUNK persons."""
        people = profiles.turning(connection, self.generation, day, CHUNK)
        folding = Folding(connection, self.generation, registry, day)
        folding.stand(people)
        for person_id in people:
            folding.turn(person_id)
        return Projected(coming.after, 0, folding.folded, folding.write())

    def _fold(
        self, connection: Connection, registry: Registry, coming: Slice, day: date
    ) -> Projected:
        told = [
            Said(record, event)
            for record in coming.records
            if record.event_type != _SILENT
            and (event := self._statements.event_of(record)) is not None
        ]
        arriving = arrivals(connection, told, self._statements)
        evidence.insert(connection, self.generation, arriving)
        kinship.insert(connection, self.generation, told)
        folding = Folding(connection, self.generation, registry, day)
        facts = [fact for one in arriving for fact in one.facts]
        folding.load(self._concerned(connection, told, arriving), coming.after, facts)
        self._step(folding, told, arriving)
        changes = folding.write()
        anew, more = self._anew(connection, registry, coming.to, day)
        return Projected(coming.to, len(coming.records), folding.folded + anew, changes + more)

    def _concerned(
        self, connection: Connection, told: Sequence[Said], coming: Sequence[Arrival]
    ) -> set[UUID]:
        """Whom a batch is about, joins or parts."""
        words = [word for said in told if (word := word_of(said.event)) is not None]
        joined = kinship.touched(connection, self.generation, words) if words else set()
        return {one.person_id for one in coming} | joined

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
            if (word := word_of(said.event)) is not None:
                touched = folding.rejoin(word, cause)
                reach = Reach(persons=frozenset(touched))
                evidence.mark(folding.connection, self.generation, reach, record)
            if gone := erased_by(said.event):
                people = evidence.erase(folding.connection, self.generation, record.position)
                folding.erase(people, set(gone), cause)
            here = at_position[record.position]
            for person_id, group in groupby(here, key=lambda one: one.person_id):
                folding.arrive(person_id, [fact for one in group for fact in one.facts], cause)

    def _anew(
        self, connection: Connection, registry: Registry, position: int, day: date
    ) -> tuple[int, int]:
        """Fold waiting persons by everything up to `position`: how many, and their changes."""
        waiting = evidence.take_marked(connection, self.generation, CHUNK)
        folding = Folding(connection, self.generation, registry, day)
        folding.load([one.person_id for one in waiting], position)
        each = {folding.persons.stays(one.person_id): one for one in waiting}
        for person_id, one in each.items():
            cause = Cause(one.position, one.statement_id, one.stored)
            folding.fold(person_id, position, cause)
        return folding.folded, folding.write()


def _of_day(records: Sequence[Record], day: date | None) -> Sequence[Record]:
    """The records up to the end of a day: `stored` never goes back."""
    if day is None or not records or jakarta_date(records[-1].stored) <= day:
        return records
    return list(takewhile(lambda one: jakarta_date(one.stored) <= day, records))
