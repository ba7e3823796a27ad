"""Reading a ledger touches little but what is asked for, whether or not the planner knows it."""

from collections.abc import Callable, Sequence
from contextlib import closing
from typing import LiteralString
from uuid import UUID

import pytest

from jejak_lrs.database import Connection, connect
from jejak_lrs.ledger import history
from tests import services

pytestmark = pytest.mark.integration

RECORDS = 60_000  # enough that the planner would rather read by position (tried)
MOST = 2_000  # rows and index entries; a hundredth of the records is about no person
PERSON = UUID(int=7)

_FILL: LiteralString = f"""
    INSERT INTO record (position, statement_id, stored, occurred_at, event_type, party, person_id,
                        verb, source_kind, mapping_version, payload, commitment)
    SELECT at, gen_random_uuid(), now(), now(),
           CASE WHEN at % 100 = 0 THEN 'UnitPublished' ELSE 'CourseCompleted' END, 'p' || at % 50,
           CASE WHEN at % 100 <> 0 THEN lpad(to_hex(at % 6007), 32, '0')::uuid END,
           'v', 'system', 1, decode(repeat('ab', 150), 'hex'), decode(repeat('ab', 32), 'hex')
    FROM generate_series(0, {RECORDS} - 1) AS at
"""
# Rows fetched and index entries read in this transaction.
_TOUCHED = """
    SELECT sum(pg_stat_get_xact_tuples_returned(oid) + pg_stat_get_xact_tuples_fetched(oid))
    FROM pg_class WHERE relname LIKE 'record_p0%'
"""
_READS: dict[str, tuple[Callable[[Connection], Sequence[history.Record]], int]] = {
    "a person's": (
        lambda connection: history.records_of_person(connection, PERSON, -1, 1_000),
        10,
    ),
    "the registry's, from the middle on": (
        lambda connection: history.records_of_types(
            connection, ["UnitPublished"], RECORDS // 2, RECORDS, 10
        ),
        10,
    ),
    "the next": (lambda connection: history.records(connection, RECORDS // 2, 10), 10),
}


def test_no_reader_touches_more_than_it_needs(
    database: services.Database, superuser: Connection
) -> None:
    superuser.execute("ALTER TABLE record_p0 SET (autovacuum_enabled = off)")
    superuser.execute(_FILL)

    with closing(connect(database.dsn("jejak_reader"))) as reader:
        without_statistics = _touched(reader)
        superuser.execute("ANALYZE record")
        with_them = _touched(reader)

    for touched in (without_statistics, with_them):
        assert {whose: much for whose, much in touched.items() if much > MOST} == {}


def _touched(reader: Connection) -> dict[str, int]:
    """How many rows and index entries each reader touches."""
    touched = {}
    for whose, (read, count) in _READS.items():
        with reader.transaction():
            assert len(read(reader)) == count, whose
            (touched[whose],) = reader.execute(_TOUCHED).fetchone() or (0,)
    return touched
