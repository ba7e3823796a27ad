"""Growth: a ledger of 20 million records beside one of 0.2 million. `make bench ONLY=growth`.

`python -m bench.growth [RECORDS] [BESIDE]` for other sizes. Both are filled with copies of records
that the real walk made (bench/filling.py). The same rows are appended to both in turns; processor
time is this process's and its backend's together. Last, what loops and readers ask while a ledger
is in use is asked of both: a block of the database that is touched counts, wherever it lay. What
touches many more in the large one, or reads a table of it from end to end, reads on with a ledger's
size: then the bench fails.
"""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from random import Random
from typing import Final
from uuid import UUID

import psutil
from msgspec.structs import replace as another
from rich.console import Console
from rich.table import Table
from uuid_utils.compat import uuid7

from bench import mix, walk
from bench.asked import asked
from bench.filling import fill, give_aliases, person_of
from bench.ledgers import SUPERUSER, Server, running_server
from bench.line import Line, line
from bench.rounds import Round, Watch, cpu_of, take_turns
from bench.table import show
from jejak_consumers.recorder import MOST_MESSAGES
from jejak_lrs import database, outbox, roles
from jejak_lrs.cursor import Cursor
from jejak_lrs.database import Connection, Database
from jejak_lrs.ledger import history, inboxes, parties, people, standing
from jejak_lrs.ledger.appending import append
from jejak_lrs.ledger.batch import Batch, Row
from jejak_lrs.projection import evidence, profiles
from jejak_lrs.projection.projecting import NAME, Projector
from jejak_lrs.replay import gathering
from jejak_lrs.replay.selection import Selection, select

RECORDS: Final = 20_000_000
BESIDE: Final = 200_000
ALLOWED: Final = 0.8  # of the speed at the smaller size (docs/performance.md)
CHANCE: Final = Random(mix.SEED)  # noqa: S311  no secret
_SEEDS: Final = 20_000
_ROUNDS: Final = 7
_BATCHES: Final = 10  # appended in a round
_MORE: Final = 3.0  # times the blocks that something may touch in the large ledger,
_FREE: Final = 200  # beside a few: trees are deeper there


@dataclass(slots=True)
class _Ledger:
    """A filled ledger: its writer, its superuser, rows to append, how often it was copied."""

    server: Server
    name: str
    writer: Database
    root: Connection
    rows: Sequence[Row]
    copies: int
    filled: int  # the next position then

    def round(self) -> Round:
        """Append some batches of rows of ours, and see what that took."""
        batches = [self.fresh(MOST_MESSAGES) for _ in range(_BATCHES)]
        backend = psutil.Process(self.writer.connection.info.backend_pid)
        before, watch = cpu_of(backend), Watch()
        for rows in batches:
            _append(self.writer, rows)
        taken = watch.stop(_BATCHES * MOST_MESSAGES)
        return replace(taken, cpu_seconds=taken.cpu_seconds + cpu_of(backend) - before)

    def fresh(self, count: int) -> list[Row]:
        """Rows to append: new ids, about persons from all over the ledger."""
        rows = CHANCE.choices(self.rows, k=count)
        about = zip(rows, self.people(count), strict=True)
        return [another(row, statement_id=uuid7(), person_id=person) for row, person in about]

    def references(self, count: int) -> list[tuple[str, str]]:
        """What persons from all over the ledger are called."""
        found = self.root.execute(
            "SELECT kind, value FROM person_alias WHERE person_id = ANY(%s)", [self.people(count)]
        )
        return found.fetchall()

    def people(self, count: int) -> list[UUID]:
        """Persons from all over the ledger."""
        ours = [row.person_id for row in self.rows if row.person_id]
        chosen = CHANCE.choices(ours, k=count)
        return [person_of(one, CHANCE.randrange(self.copies + 1)) for one in chosen]


def run() -> list[Line]:
    """At the sizes that docs/performance.md tells of."""
    lines, sound = _measured(RECORDS, BESIDE)
    if not sound:
        raise RuntimeError("something reads on with the ledger's size: see the table")
    return lines


def _measured(records: int, beside: int) -> tuple[list[Line], bool]:
    """The line, and whether nothing was touched that grows."""
    rows = walked()
    with running_server() as server:
        small, large = (filled(server, f"of_{size}", rows, size) for size in (beside, records))
        grown, young = take_turns([large.round, small.round], _ROUNDS)
        touched = [_touched(ledger) for ledger in (small, large)]
    what = f"append to {records:,} records"
    return [line(what, grown, f"to {beside:,}", young)], _show_touched(*touched)


def walked() -> list[Row]:
    """Rows as the recorder makes them, of the demo's mix."""
    rows = walk.rows_of(_SEEDS)
    for row in rows:
        row.source = another(row.source, kind="redrive")  # no offsets are moved
    return rows


def filled(server: Server, name: str, rows: Sequence[Row], records: int) -> _Ledger:
    server.make_ledger(name)
    writer = Database(server.dsn(roles.WRITER, name))
    root = database.connect(server.dsn(SUPERUSER, name))
    for batch in mix.batches(rows, MOST_MESSAGES):
        _append(writer, batch)
    give_aliases(root)
    with closing(database.connect(server.dsn(roles.PROJECTOR, name))) as connection:
        projector = Projector()
        while projector.project(connection, 1_000):
            pass
    copies = fill(root, records)
    ours = [row for row in rows if row.person_id and not (row.needs or row.target or row.registers)]
    return _Ledger(server, name, writer, root, ours, copies, history.head(root).next_position)


def _append(writer: Database, rows: Sequence[Row]) -> None:
    append(writer, Batch(rows, history.head(writer.connection).registry_version))


# -- what is touched ------------------------------------------------------------------------

