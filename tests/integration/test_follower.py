"""The loop that follows: every batch once in the ledger's books, whatever its effect raises."""

import threading
from collections.abc import Iterator
from contextlib import closing

import pytest

from jejak_consumers import errors
from jejak_consumers.follower import Batch, Follower, Loop, Work
from jejak_lrs import cursor
from jejak_lrs import errors as ledger_errors
from jejak_lrs.cursor import START, Cursor
from jejak_lrs.database import Connection, Database
from tests import services

pytestmark = pytest.mark.integration


class Counting(Work[int]):
    """Follows the numbers up to a last one; does what it is told to on the way."""

    name = "counting"

    def __init__(self, last: int, raises: list[Exception] | None = None) -> None:
        self.last = last
        self.raises = raises or []
        self.acted: list[int] = []
        self.kept: list[int] = []
        self.rests = 0
        self.done = threading.Event()

    def read(self, connection: Connection, after: Cursor) -> Batch[int] | None:
        if after.position == self.last:
            self.done.set()
            return None
        return Batch(after.position + 1, Cursor(after.position + 1, -1))

    def act(self, items: int) -> None:
        self.acted.append(items)
        if self.raises:
            raise self.raises.pop(0)

    def keep(self, connection: Connection, items: int) -> None:
        self.kept.append(items)

    def rest(self) -> None:
        self.rests += 1


@pytest.fixture
def ledger(database: services.Database) -> Iterator[Database]:
    with closing(Database(database.dsn("jejak_publisher"))) as own:
        yield own


def run(database: services.Database, work: Counting) -> None:
    """Run a loop until its work is done."""
    stop = threading.Event()
    watching = threading.Thread(target=lambda: (work.done.wait(20), stop.set()))
    watching.start()
    try:
        Loop("test", Database(database.dsn("jejak_publisher")), [work]).run(stop)
    finally:
        work.done.set()
        watching.join()


def test_each_batch_is_done_in_order(database: services.Database, ledger: Database) -> None:
    work = Counting(3)
    run(database, work)
    assert work.kept == [0, 1, 2, 3]
    assert cursor.read(ledger.connection, "counting") == Cursor(3, -1)


def test_a_retry_does_the_batch_again(database: services.Database) -> None:
    work = Counting(2, raises=[errors.BrokersAway("away"), ledger_errors.Busy("busy")])
    run(database, work)
    assert work.acted == [0, 0, 0, 1, 2]
    assert work.kept == [0, 1, 2]
    assert work.rests >= 2


@pytest.mark.parametrize("kind", [errors.Superseded, ledger_errors.Fenced, ValueError])
def test_anything_else_ends_the_loop_with_nothing_moved(
    database: services.Database, ledger: Database, kind: type[Exception]
) -> None:
    work = Counting(2, raises=[kind("no")])
    with pytest.raises(kind):
        run(database, work)
    assert work.kept == []
    assert cursor.read(ledger.connection, "counting") == START


def test_a_lost_connection_is_made_again(
    database: services.Database, superuser: Connection
) -> None:
    class Cut(Counting):
        def act(self, items: int) -> None:
            super().act(items)
            if len(self.acted) == 2:
                superuser.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE usename = 'jejak_publisher' AND datname = current_database()"
                )

    work = Cut(3)
    run(database, work)
    assert work.kept == [0, 1, 2, 3]
    assert work.acted == [0, 1, 1, 2, 3]


def test_a_place_that_another_has_moved_is_not_acted_on(ledger: Database) -> None:
    work = Counting(9)
    follower = Follower(ledger, work)
    follower.step()
    with ledger.connection.transaction():
        cursor.move(ledger.connection, "counting", Cursor(0, -1), Cursor(5, -1))
    with pytest.raises(ledger_errors.Fenced):
        follower.step()
    assert work.acted == [0]
    follower.rest()
    follower.step()
    assert work.acted == [0, 6]
