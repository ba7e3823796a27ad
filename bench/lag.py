"""How far behind the live projection is, by the second: `make bench ONLY=lag`.

Records are appended at a steady rate by one process while another projects them; a record's lag is
from `stored` to the commit of its profile. First at 2,000 a second; then at 500 while a ruleset
that touches everybody is refolded. Both lines' rates are what was projected beside what was asked.
"""

import sys
import threading
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from uuid_utils.compat import uuid7

from bench import mix
from bench.ledgers import Server, running_server
from bench.line import Line, line
from bench.project import append, rows_of
from bench.rounds import Round
from jejak_consumers.recorder import MOST_MESSAGES
from jejak_lrs import database, roles
from jejak_lrs.database import Connection, Database
from jejak_lrs.ledger import history
from jejak_lrs.ledger.batch import Row
from jejak_lrs.projection import refolding
from jejak_lrs.projection.projecting import Projector

_EVENTS: Final = 20_000
_PEOPLE: Final = 4_000
_SECONDS: Final = 20.0
_TICK: Final = 0.1  # seconds between two appends
_AT_ONCE: Final = 1_000


def run() -> list[Line]:
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
            plain = _line(server, connection, again, 2_000, "live")
            append(writer, [replace(ruleset, statement_id=uuid7())])
            refolded = _line(server, connection, again, 500, "beside a refold of everybody")
            print(f"{refolding.backlog(connection, 1)} persons still wait", file=sys.stderr)
    return [plain, refolded]


def _line(server: Server, connection: Connection, rows: Sequence[Row], rate: int, how: str) -> Line:
    """Append for a while and project meanwhile."""
    wanted = int(rate * _SECONDS)
    sender = threading.Thread(target=_send, args=(server, rows, rate), daemon=True)
    projector, lags = Projector(), list[float]()
    after = history.head(connection).next_position - 1
    began = time.perf_counter()
    used = time.process_time()
    sender.start()
    while len(lags) < wanted:
        projector.project(connection, _AT_ONCE)
        now = datetime.now(UTC)
        at = connection.execute(
            "SELECT position FROM cursor WHERE follower = 'projector'"
        ).fetchone()
        found = history.records(connection, after, (at[0] if at else -1) - after)
        lags += [(now - one.stored).total_seconds() for one in found]
        after += len(found)
    seconds = time.perf_counter() - began
    sender.join()
    lags.sort()
    said = {f"p{share}": lags[len(lags) * share // 100] for share in (50, 99)}
    print(f"{how}: " + ", ".join(f"{k} {v:.2f} s" for k, v in said.items()), file=sys.stderr)
    asked = Round(wanted, _SECONDS, 0.0)
    took = Round(wanted, seconds, time.process_time() - used)
    return line(f"lag, {how}: p99 {said['p99']:.2f} s", [took], "what was asked", [asked])


def _send(server: Server, rows: Sequence[Row], rate: int) -> None:
    with closing(Database(server.dsn(roles.WRITER, "bench"))) as writer:
        count, sent, began = int(rate * _TICK), 0, time.perf_counter()
        while sent < rate * _SECONDS:
            first = sent % (len(rows) - count)
            fresh = [replace(row, statement_id=uuid7()) for row in rows[first : first + count]]
            append(writer, fresh)
            sent += count
            time.sleep(max(0.0, began + sent / rate - time.perf_counter()))
