"""Roles and migrations: safe to repeat, safe together, and as the code believes."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from importlib import resources
from typing import Any, LiteralString
from uuid import uuid4

import psycopg
import pytest
from msgspec.structs import asdict, replace
from psycopg import sql

from jejak.addresses import PostgresAddress
from jejak_lrs import dictionaries, errors, migrations, roles, tables, workers
from jejak_lrs.audit import catalogue
from jejak_lrs.audit.examiner import Examining
from jejak_lrs.audit.scan import Scan
from jejak_lrs.database import Connection, Database, connect
from jejak_lrs.ledger import history, moment
from jejak_lrs.ledger.batch import SYSTEM
from jejak_lrs.ledger.payload import Packer
from tests import rows, services

pytestmark = pytest.mark.integration


def test_migrating_again_changes_nothing(database: services.Database) -> None:
    dsn = database.dsn(roles.MIGRATOR)
    here, newest = migrations.revisions(dsn)

    migrations.migrate(dsn)

    assert here == newest
    assert migrations.revisions(dsn) == (newest, newest)


def test_two_processes_that_start_together_migrate_once(postgres: services.Postgres) -> None:
    passwords = dict.fromkeys(roles.LOGINS, "together")
    with closing(psycopg.connect(postgres.dsn(), autocommit=True)) as connection:
        before = connection.execute("SELECT rolname, rolpassword FROM pg_authid").fetchall()
        roles.create_roles(connection, passwords)
        try:
            postgres.execute(sql.SQL("CREATE DATABASE together OWNER jejak_owner").format())
            dsn = postgres.address.dsn(roles.MIGRATOR, "together", "together")
            with ThreadPoolExecutor(2) as pool:
                list(pool.map(migrations.migrate, [dsn, dsn]))
            here, newest = migrations.revisions(dsn)
            assert here == newest
        finally:
            postgres.execute(sql.SQL("DROP DATABASE IF EXISTS together WITH (FORCE)").format())
            for role, verifier in before:  # other tests log in with theirs
                if role in roles.LOGINS:
                    connection.execute(
                        sql.SQL("ALTER ROLE {} PASSWORD {}").format(
                            sql.Identifier(role), sql.Literal(verifier)
                        )
                    )


def test_the_tables_are_as_the_code_believes(superuser: Connection) -> None:
    found: dict[str, list[tuple[str, bool]]] = {}
    for table, column, nullable in superuser.execute(
        "SELECT table_name, column_name, is_nullable = 'YES' FROM information_schema.columns "
        "WHERE table_schema = 'public' ORDER BY ordinal_position"
    ):
        found.setdefault(table, []).append((column, nullable))

    for table in tables.metadata.sorted_tables:
        assert [(c.name, c.nullable) for c in table.columns] == found[table.name], table.name


def test_everything_belongs_to_the_owner_who_cannot_log_in(superuser: Connection) -> None:
    owners = superuser.execute(
        "SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'"
    ).fetchall()
    logins = superuser.execute(
        "SELECT rolname FROM pg_roles WHERE rolcanlogin AND rolname IN ('jejak_owner', "
        "'jejak_agency')"
    ).fetchall()

    assert owners == [("jejak_owner",)]
    assert logins == []


def test_the_migrator_may_do_nothing_without_becoming_the_owner(
    database: services.Database,
) -> None:
    with closing(psycopg.connect(database.dsn(roles.MIGRATOR), autocommit=True)) as connection:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("SELECT * FROM record")
        connection.execute("SET ROLE jejak_owner")
        connection.execute("SELECT * FROM record")


def test_functions_with_the_owners_rights_pin_their_search_path(superuser: Connection) -> None:
    loose = superuser.execute(
        "SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND prosecdef "
        "AND NOT EXISTS (SELECT FROM unnest(proconfig) AS c "
        "WHERE c LIKE 'search_path=pg_catalog, %pg_temp')"
    ).fetchall()
    for_all = superuser.execute(
        "SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND prosecdef "
        "AND has_function_privilege('jejak_agency', oid, 'EXECUTE')"
    ).fetchall()

    assert loose == []
    assert for_all == []


def test_the_writer_lets_go_of_locks_by_itself(writer: Database) -> None:
    shown = [
        writer.connection.execute(f"SHOW {name}").fetchone()
        for name in ("idle_in_transaction_session_timeout", "lock_timeout")
    ]

    assert shown == [("5s",), ("5s",)]


@pytest.mark.parametrize("role", [roles.WRITER, roles.PROJECTOR, roles.PUBLISHER])
def test_both_sides_of_a_cut_connection_notice_within_ten_seconds(
    database: services.Database, role: str
) -> None:
    server = PostgresAddress("127.0.0.1", database.server.address.port)  # not by a socket
    with closing(connect(server.dsn(role, database.passwords[role], database.name))) as connection:
        ours = connection.info.get_parameters()["tcp_user_timeout"]
        theirs = connection.execute("SHOW tcp_user_timeout").fetchone()
    assert (ours, theirs) == ("10000", ("10000",))  # milliseconds


@pytest.mark.parametrize("role", [roles.WRITER, roles.PUBLISHER, roles.READER])
def test_no_number_of_a_person_reaches_the_servers_log_however_it_logs(
    database: services.Database, role: str
) -> None:
    wanted = {
        "log_error_verbosity": "terse",
        "log_parameter_max_length": "0",
        "log_parameter_max_length_on_error": "0",
    }
    with closing(connect(database.dsn(role))) as connection:
        found = connection.execute(
            "SELECT name, setting, source FROM pg_settings WHERE name = ANY(%s)", [list(wanted)]
        ).fetchall()
    assert {name: setting for name, setting, _ in found} == wanted
    assert {source for *_, source in found} == {"user"}


def test_an_epoch_tells_when_it_began(superuser: Connection) -> None:
    found = superuser.execute("SELECT epoch FROM ledger_head").fetchone()
    assert found is not None
    age = time.time() - (found[0].int >> 80) / 1000
    assert found[0].version == 7
    assert 0 <= age < 3_600


def test_a_missing_password_is_named(superuser: Connection) -> None:
    with pytest.raises(ValueError, match="no password for jejak_eraser"):
        roles.create_roles(superuser, dict.fromkeys(roles.LOGINS[:-1], "x"))


def test_an_agency_logs_in_and_reads_no_ledger(
    database: services.Database, superuser: Connection
) -> None:
    roles.create_agency_role(superuser, "2060", "first")
    role = roles.create_agency_role(superuser, "2060", 'it\'s a "password"')

    dsn = database.server.address.dsn(role, 'it\'s a "password"', database.name)
    with closing(connect(dsn)) as connection:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("SELECT position FROM record")
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            connection.execute("CREATE TABLE mine ()")
    superuser.execute("DROP OWNED BY jejak_agency_2060")
    superuser.execute("DROP ROLE jejak_agency_2060")


def test_a_server_that_is_away_is_unreachable_without_its_password() -> None:
    with pytest.raises(errors.Unreachable) as caught:
        connect("postgresql://jejak_writer:very-secret@127.0.0.1:1/jejak")

    assert "very-secret" not in str(caught.value)


def test_payloads_are_read_by_the_databases_own_dictionaries_alone(
    database: services.Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = b'{"actor":{},"verb":{"id":"http://adlnet.gov/expapi/verbs/completed"}}'
    packed = {n: Packer(n, content).pack(plain) for n, content in dictionaries.shipped().items()}
    monkeypatch.setattr(dictionaries, "shipped", dict)  # as if no file had been left

    with closing(connect(database.dsn(roles.AUDITOR))) as connection:
        unpack = dictionaries.unpacker(connection).unpack
        assert {n: unpack(payload) for n, payload in packed.items()} == dict.fromkeys(packed, plain)
    with pytest.raises(errors.BadPayload):
        dictionaries.unpacker().unpack(packed[1])


def test_another_dictionary_under_a_known_number_is_refused(
    superuser: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dictionaries, "shipped", lambda: {200: b"one"})
    dictionaries.copy(superuser)
    dictionaries.copy(superuser)

    monkeypatch.setattr(dictionaries, "shipped", lambda: {200: b"other"})

    with pytest.raises(errors.Broken):
        dictionaries.copy(superuser)


_RECORDED = """
    INSERT INTO record (position, statement_id, stored, occurred_at, event_type, party, person_id,
        verb, activity, source_kind, mapping_version, warnings, payload, salt, tag_salt,
        content_tag, commitment)
    VALUES (0, %(statement_id)s, now(), %(occurred_at)s, %(event_type)s, %(party)s, %(person_id)s,
        %(verb)s, %(activity)s, 'system', %(mapping_version)s, %(warnings)s, %(payload)s, %(salt)s,
        %(tag_salt)s, %(content_tag)s, %(commitment)s)
