"""One topic, read from an offset of the reader's."""

import contextlib
from collections.abc import Sequence
from typing import Final

import kafka
from kafka import errors as theirs
from kafka.structs import TopicPartition as TheirPartition

from jejak_consumers.kafka import records
from jejak_consumers.kafka.line import CLOSE, PATIENCE, Line, milliseconds
from jejak_consumers.messages import Feed, Message
from jejak_schemas.credentials import KafkaAccess

_MOST: Final = 1_000  # messages a poll


class KafkaFeed(Feed):
    """A topic's only partition, committed messages only. MUST be sought before it is polled."""

    def __init__(self, access: KafkaAccess, topic: str, patience: float = PATIENCE) -> None:
        self._where = TheirPartition(topic, 0)
        self._line = Line(access, patience)
        self._client = self._line.open(
            kafka.KafkaConsumer,
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="none",
            isolation_level="read_committed",
            allow_auto_create_topics=False,
            max_poll_records=_MOST,
            metrics_enabled=False,
        )
        self._client.assign([self._where])

    def bounds(self) -> tuple[int, int]:
        """The first offset still kept, and the next one that a reader will see."""
        return records.bounds(self._line, self._client, [self._where])[self._where]

    def seek(self, offset: int) -> None:
        """Read on from `offset`."""
        self._client.seek(self._where, offset)

    def position(self) -> int:
        """The offset that is read next."""
        wait = milliseconds(self._line.patience)
        with self._line.explained():
            return int(self._client.position(self._where, timeout_ms=wait))

    def poll(self, seconds: float) -> Sequence[Message]:
        """Messages that came, in order; empty after `seconds` without any."""
        with self._line.explained():
            found = self._client.poll(timeout_ms=milliseconds(seconds))
        return [records.message(record) for record in found.get(self._where, ())]

    def close(self) -> None:
        """End."""
        with contextlib.suppress(theirs.KafkaError):
            self._client.close(autocommit=False, timeout_ms=milliseconds(CLOSE))
