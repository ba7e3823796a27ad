"""The fuzz itself: bad messages through the recorder's real walk, and a verdict on each.

A message MUST end as a finished row that can be read back, or refused with a documented reason that
is not `internal`, within a second of processor time; what is told of it holds no NIP.
"""

import resource
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Final

from jejak_consumers.directory import CutHere
from jejak_consumers.messages import Message
from jejak_consumers.walk import Walk
from jejak_lrs.ledger.batch import Item, Refused, Row
from jejak_lrs.ledger.history import Record
from jejak_lrs.ledger.statements import Statements
from jejak_schemas.framing import SINGLE_OBJECT
from jejak_schemas.reasons import REASONS
from jejak_schemas.wire import holds_nip
from tests.door import open_door
from tests.fuzz.corpus import Both, seeds
from tests.fuzz.mutator import Mutator

BATCH: Final = 1_000  # messages of one walk, and of one seed: any batch can be made again
LONGEST: Final = 1.0  # seconds of processor time that one message may take


@dataclass(slots=True)
class Report:
    """What became of the messages."""

    messages: int = 0
    raised: int = 0
    undocumented: int = 0
    slow: int = 0
    longest: float = 0.0
    outcomes: Counter[str] = field(default_factory=Counter)
    failures: list[tuple[str, Message]] = field(default_factory=list)  # the first few

    @property
    def sound(self) -> bool:
        """Whether all of them ended as they must."""
        return not (self.raised or self.undocumented or self.slow)

    def fail(self, why: str, message: Message) -> None:
        """Keep one that did not."""
        if len(self.failures) < 20:
            self.failures.append((why, message))


def run(count: int, seed: int, progress: Callable[[Report], None] = lambda _: None) -> Report:
    """Walk `count` messages made from a seed."""
    report = Report()
    both, reader = Both(), Statements()
    for batch in range(-(-count // BATCH)):
        random = Random(f"{seed}/{batch}")  # noqa: S311  no secret
        mutator = Mutator(random, seeds(), (SINGLE_OBJECT, both))
        walk = open_door(both)
        for offset in range(min(BATCH, count - batch * BATCH)):
            message = mutator.message(offset)
            walk = _judge(report, reader, walk, message)
        progress(report)
    return report


def _judge(report: Report, reader: Statements, walk: Walk, message: Message) -> Walk:
    report.messages += 1
    began = time.thread_time()
    try:
        walk, item = _carried(walk, message)
        taken = time.thread_time() - began
        said = _amiss(item, reader)
    except Exception as exc:  # noqa: BLE001  whatever it is, it is what is looked for
        report.raised += 1
        report.fail(f"raised {type(exc).__name__}: {exc}", message)
        return open_door(walk.framing, walk.finisher)
    report.outcomes[item.reason if isinstance(item, Refused) else "recorded"] += 1
    report.longest = max(report.longest, taken)
    if taken > LONGEST:
        report.slow += 1
        report.fail(f"took {taken:.1f} s", message)
    if said:
        report.undocumented += 1
        report.fail(said, message)
    return walk


def _carried(walk: Walk, message: Message) -> tuple[Walk, Item]:
    """As the recorder does: a message that must wait is the first of the next batch."""
    try:
        return walk, walk.carry(message)
    except CutHere:
        walk = open_door(walk.framing, walk.finisher)
        return walk, walk.carry(message)


def _amiss(item: Item, reader: Statements) -> str | None:
    """What is wrong with an outcome; None: nothing."""
    if isinstance(item, Row):
        event = reader.event_of(_record_of(item))
        return None if event is not None and event.event_id == item.statement_id else "unlike"
    if item.reason not in REASONS or item.reason == "internal":
        return f"refused as {item.reason}: {item.trace}"
    return "tells a NIP" if holds_nip(f"{item.field} {item.detail}") else None


def _record_of(row: Row) -> Record:
    """The record that the ledger would make of a row."""
    return Record(**{name: getattr(row, name, None) for name in Record.__match_args__})


def peak() -> int:
    """The most memory that this process has had, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
