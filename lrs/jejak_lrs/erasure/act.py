"""What is ordered, and the act that follows the order, which may be done again without harm."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import psycopg

from jejak_lrs import errors

if TYPE_CHECKING:
    from collections.abc import Callable

    from jejak_lrs.database import Connection


@dataclass(frozen=True, slots=True)
class Order:
    """An ErasureOrdered: at which position, how many records it names, how many are not erased."""

    position: int
    named: int
    left: int


def orders(connection: Connection) -> list[Order]:
    """Every order of the ledger, by position; as the eraser or any reader."""
    found = connection.execute(
        "SELECT e.ordered, count(*), count(r.payload) FROM erasure e "
        "JOIN record r USING (position) GROUP BY e.ordered ORDER BY e.ordered"
    )
    return [Order(*row) for row in found]


def carry_out(
    connection: Connection, watch: Callable[[int, int], None] = lambda _done, _total: None
) -> int:
    """Do all that is ordered and not done, also after a crash; how many records that took."""
    waiting = [one for one in orders(connection) if one.left]
    taken = 0
    for done, order in enumerate(waiting):
        watch(done, len(waiting))
        taken += erase(connection, order.position)
    watch(len(waiting), len(waiting))
    return taken


def erase(connection: Connection, order: int) -> int:
    """Null what the order at a position names; how many records that took now. As the eraser.

    Raises:
        Unreachable, Busy: not done, or it is unknown whether: do it again.
        Broken: that record orders nothing.
    """
    try:
        found = connection.execute("SELECT ledger_erase(%s)", [order]).fetchone()
    except psycopg.Error as exc:
        raise errors.of(exc) from None
    return int(found[0]) if found else 0
