"""append when connections die, writers freeze and others write at the same time."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing

import psycopg
import pytest
from msgspec.structs import replace

from jejak_lrs import errors, failpoint
from jejak_lrs.database import Connection, Database
from jejak_lrs.ledger import appending, books, history
from jejak_lrs.ledger.batch import SYSTEM, Source
from tests import rows, services

pytestmark = pytest.mark.integration


def once(name: str, action: Callable[[], None]) -> None:
    """Arm a failpoint for its first pass only."""

    def passed(point: str) -> None:
        if point == name:
            failpoint.arm(None)
            action()

    failpoint.arm(passed)


def lose_connection(writer: Database) -> None:
    """As if the network had gone: the reply never comes."""
    writer.close()
    raise psycopg.OperationalError("lost")


def end_backend(writer: Database, superuser: Connection) -> None:
    superuser.execute("SELECT pg_terminate_backend(%s)", [writer.connection.info.backend_pid])


@pytest.fixture
def other(database: services.Database) -> Iterator[Database]:
    """A second writer."""
    with closing(Database(database.dsn("jejak_writer"))) as own:
        yield own


@pytest.mark.parametrize(
    "point", ["append.before-copy", "append.after-copy", "append.before-commit"]
)
def test_a_backend_that_dies_before_commit_is_replaced_and_the_batch_done_once(
    writer: Database, superuser: Connection, point: str
) -> None:
    once(point, lambda: end_backend(writer, superuser))

    appended = appending.append(writer, rows.batch([rows.row(0), rows.refused(1)]))

    assert (appended.recorded, appended.refused) == (1, 1)
    assert history.head(writer.connection).next_position == 1
    assert all(balance.balanced for balance in books.balance(writer.connection))


@pytest.mark.parametrize("source", [None, SYSTEM])
def test_a_commit_whose_reply_was_lost_is_found_and_not_repeated(
    writer: Database, source: Source | None
) -> None:
    once("append.after-commit", lambda: lose_connection(writer))
    seen = rows.newcomer("199001012015031001")
    item = rows.needing(rows.row(0, source=source), seen)

    appended = appending.append(writer, rows.batch([item], newcomers=[seen]))

    assert (appended.first_position, appended.next_position, appended.recorded) == (0, 2, 1)
    assert appended.winners == {seen.person_id}
    assert history.head(writer.connection).next_position == 2


@pytest.mark.parametrize("known", [True, False], ids=["repeats", "refusals"])
def test_outcomes_without_offsets_are_written_once_when_the_reply_is_lost(
    writer: Database, known: bool
) -> None:
    first = rows.row(0, source=SYSTEM)
    appending.append(writer, rows.batch([first]))
    again = rows.row(0, source=SYSTEM, statement_id=first.statement_id)
    items = [again] if known else [replace(rows.refused(0), source=SYSTEM)]
    once("append.after-commit", lambda: lose_connection(writer))

    appended = appending.append(writer, rows.batch(items))

    assert (appended.recorded, appended.duplicates + appended.refused) == (0, 1)
    assert len(history.outcomes(writer.connection, -1, 9)) == 1


def test_outcomes_without_offsets_that_were_not_committed_are_written(
    writer: Database, superuser: Connection
) -> None:
    once("append.before-commit", lambda: end_backend(writer, superuser))

    appending.append(writer, rows.batch([replace(rows.refused(0), source=SYSTEM)]))

    assert len(history.outcomes(writer.connection, -1, 9)) == 1


def test_without_offsets_too_a_batch_that_was_not_committed_is_done(
    writer: Database, superuser: Connection
) -> None:
    once("append.before-commit", lambda: end_backend(writer, superuser))

    appended = appending.append(writer, rows.batch([rows.row(0, source=SYSTEM)]))

    assert appended.recorded == 1
    assert history.head(writer.connection).next_position == 1


def test_who_lost_its_connection_and_its_partition_is_fenced(
    writer: Database, other: Database
) -> None:
    def taken_over() -> None:
        appending.append(other, rows.batch([rows.row(1), rows.row(2)], start=1))
        lose_connection(writer)

    once("append.after-commit", taken_over)

    with pytest.raises(errors.Fenced, match="while the connection was lost"):
        appending.append(writer, rows.batch([rows.row(0)]))


def test_a_follower_of_two_writers_misses_nothing(writer: Database, other: Database) -> None:
    done = threading.Event()
    followed: list[int] = []

    def write(database: Database) -> None:
        for _ in range(40):
            appending.append(database, rows.batch([rows.row(0, source=SYSTEM)]))

    def follow(connection: Connection) -> None:
        while True:
            last = done.is_set()
            fresh = history.records(connection, followed[-1] if followed else -1, 1000)
            followed.extend(record.position for record in fresh)
            if last:
                return

    with closing(Database(writer._dsn)) as third:
        follower = threading.Thread(target=follow, args=[third.connection])
        writers = [threading.Thread(target=write, args=[each]) for each in (writer, other)]
        for thread in (follower, *writers):
            thread.start()
        for thread in writers:
            thread.join()
        done.set()
        follower.join()

    assert followed == list(range(80))


def test_a_frozen_writer_is_ended_and_the_ledger_goes_on(writer: Database, other: Database) -> None:
    frozen = other.connection
    frozen.execute("SET idle_in_transaction_session_timeout = 0")
    frozen.execute("BEGIN")
    frozen.execute("SELECT FROM ledger_head FOR UPDATE")
    copy = frozen.cursor().copy("COPY statement_key FROM STDIN")
    copy.__enter__()  # and never another word
    writer.connection.execute("SET lock_timeout = '5200ms'")
    began = time.monotonic()

    appended = appending.append(writer, rows.batch([rows.row(0)]))

    assert appended.recorded == 1
    assert time.monotonic() - began < 9
    frozen.close()


def test_a_writer_that_only_waits_is_never_ended(writer: Database, other: Database) -> None:
    assert writer.connection.execute("SELECT ledger_unblock()").fetchone() == (0,)
    other.connection.execute("BEGIN")
    other.connection.execute("SELECT FROM ledger_head FOR UPDATE")  # younger than 5 s

    assert writer.connection.execute("SELECT ledger_unblock()").fetchone() == (0,)
    other.connection.execute("ROLLBACK")


def test_a_lock_that_cannot_be_had_is_busy(writer: Database, superuser: Connection) -> None:
    with superuser.transaction():  # not a writer: nobody may end it
        superuser.execute("SELECT FROM ledger_head FOR UPDATE")
        writer.connection.execute("SET lock_timeout = '20ms'")

        with pytest.raises(errors.Busy):
            appending.append(writer, rows.batch([rows.row(0)]))


def test_a_double_position_is_fatal(writer: Database, superuser: Connection) -> None:
    appending.append(writer, rows.batch([rows.row(0)]))
    superuser.execute("UPDATE ledger_head SET next_position = 0")

    with pytest.raises(errors.Broken, match="23505") as caught:
        appending.append(writer, rows.batch([rows.row(1)], start=1))
    assert "record_p0_pkey" in str(caught.value)
    assert caught.value.__suppress_context__  # PostgreSQL's words may quote a row