Ask = Callable[[Database], object]


def _touched(ledger: _Ledger) -> dict[str, tuple[int, int]]:
    """By question: the blocks touched, and the rows read by scans of whole tables.

    Each is asked twice, and the second time counts: the first reads the catalogue.
    """
    found = {}
    for what, role, ask in _questions(ledger):
        asker = Database(ledger.server.dsn(role, ledger.name))
        ask(asker)
        before = _seen(ledger.root, asker.connection)
        ask(asker)
        blocks, scanned = _seen(ledger.root, asker.connection)
        found[what] = blocks - before[0], scanned - before[1]
        asker.close()
    return found


def _seen(root: Connection, asker: Connection) -> tuple[int, int]:
    """Blocks that a session has touched, and rows that anybody read by scans of whole tables."""
    asker.execute("SELECT pg_stat_force_next_flush()")
    found = root.execute(
        "SELECT (SELECT sum(coalesce(hits, 0) + coalesce(reads, 0))::bigint"
        " FROM pg_stat_get_backend_io(%s) WHERE object = 'relation'),"
        " (SELECT sum(seq_tup_read)::bigint FROM pg_stat_user_tables WHERE n_live_tup > 10000)",
        [asker.info.backend_pid],
    ).fetchone()
    return found or (0, 0)


def _questions(ledger: _Ledger) -> Iterator[tuple[str, str, Ask]]:
    """All that loops and readers ask while a ledger is in use: what, as whom, how."""
    yield from _of_recorder(ledger)
    yield from _of_followers(ledger)
    yield from _of_readers(ledger)


def _of_recorder(ledger: _Ledger) -> Iterator[tuple[str, str, Ask]]:
    references = ledger.references(200)
    known = ledger.fresh(200)
    _append(ledger.writer, known)
    for what, ask in {
        "parties": lambda db: parties.load(db.connection),
        "look-up of 200 persons": lambda db: people.resolve_many(db.connection, references),
        "all inboxes": lambda db: inboxes.all_inboxes(db.connection),
        "append of 200 new": lambda db: _append(db, ledger.fresh(200)),
        "append of 200 duplicates": lambda db: _append(db, known),
    }.items():
        yield f"recorder: {what}", roles.WRITER, ask


def _of_followers(ledger: _Ledger) -> Iterator[tuple[str, str, Ask]]:
    head = history.head(ledger.root)
    at = Cursor(head.next_position - 501, -1)
    ledger.root.execute(
        "UPDATE cursor SET position = %s WHERE follower = %s", [ledger.filled - 1, NAME]
    )
    projector, publisher, some = Projector(), roles.PUBLISHER, ledger.people(500)
    yield (
        "projector: 500 records",
        roles.PROJECTOR,
        lambda db: projector.project(db.connection, 500),
    )
    yield (
        "projector: the registry",
        roles.PROJECTOR,
        lambda db: gathering.registry_at(db.connection, at.position),
    )
    yield (
        "projector: what was said of 500 persons",
        roles.PROJECTOR,
        lambda db: evidence.of_people(db.connection, 1, some, at.position),
    )
    yield (
        "projector: profiles of 500 persons",
        roles.PROJECTOR,
        lambda db: profiles.stored(db.connection, some),
    )
    yield (
        "projector: how far behind",
        roles.PROJECTOR,
        lambda db: standing.records_behind(db.connection, at),
    )
    yield (
        "publisher: 500 fates",
        publisher,
        lambda db: outbox.delivered(db.connection, at, head, 500),
    )
    yield (
        "publisher: how far behind",
        publisher,
        lambda db: standing.fates_behind(db.connection, at),
    )


def _of_readers(ledger: _Ledger) -> Iterator[tuple[str, str, Ask]]:
    record = history.records(ledger.root, ledger.filled // 2, 1)[0]
    person, last = ledger.people(1)[0], ledger.filled - 1
    for what, ask in {
        "a record by its id": lambda db: history.record_of(db.connection, record.statement_id),
        "what acts on a record": lambda db: history.acting_on(db.connection, record.statement_id),
        "1,000 records from the middle": lambda db: history.records(
            db.connection, last // 2, 1_000
        ),
        "the records of a person": lambda db: history.records_of_person(
            db.connection, person, -1, 1_000
        ),
        "a replay's choice of a person's records": lambda db: select(
            db.connection, Selection(people=(person,))
        ),
        "a profile": lambda db: profiles.stored(db.connection, [person]),
        "a person folded anew": lambda db: gathering.fold_person(db.connection, person, last),
        "the last position by a time": lambda db: history.last_position_by(
            db.connection, record.stored
        ),
    }.items():
        yield f"reader: {what}", roles.READER, ask


def _show_touched(
    small: Mapping[str, tuple[int, int]], large: Mapping[str, tuple[int, int]]
) -> bool:
    """Print what was touched in both; whether nothing reads on with a ledger's size."""
    table = Table(title="blocks touched, and rows read by scans", title_justify="left")
    for column in ("asked", "small", "large", "scanned in large", ""):
        table.add_column(column)
    sound = True
    for what, (blocks, scanned) in large.items():
        least = small[what][0]
        fine = not scanned and blocks <= least * _MORE + _FREE
        sound &= fine
        table.add_row(what, f"{least:,}", f"{blocks:,}", f"{scanned:,}", "" if fine else "GROWS")
    Console().print(table)
    return sound


def main() -> int:
    """Measure; 0 where it is fast enough and nothing grows."""
    records, beside = asked(records=RECORDS, beside=BESIDE)
    lines, sound = _measured(records, beside)
    show("growth", lines)
    return 0 if sound and all(one.ratio >= ALLOWED for one in lines) else 1


if __name__ == "__main__":
    sys.exit(main())
