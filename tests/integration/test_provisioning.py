"""Adding parties: everything they need and nothing more, twice without harm."""

import stat
from contextlib import closing, nullcontext
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from kafka import KafkaConsumer, KafkaProducer
from kafka.errors import (
    GroupAuthorizationFailedError,
    KafkaError,
    TopicAuthorizationFailedError,
)
from kafka.structs import TopicPartition

from jejak import provisioning, rotating
from jejak.errors import Fatal, Misuse, Refuse
from jejak.kafka_admin import connected
from jejak.provisioning import NewParty
from jejak.services import AUDITOR, Services
from jejak_lrs import database, roles
from jejak_lrs.ledger import inboxes
from jejak_schemas import kafka_python, topics
from jejak_schemas.credentials import Credentials

pytestmark = pytest.mark.integration


def add(front: Services, folder: Path, *parties: NewParty) -> list[Credentials]:
    return provisioning.add_parties(front, folder, parties, lambda _parties: None)


def test_a_party_writes_its_inbox_and_no_other(front: Services, tmp_path: Path) -> None:
    one, other = add(
        front,
        tmp_path,
        NewParty("pa-one", "One", ("provider",)),
        NewParty("pa-two", "Two", ("lan",)),
    )
    producer = KafkaProducer(
        **kafka_python.settings(one.kafka), enable_idempotence=True, acks="all"
    )
    try:
        producer.send(one.topics.inbox, b"mine").get(10)
        with pytest.raises(TopicAuthorizationFailedError):
            producer.send(other.topics.inbox, b"not mine").get(10)
        with pytest.raises(TopicAuthorizationFailedError):
            producer.send(one.topics.receipts, b"forged").get(10)
    finally:
        producer.close()


def test_a_party_sees_its_own_topics_and_no_others(front: Services, tmp_path: Path) -> None:
    agency, _ = add(
        front, tmp_path, NewParty("4901", "A", ("agency",)), NewParty("4902", "B", ("agency",))
    )
    consumer = KafkaConsumer(**kafka_python.settings(agency.kafka))
    try:
        own = set(agency.topics.model_dump().values())
        assert consumer.topics() == own | {topics.CHECKPOINTS}
    finally:
        consumer.close()


def test_a_party_reads_with_groups_of_its_own_name_only(front: Services, tmp_path: Path) -> None:
    (made,) = add(front, tmp_path, NewParty("pa-group", "Group", ("provider",)))
    for group, allowed in (("pa-group.sdk", True), ("pa-groupies.sdk", False)):
        consumer = KafkaConsumer(
            made.topics.receipts, **kafka_python.settings(made.kafka), group_id=group
        )
        try:
            with nullcontext() if allowed else pytest.raises(GroupAuthorizationFailedError):
                consumer.poll(timeout_ms=2000)
        finally:
            consumer.close(autocommit=False)


def test_topics_have_the_policies_of_the_contract() -> None:
    made = {t.name: t for t in provisioning.topics_of(NewParty("4903", "C", ("agency",)))}
    assert made["jejak.inbox.4903"].partitions == 2
    assert made["jejak.inbox.4903"].settings == {
        "cleanup.policy": "delete",
        "retention.ms": str(14 * 86_400_000),
        "compression.type": "uncompressed",
        "message.timestamp.type": "LogAppendTime",
    }
    assert made["jejak.agency.4903.changes"].settings["retention.ms"] == str(30 * 86_400_000)
    assert made["jejak.agency.4903.profiles"].settings == {
        "cleanup.policy": "compact",
        "delete.retention.ms": str(30 * 86_400_000),
        "max.message.bytes": str(8 * 1024 * 1024),
    }
    assert all(t.partitions == 1 for name, t in made.items() if "inbox" not in name)


def test_the_ledger_knows_each_inbox_partition_under_kafkas_own_id(
    front: Services, tmp_path: Path
) -> None:
    add(front, tmp_path, NewParty("pa-wide", "Wide", ("provider",), partitions=3))
    with connected(front.kafka("operator")) as admin:
        ids = admin.topic_ids(["jejak.inbox.pa-wide"])
    with database.connect(front.dsn(roles.READER)) as connection:
        rows = inboxes.all_inboxes(connection)
    assert [(r.topic_id, r.partition) for r in rows] == [
        (ids["jejak.inbox.pa-wide"], number) for number in range(3)
    ]


def test_adding_again_with_another_width_is_refused_and_opens_no_partition(
    front: Services, tmp_path: Path
) -> None:
    fixed = NewParty("pa-fixed", "Fixed", ("provider",), partitions=1)
    add(front, tmp_path, fixed)
    with pytest.raises(Refuse, match="pa-fixed are 1, for life"):
        add(front, tmp_path, replace(fixed, partitions=4))
    for same in (fixed, replace(fixed, partitions=None)):
        add(front, tmp_path, same)
    with database.connect(front.dsn(roles.READER)) as connection:
        rows = [row for row in inboxes.all_inboxes(connection) if row.party == "pa-fixed"]
    assert [row.partition for row in rows] == [0]


