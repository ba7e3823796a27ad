"""What the brokers know now."""

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from uuid import UUID

import kafka
from kafka import errors as theirs

from jejak_consumers import errors
from jejak_consumers.kafka.line import Line, milliseconds
from jejak_consumers.messages import Reported, TopicPartition
from jejak_schemas.credentials import KafkaAccess


class Describer:
    """Asks the brokers now; a consumer answers from what it remembers.

    By a client that ends at its first failure: it remembers for ever which broker knows of a group
    and, where another has taken that over, would ask the wrong one for ever.
    """

    def __init__(self, access: KafkaAccess, patience: float) -> None:
        self._line = Line(access, patience)
        self._client: Any = None

    def topic_ids(self, names: Iterable[str]) -> Mapping[str, UUID]:
        """The ids of those topics that exist and may be seen."""
        with self._asking() as client:
            found = client.describe_topics(sorted(set(names)))
        return {
            topic["name"]: UUID(str(topic["topic_id"]))
            for topic in found
            if topic["error_code"] == 0
        }

    def reported(self, group: str) -> Mapping[TopicPartition, Reported]:
        """A group's offsets and their metadata."""
        with self._asking() as client:
            found = client.list_group_offsets({group: None})[group]
        return {
            TopicPartition(*where): Reported(told.offset, told.metadata or "")
            for where, told in found.items()
        }

    def close(self) -> None:
        """End; asked again, it begins anew."""
        ended, self._client = self._client, None
        if ended is not None:
            with contextlib.suppress(theirs.KafkaError):
                ended.close()

    @contextlib.contextmanager
    def _asking(self) -> Iterator[Any]:
        if self._client is None:
            self._client = self._line.open(
                kafka.KafkaAdminClient, request_timeout_ms=milliseconds(self._line.patience)
            )
        try:
            with self._line.explained():
                yield self._client
        except errors.LoopError:
            self.close()
            raise
