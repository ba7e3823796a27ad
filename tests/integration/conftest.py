"""Fixtures for tests on a migrated database."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from jejak.addresses import DATABASE
from jejak.home import Home
from jejak_lrs import failpoint
from jejak_lrs.database import Connection, Database
from jejak_lrs.ledger import inboxes
from tests import rows, services
from tests.integration.test_recorder import House


@pytest.fixture
def writer(database: services.Database) -> Iterator[Database]:
    """The writer, with the inbox of `tests.rows` opened."""
    with closing(Database(database.dsn("jejak_writer"))) as own:
        inboxes.open_inbox(
            own.connection, topic_id=rows.TOPIC, topic=rows.TOPIC_NAME, partitions=2, party="lan"
        )
        yield own
    failpoint.arm(None)


@pytest.fixture
def house(database: services.Database) -> Iterator[House]:
    """A recorder with everything beside it, on the test's database."""
    made = House(database)
    yield made
    failpoint.arm(None)
    made.ledger.close()


@pytest.fixture
def external_home(
    kafka: services.Kafka,
    postgres: services.Postgres,
    template: services.Database,
    tmp_path: Path,
) -> Iterator[Home]:
    """A home over services that others run. Its database is gone at the end."""
    made = services.home_on(kafka, postgres, tmp_path / "home")
    for role, password in template.passwords.items():  # the roles are those of all tests
        made.secrets.put(f"postgres-{role}", password)
    yield made
    drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(DATABASE))
    postgres.execute(drop)


@pytest.fixture
def superuser(database: services.Database) -> Iterator[Connection]:
    """A superuser's connection to the test's database."""
    with closing(psycopg.connect(database.superuser_dsn, autocommit=True)) as connection:
        yield connection
