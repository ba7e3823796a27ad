"""The books: every message delivered from an inbox has exactly one outcome.

Per inbox partition, at any moment: delivered = recorded + duplicates + conflicts + refused, and
the offsets of these are 0, 1, 2 ... next_offset - 1, each once. They count records and outcomes;
they trust no counter.
"""

from __future__ import annotations

import heapq
from collections import Counter
from dataclasses import dataclass, field
from operator import itemgetter
from typing import TYPE_CHECKING, Any, LiteralString, NamedTuple, TypeAlias
from uuid import UUID

import psycopg

from jejak_lrs import errors
from jejak_lrs.ledger import moment
from jejak_lrs.ledger.inboxes import Inbox
from jejak_schemas import topics

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from jejak_lrs.database import Connection

# How many positions one query reads: short transactions and flat memory, however large the ledger.
STEP = 10_000

Key: TypeAlias = tuple[UUID, int]  # topic id and partition


@dataclass(frozen=True, slots=True)
class Balance:
    """The books of one inbox partition; `wrong` says what does not balance, if anything."""

    inbox: Inbox
    recorded: int
    duplicates: int
    conflicts: int
    refused: int
    wrong: str | None

    @property
    def balanced(self) -> bool:
        """Whether nothing is missing and nothing is too much."""
        return self.wrong is None


class Run(NamedTuple):
    """Messages of one partition at the offsets [first, past) that became the same."""

    kind: str
    party: str | None
    first: int
    past: int


@dataclass(slots=True)
class _Account:
    """What became of one partition's messages. All offsets below `past` have an outcome."""

    past: int
    kinds: Counter[str] = field(default_factory=Counter)
    ahead: list[tuple[int, int]] = field(default_factory=list)  # a heap of [first, past)
    doubled: int | None = None
    earlier: int = 0  # messages that came before, and are not looked at
    strangers: set[str | None] = field(default_factory=set)

    def enter(self, run: Run) -> None:
        self.kinds[run.kind] += run.past - run.first
        heapq.heappush(self.ahead, (run.first, run.past))

    def close_up(self) -> None:
        while self.ahead and self.ahead[0][0] <= self.past:
            first, past = heapq.heappop(self.ahead)
            if first < self.past:
                self.doubled = first if self.doubled is None else min(first, self.doubled)
            self.past = max(self.past, past)


class Books:
    """Takes in what became of messages, in about the order of appends, and draws the balance.

    Flat in memory: of each partition only runs whose predecessors have not come yet.

    Args:
        inboxes: their partitions, as they stand.
        whole: whether everything comes; else what comes must only be there once, up to the end.
    """

    def __init__(self, inboxes: Iterable[Inbox], *, whole: bool = True) -> None:
        self._whole = whole
        self._inboxes = {inbox.key: inbox for inbox in inboxes}
        self._accounts = {key: _Account(0) for key in self._inboxes}

    def enter(self, key: Key, run: Run) -> None:
        """Messages of a partition: what they became, and whose they are said to be."""
        account = self._accounts.setdefault(key, _Account(0))
        account.enter(run)
        if self._whole:
            account.close_up()
        inbox = self._inboxes.get(key)
        if inbox is not None and run.party != inbox.party:
            account.strangers.add(run.party)

    def balances(self) -> list[Balance]:
        """The books of every partition, by topic, those without an inbox last."""
        if not self._whole:
            self._begin_late()
        return [_balance(self._inboxes.get(key), key, one) for key, one in self._accounts.items()]

    def _begin_late(self) -> None:
        """Take what came before as right, it has been checked, and fills every hole.

        A hole in what came since shows as a position or number that is missing.
        """
        for key, account in self._accounts.items():
            inbox = self._inboxes.get(key)
            account.earlier = (inbox.delivered if inbox else 0) - account.kinds.total()
            account.past = inbox.next_offset if inbox and not account.ahead else 0
            while account.ahead:
                account.past = max(account.past, account.ahead[0][0])
                account.close_up()


def balance(
    connection: Connection, step: int = STEP, watch: Callable[[int, int], None] | None = None
) -> list[Balance]:
    """The books of every inbox partition, as of one moment, by topic and partition.

    Args:
        connection: a reader's.
        step: how many positions or outcomes one query reads.
        watch: told how much is done, of how much.

    Raises:
        Broken: the ledger has no head.
        Unreachable, Busy: PostgreSQL went away in the middle.
    """
    try:
        return _balances(connection, step, watch or (lambda _done, _total: None))
    except psycopg.Error as exc:
        raise errors.of(exc) from None


def _balances(
    connection: Connection, step: int, watch: Callable[[int, int], None]
) -> list[Balance]:
    now = moment.read(connection)
    if now is None:
        raise errors.Broken("ledger_head has no row")
    books = Books(now.inboxes)
    streams = (
        _messages(connection, query, past, step)
        for query, past in (
            (_RECORDED, min(now.next_position, now.past_records)),
            (_TOLD, min(now.next_outcome, now.past_outcomes)),
        )
    )
    total = now.next_position + now.next_outcome
    merged = heapq.merge(*streams, key=itemgetter(0))
    for done, (_, topic_id, partition, offset, kind, party) in enumerate(merged, 1):
        books.enter((topic_id, partition), Run(kind, party, offset, offset + 1))
        if done % step == 0:
            watch(done, total)
    return books.balances()


# By the position at which they were appended.
_RECORDED: LiteralString = (
    "SELECT position, source_topic, source_partition, source_offset, 'recorded', party "
    "FROM record WHERE position >= %s AND position < %s AND source_kind = 'inbox' "
    "ORDER BY position"
)
_TOLD: LiteralString = (
    "SELECT at_position, source_topic, source_partition, source_offset, kind, party "
    "FROM outcome WHERE number >= %s AND number < %s AND source_kind = 'inbox' ORDER BY number"
)


def _messages(
    connection: Connection, query: LiteralString, past: int, step: int
) -> Iterator[tuple[Any, ...]]:
    for start in range(0, past, step):
        yield from connection.execute(query, [start, min(start + step, past)], binary=True)


def _balance(inbox: Inbox | None, key: Key, account: _Account) -> Balance:
    kinds = account.kinds
    return Balance(
        inbox=inbox or Inbox(*key, topic=f"topic id {key[0]}", party="", generation=0,
                             next_offset=0, delivered=0),
        recorded=kinds["recorded"],
        duplicates=kinds["duplicate"],
        conflicts=kinds["conflict"],
        refused=kinds["refused"],
        wrong="it has messages, and no row in inbox_offset" if inbox is None
        else _wrong(inbox, account),
    )  # fmt: skip


def _wrong(inbox: Inbox, account: _Account) -> str | None:
    """What does not balance, the most telling first."""
    known = account.earlier + account.kinds.total()
    if account.doubled is not None:
        return f"offset {account.doubled} has more than one outcome"
    if account.ahead:
        return f"offset {account.past} has no outcome"
    if inbox.next_offset != account.past:
        return f"next_offset is {inbox.next_offset}, the outcomes end before {account.past}"
    if inbox.delivered != known:
        return f"delivered is {inbox.delivered}, there are {known} outcomes"
    if account.strangers:
        return f"it is the inbox of {inbox.party}, but holds messages of another party"
    if inbox.topic != topics.inbox(inbox.party, inbox.generation):
        return f"generation {inbox.generation} of {inbox.party} cannot be {inbox.topic}"
    return None
