"""How far followers are behind, as the ledger itself tells."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from uuid_utils.compat import uuid7

from jejak_lrs.cursor import START, Cursor
from jejak_lrs.database import Connection, Database
from jejak_lrs.ledger import appending, standing
from jejak_lrs.ledger.standing import Behind
from jejak_lrs.projection import profiles
from tests import rows

pytestmark = pytest.mark.integration
NOW = datetime(2026, 11, 24, tzinfo=UTC)


def test_behind_is_counted_from_the_cursor_to_the_head(
    writer: Database,
) -> None:
    connection = writer.connection
    assert standing.records_behind(connection, START) == Behind(0, 0.0)
    again = rows.row(0)
    appending.append(writer, rows.batch([again, rows.row(1), rows.row(2)]))
    appending.append(writer, rows.batch([rows.row(3, statement_id=again.statement_id)], start=3))

    assert standing.records_behind(connection, START).count == 3
    assert standing.records_behind(connection, Cursor(0, -1)).count == 2
    assert standing.records_behind(connection, Cursor(2, -1)) == Behind(0, 0.0)
    assert standing.fates_behind(connection, START).count == 4
    assert standing.fates_behind(connection, Cursor(2, -1)).count == 1
    assert standing.fates_behind(connection, Cursor(2, 0)) == Behind(0, 0.0)


def test_the_age_is_that_of_the_oldest_that_waits(writer: Database, superuser: Connection) -> None:
    appending.append(writer, rows.batch([rows.row(0), rows.row(1)]))
    superuser.execute("ALTER TABLE record_p0 DISABLE TRIGGER ALL")
    for position, hours in ((0, 2), (1, 1)):
        superuser.execute(
            "UPDATE record_p0 SET stored = stored - %s * interval '1 hour' WHERE position = %s",
            [hours, position],
        )
    found = [standing.records_behind(superuser, Cursor(at, -1)).seconds for at in (-1, 0, 1)]
    assert [int(age // 3600) for age in found] == [2, 1, 0]


def test_changes_are_counted_by_their_numbers(superuser: Connection) -> None:
    assert standing.changes_behind(superuser, START) == Behind(0, 0.0)
    with superuser.transaction():
        profiles.write_changes(superuser, [change(), change()])
    last = profiles.last_change(superuser)
    assert standing.changes_behind(superuser, START).count == 2
    assert standing.changes_behind(superuser, Cursor(last - 1, -1)).seconds > 0
    assert standing.changes_behind(superuser, Cursor(last, -1)) == Behind(0, 0.0)


def change() -> profiles.Change:
    return profiles.Change(
        uuid4(), UUID(int=1), "ProfileState", 1, NOW, ["2060"], ["both"],
        {}, 7, uuid7(), "level",
    )  # fmt: skip
