"""What became of the party's events: its receipts topic, read while sending and afterwards.

The topic is a numbered chain, read by the contract's rule: `jejak_schemas.chain`.
"""

import logging
import threading
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from jejak_producers.delivery import Awaited, Delivery, Sent
from jejak_producers.errors import (
    NoReceipt,
    ProducerError,
    RegistryAway,
    RegistryRefuses,
    of_registry,
)
from jejak_producers.ports import Inlet, Message
from jejak_schemas import codec
from jejak_schemas.chain import Place, Verdict, judge
from jejak_schemas.framing import SINGLE_OBJECT, Framing, registered_id
from jejak_schemas.newer import unknown
from jejak_schemas.outgoing import Chained, Receipt
from jejak_schemas.registry.errors import RegistryError

_log = logging.getLogger(__name__)
_POLL_SECONDS: Final = 0.2
_KEPT: Final = 20_000  # receipts read while waiting for others, for whoever asks next
_Source = tuple[str, int, int]


@dataclass(slots=True)
class Chain:
    """Where a reader of receipts stands; new, it takes the first link it sees."""

    last: Place | None = None

    def accepts(self, link: Chained) -> bool:
        """Whether `link` is to be taken; if so, it is the last from now on.

        Another epoch begins anew: the ledger's life before it is over, and receipts have nothing
        to be reloaded from.
        """
        if judge(self.last, link, truncated=False) in (Verdict.DROP, Verdict.WAIT):
            return False
        self.last = Place(link.epoch, link.seq)
        return True


@dataclass(frozen=True, slots=True)
class Bookmark:
    """Where reading a receipts topic has come to: the last link, and the offset after it."""

    epoch: UUID
    seq: int
    offset: int


@dataclass(frozen=True, slots=True)
class Reading:
    """Where a reader stands: the offset that it reads next, and the last link it accepted."""

    offset: int
    last: Place | None = None


def read(message: Message, framing: Framing = SINGLE_OBJECT) -> Receipt | None:
    """The receipt in a message; None (and a warning) where it cannot be read.

    Raises RegistryAway, RegistryRefuses where a schema registry is needed for it.
    """
    try:
        return codec.read_as(Receipt, message.value, framing)
    except codec.Refusal as refusal:
        if refusal.reason == "unknown-schema" and (number := registered_id(message.value)):
            raise RegistryRefuses(
                f"receipt at offset {message.offset}: {unknown(number)}"
            ) from None
        _log.warning("receipt at offset %d cannot be read: %s", message.offset, refusal.reason)
        return None
    except RegistryError as error:
        raise of_registry(error) from error


@dataclass(frozen=True, slots=True)
class Arrival:
    """A receipt, when it was published (UTC), and where reading stands after it."""

    receipt: Receipt
    at: datetime
    bookmark: Bookmark


def backlog(
    inlet: Inlet,
    start: int,
    known: Bookmark | None = None,
    framing: Framing = SINGLE_OBJECT,
) -> Iterator[Arrival]:
    """Every receipt from offset `start` to the end as it is now, each once.

    With `known`, links at or before it are dropped. Links that the brokers no longer keep
    are a gap that explains itself: what they do keep is read from its beginning.
    """
    beginning, end = inlet.beginning(), inlet.end()
    last = Place(known.epoch, known.seq) if known and known.offset >= beginning else None
    chain = Chain(last)
    inlet.seek(max(start, beginning))
    while inlet.position() < end:
        for message in inlet.poll(_POLL_SECONDS):
            receipt = read(message, framing)
            if receipt is not None and chain.accepts(receipt):
                at = datetime.fromtimestamp(message.millis / 1_000, UTC)
                after = Bookmark(receipt.epoch, receipt.seq, message.offset + 1)
                yield Arrival(receipt, at, after)


