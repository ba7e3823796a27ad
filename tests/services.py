"""The services that tests run on: embedded by default, containers with SERVICES=containers."""

import os
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql
from pydantic import SecretStr

from jejak.addresses import PostgresAddress, Quota
from jejak.embedded import jars
from jejak.embedded.java import find_java
from jejak.embedded.kafka import OPERATOR, EmbeddedKafka
from jejak.embedded.ports import free_port
from jejak.embedded.postgres import EmbeddedPostgres
from jejak.home import Home, Secrets, default_cache
from jejak.services import Services
from jejak_schemas.credentials import KafkaAccess

QUOTA = Quota(write=32 << 20, read=64 << 20, work=100)


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
class Kafka:
    """A running broker with its operator."""

    bootstrap_servers: str
    password: str

    @property
    def operator(self) -> KafkaAccess:
        return self.access(OPERATOR, self.password)

    def access(self, user: str, password: str) -> KafkaAccess:
        return KafkaAccess(
            bootstrap_servers=self.bootstrap_servers, username=user, password=SecretStr(password)
        )


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


def running_postgres() -> Callable[[Path], AbstractContextManager[Postgres]]:
    """What starts PostgreSQL in the way that was asked for."""
    if in_containers():
        from tests import containers  # noqa: PLC0415  needs Docker's client

        return containers.postgres
    return embedded_postgres


def running_kafka() -> Callable[[Path], AbstractContextManager[Kafka]]:
    """What starts Kafka in the way that was asked for."""
    if in_containers():
        from tests import containers  # noqa: PLC0415  needs Docker's client

        return containers.kafka
    return embedded_kafka


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


@contextmanager
def embedded_kafka(folder: Path) -> Iterator[Kafka]:
    """A broker of its own over a new folder."""
    broker = new_kafka(folder)
    try:
        broker.start()
        yield Kafka(broker.bootstrap_servers, broker.password)
    finally:
        broker.stop()


def new_kafka(folder: Path) -> EmbeddedKafka:
    """A broker over a new folder, not started."""
    port = free_port()
    cache = Path(os.environ.get("JEJAK_CACHE") or default_cache())
    return EmbeddedKafka(
        folder=folder / "kafka",
        port=port,
        controller_port=free_port([port]),
        password=secrets.token_urlsafe(16),
        java=find_java(os.environ),
        jars=jars.fetched(cache, jars.locked(), print),
        log=folder / "kafka.log",
    )


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
        sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER jejak_owner").format(
            sql.Identifier(name), sql.Identifier(template.name)
        )
    )
    # A copy has the rows of its template, but not the rights on the database itself.
    template.server.execute(
        sql.SQL(
            "UPDATE pg_database SET datacl = t.datacl FROM pg_database t "
            "WHERE pg_database.datname = {} AND t.datname = {}"
        ).format(sql.Literal(name), sql.Literal(template.name))
    )
    try:
        yield Database(template.server, name, template.passwords)
    finally:
        template.server.execute(
            sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name))
        )


def home_on(kafka: Kafka, postgres: Postgres, folder: Path) -> Home:
    """A home over services that others run: settings that name them, and the two first secrets."""
    home = Home(folder)
    home.make()
    home.secrets.put(f"kafka-{OPERATOR}", kafka.password)
    home.secrets.put(f"postgres-{postgres.user}", postgres.password)
    home.settings_file.write_text(
        f'kafka_bootstrap_servers = "{kafka.bootstrap_servers}"\n'
        f'database_host = "{postgres.address.host}"\ndatabase_port = {postgres.address.port}\n'
    )
    return home


def services_on(kafka: Kafka, database: Database, folder: Path) -> Services:
    """What the front door knows of these services, its secrets in `folder`."""
    store = Secrets(folder)
    store.put(f"kafka-{OPERATOR}", kafka.password)
    store.put(f"postgres-{database.server.user}", database.server.password)
    for role, password in database.passwords.items():
        store.put(f"postgres-{role}", password)
    return Services(
        secrets=store,
        postgres=database.server.address,
        public_postgres=PostgresAddress("127.0.0.1", database.server.address.port),
        superuser=database.server.user,
        bootstrap_servers=kafka.bootstrap_servers,
        public_servers=kafka.bootstrap_servers,
        security_protocol="SASL_PLAINTEXT",
        ssl_cafile="",
        operator=OPERATOR,
        quota=QUOTA,
        database=database.name,
    )
