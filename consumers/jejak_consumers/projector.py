"""The projector: follows the ledger and folds what is new into profiles and changes.

Everything that it does is in PostgreSQL, in the transaction that moves its cursor. What it does is
`jejak_lrs.projection`; this makes it a follower.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from jejak_consumers.follower import Batch
from jejak_lrs import history, projection
from jejak_lrs.cursor import Cursor
from jejak_lrs.database import Connection
from jejak_lrs.history import Record
from jejak_lrs.projection import Projector

MOST = 1_000  # records a transaction


@dataclass(frozen=True, slots=True)
class Records:
    """The records past a position; none where only waiting persons are to be folded anew."""

    after: int
    records: Sequence[Record]


@dataclass(slots=True)
class Projection:
    """One generation of the projection."""

    projector: Projector
    name: str = field(default=projection.NAME, init=False)

    def read(self, connection: Connection, after: Cursor) -> Batch[Records] | None:
        """The next records."""
        records = history.records(connection, after.position, MOST)
        if not records and not self.projector.has_work(connection):
            return None
        to = Cursor(records[-1].position, -1) if records else after
        return Batch(Records(after.position, records), to)

    def act(self, items: Records) -> None:
        """Nothing: all of its effect is in PostgreSQL."""

    def keep(self, connection: Connection, items: Records) -> None:
        """Fold them."""
        self.projector.keep(connection, items.after, items.records)

    def rest(self) -> None:
        """Nothing to let go of: after a failed transaction it reads the registry again."""