"""


def test_records_of_a_ledger_of_before_are_read_and_proved_after_a_migration(
    empty: services.Database,
) -> None:
    said = b'{"verb":{"id":"http://adlnet.gov/expapi/verbs/completed"}}'
    old = replace(rows.row(0, said=said, source=SYSTEM, person_id=uuid4()), warnings=("late",))
    old = replace(old, commitment=rows.commitment_of(old, said))
    with closing(psycopg.connect(empty.dsn(roles.MIGRATOR), autocommit=True)) as owner:
        _migrate_to("0005", owner)
        owner.execute(_RECORDED, {**asdict(old), "warnings": list(old.warnings)})
        owner.execute("INSERT INTO statement_key VALUES (%s, 0)", [old.statement_id])
        owner.execute(
            "UPDATE ledger_head SET next_position = 1, last_stored = (SELECT stored FROM record)"
        )

    migrations.migrate(empty.dsn(roles.MIGRATOR))

    with closing(connect(empty.dsn(roles.AUDITOR))) as auditor:
        (kept,) = history.records(auditor, -1, 9)
        until = moment.read(auditor)
        assert until is not None
        scan = Scan(auditor, until, partial(workers.alone, auditor, Examining()))
        assert list(scan.differences(lambda *_: None)) == []
    assert (kept.verb, kept.warnings) == (old.verb, ["late"])


_HOURS_OF_BEFORE = """
    INSERT INTO place (id, working, home, unit, position_class, position, employment) VALUES
        (1, '2060', '2060', NULL, 'pelaksana', NULL, 'PPPK'),
        (2, '2060', '2060', 'TU', 'pelaksana', NULL, 'PNS'),
        (3, '4011', '2060', NULL, 'pelaksana', NULL, 'PNS');
    INSERT INTO served (person_id, starts, ends, place, own_home, own_working) VALUES
        (gen_random_uuid(), '2024-01-01', '2024-07-01', 1, '2060', '4011');
    INSERT INTO served SELECT person_id, '2024-07-01', '2024-09-01', 2, '2060', '4011' FROM served;
    INSERT INTO served SELECT person_id, '2024-09-01', '9999-12-31', 3, '2060', '4011' FROM served
        WHERE place = 2;
    INSERT INTO learning_year (person_id, year, employment, starts, ends, jp, own_home, own_working)
        SELECT person_id, y.*, '2060', '4011' FROM served, (VALUES
            (2024, 'PNS', date '2024-01-01', date '2025-01-01', 2000),
            (2024, 'PPPK', '2024-02-01', '2025-02-01', 900),
            (2025, 'PNS', '2025-01-01', '2026-01-01', 700)) AS y WHERE place = 1;
