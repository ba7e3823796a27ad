"""The provider's producer: events in, acknowledged facts out.

    with Producer("lan.toml") as producer:
        sent = producer.emit(event).result()

Promises: a future MUST NOT resolve to `Sent` before all in-sync brokers acknowledged the
message; `emit` MUST block, never hold more than `in_flight` bytes; a failure that nobody
looked at MUST be raised by `flush` or `close`, never pass in silence. A failed event may
still have arrived: emit the same object again, its `event_id` makes that a no-op.
"""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import Final, Literal, Self, overload

from jejak_producers.delivery import Awaited, Delivery, Packed, Sent
from jejak_producers.errors import (
    BadEvent,
    BrokersAway,
    Closed,
    NotAllowed,
    of_registry,
)
from jejak_producers.flight import InFlight
from jejak_producers.gathering import Gathering
from jejak_producers.kafka import KafkaInlet, KafkaOutbox, murmur2
from jejak_producers.ports import Inlet, Outbox
from jejak_producers.receipts import ReceiptReader
from jejak_schemas import codec
from jejak_schemas.catalogue import entry_of
from jejak_schemas.clock import MOST_AHEAD
from jejak_schemas.credentials import Credentials
from jejak_schemas.events import Event, SystemEvent
from jejak_schemas.framing import SINGLE_OBJECT, Framing
from jejak_schemas.outgoing import Receipt
from jejak_schemas.registry.errors import RegistryError
from jejak_schemas.traces import OFF, Step, Traces

_LAST_SECONDS: Final = 2.0  # for what was emitted before the caller's own error
_KEYS: Final = 65_536  # partitions remembered: murmur2 costs 7 us a key in Python


def pack(
    event: Event, party: str, now: datetime | None = None, framing: Framing = SINGLE_OBJECT
) -> Packed:
    """Encode `event` for the inbox of `party`; raises BadEvent for what can be known here.

    With a schema registry also RegistryAway, RegistryRefuses.
    """
    if event.party != party:
        raise BadEvent("wrong-party", "party")
    if isinstance(event, SystemEvent):
        raise BadEvent("system-only")
    if event.occurred_at > (now or datetime.now(UTC)) + MOST_AHEAD:
        raise BadEvent("occurred-in-future", "occurred_at")
    try:
        value = codec.encode(event, framing)
    except codec.Refusal as refusal:
        raise BadEvent.of(refusal) from None
    except RegistryError as error:
        raise of_registry(error) from error
    if len(value) > codec.LARGEST:
        raise BadEvent("too-large")
    entry = entry_of(event)
    return Packed(event.event_id, entry.name, entry.key_of(event).encode(), value)


