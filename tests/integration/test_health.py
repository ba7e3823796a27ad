"""`jejak status` on real services: lag, and the partitions that must not be read on."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from kafka import KafkaAdminClient, KafkaProducer
from kafka.structs import TopicPartition
from psycopg import sql

from jejak import health, provisioning
from jejak.health import Health
from jejak.home import Home
from jejak.kafka_admin import Topic, connected
from jejak.lag import InboxState
from jejak.provisioning import NewParty
from jejak.services import Services
from jejak_lrs.database import Database
from jejak_lrs.ledger import appending, inboxes
from jejak_schemas import kafka_python
from jejak_schemas.credentials import Credentials
from tests import rows, services

pytestmark = pytest.mark.integration


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


def look(home: Home, front: Services) -> Health:
    return health.look(home, front, embedded=False)


def add(front: Services, home: Home, code: str) -> Credentials:
    party = NewParty(code, code, ("provider",), partitions=1)
    return provisioning.add_parties(front, home.credentials, [party], lambda _parties: None)[0]


def send(party: Credentials, messages: int, claiming_ago: float = 0.0) -> None:
    """Send, claiming to have done so earlier: the broker's clock is what counts."""
    with closing(KafkaProducer(**kafka_python.settings(party.kafka))) as producer:
        written = int((time.time() - claiming_ago) * 1000)
        for _ in range(messages):
            producer.send(party.topics.inbox, b"any", timestamp_ms=written).get(10)


def stand_at(front: Services, topic: str, offset: int) -> None:
    """As if the recorder had come so far."""
    with closing(psycopg.connect(front.dsn("jejak_writer"), autocommit=True)) as connection:
        connection.execute(
            "UPDATE inbox_offset SET next_offset = %s, delivered = %s WHERE topic = %s",
            [offset, offset, topic],
        )


@contextmanager
def operator(front: Services) -> Iterator[Any]:
    """The operator with the tools that can do anything."""
    with closing(KafkaAdminClient(**kafka_python.settings(front.kafka(front.operator)))) as client:
        yield client


def remove(front: Services, topic: str) -> None:
    with operator(front) as client:
        client.delete_topics([topic])
    with connected(front.kafka(front.operator)) as admin:
        end = time.monotonic() + 10
        while topic in admin.topic_ids([topic]):
            assert time.monotonic() < end, "the topic stays"
            time.sleep(0.1)


def inbox(found: Health, code: str) -> InboxState:
    (state,) = (state for state in found.inboxes if state.party == code)
    return state


def test_what_is_not_read_shows_in_messages_and_in_seconds(home: Home, front: Services) -> None:
    party = add(front, home, "health-lag")
    other = add(front, home, "health-read")
    began = time.time()
    send(party, 3, claiming_ago=10_000)
    send(other, 2)
    time.sleep(1.0)
    stand_at(front, other.topics.inbox, 2)

    found = look(home, front)

    late, read = inbox(found, "health-lag"), inbox(found, "health-read")
    assert (late.first_offset, late.end_offset, late.lag) == (0, 3, 3)
    assert late.lag_seconds is not None
    assert 1.0 <= late.lag_seconds <= time.time() - began + 0.1
    assert (read.lag, read.lag_seconds) == (0, 0)
    assert found.exit_code == 0


def test_the_oldest_unread_message_gives_the_age_not_the_oldest_kept(
    home: Home, front: Services
) -> None:
    party = add(front, home, "health-age")
    send(party, 1)
    time.sleep(1.5)
    second = time.time()
    send(party, 1)
    stand_at(front, party.topics.inbox, 1)
    age = inbox(look(home, front), "health-age").lag_seconds
    assert age is not None
    assert age <= time.time() - second + 0.1


def test_a_topic_that_is_gone_stops_its_partitions(home: Home, front: Services) -> None:
    party = add(front, home, "health-gone")
    remove(front, party.topics.inbox)

    found = look(home, front)

    assert found.exit_code == 4
    assert found.stopped == ["STOPPED jejak.inbox.health-gone partition 0: its topic is gone"]
    assert inbox(found, "health-gone").lag is None


def test_a_topic_made_again_stops_until_its_party_is_added_again(
    home: Home, front: Services
) -> None:
    party = add(front, home, "health-again")
    name = party.topics.inbox
    with connected(front.kafka(front.operator)) as admin:
        before = admin.topic_ids([name])[name]
        remove(front, name)
        admin.create_topics([Topic(name)])
        after = admin.topic_ids([name])[name]
    send(party, 2)

    found = look(home, front)

    assert found.exit_code == 4
    (line,) = found.stopped
    assert line == (
        f"STOPPED {name} partition 0: its topic was replaced: the ledger reads the topic with id "
        f"{before}, Kafka has {after}"
    )

    add(front, home, "health-again")
    mended = look(home, front)
    assert (mended.exit_code, inbox(mended, "health-again").lag) == (0, 2)


