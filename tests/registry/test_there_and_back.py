"""A real schema registry, everything well: SDK, recorder, receipts, agency, plain clients."""

import json
import socket
from contextlib import closing
from pathlib import Path
from typing import Any

import confluent_kafka
import pytest
from confluent_kafka.schema_registry import SchemaRegistryClient, record_subject_name_strategy
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
from confluent_kafka.serialization import MessageField, SerializationContext
from kafka import KafkaProducer
from uuid_utils.compat import uuid7

from jejak import cli, foundations
from jejak_consumers.subscriber import Subscriber
from jejak_producers import Packed
from jejak_schemas import avro, codec, kafka_python, topics
from jejak_schemas.credentials import Credentials
from jejak_schemas.events import FieldVisitAttended
from jejak_schemas.framing import CONFLUENT_MAGIC, SINGLE_OBJECT, SINGLE_OBJECT_MAGIC
from jejak_schemas.outgoing import LearningHoursChanged
from jejak_schemas.registry import SchemaRegistry
from jejak_schemas.registry.registering import subject_of
from tests.feeds import hours
from tests.registry.apicurio import Apicurio
from tests.registry.house import NIP, NOW, WAIT_SECONDS, House, asked, completed
from tests.waiting import until

# -- what `jejak up` has put there --------------------------------------------------------------


@pytest.mark.usefixtures("house")
def test_every_version_stands_under_its_record_name_and_nothing_else(apicurio: Apicurio) -> None:
    subjects = {subject_of(name): avro.versions(name) for name in avro.released()}
    assert set(asked(f"{apicurio.url}/subjects")) == set(subjects)
    for subject, versions in subjects.items():
        at = f"{apicurio.url}/subjects/{subject}/versions"
        for number, one in enumerate(versions, 1):
            held = asked(f"{at}/{number}")["schema"]
            assert json.loads(held) == json.loads(avro.released_text(one.name, one.version))
        rule = asked(f"{apicurio.url}/config/{subject}")
        assert rule == {"compatibilityLevel": "FULL_TRANSITIVE"}


def test_registering_again_changes_nothing(
    house: House, apicurio: Apicurio, capsys: pytest.CaptureFixture[str]
) -> None:
    foundations.prepare(house.up.services)
    words = ["schema", "register", "--json", "--home", str(house.home.path)]
    assert cli.run(words, debug=False) == 0
    assert json.loads(capsys.readouterr().out)["new"] == 0
    assert asked(f"{apicurio.url}/subjects/{subject_of('Receipt')}/versions") == [1]


def test_the_registry_refuses_what_would_break_a_reader(house: House, apicurio: Apicurio) -> None:
    del house
    broken = json.loads(avro.released_text("CourseCompleted"))
    broken["fields"].append({"name": "later", "type": "string"})
    at = f"{apicurio.url}/subjects/{subject_of('CourseCompleted')}/versions"
    assert asked(at, {"schema": json.dumps(broken)}) == 409


# -- there and back -----------------------------------------------------------------------------


def test_an_event_is_recorded_and_what_is_sent_back_is_framed_alike(
    house: House, framing: SchemaRegistry
) -> None:
    told = house.told(framing, [completed(number) for number in range(100)])
    assert {one.outcome for one in told} == {"recorded"}
    receipts = house.read("pusdiklat", topics.receipts("pusdiklat"))
    header = framing.header_of(avro.released()["Receipt"])
    assert {(message.value or b"")[:5] for message in receipts} == {header}
    for topic in (topics.changes("2060"), topics.profiles("2060")):
        until(lambda topic=topic: bool(house.read("2060", topic)))  # type: ignore[misc]
        framed = {(message.value or b"")[:1] for message in house.read("2060", topic)}
        assert framed == {CONFLUENT_MAGIC}
    with Subscriber(house.credentials("2060"), house.home.run / "seen", framing=framing) as own:
        assert list(own.changes(patience=2))


def test_both_framings_go_through_one_inbox(house: House, framing: SchemaRegistry) -> None:
    events = [completed(number) for number in range(40)]
    recorded = house.recorded()
    with house.producer(framing) as ours, house.producer(SINGLE_OBJECT) as plain:
        packed = [
            (ours if number % 2 else plain).pack(event) for number, event in enumerate(events)
        ]
        assert {one.value[:1] for one in packed} == {CONFLUENT_MAGIC, SINGLE_OBJECT_MAGIC[:1]}
        waits = [ours.await_receipt(ours.send(one)) for one in packed]
        assert {one.result(WAIT_SECONDS).outcome for one in waits} == {"recorded"}
        crossed = [
            (plain if number % 2 else ours).pack(event) for number, event in enumerate(events)
        ]
        again = [ours.await_receipt(ours.send(one)) for one in crossed]
        assert {one.result(WAIT_SECONDS).outcome for one in again} == {"duplicate"}
    assert house.recorded() == recorded + len(events)


def test_an_unknown_id_is_refused_with_a_receipt(house: House, framing: SchemaRegistry) -> None:
    with house.producer(framing) as producer:
        good = producer.pack(completed())
        for number in (0, 123_456, 2**32 - 1):
            value = CONFLUENT_MAGIC + number.to_bytes(4, "big") + good.value[5:]
            sent = producer.send(Packed(good.event_id, good.event, good.key, value))
            receipt = producer.receipt(sent, WAIT_SECONDS)
            assert (receipt.outcome, receipt.reason) == ("refused", "unknown-schema")


