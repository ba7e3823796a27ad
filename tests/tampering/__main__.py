"""`make torture-audit`: N tamperings from SEED; ends with 1 if one was missed or falsely found.

Goes on where an earlier run of the same seed stopped, on a ledger of its own; whoever removes the
file that it names begins again.
"""

import logging
import sys
import tempfile
from pathlib import Path

import structlog
from rich.console import Console
from rich.table import Table

from bench.asked import asked
from tests import services
from tests.tampering.deeds import DEEDS
from tests.tampering.run import Score, tamper
from tests.tampering.site import signed_ledger

_TOLD_EVERY = 250
_KEPT_EVERY = 25


def main() -> int:
    """The command; returns its exit code."""
    count, seed = asked(tamperings=10_000, seed=1)
    state = Path(tempfile.gettempdir()) / f"jejak-tampering-{seed}.json"
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    score, told = Score.load(state), Console(stderr=True, soft_wrap=True)
    told.print(f"{score.line}; kept in {state}")
    with (
        tempfile.TemporaryDirectory(prefix="jejak-tampering-") as folder,
        services.embedded_postgres(Path(folder)) as server,
        signed_ledger(services.migrated(server, "tampered"), Path(folder) / "site") as ledger,
    ):
        for _ in tamper(ledger, count, seed, score):
            if score.made.total() % _KEPT_EVERY == 0:
                score.save(state)
            if score.made.total() % _TOLD_EVERY == 0:
                told.print(score.line)
    score.save(state)
    return _tell(score)


def _tell(score: Score) -> int:
    table = Table("kind", "made")
    for kind in DEEDS:
        table.add_row(kind, f"{score.made[kind]:,}")
    said = Console(soft_wrap=True)
    said.print(table)
    for one in (*score.missed, *score.false_alarms):
        said.print(one)
    said.print(f"{score.untouched} times untouched in between")
    said.print(score.line)
    return 1 if score.missed or score.false_alarms else 0


if __name__ == "__main__":
    sys.exit(main())
