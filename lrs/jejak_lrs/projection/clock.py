"""The day that the projector has come to: whatever began or ended by then has been announced.

It is the day of the records folded last, or a later one that came without any. Records are folded
as of this day, so what agencies are told does not depend on when the projector ran.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date

    from jejak_lrs.database import Connection


def day(connection: Connection) -> date | None:
    """The day it is (Asia/Jakarta); None before the first record."""
    found = connection.execute("SELECT day FROM clock").fetchone()
    return found[0] if found else None


def move(connection: Connection, to: date) -> None:
    """Come to a day; never back. In the transaction of what is done on it."""
    connection.execute("UPDATE clock SET day = %s WHERE day IS NULL OR day < %s", [to, to])
