"""Worker processes: their order, their errors, and that they end. None of it needs a ledger."""

import io
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from jejak_lrs import database
from jejak_lrs.errors import Inconsistent, Retry, Unreachable
from jejak_lrs.workers import in_order, ready, started

ROOT = Path(__file__).parents[2]
TASKS = range(20)

# Says "started" while its processes still start, then what the first two tasks came to.
STUCK = """
from itertools import count
from jejak_lrs.workers import in_order
from tests.unit.test_workers import Doubling, nothing

def tasks():
    print("started", flush=True)
    yield from count()

if __name__ == "__main__":
    try:
        for made, _ in in_order(nothing, Doubling(stuck=2), tasks(), workers=2, worth=0):
            print(made, flush=True)
    except KeyboardInterrupt:
        raise SystemExit(130)
"""


def nothing() -> Any:
    """A connection for a work that needs none."""
    return io.BytesIO()


@dataclass(frozen=True)
class Doubling:
    """A work that is killed at one task, fails at it, or is never done with it."""

    kills: int | None = None
    fails: int | None = None
    stuck: int | None = None

    def begin(self, connection: Any) -> Any:
        return connection

    def make(self, begun: Any, task: int) -> tuple[int, int]:
        if task == self.kills:
            os.kill(os.getpid(), signal.SIGKILL)
        if task == self.fails:
            raise Inconsistent(f"task {task}")
        if task == self.stuck:
            signal.pause()
        return 2 * task, os.getpid()


def by_two(work: Doubling, tasks: Sequence[int] = TASKS) -> Iterator[tuple[int, int]]:
    return in_order(nothing, work, tasks, workers=2, worth=len(TASKS))


def test_what_several_processes_make_comes_in_the_order_of_the_tasks() -> None:
    made = list(by_two(Doubling()))
    assert [double for double, _ in made] == [2 * task for task in TASKS]
    assert len({process for _, process in made} - {os.getpid()}) == 2


def test_few_tasks_are_done_by_this_process() -> None:
    assert list(by_two(Doubling(), TASKS[1:])) == [(2 * task, os.getpid()) for task in TASKS[1:]]


def test_processes_are_given_tasks_while_this_one_does_something_else() -> None:
    with started(2, nothing, Doubling(stuck=3)) as both:
        stuck, free = both
        stuck.give(0, 3)
        for task in (1, 2):
            free.give(0, task)
            assert ready(both) == [free]
            _, (double, _) = free.take()
            assert double == 2 * task
        assert ready(both, 0) == []


def test_a_process_that_is_killed_is_told_as_something_to_try_again() -> None:
    with pytest.raises(Retry, match="killed"):
        list(by_two(Doubling(kills=TASKS[-1])))


def test_what_a_process_cannot_do_is_raised_here() -> None:
    with pytest.raises(Inconsistent, match="task 9"):
        list(by_two(Doubling(fails=9)))


def test_a_process_that_cannot_connect_says_so() -> None:
    connect = partial(database.connect, "postgresql://127.0.0.1:1/none")
    with pytest.raises(Unreachable, match="cannot connect"):
        list(in_order(connect, Doubling(), TASKS, workers=2, worth=1))


@pytest.fixture
def stuck() -> Iterator[subprocess.Popen[str]]:
    """A program with two worker processes, a process group of its own."""
    with subprocess.Popen(
        [sys.executable, "-c", STUCK], cwd=ROOT, text=True, start_new_session=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        yield process
        process.kill()


def wait_for(process: subprocess.Popen[str], said: str) -> None:
    assert process.stdout is not None
    assert f"{said}\n" in iter(process.stdout.readline, "")


def wait_until_all_are_gone(process: subprocess.Popen[str]) -> str:
    """What they said of errors: its end comes when nobody has the pipe open any more."""
    return process.communicate(timeout=30)[1]


@pytest.mark.parametrize("said", ["started", "2"])
def test_a_ctrl_c_is_the_parents_alone_and_ends_all(
    stuck: subprocess.Popen[str], said: str
) -> None:
    wait_for(stuck, said)
    os.killpg(stuck.pid, signal.SIGINT)  # as a terminal does
    assert wait_until_all_are_gone(stuck) == ""
    assert stuck.returncode == 130


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_no_process_outlives_its_parent(
    stuck: subprocess.Popen[str], number: signal.Signals
) -> None:
    wait_for(stuck, "2")
    stuck.send_signal(number)
    assert wait_until_all_are_gone(stuck) == ""
    assert stuck.returncode == -number
