"""Whether a transaction whose connection was lost at COMMIT has happened (step 7 of `append`).

Locks wait for an orphaned backend that still commits; a plain read would see the old value.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from jejak_lrs import errors
from jejak_lrs.ledger import inboxes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jejak_lrs.database import Connection
    from jejak_lrs.ledger.batch import Appended, Batch, Row


@dataclass(frozen=True, slots=True)
class Planned:
    """What an append leaves behind if it commits: its first record and its first outcome.

    Each is (position or number, commitment): commitments are salted, so nobody else writes them.
    """

    appended: Appended
    record: tuple[int | None, bytes | None]
    outcome: tuple[int | None, bytes | None]

    @classmethod
    def of(
        cls, appended: Appended, rows: Sequence[Row], next_outcome: int, outcomes: Sequence[bytes]
    ) -> Planned:
        """What an append is about to commit; rows and outcomes' commitments in their order."""
        return cls(
            appended,
            record=(appended.first_position, rows[0].commitment) if rows else (None, None),
            outcome=(next_outcome, outcomes[0]) if outcomes else (None, None),
        )


def committed(connection: Connection, batch: Batch, planned: Planned) -> bool:
    """Whether it has happened.

    Raises:
        Fenced: another consumer has moved an offset meanwhile, so that it cannot be told.
    """
    with connection.transaction():
        if not batch.spans:
            return _is_there(connection, planned)
        found = inboxes.lock_offsets(connection, [span.key for span in batch.spans])
        offsets = {key: inbox.next_offset for key, inbox in found.items()}
        if offsets == {span.key: span.end for span in batch.spans}:
            return True
        if offsets == {span.key: span.start for span in batch.spans}:
            return False
        raise errors.Fenced("another consumer has taken over while the connection was lost")


def _is_there(connection: Connection, planned: Planned) -> bool:
    """For callers without offsets: redrive, HTTP, ourselves."""
    connection.execute("SELECT FROM ledger_head FOR UPDATE")
    found = connection.execute(
        "SELECT 1 FROM record WHERE position = %s AND commitment = %s "
        "UNION ALL SELECT 1 FROM outcome WHERE number = %s AND commitment = %s",
        [*planned.record, *planned.outcome],
    ).fetchone()
    return found is not None
