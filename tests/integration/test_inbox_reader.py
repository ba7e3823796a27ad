"""The recorders' group on a real broker: partitions, rebalances, ids, and what is out of range."""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from kafka import KafkaAdminClient, KafkaProducer
from kafka.errors import MessageSizeTooLargeError
from uuid_utils.compat import uuid7

from jejak import provisioning
from jejak.embedded.ports import free_port
from jejak.provisioning import NewParty
from jejak.services import RECORDER, Services
from jejak_consumers import errors
from jejak_consumers.kafka import KafkaInboxReader
from jejak_consumers.messages import Message, Reported, TopicPartition
from jejak_lrs.database import Database
from jejak_lrs.ledger import inboxes
from jejak_schemas import kafka_python, topics
from jejak_schemas.credentials import Credentials
from tests.torture.proxy import Proxy

pytestmark = pytest.mark.integration


@dataclass(frozen=True)
class Found:
    """What a broker says of who coordinates a group."""

    host: str
    port: int
    node_id: int = 99
    error_code: int = 0


class Member:
    """A recorder that only keeps accounts: what it owns, and what it read of one topic."""

    def __init__(self, front: Services, slot: str, topic: str) -> None:
        self.reader = KafkaInboxReader(front.kafka(RECORDER), slot, session=2)
        self.topic = topic
        self.owned: set[TopicPartition] = set()
        self.read: list[Message] = []
        self.reader.subscribe(self._assigned, self._lost)

    @property
    def partitions(self) -> set[int]:
        """The partitions of the test's topic that it owns."""
        return {where.partition for where in self.owned if where.topic == self.topic}

    def poll(self, seconds: float = 0.1) -> None:
        for where, messages in self.reader.poll(seconds, 100).items():
            assert where.topic == self.topic, "another inbox was sought to its end"
            self.read += messages

    def _assigned(self, partitions: Iterable[TopicPartition]) -> None:
        for where in partitions:
            self.owned.add(where)
            self.reader.seek(where, 0)
            if where.topic != self.topic:  # the broker is shared with other tests
                self.reader.pause(where)

    def _lost(self, partitions: Iterable[TopicPartition]) -> None:
        self.owned -= set(partitions)


@pytest.fixture
def party(front: Services, tmp_path: Path) -> Credentials:
    new = NewParty(f"ir-{uuid7().hex[-8:]}", "A provider", ("provider",))
    return provisioning.add_parties(front, tmp_path, [new], lambda _: None)[0]


@pytest.fixture
def topic(party: Credentials) -> str:
    return party.topics.inbox or ""


@pytest.fixture
def member(front: Services, topic: str) -> Iterator[Callable[[str], Member]]:
    made: list[Member] = []

    def make(slot: str) -> Member:
        made.append(Member(front, slot, topic))
        return made[-1]

    yield make
    for one in made:
        one.reader.close()


def until(true: Callable[[], bool], *members: Member, seconds: float = 0.1) -> None:
    end = time.monotonic() + 20.0
    while not true():
        assert time.monotonic() < end, "did not come"
        for one in members:
            one.poll(seconds)


def write(party: Credentials, topic: str, *said: tuple[int, bytes]) -> None:
    with closing(KafkaProducer(**kafka_python.settings(party.kafka))) as producer:
        for partition, value in said:
            producer.send(topic, value, b"key", partition=partition, headers=[("h", b"1")])
        producer.flush()


def test_a_member_reads_every_partition_from_where_it_sought(
    party: Credentials, topic: str, member: Callable[[str], Member]
) -> None:
    write(party, topic, (0, b"a"), (1, b"b"), (0, b"c"))
    one = member(f"{topic}-1")
    until(lambda: len(one.read) == 3, one)
    by_place = {(m.partition, m.offset): m.value for m in one.read}
    assert by_place == {(0, 0): b"a", (0, 1): b"c", (1, 0): b"b"}
    assert one.read[0].key == b"key"
    assert one.read[0].headers == (("h", b"1"),)
    inbox = TopicPartition(topic, 0)
    assert one.reader.bounds([inbox]) == {inbox: (0, 2)}
    one.reader.report({TopicPartition(topic, 0): Reported(2, "a life")})
    until(lambda: one.reader.reported().get(TopicPartition(topic, 0)) == Reported(2, "a life"), one)


def test_a_group_is_asked_of_anew_once_the_broker_that_knew_of_it_knows_no_more(
    topic: str, member: Callable[[str], Member]
) -> None:
    one = member(f"{topic}-1")
    before = one.reader.reported()
    with closing(Proxy(free_port)) as another:
        misremember_the_coordinator(one.reader, another.port)
        with pytest.raises(errors.BrokersAway):
            one.reader.reported()
    assert one.reader.reported() == before


def misremember_the_coordinator(reader: KafkaInboxReader, port: int) -> None:
    """What is known once another broker has taken the group over; a broker alone cannot lose it."""
    known = reader._describer._client._manager.cluster
    for kind, group in list(known._coordinators):
        known.add_coordinator(Found("127.0.0.1", port), kind, group)


def test_a_second_member_takes_its_share_and_gives_it_back(
    topic: str, member: Callable[[str], Member]
) -> None:
    one, other = member(f"{topic}-1"), member(f"{topic}-2")
    until(lambda: one.partitions == {0, 1}, one)
    until(lambda: len(one.owned & other.owned) == 0 and bool(other.owned), one, other)
    until(lambda: one.partitions | other.partitions == {0, 1}, one, other)
    assert not one.partitions & other.partitions
    other.reader.close()
    until(lambda: one.partitions == {0, 1}, one)


