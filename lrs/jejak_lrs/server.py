"""What PostgreSQL says of itself: its settings and its clock."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from jejak_lrs.database import Connection


def setting(connection: Connection, name: str) -> str:
    """How a setting stands for this session."""
    found = connection.execute("SELECT current_setting(%s)", [name]).fetchone()
    return str(found[0]) if found else ""


def clock(connection: Connection) -> datetime:
    """What time the server has."""
    return connection.execute("SELECT clock_timestamp()").fetchall()[0][0]  # type: ignore[no-any-return]
