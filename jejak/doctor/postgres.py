"""PostgreSQL: its roles, its schema, and whether what it acknowledges is on a disk."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from typing import Final

import psycopg
from psycopg import pq

from jejak.doctor.finding import Finding, Level, advised, judged
from jejak.errors import JejakError
from jejak.services import Services
from jejak_lrs import database, migrations, roles, server
from jejak_lrs import errors as ledger_errors
from jejak_lrs.audit import catalogue
from jejak_lrs.database import Connection

PART = "postgresql"
OLDEST: Final = 150_000
NEAR: Final = ("/", "127.", "localhost")
TOLERANCE: Final = 2.0  # seconds between two clocks
# Without these an acknowledged record can be lost, or half a page taken for a whole.
MUST: Final = {"fsync": "on", "full_page_writes": "on", "synchronous_commit": "on"}
# `remote_apply` and `on` both wait for the disk; `local` would not wait for the standby.
AS_GOOD: Final = {"synchronous_commit": ("on", "remote_apply")}
ADVISED: Final = {
    "data_checksums": ("on", "pg_checksums --enable while it is down: a bad disk is noticed"),
    "archive_mode": ("on", "archive the log: else only whole backups can be restored"),
}


def examine(services: Services, *, embedded: bool) -> Iterator[Finding]:
    """Everything that our roles can see of the server and the database."""
    if _answers(services):  # where it does not, that is told once, below
        for role in roles.LOGINS:
            yield _login(services, role)
    try:
        with closing(database.connect(services.dsn(roles.READER))) as connection:
            yield from _server(connection, services, embedded=embedded)
            yield from _roles(connection)
        yield _schema(services)
        with closing(database.connect(services.dsn(roles.AUDITOR))) as connection:
            yield _catalogue(connection)
    except (ledger_errors.LedgerError, JejakError, psycopg.Error) as error:
        text = " ".join(str(error).split())
        mend = "is it up, and is this its address? see JEJAK_DATABASE_HOST"
        yield Finding(PART, services.postgres.host, Level.AWAY, text, mend)


def _answers(services: Services) -> bool:
    return database.ping(services.dsn(roles.READER)) != pq.Ping.NO_RESPONSE


def _login(services: Services, role: str) -> Finding:
    try:
        database.connect(services.dsn(role)).close()
    except (ledger_errors.LedgerError, JejakError) as error:
        text = " ".join(str(error).split())
        return Finding(PART, f"role {role}", Level.WRONG, text, "run `jejak prepare`")
    return Finding(PART, f"role {role}", Level.WELL, "signs in")


def _server(connection: Connection, services: Services, *, embedded: bool) -> Iterator[Finding]:
    version = connection.info.server_version
    yield judged(
        PART, "version", f"{version // 10_000}.{version % 10_000}", "PostgreSQL 15 or later",
        well=version >= OLDEST,
    )  # fmt: skip
    near = services.postgres.host.startswith(NEAR)
    encrypted = bool(connection.pgconn.ssl_in_use)
    yield judged(
        PART, "encryption", "TLS" if encrypted else "none; on this machine" if near else "none",
        "sslmode=verify-full and a server certificate: NIPs would cross the network in clear",
        well=encrypted or near,
    )  # fmt: skip
    for name, wanted in MUST.items():
        found = server.setting(connection, name)
        yield judged(
            PART, name, found, f"set it to {wanted}: acknowledged records could be lost",
            well=found in AS_GOOD.get(name, (wanted,)),
        )  # fmt: skip
    for name, (wanted, why) in ADVISED.items():
        found = server.setting(connection, name)
        yield advised(PART, name, found, why, well=found == wanted)
    standby = server.setting(connection, "synchronous_standby_names")
    yield advised(
        PART, "synchronous standby", standby or "none",
        "name one in synchronous_standby_names: one disk can be lost",
        well=bool(standby) or embedded,
    )  # fmt: skip
    yield _clock(connection)


def _clock(connection: Connection) -> Finding:
    apart = abs((server.clock(connection) - datetime.now(UTC)).total_seconds())
    return judged(
        PART, "clock", f"{apart:.1f} s from this machine's", "set both clocks by NTP",
        well=apart < TOLERANCE,
    )  # fmt: skip


def _roles(connection: Connection) -> Iterator[Finding]:
    """That none of our roles, nor an agency's, may do what only a superuser should."""
    strong = ", ".join(roles.too_strong(connection))
    yield judged(
        PART, "roles", f"too strong: {strong}" if strong else "none is stronger than its duty",
        "run `jejak prepare`, which takes it back", well=not strong,
    )  # fmt: skip


def _schema(services: Services) -> Finding:
    here, newest = migrations.revisions(services.dsn(roles.MIGRATOR))
    return judged(
        PART,
        "schema",
        f"{here}, the newest is {newest}",
        "run `jejak migrate`",
        well=here == newest,
    )


def _catalogue(connection: Connection) -> Finding:
    differences = catalogue.compare(connection).differences
    found = str(differences[0]) if differences else "tables, triggers and grants are what must be"
    return judged(
        PART, "catalogue", found, "see `jejak audit check`; someone changed it by hand",
        well=not differences,
    )  # fmt: skip
