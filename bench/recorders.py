"""Recorder processes for a bench: brought to their partitions, held still, and let go at once."""

import signal
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any, Final

import kafka
import psutil
from kafka.errors import CoordinatorNotAvailableError

from jejak.processes import Up
from jejak_consumers.kafka import RECORDERS
from jejak_schemas import kafka_python

_PATIENCE: Final = 60.0
_MB: Final = 1024 * 1024


@dataclass(slots=True)
class Recorders:
    """Some recorders, each a process."""

    up: Up
    processes: Sequence[psutil.Process]
    largest: float = 0.0  # megabytes that one of them was seen to hold

    def cpu(self) -> float:
        """Seconds of processor time that they have used."""
        times = [process.cpu_times() for process in self.processes]
        return float(sum(one.user + one.system for one in times))

    def look(self) -> None:
        """See what they hold."""
        held = max(process.memory_info().rss for process in self.processes) / _MB
        self.largest = max(self.largest, held)

    def wait_for(self, topic: str, partitions: int) -> None:
        """Return once all partitions of a topic are theirs, and each has some.

        Those of a recorder that was stopped are its own until the group misses it.
        """
        until = time.monotonic() + _PATIENCE
        access = kafka_python.settings(self.up.services.kafka(self.up.services.operator))
        with closing(kafka.KafkaAdminClient(**access)) as admin:
            while True:
                counts = [one[topic] for one in owned(admin) if one[topic]]
                if len(counts) == len(self.processes) and sum(counts) == partitions:
                    return
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
        yield Recorders(up, [psutil.Process(child.process.pid) for child in children])
    finally:
        up.stop_loops()


def owned(admin: Any) -> list[Counter[str]]:
    """How many partitions of each topic each member of the group has, as the brokers say."""
    try:
        members = admin.describe_groups([RECORDERS])[RECORDERS]["members"]
    except CoordinatorNotAvailableError:  # nobody has joined yet
        return []
    given = [
        (member["member_assignment"] or {}).get("assigned_partitions", ()) for member in members
    ]
    return [Counter({each["topic"]: len(each["partitions"]) for each in one}) for one in given]
