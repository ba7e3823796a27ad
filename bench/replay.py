"""Replay: from a full ledger to JSON Lines and Parquet; evidence bundles; the exceptions report.

The ledger holds rows of the real walk. Beside each: COPY of the same columns out of the same table,
the bytes thrown away, which is what PostgreSQL alone can give to one reader. A bundle's making and
checking stand beside the SHA-256 of its bytes. Processor time is that of our processes, not of
PostgreSQL's.
"""

import hashlib
import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import Final

from bench.ledgers import running_server
from bench.line import Line, line
from bench.rounds import Round, Work, take_turns
from bench.sealed import append_sealed
from jejak_lrs import roles
from jejak_lrs.audit.leaf import record_entry
from jejak_lrs.bundle import verify_bundle
from jejak_lrs.bundle.making import Log, log_in, make
from jejak_lrs.bundle.verifying import verify
from jejak_lrs.database import Connection, Database, reading
from jejak_lrs.exceptions import survey, thresholds
from jejak_lrs.ledger import history
from jejak_lrs.replay.replays import Replay
from jejak_lrs.replay.selection import Selection
from jejak_lrs.tlog.checkpoint import Checkpoint
from jejak_lrs.tlog.merkle import leaf_hash
from jejak_lrs.tlog.note import Signer
from jejak_lrs.tlog.tiles import CHECKPOINT, Edge

_RECORDS: Final = 200_000
_BUNDLED: Final = 10_000
_ROUNDS: Final = 3
_CHUNK: Final = 1_000
_COPY: Final = (
    "COPY (SELECT position, statement_id, stored, occurred_at, event_type, party, on_behalf_of, "
    "person_id, agency, verb, activity, source_kind, source_topic, source_partition, "
    "source_offset, mapping_version, warnings, payload, salt, content_tag, commitment FROM record "
    "ORDER BY position) TO STDOUT (FORMAT binary)"
)


def run() -> list[Line]:
    """Every line, on one ledger."""
    with _bench() as bench:
        works: list[Work] = [
            partial(bench.lines, 2), partial(bench.lines, 1), partial(bench.parts, 2),
            bench.exceptions, bench.copy,
        ]  # fmt: skip
        two, one, parts, odd, copied = take_turns(works, _ROUNDS)
        bundle: list[Work] = [bench.make, bench.verify, bench.verify_alone, bench.hash]
        made, checked, alone, hashed = take_turns(bundle, 1)
    copying = "COPY of the same columns out, thrown away"
    return [
        line("replay: JSON Lines, two processes", two, copying, copied),
        line("replay: JSON Lines, one process", one, copying, copied),
        line("replay: Parquet, two processes", parts, copying, copied),
        line("exceptions: one pass, two processes", odd, copying, copied),
        line(f"bundle: {_BUNDLED:,} records made", made, "SHA-256 of its bytes", hashed),
        line(f"bundle: {_BUNDLED:,} records checked", checked, "SHA-256 of its bytes", hashed),
        line("bundle: checked by the one file", alone, "SHA-256 of its bytes", hashed),
    ]


@dataclass(slots=True)
class _Bench:
    """A full ledger under a log, and a folder to write into."""

    dsn: str
    records: int
    folder: Path
    log: Log
    content: bytes = b""
    number: int = 0

    def lines(self, workers: int) -> Round:
        path = self._fresh(".jsonl")
        return _timed(lambda: self._count(Replay(self.dsn, workers).write_lines(Selection(), path)))

    def parts(self, workers: int) -> Round:
        path = self._fresh(".parquet")
        return _timed(lambda: self._count(Replay(self.dsn, workers).write_parts(Selection(), path)))

    def exceptions(self) -> Round:
        def work() -> int:
            with survey.surveyed(self.dsn, thresholds.on(date(2026, 1, 1)), 2) as report:
                return report.head.next_position

        return _timed(work)

    def copy(self) -> Round:
        def work() -> int:
            with closing(reading(self.dsn)) as connection, connection.cursor().copy(_COPY) as out:
                for _ in out:
                    pass
            return self.records

        return _timed(work)

    def make(self) -> Round:
        def work() -> int:
            with closing(reading(self.dsn)) as connection:
                made = make(connection, Selection(to_position=_BUNDLED - 1), self.log)
            self.content = made.content
            return int(made.manifest["records"])

        return _timed(work)

    def verify(self) -> Round:
        return _timed(lambda: _held(verify(self.content).holds))

    def verify_alone(self) -> Round:
        return _timed(lambda: _held(not verify_bundle.check(self.content)[1]))

    def hash(self) -> Round:
        return _timed(lambda: _held(bool(hashlib.sha256(self.content).digest())))

    def _fresh(self, suffix: str) -> Path:
        self.number += 1
        return self.folder / f"{self.number}{suffix}"

    def _count(self, replayed: object) -> int:
        del replayed
        return self.records


def _held(holds: bool) -> int:
    if not holds:
        raise AssertionError("the bundle does not hold")
    return _BUNDLED


def _timed(work: Callable[[], int]) -> Round:
    """A piece of work, with the processor time of the processes that it started."""
    began, cpu = time.perf_counter(), _processor()
    done = work()
    return Round(done, time.perf_counter() - began, _processor() - cpu)


def _processor() -> float:
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in used)


@contextmanager
def _bench() -> Iterator[_Bench]:
    with running_server() as server, tempfile.TemporaryDirectory(prefix="jejak-bench-") as folder:
        server.make_ledger("bench")
        with closing(Database(server.dsn(roles.WRITER, "bench"))) as writer:
            records = append_sealed(writer, _RECORDS)
            log = _published(writer.connection, Path(folder) / "log")
        yield _Bench(server.dsn(roles.AUDITOR, "bench"), records, Path(folder), log)


def _published(connection: Connection, folder: Path) -> Log:
    """A log of all there is, as the notary would publish it."""
    signer, edge = Signer.new("bench.example/log"), Edge()
    tiles: list[tuple[str, bytes]] = []
    after = -1
    while found := history.records(connection, after, _CHUNK):
        tiles += edge.grow(
            leaf_hash(record_entry(r.position, r.statement_id, r.stored, r.party, r.commitment))
            for r in found
        )
        after = found[-1].position
    for name, content in [*tiles, *edge.partials()]:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    signed = Checkpoint(signer.name, edge.size, edge.root()).signed(signer)
    (folder / CHECKPOINT).write_text(signed, "utf-8")
    (folder / "keys").write_text(f"{signer.verifier}\n", "utf-8")
    return log_in(folder)
