"""Nobody changes the ledger: not by role, not by trigger, not through a partition."""

from contextlib import closing

import psycopg
import pytest
from psycopg import sql
from psycopg.errors import InsufficientPrivilege, RestrictViolation

from jejak_lrs import books, cursor, history, ledger, parties, people, quarantine, tables
from jejak_lrs.database import Connection, Database
from tests import rows, services

pytestmark = pytest.mark.integration

PROTECTED = [*(table.name for table in tables.APPEND_ONLY), "record_p0"]


def changes(table: str) -> list[sql.Composed]:
    """An UPDATE, a DELETE and a TRUNCATE of a table."""
    columns = tables.metadata.tables["record" if table == "record_p0" else table].columns
    name, column = sql.Identifier(table), sql.Identifier(next(iter(columns)).name)
    return [
        sql.SQL("UPDATE {} SET {} = {}").format(name, column, column),
        sql.SQL("DELETE FROM {}").format(name),
        sql.SQL("TRUNCATE {}").format(name),
    ]


def test_the_owner_is_refused_by_trigger(superuser: Connection) -> None:
    superuser.execute("SET ROLE jejak_owner")

    for table in PROTECTED:
        for change in changes(table):
            with pytest.raises(RestrictViolation):
                superuser.execute(change)


def test_the_writer_is_refused_by_grant(writer: Database) -> None:
    for table in PROTECTED:
        for change in changes(table):
            with pytest.raises(InsufficientPrivilege):
                writer.connection.execute(change)


def test_triggers_stand_also_when_replicating(superuser: Connection) -> None:
    superuser.execute("SET session_replication_role = replica")

    with pytest.raises(RestrictViolation):
        superuser.execute("DELETE FROM record")


def test_partitions_made_later_are_protected_too(superuser: Connection) -> None:
    superuser.execute("UPDATE ledger_head SET partition_width = 1000")
    superuser.execute("SELECT ledger_make_room(10001000)")

    with pytest.raises(RestrictViolation):
        superuser.execute("TRUNCATE record_p10000000")


def test_only_the_status_of_a_quarantined_message_moves(
    writer: Database, superuser: Connection
) -> None:
    ledger.append(writer, rows.batch([rows.refused(0)]))
    writer.connection.execute("UPDATE quarantine SET status = 'redriven'")

    with pytest.raises(InsufficientPrivilege):
        writer.connection.execute("UPDATE quarantine SET reason = 'other'")
    with pytest.raises(RestrictViolation):
        superuser.execute("UPDATE quarantine SET original_value = NULL")


@pytest.mark.parametrize("table", ["ledger_head", "inbox_offset", "quarantine"])
def test_what_moves_is_never_deleted(superuser: Connection, table: str) -> None:
    with pytest.raises(RestrictViolation):
        superuser.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table)))


READERS = ["jejak_projector", "jejak_publisher", "jejak_reader", "jejak_auditor"]


@pytest.mark.parametrize("role", READERS)
def test_a_reader_reads_records_but_no_tag_salt_and_writes_none(
    database: services.Database, role: str
) -> None:
    with closing(psycopg.connect(database.dsn(role), autocommit=True)) as connection:
        connection.execute("SELECT position, salt, content_tag FROM record")
        for query in (
            "SELECT tag_salt FROM record",
            "INSERT INTO statement_key VALUES (gen_random_uuid(), 0)",
            "UPDATE ledger_head SET next_position = 9",
            "SELECT ledger_unblock()",
            "SELECT ledger_make_room(1)",
        ):
            with pytest.raises((InsufficientPrivilege, psycopg.errors.ReadOnlySqlTransaction)):
                connection.execute(query)


def test_the_reader_can_answer_an_operators_questions(database: services.Database) -> None:
    with closing(psycopg.connect(database.dsn("jejak_reader"), autocommit=True)) as connection:
        assert books.balance(connection) == []
        assert quarantine.find(connection) == []
        assert quarantine.counts(connection) == {}
        assert people.resolve_many(connection, [("nip", "1")]) == {}
        assert parties.load(connection) == (0, parties.Parties.of([]))
        assert history.outcomes(connection, -1, 1) == []
        assert cursor.read(connection, "projector") == cursor.START


@pytest.mark.parametrize("role", ["jejak_projector", "jejak_eraser"])
def test_who_needs_no_aliases_reads_none(database: services.Database, role: str) -> None:
    with (
        closing(psycopg.connect(database.dsn(role), autocommit=True)) as connection,
        pytest.raises(InsufficientPrivilege),
    ):
        connection.execute("SELECT value FROM person_alias")


def test_the_writer_holds_exactly_these_grants(superuser: Connection) -> None:
    found = superuser.execute(
        "SELECT table_name, string_agg(privilege_type, ' ' ORDER BY privilege_type) "
        "FROM information_schema.role_table_grants WHERE grantee = 'jejak_writer' "
        "AND table_schema = 'public' GROUP BY 1"
    ).fetchall()
    appended = {table.name for table in tables.APPEND_ONLY} - {"dictionary"} | {"quarantine"}

    assert dict(found) == {
        **dict.fromkeys(appended, "INSERT SELECT"),
        "ledger_head": "SELECT UPDATE",
        "inbox_offset": "SELECT UPDATE",
        "dictionary": "SELECT",
    }