"""


def test_learning_hours_of_before_stand_at_the_places_where_they_count(
    empty: services.Database,
) -> None:
    with closing(psycopg.connect(empty.dsn(roles.MIGRATOR), autocommit=True)) as owner:
        _migrate_to("0019", owner)
        owner.execute(_HOURS_OF_BEFORE)

    migrations.migrate(empty.dsn(roles.MIGRATOR))

    with closing(connect(empty.dsn(roles.READER))) as reader:
        found = reader.execute(
            "SELECT place, starts::text, year, year_starts::text, jp, own_working "
            "FROM learning_year ORDER BY place, year"
        ).fetchall()
        shown = reader.execute("SELECT agency, year, jp FROM agency_hours ORDER BY year").fetchall()
    assert found == [
        (1, "2024-01-01", 2024, "2024-02-01", 900, "4011"),
        (2, "2024-07-01", 2024, "2024-01-01", 2000, "4011"),
        (2, "2024-07-01", 2025, "2025-01-01", 700, "4011"),
        (3, "2024-09-01", 2024, "2024-01-01", 2000, "4011"),
        (3, "2024-09-01", 2025, "2025-01-01", 700, "4011"),
    ]
    assert shown == [("4011", 2024, 20), ("4011", 2025, 7)]


_GENERATIONS_OF_BEFORE = """
    UPDATE generation SET active = 3, kept = 2, last = 4;
    INSERT INTO rebuild (generation, upto, phase, position) VALUES (4, 0, 'assess', 0);
    INSERT INTO evidence (generation, position, ordinal, person_id, arrived, kind, statement_id,
                          party, provider, document, assessor)
    SELECT g, 5, 0, lpad(g::text, 32, '0')::uuid, 5, 'k', gen_random_uuid(), 'lan', 'lan', 'd', NULL
    FROM generate_series(1, 4) AS g;
    INSERT INTO profile (generation, person_id, version, digest, document, assessed_to, turns_on)
    SELECT g, lpad(g::text, 32, '0')::uuid, g, repeat('ab', 32), '{}', 5, '2027-01-01'
    FROM generate_series(1, 4) AS g;
