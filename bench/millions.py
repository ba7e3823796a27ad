"""A nation's size, once: exceptions over 5 million records, the notary over one million.

`make bench ONLY=millions`, or `python -m bench.millions [RECORDS] [SIGNED]`. The ledger
is filled as that of `growth` is. Progress goes to standard error. Beside both stands COPY of what
the notary reads. Memory is the most that any one of our processes had by then.
"""

import resource
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Final

from rich.console import Console

from bench.asked import asked
from bench.growth import filled, walked
from bench.ledgers import Server, running_server
from bench.line import Line, line
from bench.rounds import Round, Watch
from bench.table import show
from jejak_lrs import roles
from jejak_lrs.database import connect
from jejak_lrs.exceptions import survey, thresholds
from jejak_lrs.notary import entries
from jejak_lrs.notary.checkpoints import RECORDS, Goal, goal
from jejak_lrs.notary.notary import MOST, Notary
from jejak_lrs.tlog.keys import Keys
from jejak_lrs.tlog.note import Signer

SURVEYED: Final = 5_000_000
SIGNED: Final = 1_000_000
_NAME: Final = "millions"
_STEPS: Final = 20  # times that progress is told
_told = Console(stderr=True)


def run() -> list[Line]:
    """At the sizes that docs/performance.md tells of."""
    return _measured(SURVEYED, SIGNED)


def _measured(records: int, signed: int) -> list[Line]:
    with running_server() as server, tempfile.TemporaryDirectory(prefix="jejak-bench-") as folder:
        filled(server, _NAME, walked(), records)
        copied = _copied(server, signed)
        notarised = _notarised(server, Path(folder), signed)
        surveyed = _surveyed(server)
    copying = "COPY of what the notary reads, one process"
    return [
        line(f"notary, catching up with {signed:,}", [notarised], copying, [copied]),
        line(f"exceptions over {records:,}, two processes", [surveyed], copying, [copied]),
    ]


def _surveyed(server: Server) -> Round:
    watch = Watch()
    found = survey.surveyed(
        server.dsn(roles.AUDITOR, _NAME), thresholds.on(date(2026, 1, 1)), 2, _teller("exceptions")
    )
    with found as report:
        taken = watch.stop(report.head.next_position)
        _told.print(f"{report.counts}; {_memory()}")
    return taken


def _notarised(server: Server, folder: Path, records: int) -> Round:
    with closing(connect(server.dsn(roles.NOTARY, _NAME))) as connection:
        notary = Notary(folder, "bench.example", Keys(Signer.new("bench")))
        notary.open(connection)
        wanted = goal(connection)
        wanted = Goal(wanted.epoch, {**wanted.ends, RECORDS: records})
        tell, watch = _teller("notary"), Watch()
        while waiting := notary.waiting(wanted):
            tell(records - waiting, records)
            notary.grow(notary.read(connection, wanted))
        taken = watch.stop(records)
    _told.print(f"signed {notary.heads()[0].checkpoint.size:,}; {_memory()}")
    return taken


def _copied(server: Server, records: int) -> Round:
    with closing(connect(server.dsn(roles.NOTARY, _NAME))) as connection:
        watch = Watch()
        for start in range(0, records, MOST):
            entries.read(connection, RECORDS, start, min(start + MOST, records))
        return watch.stop(records)


def _teller(what: str) -> Callable[[int, int], None]:
    """Tells how far it is, some times."""
    began, last = time.monotonic(), 0

    def tell(done: int, total: int) -> None:
        nonlocal last
        if done * _STEPS // total > last:
            last = done * _STEPS // total
            _told.print(f"{what}: {done:,} of {total:,} after {time.monotonic() - began:.0f} s")

    return tell


def _memory() -> str:
    own, workers = (
        resource.getrusage(who).ru_maxrss // 1024
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    return f"{own} MB at most here, {workers} MB in the largest worker"


def main() -> int:
    """The command; returns its exit code."""
    records, signed = asked(records=SURVEYED, signed=SIGNED)
    show("millions", _measured(records, signed))
    return 0


if __name__ == "__main__":
    sys.exit(main())
