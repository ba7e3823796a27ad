"""Sends one event and says what became of it: `python first_event.py pusdiklat.toml avsc`."""

import io
import json
import sys
import tomllib
from datetime import UTC, datetime
from pathlib import Path

from fastavro import schemaless_reader, schemaless_writer
from fastavro.schema import fingerprint, to_parsing_canonical_form
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from uuid_utils.compat import uuid7

NIP = "199104122015032003"


def header(schema):
    """What stands before a body that was written with this schema: C3 01, its fingerprint."""
    crc = fingerprint(to_parsing_canonical_form(schema), "CRC-64-AVRO")
    return b"\xc3\x01" + bytes.fromhex(crc)


def encode(schema, event):
    """An event as Avro single-object encoding; fields left out have their defaults."""
    out = io.BytesIO()
    out.write(header(schema))
    schemaless_writer(out, schema, event)
    return out.getvalue()


def receipt_of(sent, topic, schemas, login):
    """The receipt of one message; its header says which version of the schema it is of."""
    receipts = TopicPartition(topic, 0)
    consumer = KafkaConsumer(**login, isolation_level="read_committed", consumer_timeout_ms=60_000)
    consumer.assign([receipts])
    consumer.seek_to_beginning(receipts)
    for message in consumer:
        schema, body = schemas[message.value[:10]], io.BytesIO(message.value[10:])
        receipt = schemaless_reader(body, schema, None)
        at = (receipt["topic"], receipt["partition"], receipt["offset"])
        if at == (sent.topic, sent.partition, sent.offset):
            consumer.close()
            return receipt
    sys.exit("no receipt within a minute; nothing is lost, it may still come")


mine = tomllib.loads(Path(sys.argv[1]).read_text("utf-8"))
folder = Path(sys.argv[2])
login = {
    "bootstrap_servers": mine["kafka"]["bootstrap_servers"],
    "security_protocol": mine["kafka"]["security_protocol"],
    "sasl_mechanism": mine["kafka"]["sasl_mechanism"],
    "sasl_plain_username": mine["kafka"]["username"],
    "sasl_plain_password": mine["kafka"]["password"],
    "ssl_cafile": mine["kafka"].get("ssl_cafile"),
}

event = {
    "event_id": str(uuid7()),  # made once for each event, and kept if it is sent again
    "occurred_at": datetime.now(UTC),
    "party": mine["party"],
    "learner": {"nip": NIP},
    "activity": {
        "id": "https://pusdiklat.example/analisis",
        "name": {"id": "Analisis Kebijakan"},
    },
    "jp_claimed": 3200,  # hundredths of a JP
}
course = json.loads((folder / "CourseCompleted.v1.avsc").read_text("utf-8"))
receipts = [json.loads(file.read_text("utf-8")) for file in folder.glob("Receipt.*.avsc")]
by_header = {header(schema): schema for schema in receipts}

producer = KafkaProducer(**login, acks="all", enable_idempotence=True)
sending = producer.send(mine["topics"]["inbox"], key=NIP.encode(), value=encode(course, event))
sent = sending.get(60)  # raises where the brokers did not acknowledge
producer.close()
print("sent to partition", sent.partition, "at offset", sent.offset)

receipt = receipt_of(sent, mine["topics"]["receipts"], by_header, login)
print(receipt["outcome"], receipt["reason"] or receipt["position"])
