"""Who looked at a person's number, and what for: kept for good, before anything is shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from psycopg.rows import args_row

if TYPE_CHECKING:
    from datetime import datetime

    from jejak_lrs.database import Connection


@dataclass(frozen=True, slots=True)
class Access:
    """One look. `role` is the login that PostgreSQL saw, `who` the person that the command saw."""

    at: datetime
    role: str
    who: str
    what: str
    purpose: str


def record(connection: Connection, *, who: str, what: str, purpose: str) -> None:
    """Note a look, before it is granted; as the auditor. `what` names no number of a person."""
    connection.execute("SELECT access_note(%s, %s, %s)", [who, what, purpose])


def accesses(connection: Connection, limit: int = 1_000) -> list[Access]:
    """The latest looks, the newest first."""
    with connection.cursor(row_factory=args_row(Access)) as cursor:
        return cursor.execute(
            "SELECT at, role, who, what, purpose FROM access ORDER BY number DESC LIMIT %s", [limit]
        ).fetchall()
