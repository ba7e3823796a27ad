"""`python -m bench.latency [SECONDS] [EVENTS_A_SECOND]`: from acknowledgement to committed record.

One recorder, real services, a provider that sends at a steady rate for 20 s. An event's time runs
from the moment the brokers' acknowledgement reached the provider to the moment another reader of
the database saw the record, who looks every two milliseconds; so it is told a little too long.
Writes bench/out/latency.json. Ends with 1 where 1 % took over 250 ms or a recorder over 200 MB.
"""

import json
import sys
import time
from bisect import bisect_right
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path
from threading import Event, Thread
from typing import Any, Final
from uuid import UUID

import kafka

from bench.asked import asked
from bench.emit import SETTINGS
from bench.record import Bench, benches, delivered
from bench.recorders import Recorders, recorders
from jejak_lrs import roles
from jejak_lrs.database import connect
from jejak_lrs.ledger import history
from jejak_producers.delivery import Packed
from jejak_producers.kafka import murmur2
from jejak_producers.producer import pack
from jejak_schemas import kafka_python

OUT: Final = Path(__file__).parent / "out" / "latency.json"
ALLOWED_MS: Final = 250.0
ALLOWED_MB: Final = 200.0
_LOOK: Final = 0.002  # seconds between two looks at the head
_BEAT: Final = 0.01  # seconds between two handfuls that are sent
_PATIENCE: Final = 60.0


@dataclass(frozen=True, slots=True)
class Taken:
    """What a run took."""

    events: int
    per_second: float
    median_ms: float
    p99_ms: float
    worst_ms: float
    recorder_cpu_us: float
    recorder_mb: float


def main() -> int:
    """Measure; 0 where both targets are kept."""
    seconds, rate = asked(seconds=20.0, rate=2_000.0)
    with benches() as bench:
        taken = _measured(bench, seconds, rate)
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps(asdict(taken), indent=2) + "\n")
    print(json.dumps(asdict(taken), indent=2))
    return 0 if taken.p99_ms <= ALLOWED_MS and taken.recorder_mb <= ALLOWED_MB else 1


def _measured(bench: Bench, seconds: float, rate: float) -> Taken:
    wanted = round(seconds * rate)
    made = islice((make for _ in iter(int, 1) for make in bench.makers), wanted)
    packed = [pack(make(), bench.credentials.party) for make in made]
    with recorders(bench.up, 1) as some:
        some.wait_for(str(bench.credentials.topics.inbox), len(bench.begins))
        return _run(bench, some, packed, rate)


def _run(bench: Bench, some: Recorders, packed: Sequence[Packed], rate: float) -> Taken:
    dsn = bench.up.services.dsn(roles.READER)
    with closing(connect(dsn)) as connection:
        one, *packed = packed  # the first tells when the recorder has opened its partitions
        before = delivered(connection)
        _send(bench, [one], rate)
        _wait(lambda: delivered(connection) > before)
        first, start = history.head(connection).next_position, delivered(connection)
        head = _Head(dsn)
        cpu, began = some.cpu(), time.perf_counter()
        acknowledged = _send(bench, packed, rate)
        sent = time.perf_counter() - began
        _wait(lambda: delivered(connection) >= start + len(packed))
        used = some.cpu() - cpu
        some.look()
        head.stop()
        positions = connection.execute(
            "SELECT statement_id, position FROM record WHERE position >= %s", [first]
        ).fetchall()
    took = sorted(
        1000 * max(0.0, head.seen(position) - acknowledged[statement_id])
        for statement_id, position in positions
        if statement_id in acknowledged
    )
    return Taken(
        events=len(took),
        per_second=round(len(packed) / sent, 1),
        median_ms=round(took[len(took) // 2], 1),
        p99_ms=round(took[len(took) * 99 // 100], 1),
        worst_ms=round(took[-1], 1),
        recorder_cpu_us=round(used / len(packed) * 1e6, 1),
        recorder_mb=round(some.largest, 1),
    )


def _send(bench: Bench, packed: Sequence[Packed], rate: float) -> dict[UUID, float]:
    """Send at a steady rate; when each was acknowledged."""
    topic = str(bench.credentials.topics.inbox)
    client = kafka.KafkaProducer(**kafka_python.settings(bench.credentials.kafka), **SETTINGS)
    partitions = len(client.partitions_for(topic))
    acknowledged: dict[UUID, float] = {}

    def note(event_id: UUID, _: Any) -> None:
        acknowledged[event_id] = time.perf_counter()

    began, at = time.perf_counter(), 0
    while at < len(packed):
        due = min(len(packed), int((time.perf_counter() - began) * rate) + 1)
        for one in packed[at:due]:
            where = murmur2(one.key) % partitions
            sending = client.send(topic, one.value, one.key, partition=where)
            sending.add_callback(partial(note, one.event_id))
        at = due
        time.sleep(_BEAT)
    client.flush()
    client.close()
    return acknowledged


@dataclass(slots=True)
class _Head:
    """Watches the head from a thread of its own: which positions were to be seen when."""

    dsn: str
    _ends: list[int] = field(default_factory=list)
    _times: list[float] = field(default_factory=list)
    _stop: Event = field(default_factory=Event)
    _thread: Thread = field(init=False)

    def __post_init__(self) -> None:
        self._thread = Thread(target=self._look, daemon=True)
        self._thread.start()

    def _look(self) -> None:
        with closing(connect(self.dsn)) as connection:
            while not self._stop.wait(_LOOK):
                end = history.head(connection).next_position
                if not self._ends or end > self._ends[-1]:
                    self._ends.append(end)
                    self._times.append(time.perf_counter())

    def stop(self) -> None:
        """End the watch, with a last look behind it."""
        self._stop.wait(10 * _LOOK)
        self._stop.set()
        self._thread.join()

    def seen(self, position: int) -> float:
        """When the record at a position was seen to be there."""
        return self._times[bisect_right(self._ends, position)]


def _wait(done: Callable[[], bool]) -> None:
    until = time.monotonic() + _PATIENCE
    while not done():
        if time.monotonic() > until:
            raise RuntimeError("not recorded in time")
        time.sleep(0.05)


if __name__ == "__main__":
    sys.exit(main())
