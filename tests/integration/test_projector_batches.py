"""A projector that cannot do a batch in time does it in parts."""

from contextlib import closing

from jejak_consumers.follower import Follower
from jejak_consumers.projector import Projection
from jejak_lrs import errors
from jejak_lrs.database import Connection, Database
from jejak_lrs.ledger import appending
from jejak_lrs.ledger.batch import SYSTEM
from jejak_lrs.projection.projecting import Projected, Projector, Slice
from tests import rows, services


class Slow(Projector):
    """Does three records in a transaction, not more."""

    def __init__(self) -> None:
        super().__init__()
        self.done: list[int] = []

    def keep(self, connection: Connection, coming: Slice) -> Projected:
        if len(coming.records) > 3:
            raise errors.Busy("PostgreSQL answered SQLSTATE 25P03")
        self.done += [record.position for record in coming.records]
        return Projected(coming.to, len(coming.records), 0, 0)


def test_a_batch_that_takes_too_long_is_done_in_parts(
    writer: Database, database: services.Database
) -> None:
    appending.append(writer, rows.batch([rows.row(0, source=SYSTEM) for _ in range(40)]))
    slow = Slow()
    with closing(Database(database.dsn("jejak_projector"))) as own:
        follower = Follower(own, Projection(slow))
        for _ in range(60):
            try:
                if not follower.step():
                    break
            except errors.Busy:
                follower.rest()
    assert slow.done == list(range(40))
