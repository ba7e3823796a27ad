"""Failpoints do nothing until armed."""

import signal
import subprocess
import sys

import pytest

from jejak_lrs import failpoint

PROGRAM = """
from jejak_lrs import failpoint
failpoint.arm(failpoint.parse("here:3"))
for n in range(1, 9):
    failpoint.failpoint("elsewhere")
    print(n, flush=True)
    failpoint.failpoint("here")
"""


def test_the_third_pass_is_killed_where_asked() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, check=False)

    assert done.returncode == -signal.SIGKILL
    assert done.stdout.split() == [b"1", b"2", b"3"]


@pytest.mark.parametrize("spec", ["here:x", "here:1:explode"])
def test_what_cannot_be_read_is_refused(spec: str) -> None:
    with pytest.raises(ValueError, match=r"here|invalid"):
        failpoint.parse(spec)


def test_nothing_armed_does_nothing() -> None:
    failpoint.failpoint("anything")
