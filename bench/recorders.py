"""Recorder processes for a bench: brought to their partitions, held still, and let go at once."""

import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final
from urllib.request import urlopen

import psutil

from jejak.processes import Up

_PATIENCE: Final = 60.0
_MB: Final = 1024 * 1024


@dataclass(slots=True)
class Recorders:
    """Some recorders, each a process with its metrics at a port."""

    processes: Sequence[psutil.Process]
    ports: Sequence[int]
    largest: float = 0.0  # megabytes that one of them was seen to hold

    def cpu(self) -> float:
        """Seconds of processor time that they have used, and a look at what they hold."""
        times = [process.cpu_times() for process in self.processes]
        held = max(process.memory_info().rss for process in self.processes) / _MB
        self.largest = max(self.largest, held)
        return float(sum(one.user + one.system for one in times))

    def wait_for(self, topic: str) -> None:
        """Return once each has partitions of the topic."""
        until = time.monotonic() + _PATIENCE
        wanted = f'jejak_inbox_lag_messages{{topic="{topic}"}}'
        while not all(wanted in _metrics(port) for port in self.ports):
            if time.monotonic() > until:
                raise RuntimeError("not every recorder has its partitions")
            time.sleep(0.2)

    @contextmanager
    def held_still(self) -> Iterator[None]:
        """They stand still within; shorter than the session in which the group misses them."""
        self._tell(signal.SIGSTOP)
        try:
            yield
        finally:
            self._tell(signal.SIGCONT)

    def _tell(self, what: signal.Signals) -> None:
        for process in self.processes:
            process.send_signal(what)


@contextmanager
def recorders(up: Up, count: int) -> Iterator[Recorders]:
    """That many recorders, in a house that is up; stopped at the end."""
    up.recorders = count
    up.start_loops(["recorder"])
    try:
        children = [loop.process for loop in up.loops if loop.process is not None]
        processes = [psutil.Process(child.process.pid) for child in children]
        yield Recorders(processes, [loop.port for loop in up.loops])
    finally:
        up.stop_loops()


def _metrics(port: int) -> str:
    try:
        with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
            return str(answer.read(), "utf-8")
    except OSError:
        return ""  # it is about to start