class ReceiptReader:
    """Matches receipts to deliveries by topic, partition and offset, in a thread of its own.

    A receipt of another event than the one delivered there is not its receipt: an inbox that was
    deleted and made again counts its offsets anew.

    It stands at the topic's end (or at `start`) from the moment it is made, and reads only
    while somebody waits. Whoever waits while the schema registry is away gets RegistryAway; that
    receipt is read again for whoever asks later.
    """

    def __init__(
        self, inlet: Inlet, start: int | None = None, framing: Framing = SINGLE_OBJECT
    ) -> None:
        self._inlet = inlet
        self._framing = framing
        self.start = inlet.end() if start is None else start
        inlet.seek(self.start)
        self._chain = Chain()
        self._waiting: dict[_Source, list[tuple[Sent, Awaited]]] = {}
        self._kept: OrderedDict[_Source, Receipt] = OrderedDict()
        self._changed = threading.Condition()
        self._error: ProducerError | None = None
        self._thread: threading.Thread | None = None

    def expect(self, delivery: Delivery) -> Awaited:
        """The future of the receipt of `delivery`; fails as the delivery does."""
        awaited = Awaited(delivery)

        def acknowledged(_: Delivery) -> None:
            end = delivery.ended()
            if isinstance(end, Sent):
                self._await(end, awaited)
            else:
                awaited.set_exception(end)

        delivery.add_done_callback(acknowledged)
        return awaited

    def expect_of(self, sent: Sent) -> Awaited:
        """The future of the receipt of an event sent before, perhaps by another process."""
        awaited = Awaited()
        self._await(sent, awaited)
        return awaited

    def close(self) -> None:
        """Stop; whoever still waits gets NoReceipt."""
        self._stop(NoReceipt("the producer was closed before the receipt came"))
        if self._thread is not None:
            self._thread.join()
        self._inlet.close()

    def _await(self, sent: Sent, awaited: Awaited) -> None:
        with self._changed:
            kept = self._kept.get(sent.source)
            receipt = kept if kept is not None and _answers(kept, sent) else None
            error = self._error
            if receipt is None and error is None:
                self._waiting.setdefault(sent.source, []).append((sent, awaited))
                self._begin()
                return
        if receipt is not None:
            awaited.set_result(receipt)
        else:
            awaited.set_exception(error)

    def _begin(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="jejak-receipts", daemon=True)
            self._thread.start()
        self._changed.notify_all()

    def _run(self) -> None:
        try:
            while self._wanted():
                self._poll()
        except ProducerError as error:
            self._stop(error)

    def _poll(self) -> None:
        for message in self._inlet.poll(_POLL_SECONDS):
            try:
                self._take(message)
            except RegistryAway as away:
                self._inlet.seek(message.offset)
                self._fail(away)
                return

    def _wanted(self) -> bool:
        """Wait until somebody waits for a receipt; False once stopped."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._error)
            return self._error is None

    def _take(self, message: Message) -> None:
        receipt = read(message, self._framing)
        if receipt is None or not self._chain.accepts(receipt):
            return
        source = (receipt.topic, receipt.partition, receipt.offset)
        with self._changed:
            self._kept[source] = receipt
            if len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
            waiting = self._waiting.pop(source, [])
            others = [one for one in waiting if not _answers(receipt, one[0])]
            if others:
                self._waiting[source] = others
        for sent, awaited in waiting:
            if _answers(receipt, sent):
                awaited.set_result(receipt)

    def _stop(self, error: ProducerError) -> None:
        with self._changed:
            self._error = self._error or error
            self._changed.notify_all()
        self._fail(error)

    def _fail(self, error: ProducerError) -> None:
        with self._changed:
            waiting = [awaited for many in self._waiting.values() for _, awaited in many]
            self._waiting.clear()
        for awaited in waiting:
            awaited.set_exception(error)


def _answers(receipt: Receipt, sent: Sent) -> bool:
    """Whether a receipt of that place is about what was sent; unread messages have no id."""
    return receipt.event_id in (None, sent.event_id)
