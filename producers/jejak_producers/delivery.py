"""What a caller holds of an event on its way: the packed bytes, the futures, where it lies."""

import contextlib
import math
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from uuid import UUID

from jejak_producers.errors import BrokersAway, NoReceipt, ProducerError
from jejak_producers.ports import Outbox, Pending
from jejak_schemas.outgoing import Receipt


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

    __slots__ = ("_due", "_outbox", "_partition", "_pending", "_topic", "event_id", "seen")

    def __init__(
        self,
        outbox: Outbox,
        event_id: UUID,
        topic: str,
        partition: int,
        pending: Pending,
        due: float = math.inf,
    ) -> None:
        self.event_id = event_id
        self.seen = False  # once somebody has asked how it ended
        self._outbox = outbox
        self._topic = topic
        self._partition = partition
        self._pending = pending
        self._due = due  # of time.monotonic()

    def settled(self) -> bool:
        """Whether the client is through with it, and holds its bytes no more."""
        return self._pending.is_done

    def done(self) -> bool:
        """Whether it is acknowledged or failed."""
        return self._pending.is_done or time.monotonic() > self._due

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
        while not self._pending.is_done:
            left = until - time.monotonic()
            if left <= 0:
                return False
            with contextlib.suppress(Exception):  # the client's; told apart by `is_done`
                self._pending.get(None if left == math.inf else left)
        return True

    def ended(self) -> Sent | ProducerError:
        """How it ended, asked by the SDK itself: does not count as seen. MUST be done."""
        return self._error() or self._sent()

    def add_done_callback(self, call: Callable[["Delivery"], object]) -> None:
        """Call once done, from the Kafka client's thread: `call` MUST NOT emit or wait."""
        self._pending.add_both(lambda _: call(self))

    def _error(self) -> ProducerError | None:
        if not self._pending.is_done:
            return BrokersAway("the brokers did not acknowledge within the deadline")
        error = self._pending.exception
        return None if error is None else self._outbox.explain(error)

    def _sent(self) -> Sent:
        return Sent(self.event_id, self._topic, self._partition, self._pending.value.offset)


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
