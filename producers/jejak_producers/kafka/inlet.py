"""A topic of one partition as a place to read: a Kafka consumer without a group."""

from collections.abc import Sequence
from typing import Final

import kafka
from kafka.structs import TopicPartition

from jejak_producers.kafka.connections import CLOSE_SECONDS, Connections
from jejak_producers.ports import Inlet, Message
from jejak_schemas.credentials import KafkaAccess

_POLL_RECORDS: Final = 5_000


class KafkaInlet(Inlet):
    """Reads a topic's only partition from an offset of the caller's; needs no group."""

    def __init__(self, access: KafkaAccess, topic: str, patience: float) -> None:
        self._partition = TopicPartition(topic, 0)
        self._patience_ms = int(patience * 1_000)
        self._connections = Connections(access, patience)
        self._client = self._connections.open(
            kafka.KafkaConsumer,
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            max_poll_records=_POLL_RECORDS,
            allow_auto_create_topics=False,
            metrics_enabled=False,
        )
        self._client.assign([self._partition])

    def end(self) -> int:
        """The offset that the next message will have."""
        with self._connections.ours():
            ends = self._client.end_offsets([self._partition], timeout_ms=self._patience_ms)
            return int(ends[self._partition])

    def beginning(self) -> int:
        """The offset of the earliest message still kept."""
        with self._connections.ours():
            found = self._client.beginning_offsets([self._partition], timeout_ms=self._patience_ms)
            return int(found[self._partition])

    def at_time(self, millis: int) -> int:
        """The offset of the first message of that time or later; the end where there is none."""
        with self._connections.ours():
            found = self._client.offsets_for_times({self._partition: millis})[self._partition]
        return int(found.offset) if found else self.end()

    def seek(self, offset: int) -> None:
        """Read on from `offset`."""
        self._client.seek(self._partition, offset)

    def position(self) -> int:
        """The offset that `poll` reads next."""
        return int(self._client.position(self._partition))

    def poll(self, seconds: float) -> Sequence[Message]:
        """What has come; empty after `seconds` without a message."""
        with self._connections.ours():
            found = self._client.poll(timeout_ms=int(seconds * 1_000))
        return [
            Message(message.offset, message.timestamp, message.value)
            for messages in found.values()
            for message in messages
        ]

    def close(self) -> None:
        """End the client."""
        self._client.close(autocommit=False, timeout_ms=int(CLOSE_SECONDS * 1_000))
