"""A client that is not ours: kafka-python, fastavro, the .avsc file and the credentials file."""

import io
import json
import time
import tomllib
import uuid
from importlib import resources

import fastavro
import kafka
from fastavro.schema import fingerprint, to_parsing_canonical_form
from uuid_utils.compat import uuid7

from tests.e2e.conftest import Played

NIP = "199104122015032003"


def schema(name: str) -> dict[str, object]:
    text = resources.files("jejak_schemas").joinpath("avsc", f"{name}.v1.avsc").read_text("utf-8")
    read: dict[str, object] = json.loads(text)
    return read


def encoded(name: str, event: dict[str, object]) -> bytes:
    own = schema(name)
    crc = fingerprint(to_parsing_canonical_form(own), "CRC-64-AVRO")
    out = io.BytesIO()
    fastavro.schemaless_writer(out, own, event)
    return b"\xc3\x01" + bytes.fromhex(crc) + out.getvalue()


def decoded(name: str, value: bytes) -> dict[str, object]:
    read = fastavro.schemaless_reader(io.BytesIO(value[10:]), schema(name), None)
    assert isinstance(read, dict)
    return read


def test_an_event_of_a_plain_client_is_recorded_and_answered(played: Played) -> None:
    told = tomllib.loads(played.stage.home.credentials_file("pusbangkom-lan").read_text("utf-8"))
    login = {
        "bootstrap_servers": told["kafka"]["bootstrap_servers"],
        "security_protocol": told["kafka"]["security_protocol"],
        "sasl_mechanism": told["kafka"]["sasl_mechanism"],
        "sasl_plain_username": told["kafka"]["username"],
        "sasl_plain_password": told["kafka"]["password"],
    }
    event_id = str(uuid7())
    event = {
        "event_id": event_id,
        "occurred_at": int(time.time() * 1_000_000),
        "party": told["party"],
        "learner": {"nip": NIP, "nrp": None, "person_id": None},
        "activity": {"id": "https://lain.example/k", "name": {"id": "Kursus"}, "type": None},
    }
    producer = kafka.KafkaProducer(**login, acks="all")
    good = producer.send(
        told["topics"]["inbox"], encoded("CourseCompleted", event), NIP.encode()
    ).get(30)
    bad = producer.send(told["topics"]["inbox"], b"hello", NIP.encode()).get(30)
    producer.close()

    consumer = kafka.KafkaConsumer(
        told["topics"]["receipts"],
        **login,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        isolation_level="read_committed",
        group_id=None,
        consumer_timeout_ms=20_000,
    )
    wanted = {(good.partition, good.offset), (bad.partition, bad.offset)}
    answers = {}
    for message in consumer:
        receipt = decoded("Receipt", message.value)
        at = (receipt["partition"], receipt["offset"])
        if at in wanted:
            answers[at] = receipt
        if len(answers) == len(wanted):
            break
    consumer.close()
    recorded = answers[good.partition, good.offset]
    assert recorded["outcome"] == "recorded"
    assert recorded["event_id"] == uuid.UUID(event_id)
    refused = answers[bad.partition, bad.offset]
    assert (refused["outcome"], refused["reason"]) == ("refused", "unreadable")