@pytest.mark.parametrize(("stands", "why"), [
    (0, "the ledger stands at 0, the log holds [2, 3)"),
    (4, "the ledger stands at 4, the log holds [2, 3)"),
])  # fmt: skip
def test_an_offset_outside_the_log_stops_its_partition(
    home: Home, front: Services, stands: int, why: str
) -> None:
    party = add(front, home, f"health-range-{stands}")
    send(party, 3)
    with operator(front) as client:
        client.delete_records({TopicPartition(party.topics.inbox, 0): 2})
    stand_at(front, party.topics.inbox, stands)

    found = look(home, front)

    assert found.exit_code == 4
    assert inbox(found, party.party).stopped == why
    stand_at(front, party.topics.inbox, 3)
    assert look(home, front).exit_code == 0


def test_a_partition_that_a_recorder_stopped_is_told_whatever_its_log_holds(
    home: Home, front: Services, writer: Database
) -> None:
    party = add(front, home, "health-noted")
    send(party, 3)
    (row,) = [one for one in inboxes.all_inboxes(writer.connection) if one.party == party.party]
    inboxes.stop(writer.connection, row.key, at=0, why="offset 2 came where 0 was expected")

    found = look(home, front)

    told = f"STOPPED {party.topics.inbox} partition 0: offset 2 came where 0 was expected"
    assert found.exit_code == 4
    assert told in found.stopped
    assert inbox(found, party.party).lag is None


def test_outcomes_cursors_and_quarantine_are_told(
    home: Home, front: Services, writer: Database
) -> None:
    first = rows.row(0)
    appending.append(writer, rows.batch([first, rows.row(1)]))
    again = rows.row(2, statement_id=first.statement_id)
    other = rows.row(3, statement_id=first.statement_id, said=b"failed")
    appending.append(writer, rows.batch([again, other, rows.refused(4)], start=2))

    found = look(home, front).ledger

    assert found is not None
    assert found.head.next_position == 2
    outcomes = found.outcomes
    assert (outcomes.recorded, outcomes.duplicate, outcomes.conflict, outcomes.refused) == (
        2, 1, 1, 1,
    )  # fmt: skip
    assert found.quarantine == {"waiting": {"conflict": 1, "nip-impossible": 1}}
    assert found.cursors["projector"].behind == 2
    assert found.cursors["publisher-receipts"].behind == 5
    assert found.cursors["publisher-changes"].behind == 0
    assert (found.refold, found.aside) == (0, {})


def test_a_loop_is_seen_wherever_it_runs(home: Home, front: Services) -> None:
    with closing(Database(front.dsn("jejak_projector"), "jejak projector")) as database:
        assert database.connection is not None
        found = look(home, front)
    assert found.ledger is not None
    assert found.ledger.loops == {"recorder": 0, "projector": 1, "publisher": 0, "notary": 0}
    assert found.up is None


def test_a_service_that_is_away_or_refuses_is_told_and_the_rest_too(
    home: Home, front: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(front, home, "health-away")
    monkeypatch.setattr(health, "PATIENCE", 0.5)

    no_kafka = look(home, replace(front, bootstrap_servers="127.0.0.1:1"))
    assert (no_kafka.exit_code, no_kafka.kafka.says) == (3, "no Kafka answers at 127.0.0.1:1")
    assert no_kafka.ledger is not None
    assert inbox(no_kafka, "health-away").lag is None

    no_postgres = look(home, replace(front, postgres=replace(front.postgres, port=1)))
    assert (no_postgres.exit_code, no_postgres.ledger) == (3, None)
    assert no_postgres.kafka.says == "answers"

    front.secrets.put(f"kafka-{front.operator}", "wrong")
    refused = look(home, front)
    assert refused.exit_code == 4
    assert "wrong user or password" in refused.kafka.says


def test_the_command_works_on_services_that_others_run(
    home: Home, front: Services, template: services.Database
) -> None:
    server = template.server
    database = sql.Identifier("jejak")
    server.execute(
        sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(database, sql.Identifier(template.name))
    )
    try:
        elsewhere = replace(front, database="jejak")
        party = add(elsewhere, home, "health-command")
        assert status(home, elsewhere).returncode == 0

        send(party, 2)
        with operator(front) as client:
            client.delete_records({TopicPartition(party.topics.inbox, 0): 1})
        done = status(home, elsewhere, "--json")

        document = json.loads(done.stdout)
        assert done.returncode == 4
        assert document["up"] is None
        (stopped,) = document["stopped"]
        assert stopped == (
            f"STOPPED {party.topics.inbox} partition 0: "
            "the ledger stands at 0, the log holds [1, 2)"
        )
        assert done.stderr == f"{stopped}; see docs/operating.md, A stopped partition\n"
    finally:
        server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(database))


def status(home: Home, front: Services, *words: str) -> subprocess.CompletedProcess[str]:
    settings = {
        "JEJAK_HOME": str(home.path),
        "JEJAK_SECRETS": str(front.secrets.folder),
        "JEJAK_KAFKA_BOOTSTRAP_SERVERS": front.bootstrap_servers,
        "JEJAK_DATABASE_HOST": front.postgres.host,
        "JEJAK_DATABASE_PORT": str(front.postgres.port),
    }
    return subprocess.run(
        [sys.executable, "-m", "jejak", "status", *words],
        capture_output=True, text=True, check=False, env=os.environ | settings,
    )  # fmt: skip
