"""Which processes a home has: written down when started, known again after a crash.

A number alone says little, for the system gives it out again. A process is ours if its number, its
time of birth and a path in its command line are those written down.
"""

import json
import signal
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass

import psutil

from jejak.embedded.child import Child
from jejak.errors import Fatal
from jejak.home import Home
from jejak.private import write_private

CLOCK_SLACK = 5.0  # seconds; births are told from the wall clock, which is sometimes set


@dataclass(frozen=True, slots=True)
class Running:
    """A process as written down: `born` is in seconds since the epoch.

    `port` is where it shows its metrics; 0 where it has none.
    """

    name: str
    pid: int
    born: float
    marker: str
    port: int = 0

    @classmethod
    def this(cls, name: str) -> "Running":
        """The process that asks."""
        own = psutil.Process()
        return cls(name, own.pid, own.create_time(), "")

    @classmethod
    def of(cls, child: Child, port: int = 0) -> "Running":
        """A program that we started. One that has ended already is written down as such."""
        try:
            born = psutil.Process(child.process.pid).create_time()
        except psutil.Error:
            born = 0.0
        return cls(child.name, child.process.pid, born, child.marker, port)

    @property
    def process(self) -> psutil.Process | None:
        """The process, if it is still that one and runs."""
        try:
            found = psutil.Process(self.pid)
            same = abs(found.create_time() - self.born) < CLOCK_SLACK
            marked = not self.marker or any(self.marker in word for word in found.cmdline())
            return found if same and marked and found.status() != psutil.STATUS_ZOMBIE else None
        except psutil.Error:
            return None


def write_down(home: Home, processes: Iterable[Running]) -> None:
    """Keep who runs."""
    write_private(home.run / "processes.json", json.dumps([asdict(each) for each in processes]))


def written_down(home: Home) -> list[Running]:
    """Who ran when it was last written; the first is the supervisor."""
    try:
        found = json.loads((home.run / "processes.json").read_text("utf-8"))
        return [Running(**each) for each in found]
    except (FileNotFoundError, ValueError, TypeError):
        return []


def strike_out(home: Home) -> None:
    """Nobody runs any more."""
    (home.run / "processes.json").unlink(missing_ok=True)


def stop_leftovers(home: Home, patience: float = 30.0) -> list[str]:
    """Stop what a killed supervisor left behind; returns the names. Call while holding the home.

    Fatal if something does not stop.
    """
    left = [each for each in reversed(written_down(home)[1:]) if each.process is not None]
    for each in left:
        stop(each, patience)
    strike_out(home)
    return [each.name for each in left]


def stop(running: Running, patience: float) -> None:
    """Ask a process to stop, then make it; Fatal if it is still there after `patience` seconds."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        process = running.process
        if process is None:
            return
        process.send_signal(number)
        end = time.monotonic() + patience
        while running.process is not None and time.monotonic() < end:
            time.sleep(0.05)
    if running.process is not None:
        raise Fatal(f"{running.name} (process {running.pid}) does not stop")
