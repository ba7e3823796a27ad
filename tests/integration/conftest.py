"""Fixtures for tests on a migrated database."""

from collections.abc import Iterator
from contextlib import closing

import psycopg
import pytest

from jejak_lrs import failpoint, inboxes
from jejak_lrs.database import Connection, Database
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
def superuser(database: services.Database) -> Iterator[Connection]:
    """A superuser's connection to the test's database."""
    with closing(psycopg.connect(database.superuser_dsn, autocommit=True)) as connection:
        yield connection
