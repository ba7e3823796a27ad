"""The projector: follows the ledger and folds what is new into profiles and changes.

Everything that it does is in PostgreSQL, in the transaction that moves its cursor. What it does is
`jejak_lrs.projection.projecting`; this makes it a follower.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from jejak_consumers.follower import Batch
from jejak_consumers.vitals import Vitals
from jejak_lrs.cursor import Cursor
from jejak_lrs.database import Connection
from jejak_lrs.ledger import standing
from jejak_lrs.projection import profiles, projecting, refolding
from jejak_lrs.projection.feeding import Slice
from jejak_lrs.projection.projecting import Projector
from jejak_schemas.clock import jakarta_date
from jejak_schemas.traces import Step

MOST = 1_000  # records a transaction


def today() -> date:
    """Today in Jakarta."""
    return jakarta_date(datetime.now(UTC))


@dataclass(slots=True)
class Projection:
    """One generation of the projection."""

    projector: Projector
    today: Callable[[], date] = today
    name: str = field(default=projecting.NAME, init=False)
    _most: int = field(default=MOST, init=False)

    def read(self, connection: Connection, after: Cursor) -> Batch[Slice] | None:
        """The next records, or what a day brings."""
        coming = self.projector.slice_after(connection, after.position, self._most, self.today())
        if coming is None:
            return None
        return Batch(coming, Cursor(coming.to, -1) if coming.records else after)

    def act(self, items: Slice) -> None:
        """Nothing: all of its effect is in PostgreSQL."""

    def keep(self, connection: Connection, items: Slice) -> None:
        """Fold them.

        After a failure half as many are tried, then slowly more again: what takes longer than
        PostgreSQL lets a transaction be silent would else be tried in vain for ever (seen).
        """
        try:
            self.projector.keep(connection, items)
        except Exception:
            self._most = max(1, min(self._most, len(items.records)) // 2)
            raise
        self._most = min(MOST, self._most + self._most // 8 + 1)

    def rest(self) -> None:
        """Read the registry and whoever comes again."""
        self.projector.forget()

    def numbers(self, items: Slice) -> Mapping[str, int]:
        """How many records; none where only persons were folded anew."""
        return {"records": len(items.records)}

    def steps(self, items: Slice) -> Iterable[Step]:
        """Every record was folded."""
        for one in items.records:
            yield Step("jejak fold", one.statement_id, {"jejak.position": one.position})

    def look(self, connection: Connection, at: Cursor, vitals: Vitals) -> None:
        """Note the records that are not folded, and the persons to be folded anew."""
        vitals.lags(self.name, standing.records_behind(connection, at))
        generation = profiles.active_generation(connection)
        vitals.refolds(self.name, refolding.backlog(connection, generation))