"""


def test_generations_of_before_that_are_used_get_tables_with_all_that_they_hold(
    empty: services.Database,
) -> None:
    asked: tuple[LiteralString, ...] = (
        "SELECT to_jsonb(e) FROM evidence e WHERE generation > 1 ORDER BY generation",
        "SELECT to_jsonb(p) FROM profile p WHERE generation > 1 ORDER BY generation",
    )
    with closing(psycopg.connect(empty.dsn(roles.MIGRATOR), autocommit=True)) as owner:
        _migrate_to("0024", owner)
        owner.execute(_GENERATIONS_OF_BEFORE)
        before = [owner.execute(one).fetchall() for one in asked]

    migrations.migrate(empty.dsn(roles.MIGRATOR))

    with closing(connect(empty.dsn(roles.AUDITOR))) as auditor:
        assert [auditor.execute(one).fetchall() for one in asked] == before
        for whole in ("evidence", "profile"):
            parts = auditor.execute(
                "SELECT inhrelid::regclass::text FROM pg_inherits "
                "WHERE inhparent = %s::regclass ORDER BY 1",
                [whole],
            )
            assert [one for (one,) in parts] == [f"{whole}_g{number}" for number in (2, 3, 4)]
        differs = [one.where for one in catalogue.compare(auditor).differences]
        assert [one for one in differs if "alembic_version" not in one] == []  # made by this test
    assert [len(rows) for rows in before] == [3, 3]


def _migrate_to(number: str, owner: psycopg.Connection[Any]) -> None:
    """As a Jejak that knew no later migration left it."""
    owner.execute("SET ROLE jejak_owner")
    files = resources.files(migrations).joinpath("sql").iterdir()
    for file in sorted(files, key=lambda one: one.name):
        if file.name[:4] <= number:
            owner.execute(file.read_bytes())
    owner.execute("CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY)")
    owner.execute("INSERT INTO alembic_version VALUES (%s)", [number])


@pytest.fixture
def empty(postgres: services.Postgres, template: services.Database) -> Iterator[services.Database]:
    """A database with nothing in it, not even migrations."""
    postgres.execute(sql.SQL("CREATE DATABASE bare OWNER jejak_owner").format())
    yield services.Database(postgres, "bare", template.passwords)
    postgres.execute(sql.SQL("DROP DATABASE bare WITH (FORCE)").format())
