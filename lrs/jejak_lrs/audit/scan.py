"""Everything appended until a moment, stretch by stretch, and then what stands beside it."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from jejak_lrs import dictionaries, verbs
from jejak_lrs.audit import epochs, strays
from jejak_lrs.audit.difference import Difference
from jejak_lrs.audit.effects import Effects
from jejak_lrs.audit.examiner import Examiner
from jejak_lrs.audit.order import EARLIER, microseconds
from jejak_lrs.audit.people import People
from jejak_lrs.books import Books
from jejak_lrs.statements import Statements

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from jejak_lrs.audit.findings import Findings
    from jejak_lrs.audit.workers import Workers
    from jejak_lrs.database import Connection
    from jejak_lrs.moment import Moment

# Records or outcomes of one stretch, a whole number of the log's tiles: one query, under a second.
STRETCH: Final = 32 * 256


class Scan:
    """One pass over everything appended until a moment, then over what stands beside it."""

    def __init__(self, connection: Connection, until: Moment, workers: Workers) -> None:
        self._connection = connection
        self._until = until
        self._workers = workers
        self._confirmed: Counter[str] = Counter()
        self._elsewhere: dict[str, int] = {}
        self._stored: dict[str, int] = {}
        self.books = Books(until.inboxes)

    def differences(self, watch: Callable[[int, int], None]) -> Iterator[Difference]:
        """Whatever is not what it must be, as it is met; afterwards `books` are complete."""
        done, total = 0, self._until.next_position + self._until.next_outcome
        watch(0, total)
        records = stretches(0, self._until.next_position)
        outcomes = stretches(0, self._until.next_outcome)
        for kind, method, parts in (
            ("record", Examiner.records, records),
            ("outcome", Examiner.outcomes, outcomes),
        ):
            for findings in self._workers.map(method, parts):
                yield from self._take(kind, findings)
                done += findings.end - findings.start
                watch(done, total)
        yield from self._end()

    def _take(self, kind: str, findings: Findings) -> Iterator[Difference]:
        first, last = findings.first_stored, findings.last_stored
        if first is not None and first < self._stored.get(kind, first):
            yield Difference(f"{kind} {findings.start}", EARLIER)
        if last is not None:
            self._stored[kind] = last
        yield from findings.named
        for key, run in findings.runs:
            self.books.enter(key, run)
        self._confirmed += findings.confirmed
        self._elsewhere |= {k: v for k, v in findings.elsewhere.items() if k not in self._elsewhere}

    def _end(self) -> Iterator[Difference]:
        connection, past = self._connection, self._until.next_position
        yield from self._above()
        yield from Effects(connection).end()
        unpacker = dictionaries.unpacker(connection)
        people = People(connection, unpacker)
        people.elsewhere = self._elsewhere
        yield from people.end(past, self._confirmed["person_alias"])
        yield from strays.differences(connection, past, self._confirmed)
        yield from epochs.differences(connection, self._until, Statements(unpacker))
        yield from _dictionaries(connection)
        yield from _verbs(connection)
        for one in self.books.balances():
            if one.wrong is not None:
                yield Difference(f"inbox {one.inbox.topic}/{one.inbox.partition}", one.wrong)

    def _above(self) -> Iterator[Difference]:
        """That nothing is above the head, and all was stored by then."""
        until = self._until
        for kind, promised, past in (
            ("record", until.next_position, until.past_records),
            ("outcome", until.next_outcome, until.past_outcomes),
        ):
            if past > promised:
                what = f"it lies above the head, which is {promised}"
                yield Difference(f"{kind} {past - 1}", what)
        if any(last > microseconds(until.last_stored) for last in self._stored.values()):
            yield Difference("ledger_head", "what was appended last is stored after last_stored")


def stretches(start: int, end: int) -> list[tuple[int, int]]:
    """[start, end) in parts of at most STRETCH, divided at its multiples."""
    marks = range(start - start % STRETCH + STRETCH, end, STRETCH)
    points = [start, *marks, end] if start < end else []
    return list(pairwise(points))


def _dictionaries(connection: Connection) -> Iterator[Difference]:
    """The dictionaries by which payloads are read back are those of this package."""
    kept = dict(dictionaries.read(connection))
    for number, content in dictionaries.shipped().items():
        if kept.get(number) != content:
            yield Difference(f"dictionary {number}", "it is missing or altered")


def _verbs(connection: Connection) -> Iterator[Difference]:
    """The verbs of event types are those of this package."""
    kept = verbs.read(connection)
    for event_type, verb in verbs.OWN.items():
        if kept.get(event_type) != verb:
            yield Difference(f"event_verb {event_type}", "it is missing or altered")
