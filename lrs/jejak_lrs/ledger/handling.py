"""What people do with messages in quarantine: redrive, discard. One step for each, kept for good.

The lock on the message's row is the fence: whoever holds it and finds the message waiting is the
one who settles it. A redriven message's status moves in the very transaction of its append.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from psycopg.rows import args_row

from jejak_lrs.errors import NotWaiting, StillRefused
from jejak_lrs.ledger.sorting import Repeat

if TYPE_CHECKING:
    from datetime import datetime

    from jejak_lrs.database import Connection
    from jejak_lrs.ledger.batch import Redrive
    from jejak_lrs.ledger.sorting import Sorted

WAITING: Final = "waiting"
REDRIVEN: Final = "redriven"
DISCARDED: Final = "discarded"
REFUSED: Final = "refused"


@dataclass(frozen=True, slots=True)
class Step:
    """One step: `reason` is today's where a redrive was refused, the person's where discarded."""

    number: int
    handled: datetime
    act: str
    who: str
    reason: str | None
    field: str | None
    position: int | None


def lock_status(connection: Connection, number: int) -> str | None:
    """A message's status, locked until the end of the caller's transaction; None: no such one."""
    found = connection.execute(
        "SELECT status FROM quarantine WHERE number = %s FOR UPDATE", [number]
    ).fetchone()
    return None if found is None else str(found[0])


def lock_waiting(connection: Connection, number: int) -> None:
    """Lock a message that waits; raises NotWaiting."""
    status = lock_status(connection, number)
    if status != WAITING:
        raise NotWaiting(number, status)


def require_better(parts: Sorted) -> None:
    """Raises StillRefused where a redriven message is neither a record now nor known already."""
    for other in parts.others:
        if not isinstance(other, Repeat):
            raise StillRefused(other.reason, other.field)
        if other.kind == "conflict":
            raise StillRefused("conflict")


def mark_redriven(connection: Connection, redrive: Redrive, parts: Sorted, last: int) -> None:
    """Settle a message that became the record at `last`, or that met one."""
    met = [other.position for other in parts.others if isinstance(other, Repeat)]
    _settle(connection, redrive.number, REDRIVEN)
    connection.execute(
        "INSERT INTO handling (number, act, who, position) VALUES (%s, %s, %s, %s)",
        [redrive.number, REDRIVEN, redrive.who, met[0] if met else last],
    )


def note_refused(connection: Connection, redrive: Redrive, still: StillRefused) -> None:
    """Note that a redrive was refused again: the message waits on. Raises NotWaiting."""
    with connection.transaction():
        lock_waiting(connection, redrive.number)
        connection.execute(
            "INSERT INTO handling (number, act, who, reason, field) VALUES (%s, %s, %s, %s, %s)",
            [redrive.number, REFUSED, redrive.who, still.reason, still.field],
        )


def discard(connection: Connection, number: int, who: str, why: str) -> None:
    """Settle a message that nobody wants; it stays where it is, whole. Raises NotWaiting."""
    with connection.transaction():
        lock_waiting(connection, number)
        _settle(connection, number, DISCARDED)
        connection.execute(
            "INSERT INTO handling (number, act, who, reason) VALUES (%s, %s, %s, %s)",
            [number, DISCARDED, who, why],
        )


def steps(connection: Connection, number: int) -> list[Step]:
    """What was done with a message, in order."""
    with connection.cursor(row_factory=args_row(Step)) as cursor:
        return cursor.execute(
            "SELECT number, handled, act, who, reason, field, position FROM handling "
            "WHERE number = %s ORDER BY handled",
            [number],
        ).fetchall()


def _settle(connection: Connection, number: int, status: str) -> None:
    connection.execute("UPDATE quarantine SET status = %s WHERE number = %s", [status, number])
