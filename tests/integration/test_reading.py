"""Reading a ledger touches little but what is asked for, whether or not the planner knows it."""

from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import date
from typing import LiteralString, TypeAlias
from uuid import UUID

import pytest

from jejak_lrs import outbox
from jejak_lrs.cursor import Cursor
from jejak_lrs.database import Connection, connect
from jejak_lrs.erasure import act
from jejak_lrs.ledger import history, standing
from jejak_lrs.projection import evidence, profiles, rebuild
from jejak_lrs.projection.feeding import Slice
from jejak_lrs.projection.projecting import Projector
from jejak_lrs.replay.selection import Reader, Selection, Span, select
from tests import services

pytestmark = pytest.mark.integration

RECORDS = 60_000  # enough that the planner would rather read by position (tried)
MOST = 2_000  # rows and index entries; a fiftieth of the records is about no person
PERSON = UUID(int=7)
SOME = [UUID(int=one) for one in range(50)]
MANY = [UUID(int=one) for one in range(1_000)]
VOIDED = 50  # positions before a void; every hundredth record is one

_FILL: LiteralString = f"""
    INSERT INTO record (position, statement_id, stored, occurred_at, event_type, party, person_id,
                        verb, source_kind, mapping_version, payload, commitment)
    SELECT at, gen_random_uuid(), now(), now(),
           CASE at % 100 WHEN 0 THEN 'UnitPublished' WHEN 99 THEN 'StatementVoided'
           ELSE 'CourseCompleted' END, 'p' || at % 50,
           CASE WHEN at % 100 NOT IN (0, 99) THEN lpad(to_hex(at % 6007), 32, '0')::uuid END,
           'v', 'system', 1, decode(repeat('ab', 150), 'hex'), decode(repeat('ab', 32), 'hex')
    FROM generate_series(0, {RECORDS} - 1) AS at;
    INSERT INTO statement_key SELECT statement_id, position FROM record;
    INSERT INTO statement_reference SELECT statement_id, position + {VOIDED} FROM record
    WHERE (position + {VOIDED}) % 100 = 99;
    INSERT INTO outcome (number, at_position, stored, kind, source_kind, of_position, commitment)
    SELECT position, position, stored, 'duplicate', 'inbox', position, commitment FROM record;
    UPDATE ledger_head SET next_position = {RECORDS}, next_outcome = {RECORDS}
"""
# Rows fetched and index entries read by this session, for a while.
_TOUCHED = """
    SELECT sum(pg_stat_get_xact_tuples_returned(oid) + pg_stat_get_xact_tuples_fetched(oid))
    FROM pg_class
    WHERE relname ~ '^(record_p0|statement_|outcome|quarantine|handling|evidence|profile|change)'
"""


