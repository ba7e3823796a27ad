"""What the operator does to a Kafka cluster: topics, users, rights.

The only modules of the front door that import `kafka`, which has no types; others see `KafkaAdmin`.
All calls take many things at once and may be repeated without harm.

port         what may be asked, and in which words
connection   the client behind it, and its errors as ours
topics, brokers, passwords, rights, quotas, logs    one subject each
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from jejak.kafka_admin.brokers import Brokers
from jejak.kafka_admin.connection import await_port
from jejak.kafka_admin.logs import Logs
from jejak.kafka_admin.passwords import Passwords
from jejak.kafka_admin.port import Broker, Grant, KafkaAdmin, Log, Made, Place, Topic
from jejak.kafka_admin.quotas import QUOTA_KEYS, Quotas
from jejak.kafka_admin.rights import Rights
from jejak.kafka_admin.topics import Topics
from jejak_schemas.credentials import KafkaAccess

__all__ = [
    "QUOTA_KEYS",
    "Broker",
    "Grant",
    "KafkaAdmin",
    "Log",
    "Made",
    "Place",
    "Topic",
    "connected",
]

_LEAST = 2.0  # seconds to sign in, once a broker takes connections


class _Admin(Topics, Brokers, Passwords, Rights, Quotas, Logs):
    """`KafkaAdmin` over kafka-python."""


@contextmanager
def connected(access: KafkaAccess, patience: float = 30.0) -> Iterator[KafkaAdmin]:
    """A connection as the operator, tried for `patience` seconds.

    Retry where no broker answers, Fatal where one does and does not let us in.
    """
    end = time.monotonic() + patience
    await_port(access.bootstrap_servers, end)
    admin = _Admin(access, max(_LEAST, end - time.monotonic()))
    try:
        yield admin
    finally:
        admin.close()
