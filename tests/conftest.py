"""Fixtures that every level of tests shares: real services, one per session."""

from collections.abc import Iterator

import pytest

from tests import services


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[services.Postgres]:
    """A running PostgreSQL 18 with its superuser."""
    with services.embedded_postgres(tmp_path_factory.mktemp("postgres")) as server:
        yield server


@pytest.fixture(scope="session")
def template(postgres: services.Postgres) -> services.Database:
    """The migrated database that each test gets a copy of."""
    return services.migrated(postgres, "jejak_template")


@pytest.fixture
def database(template: services.Database) -> Iterator[services.Database]:
    """This test's own database: `.dsn("jejak_writer")` and the like."""
    with services.copied(template) as own:
        yield own