def next_fates(connection: Connection) -> Sequence[object]:
    after, head = Cursor(RECORDS // 2, RECORDS // 2), history.head(connection)
    told, moved = outbox.delivered(connection, after, head, 100)
    assert moved.position + moved.outcome_number == RECORDS + 100
    return told  # of what no inbox is known of nobody is told


def outcomes_by_kind(connection: Connection) -> Sequence[object]:
    assert standing.outcomes(connection) == standing.Outcomes(-RECORDS, RECORDS, 0, 0)
    return ()  # in its inboxes nothing was counted


def of_an_agency(connection: Connection) -> Sequence[object]:
    selected = select(connection, Selection(agencies=("2060",)))
    return Reader(connection, selected).records(Span(RECORDS // 2, RECORDS // 2 + 500))


Reads: TypeAlias = dict[str, tuple[Callable[[Connection], Sequence[object]], int]]
_READS: Reads = {
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
    "a person's, and voids of them": (
        lambda connection: select(connection, Selection(people=(PERSON,))).positions or (),
        11,
    ),
    "an agency's, and voids of them": (of_an_agency, 0),
    "merges of any of many": (lambda connection: history.merges_of(connection, MANY, RECORDS), 0),
    "outcomes by kind": (outcomes_by_kind, 0),
    "the next fates": (next_fates, 0),
    "the next": (lambda connection: history.records(connection, RECORDS // 2, 10), 10),
}


def test_no_reader_touches_more_than_it_needs(
    database: services.Database, superuser: Connection
) -> None:
    for table in ("record_p0", "statement_key", "statement_reference", "outcome"):
        superuser.execute(f"ALTER TABLE {table} SET (autovacuum_enabled = off)")
    superuser.execute(_FILL)

    with closing(connect(database.dsn("jejak_reader"))) as reader:
        without_statistics = _touched(reader, _READS)
        superuser.execute("ANALYZE")
        with_them = _touched(reader, _READS)

    for touched in (without_statistics, with_them):
        assert {whose: much for whose, much in touched.items() if much > MOST} == {}


_FILL_GENERATION: LiteralString = f"""
    INSERT INTO evidence (generation, position, ordinal, person_id, arrived, kind, statement_id,
                          party, provider, document)
    SELECT %(generation)s, at, 0, lpad(to_hex(at %% 6007), 32, '0')::uuid, at, 'evidence',
           gen_random_uuid(), 'p' || at %% 50, 'p' || at %% 50, repeat('x', 150)
    FROM generate_series(0, {RECORDS} - 1) AS at
"""
_FILL_PROFILES: LiteralString = """
    INSERT INTO profile (generation, person_id, version, digest, document, assessed_to, home,
                         working)
    SELECT %(generation)s, lpad(to_hex(at), 32, '0')::uuid, 1, repeat('ab', 32), repeat('x', 150),
           1, 'a' || at %% 50, 'a' || at %% 50
    FROM generate_series(0, 6006) AS at
"""
# An order to erase a hundred records, the last of which came by a redrive; and sixty thousand
# messages in quarantine, two of them about the first and the last of these.
_FILL_ERASURE: LiteralString = f"""
    UPDATE ledger_head SET next_position = {RECORDS} + 1, next_outcome = 2 * {RECORDS};
    INSERT INTO record (position, statement_id, stored, occurred_at, event_type, party,
                        verb, source_kind, mapping_version, commitment)
    VALUES ({RECORDS}, gen_random_uuid(), now(), now(), 'ErasureOrdered', 'jejak', 'v', 'system', 1,
            decode(repeat('ab', 32), 'hex'));
    INSERT INTO erasure SELECT at * 500 + 1, {RECORDS} FROM generate_series(0, 99) AS at;
    INSERT INTO quarantine (number, stored, kind, event_id, source_kind, reason, status)
    SELECT {RECORDS} + at, now(), 'refused',
           CASE at WHEN 0 THEN statement_id ELSE gen_random_uuid() END, 'inbox', 'late',
           CASE at WHEN 0 THEN 'waiting' ELSE 'redriven' END
    FROM generate_series(0, {RECORDS} - 1) AS at, record WHERE position = 1;
    INSERT INTO handling (number, act, who, position)
    SELECT {RECORDS} + at, 'redriven', 'siti', CASE at WHEN 1 THEN 99 * 500 + 1 ELSE at + 500000 END
    FROM generate_series(1, {RECORDS} - 1) AS at
"""


@pytest.mark.parametrize("known", [False, True], ids=["no statistics", "statistics"])
def test_an_erasure_touches_what_it_erases_and_what_is_about_it(
    database: services.Database, superuser: Connection, *, known: bool
) -> None:
    for table in ("record_p0", "quarantine", "handling", "evidence_g1"):
        superuser.execute(f"ALTER TABLE {table} SET (autovacuum_enabled = off)")
    superuser.execute(_FILL)
    superuser.execute(_FILL_ERASURE)
    superuser.execute(_FILL_GENERATION, {"generation": 1})
    if known:
        superuser.execute("ANALYZE")
    reads: dict[str, Reads] = {
        "jejak_eraser": {"erases": (lambda connection: [()] * act.erase(connection, RECORDS), 100)},
        "jejak_projector": {
            "forgets": (lambda connection: evidence.erase(connection, 1, RECORDS), 100)
        },
    }
    for role, read in reads.items():
        with closing(connect(database.dsn(role))) as connection:
            assert {what: n for what, n in _touched(connection, read).items() if n > MOST} == {}
    discarded = superuser.execute(
        "SELECT number FROM handling WHERE act = 'discarded' ORDER BY number"
    ).fetchall()
    assert discarded == [(RECORDS,)]


_NOT_YET = -1  # a position before any: what is read is counted, and no document looked at


def _reads_of_persons(generation: int) -> Reads:
    return {
        "what was said": (
            lambda connection: [*evidence.of_people(connection, generation, SOME, _NOT_YET)], 0,
        ),
        "profiles": (lambda connection: [*profiles.stored(connection, SOME, generation)], 50),
    }  # fmt: skip


@pytest.mark.parametrize("generation", [1, 2])
@pytest.mark.parametrize("known", [False, True], ids=["no statistics", "of generation 1"])
def test_persons_of_any_generation_are_read_by_themselves(
    database: services.Database, superuser: Connection, generation: int, *, known: bool
) -> None:
    superuser.execute("SELECT projection_make_room(2)")
    for table in ("evidence_g1", "profile_g1", "evidence_g2", "profile_g2"):
        superuser.execute(f"ALTER TABLE {table} SET (autovacuum_enabled = off)")
    for made in (1, 2):
        superuser.execute(_FILL_GENERATION, {"generation": made})
        superuser.execute(_FILL_PROFILES, {"generation": made})
        if known and made == 1:
            superuser.execute("ANALYZE")
    with closing(connect(database.dsn("jejak_reader"))) as reader:
        touched = _touched(reader, _reads_of_persons(generation))
    assert {whose: much for whose, much in touched.items() if much > MOST} == {}


def test_a_projector_reads_persons_by_themselves_who_were_none_when_it_first_asked(
    database: services.Database, superuser: Connection
) -> None:
    for table in ("evidence_g1", "profile_g1"):
        superuser.execute(f"ALTER TABLE {table} SET (autovacuum_enabled = off)")
    reads, keeping, nothing = _reads_of_persons(1), Projector(), Slice(-1, (), date(2026, 11, 27))
    with closing(connect(database.dsn("jejak_projector"))) as projector:
        for _ in range(15):  # enough that psycopg prepares and PostgreSQL keeps a plan (tried)
            for read, _count in reads.values():
                with projector.transaction():
                    keeping.keep(projector, nothing)
                    assert not read(projector)
        superuser.execute(_FILL_GENERATION, {"generation": 1})
        superuser.execute(_FILL_PROFILES, {"generation": 1})
        with projector.transaction():
            keeping.keep(projector, nothing)
            touched = _touched(projector, reads)
    assert {whose: much for whose, much in touched.items() if much > MOST} == {}


def test_a_rebuilds_worker_does_so_as_well(
    database: services.Database, superuser: Connection
) -> None:
    for table in ("evidence_g1", "profile_g1"):
        superuser.execute(f"ALTER TABLE {table} SET (autovacuum_enabled = off)")
    reads, touched = _reads_of_persons(1), dict[str, int]()

    class Reading(rebuild.Worker):
        """Reads persons in place of doing its parts."""

        def _do(self, _rebuild: rebuild.Rebuild, mine: rebuild.Part) -> None:
            if mine.number < 15:
                assert not any(read(self._connection) for read, _count in reads.values())
            else:
                touched.update(_touched(self._connection, reads))

    making = rebuild.Rebuild(1, 0, "assess", 0)
    superuser.execute(
        "INSERT INTO rebuild_part (generation, phase, number, low, high) "
        "SELECT 1, 'assess', number, '', '' FROM generate_series(0, 15) AS number"
    )
    with closing(connect(database.dsn("jejak_projector"))) as projector:
        worker = Reading(projector)
        for _ in range(15):
            assert worker.work(making)
        superuser.execute(_FILL_GENERATION, {"generation": 1})
        superuser.execute(_FILL_PROFILES, {"generation": 1})
        assert worker.work(making)
    assert {whose: much for whose, much in touched.items() if much > MOST} == {}


def _touched(reader: Connection, reads: Reads) -> dict[str, int]:
    """How many rows and index entries each reader touches."""
    touched = {}
    for whose, (read, count) in reads.items():
        with reader.transaction():
            (before,) = reader.execute(_TOUCHED).fetchone() or (0,)
            assert len(read(reader)) == count, whose
            (after,) = reader.execute(_TOUCHED).fetchone() or (0,)
            touched[whose] = after - before
    return touched
