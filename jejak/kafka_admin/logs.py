"""What topics hold: how far, how far read, since when; and cutting off what is old."""

import time
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from kafka import KafkaConsumer
from kafka.admin import OffsetSpec
from kafka.errors import (
    CoordinatorLoadInProgressError,
    CoordinatorNotAvailableError,
    NotCoordinatorError,
)
from kafka.structs import TopicPartition

from jejak.kafka_admin.connection import Connection
from jejak.kafka_admin.port import Log, Place
from jejak_consumers.messages import Reported
from jejak_consumers.messages import TopicPartition as InboxPartition

_NO_COORDINATOR: Final = (
    CoordinatorLoadInProgressError,
    CoordinatorNotAvailableError,
    NotCoordinatorError,
)
_SMALL_FETCH: Final = 64 * 1024  # bytes of a partition at once, where one message is enough


class Logs(Connection):
    """What the brokers hold of topics."""

    def logs(self, names: Collection[str]) -> dict[str, Log]:
        """Of each topic that exists, its id and bounds."""
        with self._speaking():
            there = self._existing(names)
            places = [
                TopicPartition(topic["name"], partition["partition_index"])
                for topic in there
                for partition in topic["partitions"]
            ]
            firsts = self._offsets(places, OffsetSpec.EARLIEST)
            ends = self._offsets(places, OffsetSpec.LATEST)
        bounds: defaultdict[str, dict[int, tuple[int, int]]] = defaultdict(dict)
        for at in places:
            bounds[at.topic][at.partition] = firsts[at], ends[at]
        return {
            topic["name"]: Log(UUID(str(topic["topic_id"])), bounds[topic["name"]])
            for topic in there
        }

    def reported(self, group: str) -> dict[InboxPartition, Reported]:
        """What a group was told of each partition."""
        with self._speaking():
            try:
                found = self._client.list_group_offsets({group: None})[group]
            except _NO_COORDINATOR:  # the brokers never had a group, or have just started
                return {}
        return {
            InboxPartition(*place): Reported(told.offset, told.metadata or "")
            for place, told in found.items()
        }

    def written_at(
        self, places: Mapping[Place, int], patience: float = 5.0
    ) -> dict[Place, datetime]:
        """When the first message at or after each offset was written."""
        if not places:
            return {}
        with self._speaking(), closing(self._reader()) as reader:
            reader.assign([TopicPartition(*place) for place in places])
            for place, offset in places.items():
                reader.seek(TopicPartition(*place), offset)
            return _first_times(reader, len(places), patience)

    def cut(self, names: Collection[str], before: datetime) -> dict[Place, int]:
        """Delete what is older; each place's new beginning."""
        logs = self.logs(names)
        places = [
            TopicPartition(name, number) for name, log in logs.items() for number in log.bounds
        ]
        with self._speaking():
            newer = self._offsets(places, int(before.timestamp() * 1000))
            begin = {}
            for place in places:
                first, end = logs[place.topic].bounds[place.partition]
                offset = newer.get(place, -1)
                to = offset if offset >= 0 else end  # -1: nothing is newer
                if to > first:
                    begin[place] = to
            if begin:
                self._client.delete_records(begin)
        return {(place.topic, place.partition): to for place, to in begin.items()}

    def _offsets(self, places: Sequence[TopicPartition], which: int) -> dict[TopicPartition, int]:
        asked = dict.fromkeys(places, which)
        found = self._client.list_partition_offsets(asked) if asked else {}
        return {place: at.offset for place, at in found.items()}

    def _reader(self) -> Any:
        return self._open(
            KafkaConsumer,
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="none",
            max_partition_fetch_bytes=_SMALL_FETCH,
            allow_auto_create_topics=False,
            metrics_enabled=False,
        )


def _first_times(reader: Any, wanted: int, patience: float) -> dict[Place, datetime]:
    """The time of the first message of each partition that a reader reads."""
    end = time.monotonic() + patience
    found: dict[Place, datetime] = {}
    while len(found) < wanted and time.monotonic() < end:
        for at, messages in reader.poll(timeout_ms=200).items():
            found[at.topic, at.partition] = datetime.fromtimestamp(
                messages[0].timestamp / 1000, UTC
            )
            reader.pause(at)
    return found
