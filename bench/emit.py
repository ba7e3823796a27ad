"""Emit: events made, checked, encoded, sent to a real broker and acknowledged, in one process.

Beside it kafka-python alone, sending the same bytes with the same settings, its partitions
known beforehand. Every round has a producer of its own, so it knows no key yet.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final

import kafka

from bench import mix
from bench.broker import running_broker
from bench.line import Line, line
from bench.rounds import Round, Watch, take_turns
from jejak.provisioning import NewParty
from jejak_producers import Producer
from jejak_producers.delivery import Packed
from jejak_producers.kafka import murmur2
from jejak_producers.producer import pack
from jejak_schemas import kafka_python
from jejak_schemas.credentials import Credentials
from jejak_schemas.events import Event

_PARTY: Final = NewParty("pusdiklat", "Pusdiklat", ("provider",))
_EVENTS: Final = 20_000
_PEOPLE: Final = 5_000
_ROUNDS: Final = 7
SETTINGS: Final[dict[str, Any]] = {  # those of jejak_producers.kafka
    "acks": "all",
    "enable_idempotence": True,
    "linger_ms": 20,
    "batch_size": 256 * 1024,
    "allow_auto_create_topics": False,
    "metrics_enabled": False,
}


def run() -> list[Line]:
    """From a model's values to the brokers' acknowledgement, and the same of models made before."""
    makers = mix.makers(mix.ordinary(mix.simulated(_EVENTS, _PEOPLE)), _PARTY.code)
    events = [make() for make in makers]
    packed = [pack(event, _PARTY.code) for event in events]
    with running_broker() as broker:
        credentials = broker.add_party(_PARTY)
        works = [
            partial(_emit, credentials, makers),
            partial(_emit_made, credentials, events),
            partial(send, credentials, packed),
        ]
        whole, made, limit = take_turns(works, _ROUNDS)
    beside = "kafka-python: send of the same bytes"
    return [
        line("emit: model, validation, Avro, send, acknowledged", whole, beside, limit),
        line("emit of models made before", made, beside, limit),
    ]


def _emit(credentials: Credentials, makers: Sequence[Callable[[], Event]]) -> Round:
    with Producer(credentials, receipts=False) as producer:
        watch = Watch()
        for make in makers:
            producer.emit(make())
        producer.flush()
        return watch.stop(len(makers))


def _emit_made(credentials: Credentials, events: Sequence[Event]) -> Round:
    with Producer(credentials, receipts=False) as producer:
        watch = Watch()
        for event in events:
            producer.emit(event)
        producer.flush()
        return watch.stop(len(events))


def send(credentials: Credentials, packed: Sequence[Packed]) -> Round:
    """Send packed events to the party's inbox by the library alone."""
    topic = str(credentials.topics.inbox)
    client = kafka.KafkaProducer(**kafka_python.settings(credentials.kafka), **SETTINGS)
    partitions = len(client.partitions_for(topic))
    messages = [(one.value, one.key, murmur2(one.key) % partitions) for one in packed]
    watch = Watch()
    for value, key, partition in messages:
        client.send(topic, value, key, partition=partition)
    client.flush()
    sent = watch.stop(len(messages))
    client.close()
    return sent
