"""Audit check: every record of a signed ledger by two workers, and by one process alone.

Beside it what it cannot do without: the same rows out of PostgreSQL by binary COPY, and SHA-256
over bytes of their size and of their leaves. Our processor time is that of this process and of its
workers, without PostgreSQL's.
"""

import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from bench import sealed
from bench.ledgers import Server, running_server
from bench.line import Line, line
from bench.rounds import Round, Watch, Work, take_turns
from jejak_lrs import roles
from jejak_lrs.audit import check as checking
from jejak_lrs.audit import copied
from jejak_lrs.audit.check import check
from jejak_lrs.audit.logs import Published
from jejak_lrs.database import Connection, Database, connect
from jejak_lrs.ledger import history
from jejak_lrs.notary import checkpoints
from jejak_lrs.notary.notary import Notary
from jejak_lrs.tlog.keys import Keys
from jejak_lrs.tlog.note import Signer

_RECORDS: Final = 200_000
_ROUNDS: Final = 3
_TWO: Final = 2
_PLAIN: Final = 900  # bytes that are hashed of a record, on average of the demo's mix


@dataclass(frozen=True, slots=True)
class _Bench:
    server: Server
    published: Published
    records: int

    def connect(self) -> Connection:
        return connect(self.server.dsn(roles.AUDITOR, "check"))

    def check(self, beside: int) -> Round:
        """The whole check, but for a sample of profiles: there are none."""
        with closing(self.connect()) as connection:
            before, watch = _cpu(), Watch()
            report = check(connection, None, beside, self.published, profiles=0)
            taken = watch.stop(self.records)
        if not report.sound:
            raise ValueError(f"the bench's own ledger: {report.differences[0]}")
        return Round(taken.events, taken.seconds, _cpu() - before)

    def copy_out(self) -> Round:
        """The same columns, and nothing done with them."""
        with closing(self.connect()) as connection:
            watch = Watch()
            for start in range(0, self.records, 8_192):
                for _ in copied.rows(connection, start, start + 8_192):
                    pass
            return watch.stop(self.records)

    def hash(self) -> Round:
        """Commitment, leaf, and a node of the tree for each."""
        plain, leaf, node = bytes(_PLAIN), bytes(96), bytes(65)
        watch = Watch()
        for _ in range(self.records):
            hashlib.sha256(plain).digest()
            hashlib.sha256(leaf).digest()
            hashlib.sha256(node).digest()
        return watch.stop(self.records)


def run() -> list[Line]:
    """Two workers beside one process, COPY out, and bare hashing."""
    with _signed() as bench:
        works: list[Work] = [
            partial(bench.check, _TWO),
            partial(bench.check, 0),
            bench.copy_out,
            bench.hash,
        ]
        two, alone, out, hashed = take_turns(works, _ROUNDS)
    what = "audit check: every record, outcome, leaf and tile, two workers"
    return [
        line(what, two, "the same, one process", alone),
        line(what, two, "COPY out of the same rows, one process", out),
        line(what, two, "SHA-256 of as many bytes, one process", hashed),
    ]


@contextmanager
def _signed() -> Iterator[_Bench]:
    """A ledger of sealed records, its log signed to the end."""
    checking.FEW = 1  # type: ignore[misc]  # the bench's ledger is small beside a nation's
    with running_server() as server, tempfile.TemporaryDirectory(prefix="jejak-check-") as folder:
        server.make_ledger("check")
        with closing(Database(server.dsn(roles.WRITER, "check"))) as writer:
            records = sealed.append_sealed(writer, _RECORDS)
        keys = Keys(Signer.new("jejak"))
        _sign(server, Path(folder), keys)
        yield _Bench(server, Published(Path(folder), (keys.current.verifier,)), records)


def _sign(server: Server, folder: Path, keys: Keys) -> None:
    with closing(connect(server.dsn(roles.NOTARY, "check"))) as connection:
        notary = Notary(folder, "log.example/jejak", keys)
        notary.open(connection)
        head = history.head(connection)
        goal = checkpoints.goal(connection)
        while notary.waiting(goal):
            signed = notary.grow(notary.read(connection, goal))
            with connection.transaction():
                notary.keep(connection, signed, head.last_stored)
        if checkpoints.largest(connection, head.epoch, checkpoints.RECORDS) is None:
            raise ValueError("the bench's log was not signed")


def _cpu() -> float:
    """Of this process and all that it waited for: worker processes have ended by then."""
    used = os.times()
    return used.user + used.system + used.children_user + used.children_system