class Producer:
    """One party's connection to its inbox. Use it from any thread; make it after a fork.

    `credentials` is the party's file or its contents. `patience` bounds connecting, `deadline`
    how long an event may go unacknowledged and how long `emit` may block, both in seconds;
    `in_flight` bounds the bytes held. With `receipts=False` receipts cannot be asked for, and a
    connection is saved; `receipts_from` is an offset of the receipts topic to read from, by
    default its end as it is now. With `framing=SchemaRegistry(...)` events are written in
    Confluent's framing; both framings are always read. With `traces=Traces(share, tracer)` a share
    of the events is traced by OpenTelemetry, each in the trace that has its id.

    Raises CredentialsError, BrokersAway, WrongUserOrPassword, NotAllowed.
    """

    def __init__(  # noqa: PLR0913  all but one have a default
        self,
        credentials: Credentials | Path | str,
        *,
        patience: float = 15.0,
        deadline: float = 120.0,
        in_flight: int = 32 * 1024 * 1024,
        receipts: bool = True,
        receipts_from: int | None = None,
        framing: Framing = SINGLE_OBJECT,
        traces: Traces = OFF,
        outbox: Outbox | None = None,
        inlet: Inlet | None = None,
    ) -> None:
        if not isinstance(credentials, Credentials):
            credentials = Credentials.load(Path(credentials))
        self.party = credentials.party
        self.topic = _inbox(credentials)
        self._deadline = deadline
        self._framing = framing
        self._traces = traces
        self._flight = InFlight(in_flight)
        self._lock = threading.Lock()
        self._open = True
        self._outbox = outbox or KafkaOutbox(credentials.kafka, self.topic, patience, deadline)
        self._gathering = Gathering(self._outbox, self.topic)
        self._reader: ReceiptReader | None = None
        try:
            self._partition_of = _partitioner(self._outbox.partitions())
            if receipts and credentials.topics.receipts:
                inlet = inlet or KafkaInlet(
                    credentials.kafka, credentials.topics.receipts, patience
                )
                # Its end is taken before anything is sent, so no receipt can be missed.
                self._reader = ReceiptReader(inlet, receipts_from, framing)
        except BaseException:
            self._outbox.close(force=True)
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None:
            self.close()
        else:
            self._abandon()

    @overload
    def emit(self, event: Event, *, wait: Literal["brokers"] = "brokers") -> Delivery: ...
    @overload
    def emit(self, event: Event, *, wait: Literal["receipt"]) -> Awaited: ...

    def emit(
        self, event: Event, *, wait: Literal["brokers", "receipt"] = "brokers"
    ) -> Delivery | Awaited:
        """Send one event; the future resolves when `wait` has been waited for.

        To `Sent` once the brokers acknowledged, or to its `Receipt` once the ledger answered.
        Raises BadEvent at once, BrokersAway after blocking for the deadline, Closed; RegistryAway
        and RegistryRefuses before anything is sent.
        """
        if wait == "receipt":
            return self._receipts().expect(self.send(self.pack(event)))
        return self.send(self.pack(event))

    def pack(self, event: Event) -> Packed:
        """Encode `event` as `emit` would, without sending it."""
        return pack(event, self.party, framing=self._framing)

    def send(self, packed: Packed) -> Delivery:
        """Send an event packed before: the same bytes, whatever has changed since."""
        size = len(packed.key) + len(packed.value)
        partition = self._partition_of(packed.key)
        with self._lock:
            if not self._open:
                raise Closed
            if not self._flight.room_for(size, self._deadline):
                raise BrokersAway(f"nothing was acknowledged within {self._deadline:g} s")
            began, now = time.time_ns(), time.monotonic()
            headers = self._traces.headers(packed.event_id) if self._traces.on else ()
            delivery = Delivery(self._gathering, packed.event_id, partition, now + self._deadline)
            self._flight.add(delivery, size)
            self._gathering.add(delivery, packed, headers, now)
        if headers:
            self._trace(packed, delivery, began)
        return delivery

    def _trace(self, packed: Packed, delivery: Delivery, began: int) -> None:
        """Make the span of an event from here to its acknowledgement."""
        step = Step("jejak emit", packed.event_id, {"jejak.event": packed.event})
        span = self._traces.begin(step, began)
        if span is not None:
            delivery.add_done_callback(lambda _: span.end())

    def await_receipt(self, delivery: Delivery) -> Awaited:
        """The future of the receipt of an event emitted by this producer."""
        return self._receipts().expect(delivery)

    def receipt(self, delivery: Delivery, timeout: float = 30.0) -> Receipt:
        """The receipt of an event emitted by this producer; raises as `Awaited.result`.

        It may be asked for late, but of receipts that passed while waiting for others only the
        last 20,000 are kept: ask in about the order of emitting.
        """
        return self.await_receipt(delivery).result(timeout)

    def receipt_of(self, sent: Sent) -> Awaited:
        """The future of the receipt of an event sent before, perhaps by another process."""
        return self._receipts().expect_of(sent)

    @property
    def receipts_from(self) -> int | None:
        """The offset of the receipts topic from which receipts are known; None without one."""
        return self._reader.start if self._reader else None

    def flush(self, timeout: float | None = None) -> None:
        """Wait until all is acknowledged; raises BrokersAway, or a failure nobody looked at."""
        with self._lock:
            waiting = self._flight.drain(self._deadline if timeout is None else timeout)
        if waiting:
            raise BrokersAway(f"{waiting} events are not acknowledged")
        self._raise_unseen()

    def close(self, timeout: float | None = None) -> None:
        """Flush and end. What is not acknowledged within `timeout` s fails, and is raised."""
        waiting = self._end(self._deadline if timeout is None else timeout)
        if waiting:
            raise BrokersAway(f"{waiting} events were not acknowledged before close")
        self._raise_unseen()

    def _abandon(self) -> None:
        """End after an error of the caller's: that error is the one to be raised."""
        self._end(_LAST_SECONDS)

    def _end(self, seconds: float) -> int:
        with self._lock:
            if not self._open:
                return 0
            self._open = False
            waiting = self._flight.drain(seconds)
        self._outbox.close(force=waiting > 0)
        if self._reader is not None:
            self._reader.close()
        return waiting

    def _raise_unseen(self) -> None:
        error = self._flight.unseen_failure()
        if error is not None:
            raise error

    def _receipts(self) -> ReceiptReader:
        if self._reader is None:
            raise NotAllowed(f"{self.party} has no receipts topic, or this producer none")
        return self._reader


def _inbox(credentials: Credentials) -> str:
    if credentials.topics.inbox is None:
        raise NotAllowed(f"{credentials.party} has no inbox: it may read, not emit")
    return credentials.topics.inbox


def _partitioner(partitions: int) -> Callable[[bytes], int]:
    """Java's default partitioner for messages with a key, remembered per key."""
    return lru_cache(maxsize=_KEYS)(lambda key: murmur2(key) % partitions)
