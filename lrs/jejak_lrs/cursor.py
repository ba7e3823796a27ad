"""Where a follower stands. Moving it is the fence: who believes another place has been replaced."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from jejak_lrs.errors import Fenced

if TYPE_CHECKING:
    from jejak_lrs.database import Connection


class Cursor(NamedTuple):
    """The last record and the last outcome seen; -1 is none yet."""

    position: int
    outcome_number: int


START = Cursor(-1, -1)


def read(connection: Connection, follower: str) -> Cursor:
    """Where a follower stands; START if it never moved."""
    found = connection.execute(
        "SELECT position, outcome_number FROM cursor WHERE follower = %s", [follower]
    ).fetchone()
    return START if found is None else Cursor(*found)


def lock(connection: Connection, follower: str) -> Cursor:
    """Where a follower stands, locked until the end of the caller's transaction."""
    connection.execute(
        "INSERT INTO cursor (follower, position, outcome_number) VALUES (%s, %s, %s) "
        "ON CONFLICT DO NOTHING",
        [follower, *START],
    )
    found = connection.execute(
        "SELECT position, outcome_number FROM cursor WHERE follower = %s FOR UPDATE", [follower]
    ).fetchone()
    if found is None:
        raise Fenced(f"the cursor of {follower} is gone")
    return Cursor(*found)


def move(connection: Connection, follower: str, expected: Cursor, to: Cursor) -> None:
    """Move a cursor, in the transaction that has the effect of what was seen.

    Raises:
        Fenced: it does not stand where expected; another process follows in our place.
    """
    stands = lock(connection, follower)
    if stands != expected:
        raise Fenced(f"the cursor of {follower} stands at {stands}, not {expected}")
    connection.execute(
        "UPDATE cursor SET position = %s, outcome_number = %s WHERE follower = %s", [*to, follower]
    )
