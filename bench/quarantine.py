"""How much bad messages slow good ones: the recorder on a real PostgreSQL, its inbox in memory.

Kafka is left out: it costs the same for a bad message. Every good event is a new one; the bad ones
are of seven kinds, in turn.
"""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import chain
from typing import Final
from uuid import UUID, uuid4

import structlog
from uuid_utils.compat import uuid7

from bench.ledgers import empty_ledger
from bench.line import Line, line
from bench.rounds import Round, Watch, take_turns
from jejak.loops import door_rules, finisher
from jejak_consumers import system
from jejak_consumers.messages import InboxReader, Message, Reported, TopicPartition
from jejak_consumers.recorder import Recorder
from jejak_lrs.database import Database
from jejak_lrs.ledger import inboxes
from jejak_lrs.ledger.people import People
from jejak_schemas import codec, topics
from jejak_schemas.events import CourseCompleted
from jejak_schemas.parts import Activity, Institution, PersonRef

MESSAGES: Final = 10_000
_ROUNDS: Final = 5
_PEOPLE: Final = 500
_NOW: Final = datetime(2026, 11, 24, 3, tzinfo=UTC)
_PARTY: Final = "pusdiklat"

Told = Callable[[Iterable[TopicPartition]], None]
Said = tuple[bytes, bytes]  # key and value


class MemoryInbox(InboxReader):
    """One partition in memory."""

    def __init__(self) -> None:
        self.where = TopicPartition(topics.inbox(_PARTY), 0)
        self.id = uuid4()
        self.log: list[Message] = []
        self._place = 0
        self._open = False

    def deliver(self, said: Iterable[Said]) -> None:
        """Add messages."""
        for offset, (key, value) in enumerate(said, len(self.log)):
            self.log.append(Message(*self._two(), offset, key, value))

    def subscribe(self, on_assigned: Told, on_lost: Told) -> None:
        """Own the partition at once."""
        del on_lost
        on_assigned([self.where])

    def poll(self, seconds: float, most: int) -> Mapping[TopicPartition, Sequence[Message]]:
        """The next messages."""
        del seconds
        found = self.log[self._place : self._place + most] if self._open else []
        self._place += len(found)
        return {self.where: found} if found else {}

    def seek(self, where: TopicPartition, offset: int) -> None:
        """Go there."""
        del where
        self._place = offset

    def pause(self, where: TopicPartition) -> None:
        """Give nothing."""
        del where
        self._open = False

    def resume(self, where: TopicPartition) -> None:
        """Give again."""
        del where
        self._open = True

    def bounds(self, asked: Iterable[TopicPartition]) -> Mapping[TopicPartition, tuple[int, int]]:
        """All of it."""
        return dict.fromkeys(asked, (0, len(self.log)))

    def topic_ids(self, topics: Iterable[str]) -> Mapping[str, UUID]:
        """Always the same."""
        return dict.fromkeys(topics, self.id)

    def report(self, recorded: Mapping[TopicPartition, Reported]) -> None:
        """Nobody looks."""

    def reported(self) -> Mapping[TopicPartition, Reported]:
        """Nothing."""
        return {}

    def close(self) -> None:
        """Nothing to leave."""

    def _two(self) -> tuple[str, int]:
        return self.where.topic, self.where.partition


class House:
    """A recorder on a ledger of its own."""

    def __init__(self, database: Database) -> None:
        self.inbox = MemoryInbox()
        institutions = [Institution(code=_PARTY, name="Pusdiklat", roles=("provider",))]
        system.begin(database, finisher(), institutions, _NOW - timedelta(days=900))
        system.declare(database, finisher(), institutions, _NOW - timedelta(days=900))
        inboxes.open_inbox(
            database.connection,
            topic_id=self.inbox.id,
            topic=self.inbox.where.topic,
            partitions=1,
            party=_PARTY,
        )
        self.recorder = Recorder(
            self.inbox, database, People(), finisher(), door_rules(), clock=lambda: _NOW
        )
        self.inbox.subscribe(self.recorder.partitions.assigned, self.recorder.partitions.lost)

    def record(self, said: Iterable[Said]) -> Round:
        """Deliver messages, and watch until all are settled."""
        messages = list(said)
        self.inbox.deliver(messages)
        watch = Watch()
        while self.recorder.turn():
            pass
        return watch.stop(len(messages))


def run() -> list[Line]:
    """10,000 bad messages in a row, good ones after them, and both by turns."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    with empty_ledger() as database:
        house = House(database)
        house.record(good(_PEOPLE))  # everybody is known from here on
        works = [
            partial(_record, house, good),
            partial(_record, house, bad),
            partial(_after_bad, house),
            partial(_record, house, mixed),
        ]
        alone, only_bad, after, by_turns = take_turns(works, _ROUNDS)
    limit = "good ones alone"
    return [
        line("10,000 bad messages in a row", only_bad, limit, alone),
        line("good ones right after 10,000 bad", after, limit, alone),
        line("good and bad by turns", by_turns, limit, alone),
    ]


def good(count: int) -> list[Said]:
    """Events that are recorded."""
    return [_good(index) for index in range(count)]


def bad(count: int) -> list[Said]:
    """Messages that are refused, of every kind in turn."""
    return [_BAD[index % len(_BAD)](*_good(index)) for index in range(count)]


def mixed(count: int) -> list[Said]:
    """A good one, a bad one, and so on."""
    pairs = zip(good(count // 2), bad(count // 2), strict=True)
    return list(chain.from_iterable(pairs))


_BAD: Final[Sequence[Callable[[bytes, bytes], Said]]] = (
    lambda key, value: (key, value[:-7]),  # truncated
    lambda key, value: (key, value + b"\x00"),  # longer
    lambda key, value: (key, b"\xc3\x01" + b"\x00" * 8 + value[10:]),  # an unknown schema
    lambda key, value: (key, b'{"event": "CourseCompleted"}' + value[:0]),  # no Avro
    lambda key, value: (key[::-1], value),  # another key
    lambda key, value: (key, value.replace(_PARTY.encode(), b"pusdiklot")),  # another's name
    lambda key, value: (key, value.replace(key, b"9" * len(key))),  # an impossible NIP
)


def _record(house: House, make: Callable[[int], list[Said]]) -> Round:
    return house.record(make(MESSAGES))


def _after_bad(house: House) -> Round:
    house.record(bad(MESSAGES))
    return house.record(good(MESSAGES))


def _good(index: int) -> Said:
    nip = f"19850312201001{1 + index % 2}{index % _PEOPLE:03d}"
    event = CourseCompleted(
        event_id=uuid7(),
        occurred_at=_NOW - timedelta(days=3),
        party=_PARTY,
        learner=PersonRef(nip=nip),
        activity=Activity(id="https://pusdiklat.example/k/1", name={"id": "Analisis Kebijakan"}),
    )
    return nip.encode(), codec.encode(event)
