"""One pass over the record: sightings, sorted by group on disk, then each group judged.

Memory does not grow with the ledger: what was sighted lies in a temporary SQLite file, which sorts
it, and so do the findings. Records are read by several processes, in short transactions.
"""

from __future__ import annotations

import sqlite3
import tempfile
from collections import Counter
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date
from functools import partial
from itertools import groupby, islice
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Final
from uuid import UUID

import orjson

from jejak_lrs import database, dictionaries
from jejak_lrs.exceptions import judging
from jejak_lrs.exceptions.rules.odd import Known, Odd
from jejak_lrs.exceptions.sightings import (
    CERTIFICATE,
    VOID,
    Sighting,
    group_of_certificate,
    group_of_person,
    group_of_void,
    parse,
    sighting,
)
from jejak_lrs.ledger import history
from jejak_lrs.projection import kinship
from jejak_lrs.replay.gathering import registry_at
from jejak_lrs.replay.lines import WIDTH
from jejak_lrs.replay.selection import Reader, Selection, select
from jejak_lrs.workers import in_order
from jejak_schemas.clock import micros_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from jejak_lrs.database import Connection
    from jejak_lrs.exceptions.thresholds import Thresholds
    from jejak_lrs.ledger.history import Head, Record
    from jejak_lrs.replay.selection import Selected, Span
    from jejak_lrs.workers import Connect

    Watch = Callable[[int, int], None]

_Row = tuple[str, int, int, bytes]  # group, occurred_at, position, sighting
_SCHEMA: Final = """
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
PRAGMA cache_size = -65536;
CREATE TABLE sighting (key TEXT, occurred_at INTEGER, position INTEGER, said BLOB);
CREATE TABLE odd (rule TEXT, first INTEGER, person TEXT, day TEXT, positions TEXT, measure TEXT);
"""
_MANY: Final = 10_000


@dataclass(frozen=True, slots=True)
class Finding:
    """Something odd, and about whom; `person_id` None: it is about a certificate or a void."""

    rule: str
    day: date
    person_id: UUID | None
    positions: tuple[int, ...]
    measure: str


class Report:
    """What was found up to a position, on disk until it is closed."""

    def __init__(self, store: sqlite3.Connection, head: Head, counts: Counter[str]) -> None:
        self._store = store
        self.head = head
        self.counts = counts

    def findings(self, names: Iterable[str] = judging.NAMES) -> Iterator[Finding]:
        """What rules found, rule by rule in their order, by first position."""
        for name in names:
            found = self._store.execute(
                "SELECT rule, day, person, positions, measure FROM odd WHERE rule = ? "
                "ORDER BY first, positions, measure",
                [name],
            )
            for rule, day, person, positions, measure in found:
                yield Finding(
                    rule,
                    date.fromisoformat(day),
                    UUID(person) if person else None,
                    tuple(orjson.loads(positions)),
                    measure,
                )


@contextmanager
def surveyed(
    dsn: str,
    thresholds: Thresholds,
    workers: int = 1,
    watch: Watch = lambda _done, _total: None,
) -> Iterator[Report]:
    """The report of the ledger as it stands now.

    Args:
        dsn: an auditor's or a reader's address.
        thresholds: by which is judged.
        workers: processes that read side by side.
        watch: told how much is done, of how much: half of it is reading, half judging.
    """
    with closing(_nameless()) as store:
        connect = partial(database.reading, dsn, "jejak audit")
        with closing(connect()) as connection:
            head = history.head(connection)
            selected = select(connection, Selection(to_position=head.next_position - 1))
            registry = registry_at(connection, head.next_position - 1)
        _sight(store, connect, selected, workers, watch)
        known = Known(thresholds, registry, micros_of(head.last_stored))
        yield Report(store, head, _judge(store, known, selected.end, watch))


# -- sighting -----------------------------------------------------------------------------


def _nameless() -> sqlite3.Connection:
    """A store whose file is gone with this process, however that ends.

    It had a name first: to what SQLite itself makes without one, a batch takes the longer the more
    is in it, since nothing of that is ever written (three times as long in all, measured).
    """
    with tempfile.TemporaryDirectory(prefix="jejak-exceptions-") as folder:
        store = sqlite3.connect(Path(folder) / "sighted", isolation_level=None)
        store.executescript(_SCHEMA)
    return store


