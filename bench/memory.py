"""`python -m bench.memory [MINUTES] [EVENTS_A_SECOND]`: is the memory of each loop flat?

A home of its own with every loop, a provider that emits at a steady rate, each loop's resident
memory as its own /metrics tell it, every five seconds. The first quarter is for warming up. Flat:
the median of the last quarter is at most 5 % above that of the second. Ends with 1 where one is
not; all samples are in bench/out/memory.json.

The people are so many that nobody's history grows long in these minutes: a projector holds the
whole histories of those whom a batch is about, some 0.7 kB for each thing said of them (measured
with 1,000 people: 168 MB became 384 in ten minutes, as each came to 300 courses).
"""

import json
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path
from statistics import median
from typing import Final
from urllib.request import urlopen

from prometheus_client.parser import text_string_to_metric_families
from rich.console import Console
from rich.table import Table

from bench.asked import asked
from jejak import processes, provisioning, registrar, running, settings
from jejak.home import Home
from jejak_producers import Producer
from jejak_schemas.events import CourseCompleted
from jejak_schemas.parts import Activity, PersonRef

OUT: Final = Path(__file__).parent / "out" / "memory.json"
PEOPLE: Final = 60_000
_BORN: Final = date(1985, 3, 12)  # the first thousand
EVERY: Final = 5.0  # seconds between two looks
ALLOWED: Final = 1.05
PROVIDER: Final = provisioning.NewParty("pusdiklat", "Pusdiklat", ("provider",))

Samples = dict[str, list[float]]


def main() -> int:
    """Measure; 0 where every loop's memory is flat."""
    minutes, rate = asked(minutes=10.0, rate=500.0)
    with house() as home:
        samples = measured(home, minutes * 60, rate)
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps({"minutes": minutes, "rate": rate, "bytes": samples}) + "\n")
    show(samples, minutes, rate)
    return 0 if all(is_flat(held) for held in samples.values()) else 1


@contextmanager
def house() -> Iterator[Home]:
    """A home that is up, with one provider."""
    with tempfile.TemporaryDirectory(prefix="jejak-memory-", ignore_cleanup_errors=True) as folder:
        home = Home(Path(folder) / "home")
        with processes.running(home, settings.load(home), tell=print) as up:
            declare = registrar.declaring(up.services)
            provisioning.add_parties(up.services, home.credentials, [PROVIDER], declare)
            answering(home, until=time.monotonic() + 120)
            yield home


def answering(home: Home, until: float) -> None:
    """Wait until every loop shows its metrics."""
    while True:
        try:
            resident(home)
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.5)
        else:
            return


def measured(home: Home, seconds: float, rate: float) -> Samples:
    """Emit at `rate` for so long, and look at every loop's memory on the way."""
    samples: Samples = {loop: [] for loop in processes.LOOPS}
    began, look = time.monotonic(), EVERY
    with Producer(home.credentials_file(PROVIDER.code), receipts=False) as producer:
        for number in count():
            passed = time.monotonic() - began
            if passed > seconds:
                return samples
            if passed > look:
                look += EVERY
                for loop, held in resident(home).items():
                    samples[loop].append(held)
            if number > passed * rate:
                time.sleep(number / rate - passed)
            producer.emit(completed(number))
    return samples


def resident(home: Home) -> Mapping[str, float]:
    """The bytes that each loop holds now, as it says itself."""
    ports = {one.name: one.port for one in running.written_down(home) if one.port}
    return {loop: _resident(port) for loop, port in ports.items()}


def _resident(port: int) -> float:
    with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=60) as answer:
        for family in text_string_to_metric_families(answer.read().decode()):
            if family.name == "process_resident_memory_bytes":
                return float(family.samples[0].value)
    raise LookupError("no process_resident_memory_bytes on this system")


def completed(number: int) -> CourseCompleted:
    """One event, about one of a bounded number of people."""
    days, serial = divmod(number % PEOPLE, 1_000)
    nip = f"{_BORN + timedelta(days=days):%Y%m%d}2010011{serial:03d}"
    return CourseCompleted(
        occurred_at=datetime.now(UTC) - timedelta(hours=1),
        party=PROVIDER.code,
        learner=PersonRef(nip=nip),
        form="9",
        duration=3600,
        activity=Activity(id=f"https://pusdiklat.example/{number % 97}", name={"id": "Seminar"}),
    )


def quarters(held: Sequence[float]) -> list[float]:
    """The median of each quarter of the time."""
    size = max(1, len(held) // 4)
    return [median(held[at : at + size]) for at in range(0, 4 * size, size) if held[at : at + size]]


def is_flat(held: Sequence[float]) -> bool:
    """Whether memory stayed where it was after warming up."""
    found = quarters(held)
    return len(found) == 4 and found[3] <= found[1] * ALLOWED  # noqa: PLR2004  quarters


def show(samples: Samples, minutes: float, rate: float) -> None:
    """A table for a person."""
    table = Table(title=f"Resident memory, MB, {minutes:g} minutes at {rate:g} events/s")
    for column in ("loop", "1st quarter", "2nd", "3rd", "4th", "most", "flat"):
        table.add_column(column)
    for loop, held in samples.items():
        figures = [*quarters(held), max(held, default=0.0)]
        table.add_row(loop, *(f"{one / 1e6:.1f}" for one in figures), str(is_flat(held)))
    Console().print(table)


if __name__ == "__main__":
    sys.exit(main())
