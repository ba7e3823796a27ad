"""Empty ledgers on a PostgreSQL of a bench's own."""

import secrets
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psycopg
from psycopg import sql

from jejak.addresses import PostgresAddress
from jejak.embedded.ports import free_port
from jejak.embedded.postgres import EmbeddedPostgres
from jejak_lrs import migrations, roles
from jejak_lrs.database import Database

SUPERUSER: Final = "postgres"


@dataclass(frozen=True, slots=True)
class Server:
    """A running PostgreSQL with the ledger's roles."""

    address: PostgresAddress
    passwords: Mapping[str, str]

    def dsn(self, role: str, ledger: str) -> str:
        """A libpq URL for a role, or for the superuser."""
        return self.address.dsn(role, self.passwords[role], ledger)

    def make_ledger(self, name: str) -> None:
        """A database of this name, migrated."""
        with psycopg.connect(self.dsn(SUPERUSER, "postgres"), autocommit=True) as connection:
            named = sql.Identifier(name), sql.Identifier(roles.OWNER)
            connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(*named))
        migrations.migrate(self.dsn(roles.MIGRATOR, name))


@contextmanager
def running_server() -> Iterator[Server]:
    """A PostgreSQL as `jejak up` runs it, over a new folder; stopped and gone at the end."""
    with tempfile.TemporaryDirectory(prefix="jejak-bench-", ignore_cleanup_errors=True) as folder:
        passwords = {role: secrets.token_urlsafe(16) for role in (*roles.LOGINS, SUPERUSER)}
        server = EmbeddedPostgres(
            Path(folder) / "postgres",
            free_port(),
            passwords[SUPERUSER],
            Path(folder) / "postgres.log",
        )
        try:
            server.start()
            made = Server(server.address, passwords)
            with psycopg.connect(made.dsn(SUPERUSER, "postgres"), autocommit=True) as connection:
                logins = {role: passwords[role] for role in roles.LOGINS}
                roles.create_roles(connection, logins)
            yield made
        finally:
            server.stop()


@contextmanager
def empty_ledger() -> Iterator[Database]:
    """An empty ledger, as the writer."""
    with running_server() as server:
        server.make_ledger("bench")
        database = Database(server.dsn(roles.WRITER, "bench"))
        yield database
        database.close()
