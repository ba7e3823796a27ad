"""Every client tells a wrong password from brokers that are away, each time, and says nothing else.

kafka-python loses a refusal that is read together with the end of the connection; what is tried
here many times failed now and then before both packages read all there is.
"""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import pytest
from kafka.errors import KafkaError

from jejak import kafka_admin
from jejak.errors import Fatal
from jejak.kafka_admin import Grant, Topic
from jejak_consumers.errors import WrongLogin
from jejak_consumers.kafka import KafkaFeed, KafkaInboxReader, KafkaOutbox
from jejak_producers import kafka as sdk
from jejak_producers.errors import NotAllowed, WrongUserOrPassword
from jejak_schemas.credentials import KafkaAccess
from tests import services

pytestmark = pytest.mark.integration

TIMES = 4


class Client(Protocol):
    def close(self) -> None: ...


def sdk_outbox(access: KafkaAccess) -> Client:
    outbox = sdk.KafkaOutbox(access, "any", patience=20, deadline=20)
    outbox.close(force=True)
    return sdk_inlet(access)


def sdk_inlet(access: KafkaAccess) -> Client:
    return sdk.KafkaInlet(access, "any", patience=20)


def operator(access: KafkaAccess) -> Client:
    with kafka_admin.connected(access, patience=20):
        pytest.fail("signed in")


def reader(access: KafkaAccess) -> Client:
    return KafkaInboxReader(access, slot="health", patience=20)


def feed(access: KafkaAccess) -> Client:
    return KafkaFeed(access, "any", patience=20)


def outbox(access: KafkaAccess) -> Client:
    return KafkaOutbox(access, patience=20)


Open = Callable[[KafkaAccess], Client]
REFUSED: list[tuple[Open, type[Exception]]] = [
    (sdk_outbox, WrongUserOrPassword),
    (sdk_inlet, WrongUserOrPassword),
    (reader, WrongLogin),
    (feed, WrongLogin),
    (outbox, WrongLogin),
    (operator, Fatal),
]
every_client = pytest.mark.parametrize(
    ("connect", "refusal"), REFUSED, ids=lambda each: each.__name__
)


@every_client
def test_a_wrong_password_is_told_every_time(
    kafka: services.Kafka, connect: Open, refusal: type[Exception]
) -> None:
    for _ in range(TIMES):
        with pytest.raises(refusal, match="wrong user or password"):
            connect(kafka.access("operator", "wrong"))


@pytest.mark.parametrize("connect", [sdk_inlet, feed], ids=lambda each: each.__name__)
def test_signing_in_says_nothing_and_nothing_below_info_is_ever_said(
    kafka: services.Kafka, connect: Open, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, "kafka")
    caplog.set_level(logging.DEBUG, "kafka.net.sasl.scram")
    connect(kafka.operator).close()
    said = [line for line in caplog.records if line.name.startswith("kafka")]
    assert said, "the library speaks where it is asked to"
    assert {line.levelno for line in said} == {logging.INFO}


def test_a_party_that_may_write_nowhere_is_told_so(kafka: services.Kafka) -> None:
    with kafka_admin.connected(kafka.operator) as admin:
        admin.set_passwords({"health-mute": "right"})
        admin.create_topics([Topic("health.mute")])
        admin.allow([Grant("health-mute", "describe", "topic", "health.mute")])
    mute = sdk.KafkaOutbox(kafka.access("health-mute", "right"), "health.mute", 20, 20)
    try:
        with pytest.raises(KafkaError) as refused:
            mute.send(0, b"key", b"value").get(20)
        assert isinstance(mute.explain(refused.value), NotAllowed)
    finally:
        mute.close(force=True)


@pytest.mark.kills
@pytest.mark.skipif(services.in_containers(), reason="kills the embedded broker")
def test_a_broker_that_was_killed_and_is_back_refuses_the_wrong_password_only(
    tmp_path: Path,
) -> None:
    broker = services.new_kafka(tmp_path)
    try:
        broker.start()
        kafka = services.Kafka(broker.bootstrap_servers, broker.password)
        assert broker.process is not None
        broker.process.process.kill()
        broker.stop()
        broker.launch()  # and, while it is starting:
        for connect, refusal in ((sdk_inlet, WrongUserOrPassword), (feed, WrongLogin)):
            for _ in range(TIMES):
                connect(kafka.operator).close()
                with pytest.raises(refusal):
                    connect(kafka.access("operator", "wrong"))
    finally:
        broker.stop()
