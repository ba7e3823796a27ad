"""The services that tests run on: embedded by default, containers with SERVICES=containers."""

import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from jejak.addresses import PostgresAddress
from jejak.embedded.ports import free_port
from jejak.embedded.postgres import EmbeddedPostgres


@dataclass(frozen=True)
class Postgres:
    """A running server with its superuser."""

    address: PostgresAddress
    user: str
    password: str

    def dsn(self, database: str = "postgres") -> str:
        return self.address.dsn(self.user, self.password, database)

    def execute(self, query: sql.Composed) -> None:
        """Run one query as the superuser, outside a transaction."""
        with closing(psycopg.connect(self.dsn(), autocommit=True)) as connection:
            connection.execute(query)


@dataclass(frozen=True)
class Database:
    """One test's own database, migrated, with a login for every role."""

    server: Postgres
    name: str
    passwords: Mapping[str, str]

    def dsn(self, role: str) -> str:
        """A libpq URL for a role, e.g. `jejak_writer`."""
        return self.server.address.dsn(role, self.passwords[role], self.name)

    @property
    def superuser_dsn(self) -> str:
        return self.server.dsn(self.name)


def in_containers() -> bool:
    """Whether the tests were asked to run on containers."""
    return os.environ.get("SERVICES", "embedded") == "containers"


@contextmanager
def embedded_postgres(folder: Path) -> Iterator[Postgres]:
    """A PostgreSQL server of its own over a new folder."""
    password = secrets.token_urlsafe(16)
    server = EmbeddedPostgres(folder / "postgres", free_port(), password, folder / "postgres.log")
    try:
        server.start()
        yield Postgres(server.address, "postgres", password)
    finally:
        server.stop()


def migrated(server: Postgres, name: str) -> Database:
    """A database with the ledger's roles and schema, nothing in it."""
    from jejak_lrs import migrations, roles  # noqa: PLC0415  postgres alone needs no ledger

    passwords = {role: secrets.token_urlsafe(16) for role in roles.LOGINS}
    with closing(psycopg.connect(server.dsn(), autocommit=True)) as connection:
        roles.create_roles(connection, passwords)
    server.execute(
        sql.SQL("CREATE DATABASE {} OWNER {}").format(
            sql.Identifier(name), sql.Identifier(roles.OWNER)
        )
    )
    database = Database(server, name, passwords)
    migrations.migrate(database.dsn(roles.MIGRATOR))
    return database


@contextmanager
def copied(template: Database) -> Iterator[Database]:
    """A copy of a migrated database, dropped at the end."""
    name = f"test_{secrets.token_hex(6)}"
    template.server.execute(
        sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
            sql.Identifier(name), sql.Identifier(template.name)
        )
    )
    try:
        yield Database(template.server, name, template.passwords)
    finally:
        template.server.execute(
            sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name))
        )
