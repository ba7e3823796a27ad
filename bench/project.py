"""Project: from committed records to profiles and changes, live and by a rebuild.

The demo's mix, walked and appended as the recorder does, on a PostgreSQL of its own with fsync on.
Live is one process, 1,000 records a transaction, everything it does: evidence, profiles, changes,
cursor. A rebuild is whole, from its beginning until it stands where the projector stands, with two
worker processes that have to start first, over copies as well (bench/filling.py). Beside them, over
the same records: reading them, and the fold alone, in memory.
"""

import gc
import resource
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Final

from msgspec.structs import replace

from bench import mix, walk
from bench.filling import fill_projected
from bench.ledgers import SUPERUSER, running_server
from bench.line import Line, line
from bench.rounds import Round, Watch, Work, take_turns
from jejak.rebuilding import Rebuilding
from jejak_consumers.directory import STATEMENT
from jejak_consumers.recorder import MOST_MESSAGES
from jejak_lrs import database, roles
from jejak_lrs.competency.assess import assess
from jejak_lrs.competency.profile import canonical, digest
from jejak_lrs.database import Connection, Database
from jejak_lrs.ledger import appending, history
from jejak_lrs.ledger.batch import Batch, Row
from jejak_lrs.projection import evidence, rebuild, switching
from jejak_lrs.projection.projecting import Projector
from jejak_lrs.replay.gathering import registry_at
from jejak_lrs.tidying import Tidying

_EVENTS: Final = 20_000
_PEOPLE: Final = 4_000
_ROUNDS: Final = 3
_TIMES: Final = 9  # as many copies: processes that start are a small part of a rebuild
_AT_ONCE: Final = 1_000  # records a transaction, as the projector's loop


def run() -> list[Line]:
    """The live projection."""
    with benches(_EVENTS, _PEOPLE) as bench:
        live, read, folded = take_turns([bench.live, bench.read, bench.fold], _ROUNDS)
    what = "project: committed records to profiles and changes, live"
    return [
        line(what, live, "reading the same records", read),
        line(what, live, "the fold alone: each person once, in memory", folded),
    ]


def run_rebuild() -> list[Line]:
    """The rebuild."""
    with benches(_EVENTS, _PEOPLE) as bench:
        bench.live()
        fill_projected(bench.root, _TIMES * bench.records)
        bench.records = history.head(bench.root).next_position
        works: list[Work] = [partial(bench.rebuild, 2), bench.read, bench.fold]
        rebuilt, read, folded = take_turns(works, _ROUNDS)
    what = "rebuild: records to profiles, two workers"
    return [
        line(what, rebuilt, "reading the same records, one process", read),
        line(what, rebuilt, "the fold alone: each person once, in memory, one process", folded),
    ]


@contextmanager
def benches(events: int, people: int) -> Iterator["Bench"]:
    """A ledger that holds a nation's records."""
    rows = rows_of(events, people)
    with running_server() as server:
        server.make_ledger("bench")
        with (
            closing(Database(server.dsn(roles.WRITER, "bench"))) as writer,
            closing(database.connect(server.dsn(SUPERUSER, "bench"))) as root,
            closing(database.connect(server.dsn(roles.PROJECTOR, "bench"))) as connection,
        ):
            for batch in mix.batches(rows, MOST_MESSAGES):
                append(writer, batch)
            root.execute("VACUUM (ANALYZE)")
            yield Bench(root, connection, server.dsn(roles.PROJECTOR, "bench"), len(rows))


def rows_of(events: int, people: int) -> list[Row]:
    """Everything a nation says, as the recorder makes rows of it."""
    nation = mix.simulated(events, people)
    deliveries = [one for one in nation.deliveries() if not one.note and one.event is not None]
    house = walk.house_of(nation, deliveries)
    messages = [walk.message_of(offset, one) for offset, one in enumerate(deliveries)]
    ids = {(STATEMENT, str(one.event.event_id)) for one in deliveries if one.event is not None}
    rows: list[Row] = []
    for batch in mix.batches(messages, MOST_MESSAGES):
        walked = house.walk()
        walked.directory.asked |= ids
        rows += [row for row in map(walked.carry, batch) if isinstance(row, Row)]
    for row in rows:
        row.source = replace(row.source, kind="redrive")  # no offsets are moved
    return rows


def append(writer: Database, rows: Sequence[Row]) -> None:
    """Append rows."""
    appending.append(writer, Batch(rows, history.head(writer.connection).registry_version))


@dataclass(slots=True)
class Bench:
    """A full ledger. Each round of `live` begins with no projection."""

    root: Connection
    connection: Connection
    dsn: str
    records: int

    def live(self) -> Round:
        """Project every record, from none."""
        self.root.execute("TRUNCATE evidence, profile, change, refold, refold_reach")
        self.root.execute("UPDATE clock SET day = NULL")
        self.root.execute("DELETE FROM cursor")
        projector = Projector()
        watch = Watch()
        with Tidying() as tidying:  # as the projector's loop
            while projector.project(self.connection, _AT_ONCE):
                tidying.tidy()
        return watch.stop(self.records)

    def rebuild(self, workers: int) -> Round:
        """Both phases and the following; then what was made is dropped."""
        rebuilding = Rebuilding(self.dsn, self.connection, workers)
        used, watch = _children(), Watch()
        making = rebuilding.begin()
        rebuilding.both_phases(lambda _phase, _done: None)
        rebuilding.follow()
        taken = watch.stop(self.records)
        found = rebuild.read(self.connection)
        if found is None or found.phase != "follow":
            raise RuntimeError("the rebuild did not come to its end")
        switching.give_up(self.connection, making)
        return Round(taken.events, taken.seconds, taken.cpu_seconds + _children() - used)

    def read(self) -> Round:
        """Read every record."""
        watch, after = Watch(), -1
        while found := history.records(self.connection, after, _AT_ONCE):
            after = found[-1].position
        return watch.stop(self.records)

    def fold(self) -> Round:
        """Fold everybody once, to the digest, with all there is to know in memory."""
        registry = registry_at(self.connection, self.records)
        people = [
            person_id
            for (person_id,) in self.connection.execute("SELECT DISTINCT person_id FROM evidence")
        ]
        facts = evidence.of_people(self.connection, 1, people, self.records)
        gc.collect()
        watch = Watch()
        for own in facts.values():
            digest(canonical(assess(own, registry)))
        return watch.stop(self.records)


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
