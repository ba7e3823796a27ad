"""Nobody changes the ledger: every forbidden act of tests.forbidden, by every role that logs in.

What owner and superuser can do all the same, an audit finds.
"""

from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress

import psycopg
import pytest
from psycopg.errors import InsufficientPrivilege, RestrictViolation

from jejak_lrs import access, cursor, roles, tables
from jejak_lrs.audit import accesses, catalogue
from jejak_lrs.database import Connection, Database
from jejak_lrs.ledger import appending, books, history, parties, people, quarantine
from tests import fresh_catalogue, rows, services
from tests.forbidden import (
    COPY,
    DETACH,
    DUTIES,
    EVERYBODY,
    FUNCTIONS,
    GRANT,
    ROWS,
    SERVER,
    SERVER_TRACES,
    TABLES,
    Shape,
)

pytestmark = pytest.mark.integration

AGENCY = "jejak_agency_9001"
ROLES = (*roles.LOGINS, AGENCY)
PROTECTED = [*(table.name for table in tables.APPEND_ONLY), "record_p0"]
KEPT_BY_OTHERS = ["dictionary", "epoch", "event_verb"]
MOVING = ["ledger_head", "inbox_offset", "quarantine"]
GUARDED = [*PROTECTED, *MOVING]
every_role = pytest.mark.parametrize("role", ROLES)


@pytest.fixture(scope="module")
def agency(postgres: services.Postgres) -> Iterator[str]:
    """An agency's login on the shared server; its password."""
    with closing(psycopg.connect(postgres.dsn(), autocommit=True)) as connection:
        roles.create_agency_role(connection, "9001", "agency")
        yield "agency"
        connection.execute(f"DROP ROLE {AGENCY}".encode())


@pytest.fixture(scope="module")
def untouched(template: services.Database) -> Iterator[services.Database]:
    """A database for all the acts that leave nothing behind."""
    with services.copied(template) as own:
        yield own


@pytest.fixture(scope="module")
def almighty(untouched: services.Database) -> Iterator[Connection]:
    """A superuser's connection to it."""
    with closing(psycopg.connect(untouched.superuser_dsn, autocommit=True)) as connection:
        yield connection


@pytest.fixture(scope="module")
def shapes(almighty: Connection) -> dict[str, Shape]:
    """Every table and partition that there is."""
    found = almighty.execute(
        "SELECT relname, attname, conname FROM pg_class c "
        "JOIN pg_attribute ON attrelid = c.oid AND attnum = 1 "
        "JOIN pg_constraint ON conrelid = c.oid AND contype = 'p' "
        "WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')"
    )
    return {table: Shape(table, column, key) for table, column, key in found}


@contextmanager
def login(database: services.Database, role: str, agency: str) -> Iterator[Connection]:
    """A role's own connection, its read-only default given up, as it could itself."""
    password = database.passwords.get(role, agency)
    dsn = database.server.address.dsn(role, password, database.name)
    with closing(psycopg.connect(dsn, autocommit=True)) as connection:
        connection.execute("SET default_transaction_read_only = off")
        yield connection


def unrefused(connection: Connection, *queries: bytes) -> list[str]:
    """Those of the queries that were not refused for want of a right."""
    passed = []
    for query in queries:
        try:
            with connection.transaction(force_rollback=True):
                connection.execute(query)
        except InsufficientPrivilege:
            continue
        except psycopg.Error as exc:
            passed.append(f"{query.decode()}: {exc}")
        else:
            passed.append(query.decode())
    return passed


# -- the table is whole -------------------------------------------------------------------------


def test_every_table_role_and_function_has_its_case(
    almighty: Connection, shapes: dict[str, Shape]
) -> None:
    assert set(shapes) == set(DUTIES)
    named = almighty.execute(
        "SELECT rolname FROM pg_roles WHERE rolcanlogin AND rolname ~ '^jejak_'"
    )
    assert {name for (name,) in named if not name.startswith("jejak_agency")} == set(roles.LOGINS)
    made = almighty.execute(
        "SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
    )
    assert {name for (name,) in made} == set(FUNCTIONS)
    assert {role for duties in DUTIES.values() for role in duties} < set(ROLES)


def test_a_migrated_database_is_what_the_catalogue_says(template: services.Database) -> None:
    with closing(psycopg.connect(template.superuser_dsn, autocommit=True)) as connection:
        found = [line for line in catalogue.read(connection) if "jejak_agency_" not in line.name]
    assert catalogue.written(found) == fresh_catalogue.FILE.read_text("utf-8"), "make catalogue"