def _sight(
    store: sqlite3.Connection, connect: Connect, selected: Selected, workers: int, watch: Watch
) -> None:
    watch(0, 2 * selected.end)
    for end, rows in in_order(connect, _Sights(selected), selected.spans(WIDTH), workers):
        with _transaction(store):
            store.executemany("INSERT INTO sighting VALUES (?, ?, ?, ?)", rows)
        watch(end, 2 * selected.end)


@dataclass(frozen=True, slots=True)
class _Sights:
    """The work of seeing what the records of a span say."""

    selected: Selected

    def begin(self, connection: Connection) -> tuple[Connection, Reader]:
        return connection, Reader(connection, self.selected)

    def make(self, begun: tuple[Connection, Reader], span: Span) -> tuple[int, list[_Row]]:
        connection, reader = begun
        told = reader.records(span)
        seen = [(record, sighting(record, plain)) for record, plain in told]
        rows = [row for record, one in seen if one is not None for row in _rows(record, one)]
        voids = [one for _, one in seen if one is not None and one.event == VOID]
        rows += _of_voids(connection, voids, self.selected.end)
        return span.end, _joined(connection, rows, self.selected.end)


def _rows(record: Record, one: Sighting) -> Iterator[_Row]:
    if record.person_id is not None:
        yield _row(group_of_person(record.person_id), one)
    if one.event == CERTIFICATE and one.number is not None:
        yield _row(group_of_certificate(one), one)


def _row(group: str, one: Sighting) -> _Row:
    return group, one.occurred_at, one.position, one.document()


def _of_voids(connection: Connection, voids: Sequence[Sighting], end: int) -> Iterator[_Row]:
    """Voids in groups of their own, and in those of what they take back."""
    if not voids:
        return
    held = history.whereabouts(connection, {UUID(one.target) for one in voids if one.target})
    positions = [position for position, _ in held.values() if position < end]
    targets = {one.statement_id: one for one in history.records_at(connection, positions)}
    unpack = dictionaries.unpacker(connection).unpack
    for void in voids:
        target = targets.get(UUID(void.target)) if void.target else None
        if target is None:
            yield _row(group_of_void(void), void)
            continue
        of = VOID if target.event_type == VOID else target.on_behalf_of or target.party
        said = void._replace(of=of)
        yield _row(group_of_void(said), said)
        plain = None if target.payload is None else unpack(target.payload)
        taken = sighting(target, plain)
        for group, *_ in _rows(target, taken) if taken is not None else ():
            yield _row(group, said)


def _joined(connection: Connection, rows: list[_Row], end: int) -> list[_Row]:
    """The rows of persons whom BKN has merged under the id that stays."""
    people = {UUID(key[1:]) for key, *_ in rows if key.startswith("p")}
    persons = kinship.persons_at(connection, people, end - 1)
    stays = {group_of_person(one): group_of_person(persons.stays(one)) for one in people}
    return [(stays.get(key, key), at, position, said) for key, at, position, said in rows]


# -- judging ------------------------------------------------------------------------------


def _judge(store: sqlite3.Connection, known: Known, end: int, watch: Watch) -> Counter[str]:
    """Judge every group; how much each rule found."""
    counts: Counter[str] = Counter()
    ((total,),) = store.execute("SELECT count(*) FROM sighting").fetchall()
    sighted = store.execute("SELECT key, said FROM sighting ORDER BY key, occurred_at, position")
    groups = groupby(_watched(sighted, total, end, watch), key=itemgetter(0))
    found = (
        (group, odd)
        for group, rows in groups
        for odd in judging.judged(group, [parse(said) for _, said in rows], known)
    )
    while few := list(islice(found, _MANY)):
        counts.update(odd.rule for _, odd in few)
        store.executemany(
            "INSERT INTO odd VALUES (?, ?, ?, ?, ?, ?)", [_told(*each) for each in few]
        )
    return counts


def _watched(
    sighted: Iterable[tuple[str, bytes]], total: int, end: int, watch: Watch
) -> Iterator[tuple[str, bytes]]:
    for done, row in enumerate(sighted):
        if not done % _MANY:
            watch(end + end * done // total, 2 * end)
        yield row
    watch(2 * end, 2 * end)


def _told(group: str, odd: Odd) -> tuple[str, int, str | None, str, str, str]:
    person = group[1:] if group.startswith("p") else None
    positions = orjson.dumps(odd.positions).decode()
    return odd.rule, odd.positions[0], person, odd.day.isoformat(), positions, odd.measure


@contextmanager
def _transaction(store: sqlite3.Connection) -> Iterator[None]:
    store.execute("BEGIN")
    yield
    store.execute("COMMIT")
