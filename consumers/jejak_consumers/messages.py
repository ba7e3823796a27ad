"""What the loops ask of Kafka, as types: messages in, and the port to an inbox."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol
from uuid import UUID


class TopicPartition(NamedTuple):
    """One partition of one topic."""

    topic: str
    partition: int


@dataclass(slots=True, repr=False)  # not frozen: made once an event, in half of the time
class Message:
    """One Kafka record. Its repr hides key and value: they hold personal numbers."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()
    written: int = 0  # milliseconds since the epoch, by the broker's clock

    @property
    def where(self) -> TopicPartition:
        """The partition it came from."""
        return TopicPartition(self.topic, self.partition)

    def __repr__(self) -> str:
        return f"Message({self.topic}-{self.partition} at {self.offset})"


@dataclass(frozen=True, slots=True)
class Reported:
    """What recorders told their group of a partition: recorded up to here, in which `life`.

    A life is an epoch of the ledger and an id of the topic: offsets of two lives do not compare.
    """

    next_offset: int
    life: str


class InboxReader(Protocol):
    """A group member that reads every inbox (topics matching the inbox prefix).

    Raises `errors.BrokersAway` (a Retry) where the brokers cannot be reached, and
    `errors.OffsetOutOfRange` with the partition where a position is not in its log.
    """

    def subscribe(
        self,
        on_assigned: Callable[[Iterable[TopicPartition]], None],
        on_lost: Callable[[Iterable[TopicPartition]], None],
    ) -> None:
        """Join the group; the call-backs run inside `poll`, lost also for revoked ones."""

    def poll(self, seconds: float, most: int) -> Mapping[TopicPartition, Sequence[Message]]:
        """Messages that came, at most `most`; empty after `seconds` without any."""

    def seek(self, where: TopicPartition, offset: int) -> None:
        """Read `where` from `offset` on."""

    def pause(self, where: TopicPartition) -> None:
        """Stop reading one partition, and stay its owner."""

    def resume(self, where: TopicPartition) -> None:
        """Read it again."""

    def bounds(self, asked: Iterable[TopicPartition]) -> Mapping[TopicPartition, tuple[int, int]]:
        """Of each, the first offset still kept and the next one to be written."""

    def topic_ids(self, topics: Iterable[str]) -> Mapping[str, UUID]:
        """Kafka's ids of topics, asked from the brokers now, never from a cache."""

    def ends(self) -> Mapping[TopicPartition, int]:
        """The next offset to be written to each partition, as the last fetch said; asks nobody."""
        return {}

    def connected(self) -> bool:
        """Whether a line to a broker stands."""
        return True

    def report(self, recorded: Mapping[TopicPartition, Reported]) -> None:
        """Tell the group what is recorded, for lag displays too; never fails the loop."""

    def reported(self) -> Mapping[TopicPartition, Reported]:
        """What any recorder of the group told last of each partition, asked from the brokers."""

    def close(self) -> None:
        """Leave the group."""


@dataclass(frozen=True, slots=True)
class Post:
    """A message to be sent, to the only partition of its topic; value None is a tombstone."""

    topic: str
    key: bytes
    value: bytes | None = field(repr=False)
    headers: tuple[tuple[str, bytes], ...] = ()


class Outbox(Protocol):
    """A transactional writer. Opening it cuts off every older copy.

    After any error it is of no use: `close` it, open another, and begin again from the cursor.
    Raises `errors.BrokersAway`, `errors.NotAllowed`, and `errors.Superseded` where a newer copy
    has cut this one off.
    """

    def send(self, posts: Sequence[Post]) -> None:
        """Begin a transaction and send; returns once the brokers have acknowledged every one."""

    def commit(self) -> None:
        """Make them visible to readers of committed messages."""

    def connected(self) -> bool:
        """Whether a line to a broker stands."""
        return True

    def close(self) -> None:
        """End at once: what was not acknowledged is not sent any more."""


class Feed(Protocol):
    """The only partition of one topic, read from an offset of the caller's; needs no group.

    Raises `errors.BrokersAway`, `errors.NotAllowed`, `errors.OffsetOutOfRange`.
    """

    def bounds(self) -> tuple[int, int]:
        """The first offset still kept, and the next one that a reader will see."""

    def seek(self, offset: int) -> None:
        """Read on from `offset`."""

    def position(self) -> int:
        """The offset that is read next; moves over what is not shown, too."""

    def poll(self, seconds: float) -> Sequence[Message]:
        """Messages that came, in order; empty after `seconds` without any."""

    def close(self) -> None:
        """End."""