def test_a_new_process_of_a_slot_takes_its_place_at_once_and_cuts_the_old_one_off(
    topic: str, member: Callable[[str], Member]
) -> None:
    old = member(f"{topic}-1")
    until(lambda: old.partitions == {0, 1}, old)
    new = member(f"{topic}-1")
    began = time.monotonic()
    until(lambda: new.partitions == {0, 1}, new)
    assert time.monotonic() - began < 5
    with pytest.raises(errors.Superseded):
        until(lambda: False, old)


def test_a_new_inbox_is_read_though_no_poll_lasts_as_long_as_a_join(
    front: Services, topic: str, member: Callable[[str], Member], tmp_path: Path
) -> None:
    one = member(f"{topic}-1")
    until(lambda: one.partitions == {0, 1}, one)
    new = NewParty(f"ir-{uuid7().hex[-8:]}", "A provider", ("provider",))
    provisioning.add_parties(front, tmp_path, [new], lambda _: None)
    one.topic = topics.inbox(new.code)
    until(lambda: one.partitions == {0, 1}, one, seconds=0.002)


def test_a_paused_partition_is_not_read_until_it_is_resumed(
    party: Credentials, topic: str, member: Callable[[str], Member]
) -> None:
    one, where = member(f"{topic}-1"), TopicPartition(topic, 0)
    until(lambda: one.partitions == {0, 1}, one)
    one.reader.pause(where)
    write(party, topic, (0, b"a"), (1, b"b"))
    until(lambda: len(one.read) == 1, one)
    assert one.read[0].value == b"b"
    one.reader.resume(where)
    until(lambda: len(one.read) == 2, one)


def test_an_offset_outside_the_log_is_said_with_its_partition(
    topic: str, member: Callable[[str], Member]
) -> None:
    one, where = member(f"{topic}-1"), TopicPartition(topic, 1)
    until(lambda: one.partitions == {0, 1}, one)
    one.reader.seek(where, 7)
    with pytest.raises(errors.OffsetOutOfRange, match="does not hold offset 7") as stopped:
        until(lambda: False, one)
    assert stopped.value.where == where


def test_the_id_of_a_topic_made_again_is_another_at_once(
    front: Services, topic: str, member: Callable[[str], Member]
) -> None:
    one = member(f"{topic}-1")
    with closing(Database(front.dsn("jejak_writer"))) as writer:
        kept = inboxes.all_inboxes(writer.connection)[0].topic_id
    assert one.reader.topic_ids([topic, topics.inbox("never-made")]) == {topic: kept}
    with closing(KafkaAdminClient(**kafka_python.settings(front.kafka(front.operator)))) as admin:
        admin.delete_topics([topic])
        made = {topic: {"num_partitions": 2, "replication_factor": 1}}
        admin.create_topics(made, wait_for_metadata=True)
    assert one.reader.topic_ids([topic])[topic] != kept


def test_what_a_call_back_raises_the_poll_raises(front: Services, topic: str) -> None:
    def refuse(_: Iterable[TopicPartition]) -> None:
        raise errors.BrokersAway("told")

    with closing(KafkaInboxReader(front.kafka(RECORDER), f"{topic}-1", session=2)) as reader:
        reader.subscribe(refuse, lambda _: None)
        with pytest.raises(errors.BrokersAway, match="told"):
            reader.poll(20, 10)


class NotUtf8(str):
    """A header's name as a client that does not care writes it."""

    __slots__ = ()

    def encode(self, *_: object) -> bytes:
        return b"na\xffme"


def test_a_header_whose_name_is_not_utf8_holds_nothing_up(
    party: Credentials, topic: str, member: Callable[[str], Member]
) -> None:
    with closing(KafkaProducer(**kafka_python.settings(party.kafka))) as producer:
        for value, name in ((b"a", "h"), (b"b", NotUtf8("x")), (b"c", "h")):
            producer.send(topic, value, b"key", partition=0, headers=[(name, b"1")])
        producer.flush()
    one = member(f"{topic}-1")
    until(lambda: len(one.read) == 3, one)
    assert [message.value for message in one.read] == [b"a", b"b", b"c"]
    assert one.read[1].headers == (("na\\xffme", b"1"),)


def test_a_compressed_batch_is_unpacked_by_the_broker(
    party: Credentials, topic: str, member: Callable[[str], Member]
) -> None:
    settings = {**kafka_python.settings(party.kafka), "compression_type": "gzip"}
    with closing(KafkaProducer(**settings)) as producer:
        producer.send(topic, b"a" * 1_000, b"key", partition=0).get(20)
    one = member(f"{topic}-1")
    until(lambda: len(one.read) == 1, one)
    assert one.read[0].value == b"a" * 1_000


def test_a_small_message_cannot_become_a_large_one(party: Credentials, topic: str) -> None:
    settings = {
        **kafka_python.settings(party.kafka),
        "compression_type": "gzip",
        "max_request_size": 100_000_000,
    }
    with closing(KafkaProducer(**settings)) as producer:
        sent = producer.send(topic, bytes(20_000_000), b"key", partition=0)
        with pytest.raises(MessageSizeTooLargeError):
            sent.get(30)
