"""A member of the recorders' group."""

import contextlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Final
from uuid import UUID

import kafka
from kafka import errors as theirs
from kafka.coordinator.assignors.cooperative_sticky import CooperativeStickyAssignor
from kafka.structs import OffsetAndMetadata

from jejak_consumers import errors
from jejak_consumers.kafka import records
from jejak_consumers.kafka.describer import Describer
from jejak_consumers.kafka.failures import SLOT_TAKEN
from jejak_consumers.kafka.group import Listener, Tell, has_lost_its_place, keep_joins, pace_lookups
from jejak_consumers.kafka.line import CLOSE, PATIENCE, Line, milliseconds
from jejak_consumers.messages import InboxReader, Message, Reported, TopicPartition
from jejak_schemas import topics
from jejak_schemas.credentials import KafkaAccess

RECORDERS: Final = "jejak-recorder"  # the group, for lag displays and the division of partitions

_FETCHED: Final = 16 * 1024 * 1024  # bytes a fetch: what a recorder holds unread


class KafkaInboxReader(InboxReader):
    """A member of the recorders' group.

    Args:
        access: the recorder's login.
        slot: which of the recorders this is; a new process of the same slot takes the place of
            the old one at once (static membership) and cuts it off.
        session: seconds until a silent recorder loses its partitions.
        patience: seconds until the brokers count as away.
        group: whose members divide the inboxes; members of two groups know nothing of each other.
    """

    def __init__(
        self,
        access: KafkaAccess,
        slot: str,
        session: float = 10.0,
        patience: float = PATIENCE,
        group: str = RECORDERS,
    ) -> None:
        records.read_as_here()
        self._group = group
        self._line = Line(access, patience)
        self._client = self._line.open(
            kafka.KafkaConsumer,
            group_id=group,
            group_instance_id=slot,
            enable_auto_commit=False,
            auto_offset_reset="none",
            isolation_level="read_committed",
            fetch_max_bytes=_FETCHED,
            max_partition_fetch_bytes=_FETCHED // 4,  # so that one poll brings several batches
            partition_assignment_strategy=[CooperativeStickyAssignor],
            metadata_max_age_ms=5_000,  # else a new inbox is unseen for minutes
            session_timeout_ms=milliseconds(session),
            heartbeat_interval_ms=milliseconds(session / 4),
            allow_auto_create_topics=False,
            metrics_enabled=False,
        )
        self._member = self._client._coordinator  # noqa: SLF001  nothing public mends or tells
        keep_joins(self._member)
        pace_lookups(self._member)
        self._listener: Listener | None = None
        self._describer = Describer(access, patience)

    def subscribe(self, on_assigned: Tell, on_lost: Tell) -> None:
        """Join the group at the next poll.

        The call-backs run inside `poll` and `close`, while the caller waits, but on the library's
        thread: they may keep accounts, `seek` and `pause`, and MUST give every assigned partition
        a place by `seek`. What they raise, `poll` raises.
        """
        self._listener = Listener(on_assigned, on_lost)
        pattern = "^" + topics.INBOX_PREFIX.replace(".", r"\.")
        self._client.subscribe(pattern=pattern, listener=self._listener)

    def poll(self, seconds: float, most: int) -> Mapping[TopicPartition, Sequence[Message]]:
        """Messages that came, at most `most`; empty after `seconds` without any."""
        try:
            with self._line.explained():
                found = self._client.poll(timeout_ms=milliseconds(seconds), max_records=most)
        finally:
            if self._listener is not None:
                self._listener.raise_trouble()
        if has_lost_its_place(self._member):
            raise errors.Superseded(SLOT_TAKEN)
        return {
            TopicPartition(*where): [records.message(record) for record in come]
            for where, come in found.items()
        }

    def seek(self, where: TopicPartition, offset: int) -> None:
        """Read `where` from `offset` on; does nothing where it is not ours any more."""
        with contextlib.suppress(ValueError, KeyError):
            self._client.seek(records.their_partition(where), offset)

    def pause(self, where: TopicPartition) -> None:
        """Stop reading one partition, and stay its owner."""
        with contextlib.suppress(KeyError):
            self._client.pause(records.their_partition(where))

    def resume(self, where: TopicPartition) -> None:
        """Read it again."""
        with contextlib.suppress(KeyError):
            self._client.resume(records.their_partition(where))

    def bounds(self, asked: Iterable[TopicPartition]) -> Mapping[TopicPartition, tuple[int, int]]:
        """Of each, the first offset still kept and the next one to be written; two requests."""
        found = records.bounds(self._line, self._client, list(map(records.their_partition, asked)))
        return {TopicPartition(*where): bounds for where, bounds in found.items()}

    def topic_ids(self, topics: Iterable[str]) -> Mapping[str, UUID]:
        """Kafka's ids of those topics that exist, from a request sent now."""
        return self._describer.topic_ids(topics)

    def ends(self) -> Mapping[TopicPartition, int]:
        """The next offset to be written to each partition, as the last fetch said; asks nobody."""
        owned = self._client.assignment()
        known = {TopicPartition(*where): self._client.highwater(where) for where in owned}
        return {where: end for where, end in known.items() if end is not None}

    def connected(self) -> bool:
        """Whether a line to a broker stands."""
        return self._line.stands

    def report(self, recorded: Mapping[TopicPartition, Reported]) -> None:
        """Commit offsets to the group, each with its life as metadata, without waiting."""
        given = {
            records.their_partition(at): OffsetAndMetadata(told.next_offset, told.life, -1)
            for at, told in recorded.items()
        }
        with contextlib.suppress(theirs.KafkaError):
            self._client.commit_async(given, callback=_ignore)

    def reported(self) -> Mapping[TopicPartition, Reported]:
        """What the group was told, by any of its members, of any partition."""
        return self._describer.reported(self._group)

    def close(self) -> None:
        """End. A static member keeps its partitions until its session ends."""
        self._describer.close()
        with contextlib.suppress(theirs.KafkaError):
            self._client.close(autocommit=False, timeout_ms=milliseconds(CLOSE))


def _ignore(_offsets: object, _answer: object) -> None:
    """A commit for display failed or not: nothing rests on it."""
