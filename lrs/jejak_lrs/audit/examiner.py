"""Checks one stretch of the ledger, over one connection: what a worker does."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

import psycopg

from jejak_lrs import dictionaries
from jejak_lrs.audit import copied, people, reading, tiled
from jejak_lrs.audit.difference import Difference
from jejak_lrs.audit.effects import Effects
from jejak_lrs.audit.findings import Findings
from jejak_lrs.audit.order import Order
from jejak_lrs.audit.outcomes import Outcomes, inbox_run
from jejak_lrs.audit.people import People
from jejak_lrs.audit.sealed import ERASED, record_wrong
from jejak_lrs.errors import Inconsistent
from jejak_lrs.ledger import history
from jejak_lrs.ledger.effects import WITH_EFFECTS
from jejak_lrs.ledger.history import Record
from jejak_lrs.ledger.statements import Statements
from jejak_lrs.notary import entries
from jejak_lrs.notary.checkpoints import LOOKS, OUTCOMES, RECORDS
from jejak_lrs.tlog.tiles import Folder

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path
    from uuid import UUID

    from jejak_lrs.database import Connection
    from jejak_lrs.notary.checkpoints import Name
    from jejak_schemas.events import Event

# The event types that say something beside themselves.
_TELLING: Final = frozenset({people.SEEN, *people.POSTINGS, *WITH_EFFECTS})
_TELLING_BYTES: Final = frozenset(name.encode() for name in _TELLING)


@dataclass(frozen=True, slots=True)
class Said:
    """A record that is sound by itself, and its event."""

    record: Record
    event: Event


@dataclass(frozen=True, slots=True)
class Place:
    """Where the files of one of the log's trees are, and up to which size they are checked."""

    path: Path
    size: int


class Stretch(NamedTuple):
    """What a tree has at [start, end): records, outcomes or looks."""

    tree: Name
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Examining:
    """The work of checking stretches, for as many processes as there are."""

    places: Mapping[Name, Place] = field(default_factory=dict)

    def begin(self, connection: Connection) -> Examiner:
        """An examiner."""
        return Examiner(connection, self.places)

    def make(self, examiner: Examiner, stretch: Stretch) -> Findings:
        """What a stretch comes to."""
        tree, start, end = stretch
        if tree == RECORDS:
            return examiner.records(start, end)
        return examiner.outcomes(start, end) if tree == OUTCOMES else examiner.looks(start, end)


