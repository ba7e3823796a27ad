"""A real broker with parties on it, for tests of what talks to Kafka only."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from kafka import KafkaConsumer, KafkaProducer
from kafka.structs import TopicPartition
from pydantic import BaseModel, SecretStr

from jejak.kafka_admin import connected
from jejak.provisioning import NewParty, provision_kafka
from jejak_schemas import codec, kafka_python
from jejak_schemas.credentials import Credentials, KafkaAccess
from jejak_schemas.outgoing import Receipt
from jejak_schemas.parts import Role
from tests.services import QUOTA

EPOCH = UUID("00000000-0000-4000-8000-00000000e90c")


@dataclass(frozen=True)
class Brokers:
    """A running cluster, and the operator's way in."""

    access: KafkaAccess

    def party(self, code: str, roles: Sequence[Role] = ("provider",)) -> Credentials:
        """A party with its user, topics and rights."""
        new = NewParty(code, code, tuple(roles))
        password = SecretStr(secrets.token_urlsafe(12))
        access = self.access.model_copy(update={"username": code, "password": password})
        credentials = Credentials(party=code, roles=new.roles, kafka=access, topics=new.topics)
        with connected(self.access) as admin:
            provision_kafka(admin, [new], [credentials], QUOTA)
        return credentials

    def read(self, topic: str) -> list[tuple[int, int, bytes, bytes]]:
        """Every message of a topic, as (partition, offset, key, value)."""
        consumer = KafkaConsumer(**kafka_python.settings(self.access), enable_auto_commit=False)
        try:
            partitions = [TopicPartition(topic, n) for n in consumer.partitions_for_topic(topic)]
            consumer.assign(partitions)
            consumer.seek_to_beginning(*partitions)
            ends = consumer.end_offsets(partitions)
            found: list[tuple[int, int, bytes, bytes]] = []
            while any(consumer.position(at) < end for at, end in ends.items()):
                for messages in consumer.poll(timeout_ms=200).values():
                    found += [(m.partition, m.offset, m.key, m.value) for m in messages]
            return found
        finally:
            consumer.close()

    def say(self, topic: str, messages: Sequence[BaseModel], transaction: str = "") -> None:
        """Write messages of ours to a topic, in one transaction, as the publisher does."""
        self.write(topic, [codec.encode(message) for message in messages], transaction)

    def write(self, topic: str, values: Sequence[bytes], transaction: str = "") -> None:
        """Write bytes to a topic, in one transaction."""
        producer = KafkaProducer(
            **kafka_python.settings(self.access),
            transactional_id=transaction or f"test-{secrets.token_hex(4)}",
        )
        try:
            producer.init_transactions()
            producer.begin_transaction()
            for value in values:
                producer.send(topic, value)
            producer.commit_transaction()
        finally:
            producer.close()


def recorded(seq: int, at: tuple[str, int, int], **rest: object) -> Receipt:
    """The receipt number `seq` of a chain, about the message at (topic, partition, offset)."""
    topic, partition, offset = at
    said = {"outcome": "recorded", "position": seq, "epoch": EPOCH, "prev_seq": seq - 1} | rest
    return Receipt.model_validate(
        said | {"seq": seq, "topic": topic, "partition": partition, "offset": offset}
    )
