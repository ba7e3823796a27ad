"""SQLAlchemy over our own connections, for migrations.

A module by itself: who only reads the ledger starts without SQLAlchemy, in half the time.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import psycopg
import sqlalchemy
from sqlalchemy.pool import NullPool

from jejak_lrs.database import connect

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jejak_lrs.database import Connection


@contextmanager
def connected(dsn: str) -> Iterator[sqlalchemy.Engine]:
    """An SQLAlchemy engine over `connect`, without a pool, disposed of at the end."""
    made = sqlalchemy.create_engine(
        "postgresql+psycopg://", creator=lambda: _manual(connect(dsn)), poolclass=NullPool
    )
    try:
        yield made
    finally:
        made.dispose()


def psycopg_connection(connection: sqlalchemy.Connection) -> Connection:
    """The psycopg connection beneath SQLAlchemy's, in the same transaction."""
    driver = connection.connection.driver_connection
    if not isinstance(driver, psycopg.Connection):
        raise TypeError(f"not psycopg: {type(driver)}")
    return driver


def _manual(connection: Connection) -> Connection:
    connection.autocommit = False  # SQLAlchemy begins and commits by itself
    return connection
