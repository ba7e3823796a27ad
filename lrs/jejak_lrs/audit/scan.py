"""Everything appended until a moment, stretch by stretch, and then what stands beside it."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING, Final, TypeAlias, TypeVar

from jejak_lrs import dictionaries
from jejak_lrs.audit import epochs, strays
from jejak_lrs.audit.difference import Difference
from jejak_lrs.audit.effects import Effects
from jejak_lrs.audit.examiner import Stretch
from jejak_lrs.audit.logs import ends_of
from jejak_lrs.audit.order import EARLIER
from jejak_lrs.audit.people import People
from jejak_lrs.audit.tiled import KINDS
from jejak_lrs.ledger import verbs
from jejak_lrs.ledger.books import Books
from jejak_lrs.ledger.statements import Statements
from jejak_lrs.notary.checkpoints import RECORDS, TREES
from jejak_schemas.clock import micros_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from jejak_lrs.audit.findings import Findings
    from jejak_lrs.audit.logs import Log
    from jejak_lrs.database import Connection
    from jejak_lrs.ledger.moment import Moment
    from jejak_lrs.notary.checkpoints import Name

    Examine: TypeAlias = Callable[[Iterable[Stretch]], Iterator[Findings]]

K = TypeVar("K")
V = TypeVar("V")

# Records or outcomes of one stretch, a whole number of the log's tiles: one query, under a second.
STRETCH: Final = 32 * 256


class Scan:
    """One pass over everything appended until a moment, then over what stands beside it.

    Args:
        connection: an auditor's.
        until: the moment.
        examine: what each stretch comes to, in their order.
        logs: that are held against it.
    """

    def __init__(
        self,
        connection: Connection,
        until: Moment,
        examine: Examine,
        logs: Mapping[Name, Log] | None = None,
    ) -> None:
        self._logs = logs or {}
        self._starts: dict[Name, int] = {
            name: self._logs[name].start if name in self._logs else 0 for name in TREES
        }
        self._connection = connection
        self._until = until
        self._examine = examine
        self._confirmed: Counter[str] = Counter()
        self._elsewhere: dict[str, int] = {}
        self._stored: dict[str, int] = {}
        self.books = Books(until.inboxes, whole=not any(self._starts.values()))

    def differences(self, watch: Callable[[int, int], None]) -> Iterator[Difference]:
        """Whatever is not what it must be, as it is met; afterwards `books` are complete."""
        ends = ends_of(self._until)
        total = sum(ends.values())
        done = sum(self._starts.values())
        watch(done, total)
        parts = [part for name in TREES for part in stretches(name, self._starts[name], ends[name])]
        for part, findings in zip(parts, self._examine(parts), strict=True):
            yield from self._take(KINDS[part.tree], findings)
            if part.tree in self._logs:
                self._logs[part.tree].take(findings.tops)
            done += part.end - part.start
            watch(done, total)
        for log in self._logs.values():
            yield from log.differences()
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
        since = self._starts[RECORDS]
        yield from people.end(since, past, self._confirmed["person_alias"])
        yield from strays.differences(connection, since, past, self._confirmed)
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
        last, told = max(self._stored.values(), default=None), micros_of(until.last_stored)
        if last is not None and last != told:
            how = "after" if last > told else "before"
            what = f"what was appended last is stored {how} last_stored"
            yield Difference("ledger_head", what)


def stretches(tree: Name, start: int, end: int) -> list[Stretch]:
    """[start, end) in parts of at most STRETCH, divided at its multiples."""
    marks = range(start - start % STRETCH + STRETCH, end, STRETCH)
    points = [start, *marks, end] if start < end else []
    return [Stretch(tree, *ends) for ends in pairwise(points)]


def _dictionaries(connection: Connection) -> Iterator[Difference]:
    """The dictionaries by which payloads are read back are those of this package."""
    kept = dict(dictionaries.read(connection))
    yield from _unlike("dictionary", dictionaries.shipped(), kept)


def _verbs(connection: Connection) -> Iterator[Difference]:
    """The verbs of event types are those of this package."""
    yield from _unlike("event_verb", verbs.OWN, verbs.read(connection))


def _unlike(table: str, must: Mapping[K, V], kept: Mapping[K, V]) -> Iterator[Difference]:
    for key, value in must.items():
        if kept.get(key) != value:
            yield Difference(f"{table} {key}", "it is missing or altered")
    for key in kept.keys() - must.keys():
        yield Difference(f"{table} {key}", "this version of Jejak does not know it")
