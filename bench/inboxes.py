"""A recorder over many inboxes: `python -m bench.inboxes [INBOXES]` (1,000, two partitions each).

Real services, each party added as `jejak party add` does. Says how long adding takes; the seconds
until a recorder reads every partition, until a publisher has told every party, until a second
recorder that joins reads its half, and until the first reads again what a killed second one read;
what an idle recorder costs, and its memory; how fast traffic spread over all inboxes is recorded,
beside the same traffic in one. Takes minutes, so it is not one of `make bench`.
"""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, LiteralString

import kafka
import psutil
import psycopg

from bench.asked import asked
from bench.house import running_house
from bench.recorders import owned
from bench.rounds import cpu_of
from jejak import provisioning, registrar
from jejak.processes import Loop, Up
from jejak.provisioning import NewParty
from jejak_lrs import roles
from jejak_lrs.database import connect
from jejak_schemas import codec, kafka_python, topics
from jejak_schemas.catalogue import entry_of
from jejak_schemas.events import CourseCompleted
from jejak_schemas.parts import Activity, PersonRef

OUT: Final = Path(__file__).parent / "out" / "inboxes.json"
EVENTS: Final = 24_000  # of a run that is timed
_PEOPLE: Final = 1_000
_IDLE: Final = 10.0  # seconds
_PATIENCE: Final = 900.0
_UNTOLD: Final = (
    "SELECT next_position - 1 - coalesce("
    "(SELECT position FROM cursor WHERE follower = 'publisher-receipts'), -1) FROM ledger_head"
)
_NOW: Final = datetime.now(UTC)

Figures = Iterator[tuple[str, float]]


def main(inboxes: int) -> None:
    """Measure, print each figure as it comes, write all down."""
    codes = [f"p{number:04}" for number in range(inboxes)]
    figures: dict[str, float] = {"inboxes": inboxes}
    with running_house([]) as (up, _), _bench(up, codes) as bench:
        for what, figure in bench.figures():
            figures[what] = round(figure, 1)
            print(f"{what:<58}{figure:>12,.1f}", flush=True)
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps(figures, indent=2) + "\n")