# -- prevented ----------------------------------------------------------------------------------


@every_role
def test_no_role_does_to_a_table_what_is_not_its_duty(
    untouched: services.Database,
    agency: str,
    almighty: Connection,
    shapes: dict[str, Shape],
    role: str,
) -> None:
    acts = [
        act.on(shapes[table])
        for table in DUTIES
        for act in (*ROWS, *TABLES)
        if not act.allowed(role, table) and (table in GUARDED or not act.trigger)
    ]
    with login(untouched, role, agency) as connection:
        assert unrefused(connection, *acts, DETACH.query.encode()) == []
        for table in DUTIES:
            with suppress(InsufficientPrivilege):
                connection.execute(GRANT.on(shapes[table]))
    assert catalogue.compare(almighty).differences == ()


@every_role
def test_no_role_copies_into_a_table_of_others(
    untouched: services.Database, agency: str, shapes: dict[str, Shape], role: str
) -> None:
    with login(untouched, role, agency) as connection:
        for table in DUTIES:
            if not COPY.allowed(role, table):
                with (
                    pytest.raises(InsufficientPrivilege),
                    connection.cursor() as own,
                    own.copy(COPY.on(shapes[table])),
                ):
                    pass


@every_role
def test_no_role_has_power_over_the_server_or_becomes_another(
    untouched: services.Database, agency: str, almighty: Connection, role: str
) -> None:
    others = {*ROLES, roles.OWNER, "postgres"} - {role}
    if role == roles.MIGRATOR:
        others.remove(roles.OWNER)  # that is its duty
    named = f"ALTER DATABASE {untouched.name} SET session_replication_role = replica"
    ending = f"SELECT pg_terminate_backend({almighty.info.backend_pid})"
    becoming = [f"SET ROLE {other}" for other in others]
    with login(untouched, role, agency) as connection:
        for query in (*SERVER, *becoming, named, ending):
            with pytest.raises(InsufficientPrivilege):
                connection.execute(query.encode())


@every_role
def test_no_role_calls_a_function_with_the_owners_rights_that_is_not_for_it(
    untouched: services.Database, agency: str, role: str
) -> None:
    calls = [
        f"SELECT {call}".encode()
        for call, caller in FUNCTIONS.values()
        if caller not in {role, EVERYBODY}
    ]
    with login(untouched, role, agency) as connection:
        assert unrefused(connection, *calls) == []


def test_every_duty_can_be_done(
    untouched: services.Database, agency: str, shapes: dict[str, Shape]
) -> None:
    for table, duties in DUTIES.items():
        for role in duties:
            with login(untouched, role, agency) as connection:
                for act in ROWS:
                    if act.allowed(role, table):
                        query = act.on(shapes[table])
                        with suppress(psycopg.IntegrityError):  # it got past the rights
                            connection.execute(query)


def test_the_owner_is_refused_by_trigger(superuser: Connection, shapes: dict[str, Shape]) -> None:
    superuser.execute("SET ROLE jejak_owner")

    for table in PROTECTED:
        for act in ROWS:
            if act.name in {"UPDATE", "DELETE", "TRUNCATE"}:
                with pytest.raises(RestrictViolation):
                    superuser.execute(act.on(shapes[table]))


def test_triggers_stand_also_when_replicating(superuser: Connection) -> None:
    superuser.execute("SET session_replication_role = replica")

    with pytest.raises(RestrictViolation):
        superuser.execute("DELETE FROM record")


def test_partitions_made_later_are_protected_too(superuser: Connection) -> None:
    superuser.execute("UPDATE ledger_head SET partition_width = 3000000000")
    superuser.execute("SELECT ledger_make_room(10001000)")
    superuser.execute("SELECT ledger_make_room(3010001000)")

    with pytest.raises(RestrictViolation):
        superuser.execute("TRUNCATE record_p3010000000")
    assert catalogue.compare(superuser).differences == ()


def test_only_the_status_of_a_quarantined_message_moves(
    writer: Database, superuser: Connection
) -> None:
    appending.append(writer, rows.batch([rows.refused(0)]))
    writer.connection.execute("UPDATE quarantine SET status = 'redriven'")

    with pytest.raises(InsufficientPrivilege):
        writer.connection.execute("UPDATE quarantine SET reason = 'other'")
    with pytest.raises(RestrictViolation):
        superuser.execute("UPDATE quarantine SET original_value = NULL")


