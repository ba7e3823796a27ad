"""`jejak doctor`: a sound set-up is called sound, and each thing that is broken is named."""

import socket
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

import psycopg
import pytest
from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType

from jejak import doctor, provisioning
from jejak.addresses import PostgresAddress
from jejak.doctor import Finding, Level, brokers, folders, postgres
from jejak.home import Home
from jejak.issuing import known_parties
from jejak.kafka_admin import connected
from jejak.provisioning import NewParty
from jejak.services import RECORDER, Services
from jejak_lrs import roles
from jejak_schemas import kafka_python, topics
from tests.services import Database

pytestmark = pytest.mark.integration

Breaking = Callable[[Home, Services, Database], AbstractContextManager[None]]
AGENCY = NewParty("4931", "A", ("agency",))


@pytest.fixture
def home(front: Services, tmp_path: Path) -> Home:
    """A home with one party, made as the operator makes it."""
    place = Home(tmp_path)
    provisioning.add_parties(front, place.credentials, [AGENCY], lambda _parties: None)
    return place


def seen(home: Home, services: Services) -> list[Finding]:
    return list(doctor.examine(home, services, embedded=True))


def wrong(findings: Iterable[Finding]) -> dict[str, str]:
    """What is wrong, by its subject; each says how to mend it."""
    found = [each for each in findings if each.level in (Level.WRONG, Level.AWAY)]
    assert [each for each in found if not each.mend] == []
    return {each.subject: each.found for each in found}


def test_a_sound_set_up_is_called_sound(home: Home, front: Services) -> None:
    found = seen(home, front)
    assert wrong(found) == {}
    assert doctor.exit_code(found) == 0
    assert {each.part for each in found} == {"home", "kafka", "postgresql"}
    assert {f"role {role}" for role in roles.LOGINS} <= {each.subject for each in found}


def test_each_thing_that_is_broken_is_named(
    home: Home, front: Services, database: Database
) -> None:
    looks = {
        "home": lambda: folders.examine(home, front),
        "kafka": lambda: brokers.examine(front, known_parties(home.credentials), embedded=True),
        "postgresql": lambda: postgres.examine(front, embedded=True),
    }
    for subject, (part, breaking, words) in BREAKAGES.items():
        with breaking(home, front, database):
            assert words in wrong(looks[part]()).get(subject, "nothing"), subject
    assert wrong(seen(home, front)) == {}


def test_services_that_are_away_are_told_and_end_with_3(home: Home, front: Services) -> None:
    away = replace(front, bootstrap_servers="127.0.0.1:9", postgres=PostgresAddress("127.0.0.1", 9))
    found = seen(home, away)
    assert [each.part for each in found if each.level is Level.AWAY] == ["kafka", "postgresql"]
    assert not [each for each in found if each.subject.startswith("role ")]
    assert doctor.exit_code(found) == 3


def test_a_database_that_says_nothing_is_away(front: Services) -> None:
    """In a process of its own, for libpq holds Python's lock while it waits."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        mute = replace(front, postgres=PostgresAddress(*silent.getsockname()))
        doctoring = get_context("spawn").Process(target=find_it_away, args=(mute,))
        doctoring.start()
        doctoring.join(60)
        doctoring.kill()
        doctoring.join()
    assert doctoring.exitcode == 0


def find_it_away(services: Services) -> None:
    assert [each.level for each in postgres.examine(services, embedded=True)] == [Level.AWAY]


# -- ways to break it, each undone at its end ------------------------------------------------


@contextmanager
def retention_changed(_home: Home, front: Services, _database: Database) -> Iterator[None]:
    inbox = str(AGENCY.topics.inbox)
    access = front.kafka(front.operator)
    client = KafkaAdminClient(**kafka_python.settings(access))

    def set_to(value: str) -> None:
        client.alter_configs(
            [ConfigResource(ConfigResourceType.TOPIC, inbox, {"retention.ms": value})]
        )

    with closing(client):
        set_to("60000")
        yield
        set_to(topics.INBOX_KEPT["retention.ms"])


@contextmanager
def rights_taken(_home: Home, front: Services, _database: Database) -> Iterator[None]:
    with connected(front.kafka(front.operator)) as admin:
        admin.revoke([AGENCY.code])
        yield
        admin.allow(list(provisioning.grants_of(AGENCY)))


@contextmanager
def recorders_password_lost(_home: Home, front: Services, _database: Database) -> Iterator[None]:
    held = front.secrets.get(f"kafka-{RECORDER}")
    front.secrets.put(f"kafka-{RECORDER}", "another")
    yield
    front.secrets.put(f"kafka-{RECORDER}", held)


@contextmanager
def a_secret_that_others_read(_home: Home, front: Services, _database: Database) -> Iterator[None]:
    path = front.secrets.folder / f"kafka-{RECORDER}"
    path.chmod(0o644)
    yield
    path.chmod(0o600)


@contextmanager
def schema_of_yesterday(_home: Home, _front: Services, database: Database) -> Iterator[None]:
    with closing(psycopg.connect(database.superuser_dsn, autocommit=True)) as connection:
        ((held,),) = connection.execute("SELECT version_num FROM alembic_version").fetchall()
        connection.execute("UPDATE alembic_version SET version_num = '0001'")
        yield
        connection.execute("UPDATE alembic_version SET version_num = %s", [held])


def by_superuser(act: str, undo: str) -> Breaking:
    @contextmanager
    def breaking(_home: Home, _front: Services, database: Database) -> Iterator[None]:
        with closing(psycopg.connect(database.superuser_dsn, autocommit=True)) as connection:
            connection.execute(act)
            yield
            connection.execute(undo)

    return breaking


BREAKAGES: dict[str, tuple[str, Breaking, str]] = {
    "topics' settings": ("kafka", retention_changed, "retention.ms is 60000"),
    "rights": ("kafka", rights_taken, "but to 4931"),
    "user recorder": ("kafka", recorders_password_lost, "wrong user or password"),
    "secrets": ("home", a_secret_that_others_read, "others can read kafka-recorder"),
    "roles": (
        "postgresql",
        by_superuser("ALTER ROLE jejak_reader CREATEDB", "ALTER ROLE jejak_reader NOCREATEDB"),
        "too strong: jejak_reader",
    ),
    "role jejak_reader": (
        "postgresql",
        by_superuser("ALTER ROLE jejak_reader NOLOGIN", "ALTER ROLE jejak_reader LOGIN"),
        "not permitted to log in",
    ),
    "catalogue": (
        "postgresql",
        by_superuser(
            "GRANT DELETE ON record TO jejak_writer", "REVOKE DELETE ON record FROM jejak_writer"
        ),
        "jejak_writer",
    ),
    "schema": ("postgresql", schema_of_yesterday, "0001, the newest is"),
}
