"""What the SDK needs of Kafka, as small typed ports; `kafka.py` fulfils them, tests fake them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from jejak_producers.errors import ProducerError

Headers = Sequence[tuple[str, bytes]]


class Written(Protocol):
    """Where the brokers put a message."""

    @property
    def offset(self) -> int:
        """Its offset in its partition."""
        ...


class Pending(Protocol):
    """One message handed to the client: the shape of kafka-python's own future.

    Ours would be one more object and one more lock a message, and halve the rate (measured).
    """

    is_done: bool
    value: Any  # a Written, once done without exception
    exception: BaseException | None

    def get(self, timeout: float | None = None) -> Written:
        """Wait; raises what it failed with, or an error of the client's when time is up."""
        ...

    def add_both(self, call: Callable[[object], object]) -> object:
        """Call back once it is done, from the client's thread, with the value or the error."""
        ...


class Outbox(Protocol):
    """The party's own inbox topic, as a place to write."""

    def partitions(self) -> int:
        """How many partitions the topic has, fixed for its life."""
        ...

    def send(self, partition: int, key: bytes, value: bytes, headers: Headers = ()) -> Pending:
        """Take one message. It MUST NOT be done before all in-sync brokers have it."""
        ...

    def explain(self, error: BaseException) -> ProducerError:
        """A client's error as one of ours; holds nothing of the message."""
        ...

    def close(self, *, force: bool) -> None:
        """End. With `force`, whatever is unacknowledged fails."""
        ...


@dataclass(frozen=True, slots=True)
class Message:
    """One message read: its offset, its time in milliseconds since 1970, its value."""

    offset: int
    millis: int
    value: bytes | None


class Inlet(Protocol):
    """A topic of one partition, as a place to read from any offset."""

    def end(self) -> int:
        """The offset that the next message will have."""
        ...

    def beginning(self) -> int:
        """The offset of the earliest message still kept."""
        ...

    def at_time(self, millis: int) -> int:
        """The offset of the first message of that time or later."""
        ...

    def seek(self, offset: int) -> None:
        """Read on from `offset`."""
        ...

    def position(self) -> int:
        """The offset that `poll` reads next."""
        ...

    def poll(self, seconds: float) -> Sequence[Message]:
        """What has come, in order; empty after `seconds` without a message."""
        ...

    def close(self) -> None:
        """End."""
        ...
