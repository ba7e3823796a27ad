"""What a caller holds of an event on its way: the packed bytes, the futures, where it lies."""

import contextlib
import math
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast
from uuid import UUID

from jejak_producers.errors import BrokersAway, NoReceipt, ProducerError
from jejak_producers.ports import Pending
from jejak_schemas.outgoing import Receipt

if TYPE_CHECKING:
    from jejak_producers.gathering import Gathering


@dataclass(frozen=True, slots=True)
class Packed:
    """An event as it goes on the wire. Its repr hides the key and the bytes: they hold NIPs."""

    event_id: UUID
    event: str
    key: bytes = field(repr=False)
    value: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Sent:
    """Where an acknowledged event lies."""

    event_id: UUID
    topic: str
    partition: int
    offset: int

    @property
    def source(self) -> tuple[str, int, int]:
        """What its receipt names: topic, partition, offset."""
        return (self.topic, self.partition, self.offset)


class Delivery:
    """The future of one event. It cannot be cancelled: the event may be on its way.

    It fails with BrokersAway at its deadline, whatever the client does; where the brokers
    acknowledge after that, it tells so from then on.
    """

    __slots__ = ("_due", "_way", "event_id", "partition", "pending", "seen")

    def __init__(self, way: "Gathering", event_id: UUID, partition: int, due: float) -> None:
        self.event_id = event_id
        self.partition = partition
        self.pending: Pending | None = None  # until it is handed to the client
        self.seen = False  # once somebody has asked how it ended
        self._way = way
        self._due = due  # of time.monotonic()

    def settled(self) -> bool:
        """Whether the client is through with it, and holds its bytes no more."""
        return self.pending is not None and self.pending.is_done

    def failed(self) -> bool:
        """Whether the client is through with it in vain."""
        return self.pending is not None and self.pending.exception is not None

    def done(self) -> bool:
        """Whether it is acknowledged or failed."""
        return self.settled() or time.monotonic() > self._due

    def result(self, timeout: float | None = None) -> Sent:
        """Where the event lies, once the brokers acknowledged it.

        Raises the ProducerError it failed with; TimeoutError after `timeout` seconds.
        """
        error = self.exception(timeout)
        if error is not None:
            raise error
        return self._sent()

    def exception(self, timeout: float | None = None) -> ProducerError | None:
        """The ProducerError it failed with, None if acknowledged; TimeoutError."""
        self.seen = True
        if not self.wait(timeout):
            raise TimeoutError(f"not acknowledged within {timeout} s")
        return self._error()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for its end without asking what it is; False if it has not come."""
        until = math.inf if timeout is None else time.monotonic() + timeout
        return self.settles(min(until, self._due)) or self.done()

    def settles(self, until: float) -> bool:
        """Wait up to a moment of `time.monotonic()` for the client to be through with it."""
        pending = self._handed_over()
        while not pending.is_done:
            left = until - time.monotonic()
            if left <= 0:
                return False
            with contextlib.suppress(Exception):  # the client's; told apart by `is_done`
                pending.get(None if left == math.inf else left)
        return True

    def ended(self) -> Sent | ProducerError:
        """How it ended, asked by the SDK itself: does not count as seen. MUST be done."""
        return self._error() or self._sent()

    def add_done_callback(self, call: Callable[["Delivery"], object]) -> None:
        """Call once done, from the Kafka client's thread: `call` MUST NOT emit or wait."""
        self._handed_over().add_both(lambda _: call(self))

    def _handed_over(self) -> Pending:
        if self.pending is None:
            self._way.hand_over()
        return cast("Pending", self.pending)

    def _error(self) -> ProducerError | None:
        pending = self._handed_over()
        if not pending.is_done:
            return BrokersAway("the brokers did not acknowledge within the deadline")
        return None if pending.exception is None else self._way.outbox.explain(pending.exception)

    def _sent(self) -> Sent:
        offset = self._handed_over().value.offset
        return Sent(self.event_id, self._way.topic, self.partition, offset)


class Awaited(Future[Receipt]):
    """The future of one event's receipt. Asking for it is asking for its delivery too."""

    def __init__(self, delivery: Delivery | None = None) -> None:
        super().__init__()
        self._delivery = delivery

    def cancel(self) -> bool:
        """Nothing: always False."""
        return False

    def result(self, timeout: float | None = None) -> Receipt:
        """The receipt; raises the ProducerError that came instead.

        After `timeout` seconds NoReceipt, or BrokersAway where it is not even acknowledged.
        """
        self._look()
        try:
            return super().result(timeout)
        except TimeoutError:
            raise self._lacking(timeout or 0) from None

    def exception(self, timeout: float | None = None) -> BaseException | None:
        """The ProducerError that came instead, or None; raises as `result` when time is up."""
        self._look()
        try:
            return super().exception(timeout)
        except TimeoutError:
            raise self._lacking(timeout or 0) from None

    def _lacking(self, seconds: float) -> ProducerError:
        delivery = self._delivery
        if delivery is not None and not delivery.done():
            return BrokersAway(f"not acknowledged within {seconds:g} s")
        error = delivery.exception() if delivery else None
        return error or NoReceipt(f"no receipt within {seconds:g} s")

    def _look(self) -> None:
        if self._delivery is not None:
            self._delivery.seen = True
