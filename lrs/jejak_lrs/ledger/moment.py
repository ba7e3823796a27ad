"""Where ledger and inboxes stand at one moment. What is committed below it cannot change."""

from __future__ import annotations

from dataclasses import dataclass, replace
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
    exist; in a sound ledger they are what the head says. `past_looks` is that of looks at numbers,
    where it was asked for.
    """

    epoch: UUID
    next_position: int
    next_outcome: int
    last_stored: datetime
    past_records: int
    past_outcomes: int
    inboxes: tuple[Inbox, ...]
    past_looks: int = 0


def read(connection: Connection) -> Moment | None:
    """The moment of this call; None where the head's row is gone."""
    found = connection.execute(
        "SELECT epoch, next_position, next_outcome, last_stored, "
        "(SELECT coalesce(max(position), -1) + 1 FROM record), "
        "(SELECT coalesce(max(number), -1) + 1 FROM outcome), "
        "o.topic_id, o.partition, o.topic, o.party, o.generation, o.next_offset, o.delivered "
        "FROM ledger_head LEFT JOIN inbox_offset o ON true "
        "ORDER BY o.topic, o.generation, o.partition"
    ).fetchall()
    if not found:
        return None
    inboxes = tuple(Inbox(*row[6:]) for row in found if row[6] is not None)
    head = found[0]
    return Moment(head[0], head[1], head[2], head[3], head[4], head[5], inboxes)


def with_looks(connection: Connection, one: Moment) -> Moment:
    """The same with how many looks there are now; for those who may read of looks."""
    found = connection.execute("SELECT coalesce(max(number), -1) + 1 FROM access").fetchone()
    return replace(one, past_looks=found[0] if found else 0)
