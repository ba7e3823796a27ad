"""Clients that are not ours: kafka-python, fastavro, the .avsc files and the credentials file."""

import io
import json
import time
import tomllib
import uuid
from collections.abc import Iterator
from contextlib import closing
from importlib import resources
from typing import Any

import fastavro
import kafka
from fastavro.schema import fingerprint, to_parsing_canonical_form
from uuid_utils.compat import uuid7

from jejak_lrs import roles
from jejak_lrs.ledger import history
from jejak_lrs.ledger.statements import Statements
from jejak_schemas.events import CertificateEarned
from tests.e2e.conftest import Played

NIP = "199104122015032003"
AVSC = resources.files("jejak_schemas").joinpath("avsc")
Json = dict[str, Any]


def schema(name: str, version: int = 1) -> Json:
    read: Json = json.loads(AVSC.joinpath(f"{name}.v{version}.avsc").read_text("utf-8"))
    return read


def header(own: Json) -> bytes:
    return b"\xc3\x01" + bytes.fromhex(fingerprint(to_parsing_canonical_form(own), "CRC-64-AVRO"))


def encoded(own: Json, event: Json) -> bytes:
    out = io.BytesIO()
    fastavro.schemaless_writer(out, own, event)
    return header(own) + out.getvalue()


def decoded(value: bytes, reader: Json, *writers: Json) -> Json | None:
    """The message as its reader knows it; None where it is another class's."""
    for writer in (reader, *writers):
        if value.startswith(header(writer)):
            read: Any = fastavro.schemaless_reader(io.BytesIO(value[10:]), writer, reader)
            return dict(read)
    return None


def credentials(played: Played, party: str) -> Json:
    return tomllib.loads(played.stage.home.credentials_file(party).read_text("utf-8"))


def login(told: Json) -> Json:
    return {
        "bootstrap_servers": told["kafka"]["bootstrap_servers"],
        "security_protocol": told["kafka"]["security_protocol"],
        "sasl_mechanism": told["kafka"]["sasl_mechanism"],
        "sasl_plain_username": told["kafka"]["username"],
        "sasl_plain_password": told["kafka"]["password"],
    }


def sent(told: Json, *values: bytes) -> list[tuple[int, int]]:
    """Where in the inbox the values came to lie."""
    producer = kafka.KafkaProducer(**login(told), acks="all")
    futures = [producer.send(told["topics"]["inbox"], value, NIP.encode()) for value in values]
    done = [future.get(30) for future in futures]
    producer.close()
    return [(one.partition, one.offset) for one in done]


def everything(told: Json, topic: str) -> Iterator[bytes]:
    """Every message of a topic of one partition, and then what comes within 20 seconds."""
    consumer = kafka.KafkaConsumer(
        topic,
        **login(told),
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        isolation_level="read_committed",
        group_id=None,
        consumer_timeout_ms=20_000,
    )
    try:
        for message in consumer:
            yield message.value
    finally:
        consumer.close()


def receipts(told: Json, *wanted: tuple[int, int]) -> list[Json]:
    """The receipts of what was sent, in that order."""
    found: dict[tuple[int, int], Json] = {}
    for value in everything(told, told["topics"]["receipts"]):
        receipt = decoded(value, schema("Receipt"))
        assert receipt is not None
        found[receipt["partition"], receipt["offset"]] = receipt
        if set(wanted) <= found.keys():
            break
    return [found[where] for where in wanted]


def said(told: Json, **more: Any) -> Json:
    return {
        "event_id": str(uuid7()),
        "occurred_at": int(time.time() * 1_000_000),
        "party": told["party"],
        "learner": {"nip": NIP, "nrp": None, "person_id": None},
        **more,
    }


def test_an_event_of_a_plain_client_is_recorded_and_answered(played: Played) -> None:
    told = credentials(played, "pusbangkom-lan")
    activity = {"id": "https://lain.example/k", "name": {"id": "Kursus"}, "type": None}
    event = said(told, activity=activity)
    places = sent(told, encoded(schema("CourseCompleted"), event), b"hello")
    recorded, refused = receipts(told, *places)
    assert (recorded["outcome"], recorded["event_id"]) == ("recorded", uuid.UUID(event["event_id"]))
    assert (refused["outcome"], refused["reason"]) == ("refused", "unreadable")


def test_what_an_old_producer_writes_is_recorded_as_the_newest_version_has_it(
    played: Played,
) -> None:
    told = credentials(played, "pusbangkom-lan")
    paper = {"number": "LAN/LAMA/1", "issued_on": 20_500}
    event = said(told, certificate=paper)
    (receipt,) = receipts(told, *sent(told, encoded(schema("CertificateEarned", 1), event)))
    assert receipt["outcome"] == "recorded"
    with closing(played.connect(roles.AUDITOR)) as connection:
        record = history.record_at(connection, receipt["position"])
    assert record is not None
    kept = Statements().event_of(record)
    assert isinstance(kept, CertificateEarned)
    assert (kept.certificate.number, kept.verify_at) == ("LAN/LAMA/1", None)


def test_what_a_new_publisher_writes_is_read_by_an_old_subscriber_that_has_the_file(
    played: Played,
) -> None:
    told = credentials(played, "2060")
    own, newer = schema("LevelChanged", 1), schema("LevelChanged", 2)
    changes: list[Json] = []
    for value in everything(told, told["topics"]["changes"]):
        assert not value.startswith(header(own)), "our publisher writes the newest version"
        changes += filter(None, [decoded(value, own, newer)])
        if len(changes) == 10:
            break
    known = {field["name"] for field in own["fields"]}
    assert [set(change) for change in changes] == [known] * 10
    assert {field["name"] for field in newer["fields"]} == known | {"valid_until"}