@pytest.mark.parametrize("table", MOVING)
def test_what_moves_is_never_deleted(superuser: Connection, table: str) -> None:
    with pytest.raises(RestrictViolation):
        superuser.execute(f"DELETE FROM {table}".encode())


# -- detected -----------------------------------------------------------------------------------


@pytest.mark.parametrize("actor", ["jejak_owner", "postgres"])
def test_whatever_owner_or_superuser_do_to_a_table_is_found_and_named(
    almighty: Connection, shapes: dict[str, Shape], actor: str
) -> None:
    kept = GUARDED if actor == "jejak_owner" else ["record", "record_p0"]
    missed, done = [], set()
    for table in kept:
        for act in (*TABLES, GRANT):
            with almighty.transaction(force_rollback=True), suppress(*CANNOT):
                almighty.execute(f"SET LOCAL ROLE {actor}".encode())
                almighty.execute(act.on(shapes[table]))
                done.add(act)
                found = [str(one) for one in catalogue.compare(almighty).differences]
                if not any(table in one for one in found):
                    missed.append((table, act.name, found))
    assert missed == []
    # The owner may become nobody else, so it can give nothing away.
    assert {act.name for act in {*TABLES, GRANT} - done} <= {"ALTER: another owner"}


# A partitioned table cannot be unlogged, for one.
CANNOT = (
    psycopg.errors.FeatureNotSupported,
    psycopg.errors.WrongObjectType,
    InsufficientPrivilege,
)


def test_whatever_a_superuser_does_beside_the_tables_is_found_and_named(
    almighty: Connection,
) -> None:
    missed = []
    for query, place in SERVER_TRACES.items():
        with almighty.transaction(force_rollback=True):
            almighty.execute(query.encode())
            found = [one.where for one in catalogue.compare(almighty).differences]
        if not any(where.startswith(place) for where in found):
            missed.append((query, found[:3]))
    assert missed == []


# -- what readers can do ------------------------------------------------------------------------

READERS = ["jejak_projector", "jejak_publisher", "jejak_reader", "jejak_auditor"]


@pytest.mark.parametrize("role", READERS)
def test_a_reader_reads_records_but_no_tag_salt(database: services.Database, role: str) -> None:
    with closing(psycopg.connect(database.dsn(role), autocommit=True)) as connection:
        connection.execute("SELECT position, salt, content_tag FROM record")
        with pytest.raises(InsufficientPrivilege):
            connection.execute("SELECT tag_salt FROM record")


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
    others = {*KEPT_BY_OTHERS, "access", "handling", "checkpoint", "cosignature"}
    appended = {table.name for table in tables.APPEND_ONLY} - others | {"quarantine"}

    assert dict(found) == {
        **dict.fromkeys(appended, "INSERT SELECT"),
        "ledger_head": "SELECT UPDATE",
        "inbox_offset": "SELECT UPDATE",
        **dict.fromkeys(KEPT_BY_OTHERS, "SELECT"),
        "handling": "SELECT",  # and INSERT of all columns but the time
    }


def test_a_look_at_a_number_is_noted_with_the_servers_own_time_and_login(
    database: services.Database,
) -> None:
    with closing(psycopg.connect(database.dsn("jejak_auditor"), autocommit=True)) as connection:
        access.record(connection, who="siti", what="quarantine 7", purpose="pengaduan 12")

        [look] = access.accesses(connection)
        assert (look.role, look.who, look.what) == ("jejak_auditor", "siti", "quarantine 7")
        with pytest.raises(psycopg.errors.CheckViolation):
            access.record(connection, who="siti", what="quarantine 7", purpose=" ")
        access.record(connection, who="siti", what="quarantine 8", purpose="pengaduan 13")
        assert len(access.accesses(connection)) == 2
        assert list(accesses.differences(connection)) == []
        with pytest.raises(InsufficientPrivilege):
            connection.execute("INSERT INTO access (at, who, what, purpose) "
                               "VALUES ('2020-01-01', 'budi', 'nothing', 'none')")  # fmt: skip


@pytest.mark.parametrize("role", ["jejak_writer", "jejak_reader", "jejak_projector"])
def test_nobody_but_the_auditor_looks(database: services.Database, role: str) -> None:
    with (
        closing(psycopg.connect(database.dsn(role), autocommit=True)) as connection,
        pytest.raises((InsufficientPrivilege, psycopg.errors.ReadOnlySqlTransaction)),
    ):
        access.record(connection, who="siti", what="quarantine 7", purpose="pengaduan 12")