@dataclass(slots=True)
class _Bench:
    """Running services, the clients of the bench, how much was sent, the recorders by slot."""

    up: Up
    codes: Sequence[str]
    producer: Any
    admin: Any
    reader: psycopg.Connection[Any]
    sent: int = 0
    recorders: dict[int, Loop] = field(default_factory=dict)

    def figures(self) -> Figures:
        """What is measured, in order."""
        yield "seconds until all are added", self._added()
        yield "seconds from start until one reads all", self._started()
        yield "seconds until a publisher has told all of them", self._told()
        yield "CPU ms a second while nothing comes", self._idle()
        yield "MB it holds", self._held()
        yield "seconds from a second's start until each owns its half", self._joined()
        yield "seconds from then until both read all", self._read()
        yield "seconds from a second's kill until one reads all", self._left()
        yield from self._rates("spread over all", self.codes)
        yield from self._rates("in one inbox", self.codes[:1])
        yield "MB it holds at the end", self._held()

    # -- what is timed --------------------------------------------------------------------

    def _added(self) -> float:
        began = time.monotonic()
        parties = [NewParty(code, code, ("provider",)) for code in self.codes]
        declare = registrar.declaring(self.up.services)
        provisioning.add_parties(self.up.services, self.up.home.credentials, parties, declare)
        taken = time.monotonic() - began
        # All at once: at each topic that is new to it the library asks for all that it knows.
        self.producer._metadata.set_topics([topics.inbox(code) for code in self.codes])  # noqa: SLF001
        return taken

    def _started(self) -> float:
        self._send(self.codes, 2 * len(self.codes))
        began = time.monotonic()
        self._start(1)
        self._settle()
        return time.monotonic() - began

    def _told(self) -> float:
        began = time.monotonic()
        loop = Loop("publisher", self.up.home)
        loop.start()
        try:
            _until(lambda: self._ask(_UNTOLD) == 0, "receipts")
        finally:
            _running(loop).kill()
        return time.monotonic() - began

    def _joined(self) -> float:
        began = time.monotonic()
        self._start(2)
        _until(lambda: sorted(self._owned()) == [len(self.codes)] * 2, "two owners")
        return time.monotonic() - began

    def _read(self) -> float:
        """Until what is sent now to every partition is recorded."""
        began = time.monotonic()
        self._send(self.codes, 2 * len(self.codes))
        self._settle()
        return time.monotonic() - began

    def _left(self) -> float:
        self._kill(2)
        return self._read()

    def _rates(self, where: str, codes: Sequence[str]) -> Figures:
        """With the recorder stopped meanwhile, so that it finds all at once."""
        self._kill(1)
        before = self.sent
        self._send(codes, EVENTS)
        self._start(1)
        while (at := self._recorded()) == before:
            time.sleep(0.005)
        began, cpu = time.monotonic(), self._cpu()
        self._settle()
        events = self.sent - at
        yield f"events/s, {where}", events / (time.monotonic() - began)
        yield f"CPU us an event, {where}", (self._cpu() - cpu) / events * 1e6

    def _idle(self) -> float:
        cpu = self._cpu()
        time.sleep(_IDLE)
        return (self._cpu() - cpu) / _IDLE * 1e3

    # -- what it looks at -----------------------------------------------------------------

    def _held(self) -> float:
        return float(self._process().memory_info().rss) / 1e6

    def _cpu(self) -> float:
        return cpu_of(self._process())

    def _process(self) -> psutil.Process:
        return psutil.Process(_running(self.recorders[1]).pid)

    def _recorded(self) -> int:
        return self._ask("SELECT sum(delivered) FROM inbox_offset")

    def _ask(self, query: LiteralString) -> int:
        found = self.reader.execute(query).fetchone()
        return int(found[0]) if found else 0

    def _owned(self) -> list[int]:
        """How many partitions each member of the group has, as the brokers say."""
        return [one.total() for one in owned(self.admin)]

    # -- what it does ---------------------------------------------------------------------

    def _start(self, slot: int) -> None:
        self.recorders[slot] = loop = Loop("recorder", self.up.home, slot)
        loop.start()

    def _kill(self, slot: int) -> None:
        process = _running(self.recorders.pop(slot))
        process.kill()
        process.wait()

    def _send(self, codes: Sequence[str], events: int) -> None:
        """To every partition in turn."""
        for number in range(events):
            code = codes[number // 2 % len(codes)]
            event = _completed(code, number)
            key = entry_of(event).key_of(event).encode()
            self.producer.send(topics.inbox(code), codec.encode(event), key, partition=number % 2)
        self.producer.flush()
        self.sent += events

    def _settle(self) -> None:
        _until(lambda: self._recorded() >= self.sent, "records")


@contextmanager
def _bench(up: Up, codes: Sequence[str]) -> Iterator[_Bench]:
    access = kafka_python.settings(up.services.kafka(up.services.operator))
    with (
        closing(kafka.KafkaProducer(**access, acks="all", linger_ms=20)) as producer,
        closing(kafka.KafkaAdminClient(**access)) as admin,
        closing(connect(up.services.dsn(roles.READER))) as reader,
    ):
        bench = _Bench(up, codes, producer, admin, reader)
        try:
            yield bench
        finally:
            for loop in bench.recorders.values():
                _running(loop).kill()


def _until(done: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + _PATIENCE
    while not done():
        if time.monotonic() > end:
            raise TimeoutError(f"no {what} within {_PATIENCE:.0f} s")
        time.sleep(0.05)


def _running(loop: Loop) -> Any:
    if loop.process is None:
        raise RuntimeError("the recorder did not start")
    return loop.process.process


def _completed(party: str, number: int) -> CourseCompleted:
    person = number % _PEOPLE
    return CourseCompleted(
        occurred_at=_NOW - timedelta(hours=1),
        party=party,
        learner=PersonRef(nip=f"19850312201001{1 + person % 2}{person:03d}"),
        activity=Activity(id=f"https://{party}.example/1", name={"id": "Seminar"}),
    )


if __name__ == "__main__":
    main(*asked(inboxes=1_000))