# -- versions that this Jejak does not have -------------------------------------------------------


def newer_version(apicurio: Apicurio, name: str) -> bytes:
    """The header of a next version, which somebody has registered."""
    newer = json.loads(avro.released_text(name))
    newer["fields"].append({"name": "later", "type": ["null", "string"], "default": None})
    at = f"{apicurio.url}/subjects/{subject_of(name)}/versions"
    number: int = asked(at, {"schema": json.dumps(newer)})["id"]
    return CONFLUENT_MAGIC + number.to_bytes(4, "big")


def test_an_event_in_a_version_that_is_not_released_is_refused(
    house: House, apicurio: Apicurio, framing: SchemaRegistry
) -> None:
    header = newer_version(apicurio, FieldVisitAttended.__name__)
    with house.producer(framing) as producer:
        good = producer.pack(completed())
        framed = Packed(good.event_id, good.event, good.key, header + good.value[5:])
        receipt = producer.receipt(producer.send(framed), WAIT_SECONDS)
        assert receipt.reason == "unknown-schema"


def test_an_old_subscriber_reads_a_newer_change(
    house: House, apicurio: Apicurio, framing: SchemaRegistry, tmp_path: Path
) -> None:
    header = newer_version(apicurio, LearningHoursChanged.__name__)
    value = header + codec.body_of(codec.encode(hours(1))) + b"\x02\x04ok"
    services = house.up.services
    access = services.kafka(services.operator)
    with closing(KafkaProducer(**kafka_python.settings(access))) as writer:
        writer.send(topics.changes("2070"), value).get(30)
    with Subscriber(house.credentials("2070"), tmp_path / "state", framing=framing) as own:
        assert list(own.changes(patience=2)) == [hours(1)]


# -- clients that know nothing of ours: Confluent's own, on librdkafka ----------------------------


def confluents_login(own: Credentials) -> dict[str, str]:
    return {
        "bootstrap.servers": own.kafka.bootstrap_servers,
        "security.protocol": own.kafka.security_protocol,
        "sasl.mechanism": own.kafka.sasl_mechanism,
        "sasl.username": own.kafka.username,
        "sasl.password": own.kafka.password.get_secret_value(),
    }


def read_by_confluents(house: House, apicurio: Apicurio, party: str, topic: str) -> list[Any]:
    """A topic as Confluent's consumer and deserializer read it: the registry's schemas only."""
    at = SerializationContext(topic, MessageField.VALUE)
    partition = confluent_kafka.TopicPartition(topic, 0, confluent_kafka.OFFSET_BEGINNING)
    reading = {"group.id": f"{party}.plain", "enable.auto.commit": False}
    login = confluents_login(house.credentials(party))
    with (
        SchemaRegistryClient({"url": apicurio.url}) as registry,
        closing(confluent_kafka.Consumer({**login, **reading})) as consumer,
    ):
        read = AvroDeserializer(registry)
        consumer.assign([partition])
        _, end = consumer.get_watermark_offsets(partition, timeout=10)
        found, last = [], -1
        while last < end - 2:  # after the last message stands the end of its transaction
            message = consumer.poll(10)
            assert message is not None
            assert message.error() is None
            last = message.offset()
            found.append(read(message.value(), at))
        return found


def test_a_confluent_client_is_recorded_and_reads_its_receipt(
    house: House, apicurio: Apicurio
) -> None:
    schema = asked(f"{apicurio.url}/subjects/{subject_of('CourseCompleted')}/versions/1")["schema"]
    event_id = str(uuid7())
    event = {
        "event_id": event_id,
        "occurred_at": NOW,
        "party": "lms",
        "learner": {"nip": NIP, "nrp": None, "person_id": None},
        "activity": {"id": "https://lms.example/kursus/1", "name": {"id": "Kursus"}},
    }
    topic = topics.inbox("lms")
    rules = {
        "auto.register.schemas": False,
        "subject.name.strategy": record_subject_name_strategy,
    }
    with SchemaRegistryClient({"url": apicurio.url}) as registry:
        write = AvroSerializer(registry, schema, conf=rules)
        value = write(event, SerializationContext(topic, MessageField.VALUE))
    producer = confluent_kafka.Producer(confluents_login(house.credentials("lms")))
    producer.produce(topic, key=NIP, value=value)
    assert producer.flush(WAIT_SECONDS) == 0

    def receipts() -> list[Any]:
        return read_by_confluents(house, apicurio, "lms", topics.receipts("lms"))

    until(lambda: bool(house.read("lms", topics.receipts("lms"))))
    (receipt,) = receipts()
    assert (str(receipt["event_id"]), receipt["outcome"]) == (event_id, "recorded")


def test_a_confluent_client_reads_an_agencys_changes(
    house: House, apicurio: Apicurio, framing: SchemaRegistry
) -> None:
    house.told(framing, [completed(1)])
    topic = topics.changes("2060")
    until(lambda: bool(house.read("2060", topic)))
    found = read_by_confluents(house, apicurio, "2060", topic)
    assert [one["seq"] for one in found] == sorted({one["seq"] for one in found})
    assert {len(one["match_refs"]) for one in found} == {1}


def test_the_registry_listens_on_loopback_only(apicurio: Apicurio) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))  # sends nothing; says which address we have outside
        outside = probe.getsockname()[0]
    with pytest.raises(OSError, match=r"refused|unreachable"):
        socket.create_connection((outside, apicurio.port), timeout=2).close()