class Examiner:
    """Checks stretches. For one process.

    Args:
        connection: an auditor's.
        places: of the log's trees; without them, nothing is held against any files.
    """

    def __init__(self, connection: Connection, places: Mapping[Name, Place]) -> None:
        self._places = places
        self._connection = connection
        self._unpacker = dictionaries.unpacker(connection)
        self._statements = Statements(self._unpacker)
        self._effects = Effects(connection)
        self._outcomes = Outcomes(connection)

    def records(self, start: int, end: int) -> Findings:
        """The records at [start, end), and what stands of them in the small tables."""
        findings = Findings(start, end)
        stretch = copied.sound(self._connection, start, end, self._unpacker, _TELLING_BYTES)
        if stretch is not None and not self._are_erased(stretch.erased):
            stretch = None
        told = self._name(findings) if stretch is None else self._take(stretch, findings)
        self._follow(told, findings)
        self._hash(RECORDS, findings, stretch.entries if stretch else None)
        return findings

    def outcomes(self, start: int, end: int) -> Findings:
        """The outcomes with the numbers [start, end)."""
        findings = Findings(start, end)
        self._outcomes.check(findings)
        self._hash(OUTCOMES, findings, None)
        return findings

    def looks(self, start: int, end: int) -> Findings:
        """The looks with the numbers [start, end) as the log has them; what they say: accesses."""
        findings = Findings(start, end)
        self._hash(LOOKS, findings, None)
        return findings

    def _hash(self, name: Name, findings: Findings, coming: Sequence[bytes] | None) -> None:
        """Compute the leaves, and hold the log's files against them."""
        if coming is None:
            try:
                coming = entries.read(self._connection, name, findings.start, findings.end)
            except (Inconsistent, psycopg.DataError):  # what is gone is named already
                return
        leaves = tiled.leaves_of(coming)
        findings.tops = tiled.tops_of(leaves)
        place = self._places.get(name)
        if place is not None:
            tree = Folder(place.path).tree(place.size)
            findings.add(tiled.differences(name, tree, findings.start, coming, leaves))

    def _take(self, stretch: copied.Stretch, findings: Findings) -> list[Said]:
        findings.runs = stretch.runs
        findings.first_stored = stretch.first_stored
        findings.last_stored = stretch.last_stored
        findings.confirmed["statement_key"] = findings.end - findings.start
        told: list[Said] = []
        for record in history.records_at(self._connection, stretch.telling):
            findings.add(self._told(record, told))
        return told

    def _follow(self, told: Sequence[Said], findings: Findings) -> None:
        confirmed, start, end = findings.confirmed, findings.start, findings.end
        findings.add(self._effects.follow(told, start, end, confirmed))
        persons = People(self._connection, self._unpacker)
        findings.add(persons.follow(told, confirmed))
        findings.elsewhere = persons.elsewhere

    # -- record by record, where something is wrong ------------------------------------------

    def _name(self, findings: Findings) -> list[Said]:
        """What is wrong with the records of a stretch that is not sound."""
        order = Order("record", findings.start)
        told: list[Said] = []
        for batch in reading.records(self._connection, findings.start, findings.end):
            findings.add(self._batch(batch, order, told, findings))
        findings.add(order.expect(findings.end))
        findings.first_stored, findings.last_stored = order.first_stored, order.last_stored
        return told

    def _batch(
        self,
        batch: Sequence[Record | Difference],
        order: Order,
        told: list[Said],
        findings: Findings,
    ) -> Iterator[Difference]:
        keys = self._keys([one.statement_id for one in batch if isinstance(one, Record)])
        ordered = self._ordered([one.position for one in batch if isinstance(one, Record)])
        for one in batch:
            if isinstance(one, Difference):
                order.skip(one)
                yield one
                continue
            yield from order.follow(one.position, one.stored)
            findings.runs += inbox_run(one, "recorded")
            key = keys.get(one.statement_id)
            findings.confirmed["statement_key"] += key == one.position
            if key != one.position:
                yield Difference(
                    f"record {one.position}", f"its position in statement_key is {key}"
                )
            wrong = record_wrong(one, self._unpacker, ordered=one.position in ordered)
            if wrong is not None:
                yield Difference(f"record {one.position}", wrong)
            elif one.event_type in _TELLING:
                yield from self._told(one, told)

    def _told(self, record: Record, told: list[Said]) -> Iterator[Difference]:
        """What a record says that is sound by itself is added to `told`."""
        try:
            event = self._statements.event_of(record)
        except (ValueError, KeyError):
            what = f"it does not read as {record.event_type}"
            yield Difference(f"record {record.position}", what)
            return
        if event is not None:
            told.append(Said(record, event))

    def _are_erased(self, positions: Sequence[int]) -> bool:
        """Whether these, which have no content, were ordered to be erased, and are so whole."""
        if not positions:
            return True
        nulls = ", ".join(ERASED)
        found = self._connection.execute(
            "SELECT count(*) FROM record r JOIN erasure e USING (position) "  # noqa: S608
            f"WHERE r.position = ANY(%s) AND num_nonnulls({nulls}) = 0",
            [list(positions)],
        ).fetchone()
        return found is not None and found[0] == len(positions)

    def _ordered(self, positions: Sequence[int]) -> set[int]:
        """Those whose erasure is ordered."""
        query = "SELECT position FROM erasure WHERE position = ANY(%s)"
        return {position for (position,) in self._connection.execute(query, [list(positions)])}

    def _keys(self, ids: Sequence[UUID]) -> dict[UUID, int]:
        """The positions that statement_key has for these statements."""
        query = "SELECT statement_id, position FROM statement_key WHERE statement_id = ANY(%s)"
        return dict(self._connection.execute(query, [list(ids)]).fetchall())