def test_adding_again_changes_nothing(front: Services, tmp_path: Path) -> None:
    party = NewParty("4904", "D", ("agency",))
    assert add(front, tmp_path, party) == add(front, tmp_path, party)


def test_a_credentials_file_is_private_and_complete(front: Services, tmp_path: Path) -> None:
    (made,) = add(front, tmp_path / "credentials", NewParty("4905", "E", ("agency",)))
    path = tmp_path / "credentials" / "4905.toml"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert Credentials.load(path) == made
    assert made.agency is not None
    assert len(bytes.fromhex(made.agency.match_key.get_secret_value())) == 32


def test_an_agencys_login_reads_no_table_of_the_ledger(front: Services, tmp_path: Path) -> None:
    (made,) = add(front, tmp_path, NewParty("4906", "F", ("agency",)))
    assert made.agency is not None
    with (
        psycopg.connect(made.agency.database_url.get_secret_value()) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute("SELECT FROM record")


def test_a_rotated_password_holds_beside_the_old_one_until_that_is_retired(
    front: Services, tmp_path: Path
) -> None:
    (old,) = add(front, tmp_path, NewParty("4907", "G", ("agency",)))
    new = rotating.rotate(front, tmp_path, "4907")
    assert signs_in(old)
    assert signs_in(new)
    assert add(front, tmp_path, NewParty("4907", "G", ("agency",))) == [new]
    rotating.retire(front, tmp_path, "4907")
    assert not signs_in(old)
    assert signs_in(new)
    assert new.agency == old.agency
    assert Credentials.load(tmp_path / "4907.toml") == new


def test_a_leaked_password_ends_at_once_and_the_match_key_stays(
    front: Services, tmp_path: Path
) -> None:
    (old,) = add(front, tmp_path, NewParty("4908", "H", ("agency",)))
    between = rotating.rotate(front, tmp_path, "4908")
    new = rotating.rotate(front, tmp_path, "4908", at_once=True)
    assert [signs_in(one) for one in (old, between, new)] == [False, False, True]
    assert old.agency is not None
    assert new.agency is not None
    assert new.agency.match_key == old.agency.match_key
    assert new.agency.database_url != old.agency.database_url
    psycopg.connect(new.agency.database_url.get_secret_value()).close()


def signs_in(credentials: Credentials) -> bool:
    try:
        with connected(credentials.kafka, patience=5):
            return True
    except Fatal as refused:
        assert "wrong user or password" in str(refused)  # noqa: PT017  either answer is one
        return False


def test_a_suspended_party_may_no_longer_write(front: Services, tmp_path: Path) -> None:
    (made,) = add(front, tmp_path, NewParty("pa-out", "Out", ("provider",)))
    with closing(KafkaProducer(**kafka_python.settings(made.kafka))) as connected_before:
        connected_before.send(made.topics.inbox, b"x").get(10)
        provisioning.shut_out(front, "pa-out")
        with pytest.raises(KafkaError, match="AuthorizationFailed"):  # the very next one
            connected_before.send(made.topics.inbox, b"x").get(10)
    producer = KafkaProducer(**kafka_python.settings(made.kafka))
    try:
        # With no right to write anywhere it is not even given a producer id.
        with pytest.raises(KafkaError, match="AuthorizationFailed"):
            producer.send(made.topics.inbox, b"x").get(10)
    finally:
        producer.close()


def test_the_ledger_is_told_last(front: Services, tmp_path: Path) -> None:
    told: list[str] = []

    def declare(parties: object) -> None:
        assert (tmp_path / "pa-told.toml").exists()
        told.append(str(parties))

    party = NewParty("pa-told", "Told", ("provider",))
    provisioning.add_parties(front, tmp_path, [party], declare)
    assert len(told) == 1


@pytest.mark.parametrize("code", ["Lan", "a", "-lan", "lan.two", "recorder", "operator", "x" * 32])
def test_a_code_that_cannot_be_a_party_is_refused_before_anything_is_made(code: str) -> None:
    with pytest.raises(Misuse):
        provisioning.check_code(code)


def test_an_unknown_party_is_said_to_be_unknown(front: Services, tmp_path: Path) -> None:
    with pytest.raises(Refuse, match="no party 'nobody'"):
        rotating.rotate(front, tmp_path, "nobody")


def test_an_auditor_reads_what_was_told_and_no_inbox_and_writes_nothing(
    front: Services, tmp_path: Path
) -> None:
    (party,) = add(front, tmp_path, NewParty("aud-lihat", "A", ("provider",)))
    access = kafka_python.settings(front.kafka(AUDITOR))
    with closing(KafkaConsumer(**access, consumer_timeout_ms=10_000)) as consumer:
        assert consumer.partitions_for_topic(party.topics.receipts) == {0}
        consumer.assign([TopicPartition(party.topics.receipts, 0)])
        consumer.poll(1_000)
        assert not consumer.partitions_for_topic(party.topics.inbox)
    with (
        closing(KafkaProducer(**access)) as producer,
        pytest.raises((TopicAuthorizationFailedError, KafkaError)),
    ):
        producer.send(party.topics.receipts, b"x").get(30)
