"""Where ledger and inboxes stand at one moment. What is committed below it cannot change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from jejak_lrs.ledger.inboxes import Inbox

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from jejak_lrs.database import Connection


@dataclass(frozen=True, slots=True)
class Moment:
    """The head, what is really there, and every inbox partition, from one snapshot.

    `past_records` and `past_outcomes` are one more than the greatest position and number that
    exist; in a sound ledger they are what the head says. `past_looks` is that of looks at numbers.
    """

    epoch: UUID
    next_position: int
    next_outcome: int
    last_stored: datetime
    past_records: int
    past_outcomes: int
    past_looks: int
    inboxes: tuple[Inbox, ...]


def read(connection: Connection) -> Moment | None:
    """The moment of this call; None where the head's row is gone."""
    found = connection.execute(
        "SELECT epoch, next_position, next_outcome, last_stored, "
        "(SELECT coalesce(max(position), -1) + 1 FROM record), "
        "(SELECT coalesce(max(number), -1) + 1 FROM outcome), "
        "(SELECT coalesce(max(number), -1) + 1 FROM access), "
        "o.topic_id, o.partition, o.topic, o.party, o.generation, o.next_offset, o.delivered "
        "FROM ledger_head LEFT JOIN inbox_offset o ON true "
        "ORDER BY o.topic, o.generation, o.partition"
    ).fetchall()
    if not found:
        return None
    inboxes = tuple(Inbox(*row[7:]) for row in found if row[7] is not None)
    head = found[0]
    return Moment(head[0], head[1], head[2], head[3], head[4], head[5], head[6], inboxes)
