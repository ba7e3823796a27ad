"""Loops killed in mid-batch, again and again, lose nothing and double nothing.

A small `make torture`, always the same: real Kafka, real PostgreSQL, each loop a real process under
traffic; judged by its own SQL, its own reading of Kafka and its own list of what was sent.
"""

from pathlib import Path

import pytest

from tests.torture.faults import KILLS, OTHERS
from tests.torture.run import torture

pytestmark = pytest.mark.kills

SEED = 2026
QUICK = (
    "recorder frozen at recorder.before-append, takeover, thaw",
    "two recorders own one partition",
    "PostgreSQL stopped at once",
    "recorder's backend ended",
    "line cut before COMMIT",
    "line cut after COMMIT",
    "flood of duplicates in disorder",
    "one id, two contents, two parties",
)


def test_loops_killed_at_every_failpoint_lose_and_double_nothing(tmp_path: Path) -> None:
    faults = {**KILLS, **{name: OTHERS[name] for name in QUICK}}
    report = torture(tmp_path, faults, len(faults), SEED, print)
    assert report.wrong == (0, 0, 0, 0), report.words
    assert {line.fault for line in report.lines} == set(faults)
    assert report.kills >= 29
