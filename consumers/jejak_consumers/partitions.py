"""The partitions that a recorder owns: which it reads and from where, which it must not, and why.

The ledger says where to go on, never the group. A partition is not read where the ledger does not
know its topic's id, and stopped for good where going on would lose or invent something:
docs/operating.md, "A stopped partition".
"""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

import structlog

from jejak_consumers import errors, tail
from jejak_consumers.messages import InboxReader, Message, Reported, TopicPartition
from jejak_consumers.vitals import Vitals
from jejak_consumers.walk import Inbox
from jejak_lrs.database import Database
from jejak_lrs.ledger import history, inboxes
from jejak_lrs.ledger.batch import Span

log = structlog.get_logger()

_LOOK_AGAIN_SECONDS: Final = 1.0
_TELL_ALL_SECONDS: Final = 10.0
_STOPPED: Final = "partition stopped"


@dataclass(slots=True)
class Partitions:
    """What one recorder owns. For one thread; the group's call-backs run while it waits."""

    reader: InboxReader
    database: Database
    vitals: Vitals
    next: dict[TopicPartition, int] = field(default_factory=dict)  # what we read and own
    topics: dict[str, Inbox] = field(default_factory=dict)
    _idle: set[TopicPartition] = field(default_factory=set)  # what we own but may not read
    _said: dict[TopicPartition, str] = field(default_factory=dict)  # why one is not read
    _doubted: dict[TopicPartition, int] = field(default_factory=dict)  # a gap seen once, and where
    _looked: float = 0.0
    _moved: set[TopicPartition] = field(default_factory=set)  # what the group was not told of
    _told_all: float = 0.0

    def assigned(self, partitions: Iterable[TopicPartition]) -> None:
        """New partitions: not read before the ledger was asked where to go on."""
        for where in partitions:
            self.reader.seek(where, 0)  # a place to stand, never to read: it is paused
            self.reader.pause(where)
            self._idle.add(where)
        self._looked = 0.0

    def lost(self, partitions: Iterable[TopicPartition]) -> None:
        """Partitions that another recorder has now."""
        for where in partitions:
            self.next.pop(where, None)
            self._idle.discard(where)
            self._said.pop(where, None)
            self._doubted.pop(where, None)
            self.vitals.goes_on(where)

    def open_new(self) -> None:
        """Start reading owned partitions that are sound and consumed; `party add` makes the row."""
        if not self._idle or time.monotonic() - self._looked < _LOOK_AGAIN_SECONDS:
            return
        self._looked = time.monotonic()
        self._require_tail()
        rows = self._rows(sorted(self._idle))
        readable = [where for where, row in rows.items() if row.stopped is None]
        bounds = self.reader.bounds(readable)  # all at once: there may be a thousand inboxes
        for where, row in rows.items():
            self._start(where, row, row.stopped or self._unreadable(row, bounds[where]))

    def _rows(self, wanted: Sequence[TopicPartition]) -> dict[TopicPartition, inboxes.Inbox]:
        """Where the ledger stands in those that it consumes; says why it does not in the others."""
        ids = self.reader.topic_ids({where.topic for where in wanted})
        keys = {
            where: (ids[where.topic], where.partition) for where in wanted if where.topic in ids
        }
        rows = inboxes.stored_offsets(self.database.connection, keys.values())
        for where in wanted:
            if where not in keys:
                self._say(where, "not consumed", "its topic is gone")
            elif keys[where] not in rows:
                why = "the ledger does not know this topic's id: not added yet, or topic made anew"
                self._say(where, "not consumed", why)
        return {where: rows[key] for where, key in keys.items() if key in rows}

    def _start(self, where: TopicPartition, row: inboxes.Inbox, unreadable: str | None) -> None:
        if unreadable is not None:
            self._say(where, _STOPPED, unreadable)
        else:
            self.vitals.goes_on(where)
            self.reader.seek(where, row.next_offset)
            self.reader.resume(where)
            self.topics[where.topic] = Inbox(row.party, row.topic_id)
            self.next[where] = row.next_offset
            self._idle.discard(where)

    def _unreadable(self, row: inboxes.Inbox, bounds: tuple[int, int]) -> str | None:
        """Why a partition must not be read on. Once it is so, it stays so: see `stop`."""
        first, end = bounds
        if first <= row.next_offset <= end:
            return None
        why = f"the ledger stands at {row.next_offset}, the log holds [{first}, {end})"
        inboxes.stop(self.database.connection, row.key, row.next_offset, why)
        return why

    def sound(self, polled: Mapping[TopicPartition, Sequence[Message]]) -> list[Message]:
        """What came of those partitions whose topic is still the one whose offsets we keep.

        Asked after the poll: kafka-python fetches by name, and a topic deleted, created again and
        refilled would be read from the stored offset, silently skipping its beginning (tried).
        """
        ids = self.reader.topic_ids({where.topic for where in polled}) if polled else {}
        return [
            message
            for where, messages in polled.items()
            if where in self.next and self._same_topic(where, ids.get(where.topic))
            for message in self._unbroken(where, messages)
        ]

    def _same_topic(self, where: TopicPartition, there: UUID | None) -> bool:
        ours = self.topics[where.topic].topic_id
        if there is None:
            self._leave(where)
        elif there != ours:
            why = f"its topic was replaced: the ledger reads the topic with id {ours}, "
            self.stop(where, f"{why}Kafka has {there}")
        return there == ours

    def _unbroken(self, where: TopicPartition, messages: Sequence[Message]) -> Sequence[Message]:
        """The messages before the first gap: an inbox has no gaps of its own.

        What lies behind one is asked for again; the partition stops if the gap is still there.
        """
        expected = self.next[where]
        count = _unbroken(messages, expected)
        if count == len(messages):
            return messages
        gap = expected + count
        if self._doubted.get(where) == gap:
            self.stop(where, f"offset {messages[count].offset} came where {gap} was expected")
        else:
            self._doubted[where] = gap
            self.reader.seek(where, gap)
        return messages[:count]

    def spans(self, messages: Sequence[Message]) -> list[Span]:
        """What these messages cover, from where the ledger is believed to stand."""
        last = {(message.topic, message.partition): message for message in messages}
        return [
            Span(
                self.topics[message.topic].topic_id,
                message.topic,
                message.partition,
                self.next[message.where],
                message.offset + 1,
            )
            for message in last.values()
        ]

    def moved(self, spans: Iterable[Span]) -> None:
        """These are in the ledger."""
        for span in spans:
            where = TopicPartition(span.topic, span.partition)
            self.next[where] = span.end
            self._moved.add(where)
            self._said.pop(where, None)

    def told(self) -> dict[TopicPartition, Reported]:
        """What to tell the group: what is recorded, and in which epoch; ask after the append.

        Of what has moved, and now and then of all: telling may fail, and a thousand inboxes are
        too many to tell of with each batch.
        """
        if time.monotonic() - self._told_all > _TELL_ALL_SECONDS:
            self._told_all = time.monotonic()
            self._moved.update(self.next)
        epoch = history.head(self.database.connection).epoch
        moved, self._moved = self._moved, set()
        return {
            where: Reported(self.next[where], tail.life(epoch, self.topics[where.topic].topic_id))
            for where in moved & self.next.keys()
        }

    def _require_tail(self) -> None:
        """Raise TailLost where the ledger lacks what was recorded, in any partition of the group.

        Positions that others were told would be given to other records.
        """
        connection = self.database.connection
        reported = self.reader.reported()  # before the ledger, which only grows
        epoch, stored = history.head(connection).epoch, inboxes.all_inboxes(connection)
        for where, why in tail.lost(epoch, stored, reported).items():
            raise errors.TailLost(
                f"{where.topic} partition {where.partition}: {why}; "
                "see docs/operating.md, A lost tail"
            )

    def stop(self, where: TopicPartition, why: str) -> None:
        """Stop a partition for good, in the ledger: what was found may not be seen again.

        A log that lost its end, for instance, grows past our offset again, with other messages.
        """
        if where not in self.next:
            return
        key = self.topics[where.topic].topic_id, where.partition
        if inboxes.stop(self.database.connection, key, self.next[where], why):
            self._say(where, _STOPPED, why)
        self._leave(where)

    def _say(self, where: TopicPartition, what: str, why: str) -> None:
        """Say why a partition is not read: once for each reason."""
        if self._said.get(where) != why:
            self._said[where] = why
            say = log.error if what == _STOPPED else log.warning
            say(what, topic=where.topic, partition=where.partition, why=why)
            if what == _STOPPED:
                self.vitals.stopped(where, why)

    def set_aside(self, messages: Sequence[Message], why: str) -> list[Message]:
        """Let the first message's partition wait for the schema registry; the rest goes on.

        It is opened again, at its stored offset, with the next look for new inboxes.
        """
        where = messages[0].where
        self._say(where, "partition waits", why)
        self._leave(where)
        return [message for message in messages if message.where != where]

    def _leave(self, where: TopicPartition) -> None:
        self.reader.pause(where)
        self.next.pop(where, None)
        self._idle.add(where)

    def go_back(self) -> None:
        """After an error: forget what we believed, and start from the stored offsets."""
        owned = list(self.next)
        self.next.clear()
        self.assigned(owned)


def _unbroken(messages: Sequence[Message], expected: int) -> int:
    """How many messages there are from an offset on, one by one. Offsets always rise."""
    if messages[0].offset == expected and messages[-1].offset == expected + len(messages) - 1:
        return len(messages)
    offsets = enumerate((message.offset for message in messages), expected)
    return next((at - expected for at, offset in offsets if offset != at), len(messages))
