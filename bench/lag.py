"""How far behind the live projection is, by the second: `make bench ONLY=lag`.

Records are appended at a steady rate by one process while another projects them; a record's lag is
from `stored` to the commit of its profile. First at 2,000 a second; then at 500 while a ruleset
that touches everybody is refolded. Both lines' rates are what was projected beside what was asked.
`python -m bench.lag [PEOPLE] [SECONDS]`: more people than are simulated are copies of these
(bench/filling.py), and what is appended is about any of them.
"""

import multiprocessing
import sys
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from multiprocessing.synchronize import Event
from random import Random
from typing import Final

from msgspec.structs import replace
from uuid_utils.compat import uuid7

from bench import mix
from bench.asked import asked
from bench.filling import fill_projected, person_of
from bench.ledgers import SUPERUSER, Server, running_server
from bench.line import Line, line
from bench.project import append, rows_of
from bench.rounds import Round
from bench.table import show
from jejak_consumers.recorder import MOST_MESSAGES
from jejak_lrs import cursor, database, roles
from jejak_lrs.database import Connection, Database
from jejak_lrs.ledger import history
from jejak_lrs.ledger.batch import Row
from jejak_lrs.projection import refolding
from jejak_lrs.projection.projecting import NAME, Projector
from jejak_lrs.tidying import Tidying

_EVENTS: Final = 20_000
_PEOPLE: Final = 4_000
_SECONDS: Final = 20.0
_TICK: Final = 0.1  # seconds between two appends
_AT_ONCE: Final = 1_000


def run(people: int = _PEOPLE, seconds: float = _SECONDS) -> list[Line]:
    """Both rates."""
    rows = rows_of(_EVENTS, _PEOPLE)
    again = [row for row in rows if row.person_id and not (row.needs or row.target)]
    ruleset = next(row for row in rows if row.event_type == "RulesetPublished")
    with running_server() as server:
        server.make_ledger("bench")
        with (
            closing(Database(server.dsn(roles.WRITER, "bench"))) as writer,
            closing(database.connect(server.dsn(roles.PROJECTOR, "bench"))) as connection,
        ):
            for batch in mix.batches(rows, MOST_MESSAGES):
                append(writer, batch)
            while Projector().project(connection, _AT_ONCE):
                pass
            copies = _copy(server, people) if people > _PEOPLE else 0
            streams = _Streams(server, connection, again, copies, seconds)
            plain = streams.line(2_000, "live")
            append(writer, [replace(ruleset, statement_id=uuid7())])
            refolded = streams.line(500, "beside a refold of everybody")
            left = refolding.backlog(connection, 1)
            print(f"{left:,} of some {people:,} persons still wait", file=sys.stderr)
    return [plain, refolded]


def _copy(server: Server, people: int) -> int:
    with closing(database.connect(server.dsn(SUPERUSER, "bench"))) as root:
        return fill_projected(root, history.head(root).next_position * people // _PEOPLE)


@dataclass(frozen=True, slots=True)
class _Streams:
    """Records that are appended at a rate while they are projected."""

    server: Server
    connection: Connection
    rows: Sequence[Row]
    copies: int
    seconds: float

    def line(self, rate: int, how: str) -> Line:
        """Append for a while and project meanwhile."""
        wanted = int(rate * self.seconds)
        context = multiprocessing.get_context("spawn")
        ready = context.Event()
        dsn = self.server.dsn(roles.WRITER, "bench")
        given = dsn, self.rows, self.copies, rate, self.seconds, ready
        sender = context.Process(target=_send, args=given, daemon=True)
        sender.start()
        if not ready.wait(60.0):
            raise RuntimeError("the sender did not start")
        began, used = time.perf_counter(), time.process_time()
        lags = self._lags(wanted)
        seconds = time.perf_counter() - began
        sender.join()
        said = {f"p{share}": lags[len(lags) * share // 100] for share in (50, 99)}
        said["worst"] = lags[-1]
        print(f"{how}: " + ", ".join(f"{k} {v:.2f} s" for k, v in said.items()), file=sys.stderr)
        asked_for = Round(wanted, self.seconds, 0.0)
        took = Round(wanted, seconds, time.process_time() - used)
        return line(f"lag, {how}: p99 {said['p99']:.2f} s", [took], "what was asked", [asked_for])

    def _lags(self, wanted: int) -> list[float]:
        """The lag of each of so many records that come, in seconds, in order of size."""
        projector, lags = Projector(), list[float]()
        after = history.head(self.connection).next_position - 1
        with Tidying() as tidying:  # as the projector's loop
            while len(lags) < wanted:
                projector.project(self.connection, _AT_ONCE)
                now = datetime.now(UTC)
                at = cursor.read(self.connection, NAME).position
                found = history.records(self.connection, after, at - after)
                lags += [(now - one.stored).total_seconds() for one in found]
                after += len(found)
                tidying.tidy()
        return sorted(lags)


def _send(
    dsn: str, rows: Sequence[Row], copies: int, rate: int, seconds: float, ready: Event
) -> None:
    """Append at a rate, about anybody; in a process of its own, as the recorder."""
    anybody = Random(rate)  # noqa: S311  the same people in each run
    with closing(Database(dsn)) as writer:
        ready.set()
        count, sent, began = int(rate * _TICK), 0, time.perf_counter()
        while sent < rate * seconds:
            first = sent % (len(rows) - count)
            some = rows[first : first + count]
            append(writer, [_anew(row, anybody.randint(0, copies)) for row in some])
            sent += count
            time.sleep(max(0.0, began + sent / rate - time.perf_counter()))


def _anew(row: Row, copy: int) -> Row:
    """The same said again, of the person's copy."""
    person_id = person_of(row.person_id, copy) if row.person_id else None
    return replace(row, statement_id=uuid7(), person_id=person_id)


def main() -> int:
    """Measure for so many people."""
    people, seconds = asked(people=_PEOPLE, seconds=int(_SECONDS))
    show("lag", run(people, seconds))
    return 0


if __name__ == "__main__":
    sys.exit(main())
