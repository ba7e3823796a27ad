"""What merges and splits act on, for ledgers that recorded them before it was kept.

Source: docs/decisions/0009.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from jejak_lrs.ledger import history
from jejak_lrs.ledger.effects import target_of
from jejak_lrs.ledger.statements import Statements

if TYPE_CHECKING:
    from jejak_lrs.database import Connection

KEPT_SINCE: Final = "0010"  # the migration from which on an append keeps them
_KEPT_NOW: Final = ["PersonMerged", "PersonSplit"]


def complete(connection: Connection) -> int:
    """Add the references that are missing; how many. As the owner, in a transaction.

    Reads the whole ledger once. Profiles follow by a rebuild.
    """
    missing = connection.execute(
        "SELECT position FROM record r WHERE event_type = ANY(%s) AND NOT EXISTS "
        "(SELECT FROM statement_reference s WHERE s.position = r.position)",
        [_KEPT_NOW],
    ).fetchall()
    statements = Statements()
    read = history.records_at(connection, [position for (position,) in missing])
    said = [(one.position, statements.event_of(one)) for one in read]
    found = [(target_of(event), position) for position, event in said if event is not None]
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO statement_reference (target, position) VALUES (%s, %s)", found
        )
    return len(found)
