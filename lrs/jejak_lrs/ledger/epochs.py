"""Epochs: what is told under one is never told otherwise; a truly lost tail begins another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, LiteralString

import psycopg
from psycopg.rows import class_row

from jejak_lrs import errors

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from jejak_lrs.database import Connection

_COLUMNS: LiteralString = "epoch, before, at_position, at_outcome, differs_from, began, reason, who"


@dataclass(frozen=True, slots=True)
class Epoch:
    """An epoch after the first, and the one that it ended.

    `differs_from`: from this position on, what was told under `before` may not hold any more.
    """

    epoch: UUID
    before: UUID
    at_position: int
    at_outcome: int
    differs_from: int
    began: datetime
    reason: str
    who: str


def all_epochs(connection: Connection) -> list[Epoch]:
    """Every epoch after the first, in the order in which they began."""
    with connection.cursor(row_factory=class_row(Epoch)) as cursor:
        return cursor.execute(
            f"SELECT {_COLUMNS} FROM epoch ORDER BY epoch"  # noqa: S608 - our own columns
        ).fetchall()


def begin(
    connection: Connection, ending: UUID, reason: str, who: str, differs_from: int | None = None
) -> UUID:
    """Begin a new epoch, between two appends; as the migrator, at an operator's word.

    Args:
        connection: the migrator's.
        ending: the epoch that the operator has seen; so nobody ends one twice.
        reason: why, in a line.
        who: says so.
        differs_from: the first position that may have been another record's; None: the next one.

    Raises:
        Refuse: the ledger has another epoch by now, has no such position, or the clock is behind.
    """
    try:
        found = connection.execute(
            "SELECT ledger_new_epoch(%s, %s, %s, %s)", [ending, differs_from, reason, who]
        ).fetchone()
    except psycopg.errors.ObjectNotInPrerequisiteState:
        raise errors.Refuse(f"the ledger's epoch is not {ending} any more") from None
    except psycopg.errors.CheckViolation as exc:
        raise errors.Refuse(_WHY.get(exc.diag.constraint_name or "", "not possible")) from None
    except psycopg.Error as exc:
        raise errors.of(exc) from None
    if found is None:
        raise errors.Broken("ledger_new_epoch said nothing")
    begun: UUID = found[0]
    return begun


_WHY = {
    "epoch_differs": "the ledger has no such position",
    "epoch_later": "the server's clock is behind the time at which the last epoch began",
    "epoch_reason": "a reason and a name are needed",
}
