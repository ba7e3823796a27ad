"""Loops without their start-up: forked from a program that has imported all that they import.

Each is a process of its own that runs the very command. Only the imports are done, which take most
of the seconds that a loop needs to come up; a thousand faults start some two thousand loops.
Like any child of ours (jejak/embedded/child.py) it has a session of its own and dies with us.
"""

import ctypes
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

from jejak import cli
from jejak.embedded.child import private_append

if TYPE_CHECKING:
    import io

_FORKS: Final = multiprocessing.get_context("forkserver")
_COMMANDS: Final = [f"jejak.cli.{name}" for name in cli.MODULES]
_FORKS.set_forkserver_preload(["tests.torture.run", "jejak.loops", *_COMMANDS])
_PARENTS_DEATH: Final = 1  # PR_SET_PDEATHSIG of prctl(2)


@dataclass(frozen=True, slots=True)
class Program:
    """A running program of ours."""

    name: str
    process: multiprocessing.context.ForkServerProcess

    @property
    def pid(self) -> int:
        """Its number."""
        return cast("int", self.process.pid)

    @property
    def running(self) -> bool:
        """Whether it still runs."""
        return self.process.is_alive()

    def kill(self) -> None:
        """SIGKILL, and wait for the end."""
        self.process.kill()
        self.process.join()

    def thaw(self) -> None:
        """SIGCONT."""
        os.kill(self.pid, signal.SIGCONT)


def start(
    name: str, run: Callable[..., object], *words: str, log: Path, environment: Mapping[str, str]
) -> Program:
    """Start `run(*words)`; what it says is added to `log`."""
    process = _FORKS.Process(target=_live, args=(run, words, log, dict(environment)), name=name)
    process.start()
    return Program(name, process)


def _live(
    run: Callable[..., object], words: tuple[str, ...], log: Path, environment: Mapping[str, str]
) -> None:
    """The whole life of a forked program."""
    ctypes.CDLL(None).prctl(_PARENTS_DEATH, signal.SIGKILL)
    os.setsid()
    with private_append(log) as sink:
        os.dup2(sink, 1)
        os.dup2(sink, 2)
    cast("io.TextIOWrapper", sys.stdout).reconfigure(line_buffering=True)  # it may be killed
    os.environ.update(environment)
    run(*words)
