"""Connections to PostgreSQL.

Every connection is in autocommit, so that a read never leaves a transaction open; whoever writes
says `with connection.transaction()`.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import orjson
import psycopg
from psycopg import IsolationLevel
from psycopg.conninfo import make_conninfo
from psycopg.pq import PGconn, Ping
from psycopg.types.array import ListDumper
from psycopg.types.string import BytesBinaryDumper

from jejak_lrs import errors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from psycopg.abc import Buffer

# A dead peer is noticed after 10 s instead of a quarter of an hour (libpq milliseconds, seconds).
_NETWORK: dict[str, Any] = {
    "connect_timeout": 5,
    "tcp_user_timeout": 10_000,
    "keepalives_idle": 5,
}

_LONGEST: Final = "30s"
Connection = psycopg.Connection[Any]


def connect(dsn: str, application_name: str = "jejak") -> Connection:
    """A connection in autocommit whose transactions are READ COMMITTED.

    Raises:
        Unreachable: the server is away or refused us; the password is never in the message.
    """
    try:
        connection = psycopg.connect(
            dsn, autocommit=True, application_name=application_name, **_NETWORK
        )
    except psycopg.OperationalError as exc:
        raise errors.Unreachable(f"cannot connect to PostgreSQL: {exc}") from exc
    # READ COMMITTED always, whatever the server's default: a snapshot older than the head lock
    # would hide known ids.
    connection.isolation_level = IsolationLevel.READ_COMMITTED
    # For COPY, which asks by a column's type; for bytea it would get the DB-API's, in Python.
    connection.adapters.register_dumper(None, BytesBinaryDumper)
    connection.adapters.register_dumper(list, _ListDumper)
    return connection


def ping(dsn: str) -> Ping:
    """How a server answers, within the seconds that `connect` has; nobody signs in.

    libpq holds Python's lock while it waits: without an end no Ctrl-C would be heard.
    """
    asked = make_conninfo(dsn, connect_timeout=_NETWORK["connect_timeout"])
    return Ping(PGconn.ping(asked.encode()))


def reading(dsn: str, application_name: str = "jejak") -> Connection:
    """A connection that can write nothing, and whose queries end within 30 s.

    A standby or a restored backup will do.
    """
    connection = connect(dsn, application_name)
    connection.execute("SET default_transaction_read_only = on")
    connection.execute("SELECT set_config('statement_timeout', %s, false)", [_LONGEST])
    return connection


def plan_anew(connection: Connection) -> None:
    """Let PostgreSQL plan by how large its tables are now, until this transaction ends.

    A plan that it keeps from when they were empty can read a whole table for each person.
    """
    connection.execute("SET LOCAL plan_cache_mode = force_custom_plan")


class Database:
    """One connection that can be made again. For one thread.

    Args:
        dsn: a libpq URL, or what gives it anew for each connection: a password can change.
        application_name: what the server shows of us.
    """

    def __init__(self, dsn: str | Callable[[], str], application_name: str = "jejak") -> None:
        self._dsn = dsn
        self._application_name = application_name
        self._connection: Connection | None = None

    @property
    def connection(self) -> Connection:
        """The connection, opened at first use and after it was closed."""
        if self._connection is None or self._connection.closed:
            dsn = self._dsn if isinstance(self._dsn, str) else self._dsn()
            self._connection = connect(dsn, self._application_name)
        return self._connection

    @property
    def lost(self) -> bool:
        """Whether the last connection is gone."""
        return self._connection is None or self._connection.closed

    def reconnect(self, patience: float = 10.0) -> Connection:
        """A new connection in place of a lost one, tried for `patience` seconds.

        Raises:
            Unreachable: the server did not come back in time.
        """
        self.close()
        deadline = time.monotonic() + patience
        while True:
            try:
                return self.connection
            except errors.Unreachable:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)

    def close(self) -> None:
        """Close the connection, if there is one."""
        if self._connection is not None:
            self._connection.close()


# -- arrays -------------------------------------------------------------------------------


def array(values: Iterable[object]) -> str:
    """An array as PostgreSQL reads it; psycopg writes the same, many times slower (measured).

    But for its braces it is JSON, until something in it must be escaped.
    """
    listed = list(values)
    said = orjson.dumps(listed).decode()
    if "\\" in said:
        return "{" + ",".join(map(_element, listed)) + "}"
    return "{" + said[1:-1] + "}"


def _element(value: object) -> str:
    if value is None:
        return "NULL"
    text = str(value)
    if "\\" in text:
        text = text.replace("\\", "\\\\")
    if '"' in text:
        text = text.replace('"', '\\"')
    return f'"{text}"'


class _ListDumper(ListDumper):
    """Lists of ids or numbers, which are most of what is asked by."""

    def dump(self, obj: list[Any]) -> Buffer | None:
        if obj and type(obj[0]) in (UUID, int):
            return array(obj).encode()
        return super().dump(obj)
