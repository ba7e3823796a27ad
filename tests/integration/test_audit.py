"""`jejak audit check` on a real ledger: it says nothing of a sound one, and finds every change."""

import multiprocessing
import random
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import timedelta
from functools import partial
from uuid import UUID

import psycopg
import pytest
from psycopg import IntegrityError
from psycopg.rows import dict_row
from uuid_utils.compat import uuid7

from jejak_lrs import database, dictionaries, errors, tables, workers
from jejak_lrs.audit import projections
from jejak_lrs.audit.check import Report, check
from jejak_lrs.audit.examiner import Examining
from jejak_lrs.audit.scan import Scan
from jejak_lrs.database import Connection
from jejak_lrs.ledger import books
from jejak_lrs.ledger.moment import read
from jejak_schemas.events import ProviderAccredited, StatementVoided
from tests import services
from tests.forgeries import FORGERIES
from tests.integration.test_recorder import NIP, NOW, OTHER_NIP, House, completed, registered
from tests.mutations import Mutation, mutated

pytestmark = pytest.mark.integration

THIRD_NIP = "197805242006041003"
SEED = 20261124


def fill(house: House) -> None:
    """Something of everything that a ledger can hold."""
    event = completed()
    for sent in (
        event,
        event,
        completed(OTHER_NIP),
        completed(event_id=event.event_id, duration=9),
    ):
        house.send(sent)
    house.settle()
    house.inbox.deliver("pusdiklat", b"", NIP.encode())
    house.send(registered(NIP, THIRD_NIP))
    house.settle()
    house.send(registered(THIRD_NIP, OTHER_NIP))  # held elsewhere: recorded with a warning
    house.send(StatementVoided(occurred_at=NOW, party="pusdiklat", target=uuid7(), reason="x"))
    house.settle()
    house.send(
        ProviderAccredited(
            occurred_at=NOW, party="lan", provider="pusdiklat",
            valid_from=(NOW - timedelta(days=9)).date(), technical_senders=("vendor",),
        )
    )  # fmt: skip
    house.settle()
    for number in range(12):
        for sent in (again := completed(OTHER_NIP, duration=60 * number), again):
            house.send(sent)
        house.inbox.deliver("vendor", b"junk", None)
        house.settle()


@pytest.fixture
def house(database: services.Database) -> Iterator[House]:
    made = House(database)
    fill(made)
    yield made
    made.ledger.close()


@pytest.fixture
def filled(house: House) -> services.Database:
    return house.own


@pytest.fixture
def auditor(filled: services.Database) -> Iterator[Connection]:
    with closing(database.connect(filled.dsn("jejak_auditor"))) as connection:
        yield connection


def places(report: Report) -> list[str]:
    return [one.where for one in report.differences]


def test_a_sound_ledger_has_no_differences(auditor: Connection) -> None:
    watched: list[tuple[int, int]] = []
    report = check(auditor, lambda done, total: watched.append((done, total)))
    assert report.differences == ()
    assert report.sound
    assert report.until is not None
    total = report.until.next_position + report.until.next_outcome
    assert (watched[0], watched[-1]) == ((0, total), (total, total))


def test_chance_decides_whose_profiles_are_folded_anew(auditor: Connection) -> None:
    everybody = {one for (one,) in auditor.execute("SELECT person_id FROM person")}
    assert len(everybody) > 1
    tries = [projections.drawn(auditor, 1) for _ in range(60)]
    assert {one for (one,) in tries} == everybody
    assert set(projections.drawn(auditor, 100)) == everybody


@pytest.fixture
def by_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A ledger this small is read by several processes, too."""
    monkeypatch.setattr("jejak_lrs.audit.check.FEW", 1)
    monkeypatch.setattr("jejak_lrs.audit.scan.STRETCH", 1)


@pytest.mark.usefixtures("by_processes")
def test_several_processes_find_what_one_finds(auditor: Connection) -> None:
    assert check(auditor, beside=2) == check(auditor)


@pytest.mark.usefixtures("by_processes")
def test_a_process_of_a_check_that_is_killed_is_told_as_something_to_try_again(
    auditor: Connection,
) -> None:
    def kill(done: int, _total: int) -> None:
        for process in multiprocessing.active_children() if done else ():
            process.kill()
            process.join()

    with pytest.raises(errors.Retry, match="killed"):
        check(auditor, kill, beside=2)


# -- every bit ----------------------------------------------------------------------------------

# What the database alone cannot show, and why.
BEYOND = {
    ("record", "stored"): "bound by the transparency log; here by its order only",
    ("outcome", "stored"): "the same",
    ("record", "tag_salt"): "what it was hashed with is never kept",
    ("inbox_offset", "stopped"): "about what is not in the ledger yet",
}
KEYS = {
    "record": ("position",),
    "outcome": ("number",),
    "statement_key": ("statement_id",),
    "person_alias": ("kind", "value"),
    "inbox_offset": ("topic_id", "partition"),
}
PER_COLUMN = 6


@pytest.fixture
def breaker(filled: services.Database) -> Iterator[Connection]:
    """A superuser who has switched off every trigger; what it does is undone."""
    with closing(database.connect(filled.superuser_dsn)) as connection:
        connection.autocommit = False
        for table in (*KEYS, "record_p0", "ledger_head", "quarantine", "person", "party"):
            connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER ALL".encode())
        yield connection
        connection.rollback()


@contextmanager
def undone(connection: Connection) -> Iterator[None]:
    with connection.transaction(force_rollback=True):
        yield


def scanned(connection: Connection) -> list[str]:
    """Where the rows alone, not triggers and grants, tell of a change."""
    until = read(connection)
    assert until is not None
    scan = Scan(connection, until, partial(workers.alone, connection, Examining()))
    return [str(one) for one in scan.differences(lambda *_: None)]


def names_place(found: list[str], mutation: Mutation, positions: dict[UUID, int]) -> bool:
    """Whether a difference names the row that was changed, as it was or as it is."""
    row, new = mutation.before, {**mutation.before, mutation.column: mutation.after}
    match mutation.table:
        case "record" | "outcome":
            number = row[KEYS[mutation.table][0]]
            named = [f"{mutation.table} {number}:"]
        case "statement_key":
            named = [f"record {row['position']}:", f"statement_key {row['statement_id']}:"]
        case "person_alias":
            named = [f"record {positions[row['statement_id']]}:", f"person {row['person_id']}:"]
        case _:
            named = [f"inbox {one['topic']}/{one['partition']}:" for one in (row, new)]
    return any(place in line for line in found for place in named)


def mutations(rng: random.Random, connection: Connection) -> Iterator[Mutation]:
    """Some for every column that the database alone can answer for."""
    for table, key in KEYS.items():
        with connection.cursor(row_factory=dict_row) as cursor:
            rows = cursor.execute(f"SELECT * FROM {table}".encode()).fetchall()
        for column in rows[0]:
            if (table, column) not in BEYOND:
                others = [row[column] for row in rows if row[column] is not None]
                for row in rng.choices(rows, k=PER_COLUMN):
                    after = mutated(rng, column, row[column], others)
                    if after != row[column]:
                        yield Mutation(table, key, column, row, after)


def says_the_same(mutation: Mutation) -> bool:
    """Whether a payload is packed otherwise only: the statement's own bytes are what is sealed."""
    if mutation.column != "payload":
        return False
    unpack = dictionaries.unpacker().unpack
    try:
        return unpack(mutation.before["payload"]) == unpack(mutation.after)  # type: ignore[arg-type]
    except (errors.BadPayload, TypeError):
        return False


def test_every_change_of_a_column_is_found_and_its_place_named(breaker: Connection) -> None:
    positions = dict(breaker.execute("SELECT statement_id, position FROM statement_key").fetchall())
    assert scanned(breaker) == []
    missed, tried = [], Counter[tuple[str, str]]()
    for mutation in mutations(random.Random(SEED), breaker):  # noqa: S311 - repeatable
        # A constraint refuses some; then there is nothing to find.
        with suppress(IntegrityError, psycopg.DataError), undone(breaker):
            mutation.apply(breaker)
            if says_the_same(mutation):
                continue
            tried[mutation.table, mutation.column] += 1
            if not names_place(scanned(breaker), mutation, positions):
                missed.append(str(mutation))
    assert missed == []
    assert tried.total() > 200
    columns = {(table, c.name) for table in KEYS for c in tables.metadata.tables[table].columns}
    assert set(tried) == columns - set(BEYOND)


# -- whole rows ---------------------------------------------------------------------------------


def test_every_forgery_of_whole_rows_is_found_and_its_place_named(breaker: Connection) -> None:
    for table in ("statement_reference", "person_registered", "dictionary", "event_verb"):
        breaker.execute(f"ALTER TABLE {table} DISABLE TRIGGER ALL".encode())
    missed = {}
    for name, queries, place in FORGERIES:
        with undone(breaker):
            breaker.execute(queries.encode())
            found = scanned(breaker)
            if not any(place in line for line in found):
                missed[name] = found[:5]
    assert missed == {}


def test_whoever_covers_the_tracks_is_found_by_the_rows(
    filled: services.Database, auditor: Connection
) -> None:
    with closing(database.connect(filled.superuser_dsn)) as superuser:
        superuser.execute("ALTER TABLE record_p0 DISABLE TRIGGER append_only")
        superuser.execute("UPDATE record_p0 SET party = 'lan' WHERE position = 9")
        superuser.execute("ALTER TABLE record_p0 ENABLE ALWAYS TRIGGER append_only")
    report = check(auditor)
    assert not report.sound
    assert places(report)[0] == "record 9"


def test_tables_that_cannot_be_read_are_named_and_nothing_else_is_tried(
    filled: services.Database, auditor: Connection
) -> None:
    with closing(database.connect(filled.superuser_dsn)) as superuser:
        superuser.execute("DROP TABLE outcome")
    report = check(auditor)
    assert (report.until, places(report)[0]) == (None, "table outcome")


def test_what_is_appended_meanwhile_is_left_for_the_next_time(
    house: House, auditor: Connection
) -> None:
    def meddle(done: int, _total: int) -> None:
        house.send(completed(duration=done))
        house.settle()

    first = check(auditor, meddle)
    second = check(auditor)
    assert first.differences == second.differences == ()
    assert first.until is not None
    assert second.until is not None
    assert second.until.next_position > first.until.next_position


def test_no_difference_names_a_number_of_a_person(breaker: Connection) -> None:
    breaker.execute("UPDATE person_alias SET salt = decode(repeat('00', 16), 'hex')")
    said = "\n".join(scanned(breaker))
    assert "person_alias nip" in said
    assert [nip for nip in (NIP, OTHER_NIP, THIRD_NIP) if nip in said] == []


def test_the_books_say_which_offset_is_wrong(breaker: Connection) -> None:
    topic = "jejak.inbox.vendor"

    def wrong() -> list[str | None]:
        return [one.wrong for one in books.balance(breaker, step=3) if one.inbox.topic == topic]

    assert wrong() == [None]
    ours = "source_topic = (SELECT topic_id FROM inbox_offset WHERE party = 'vendor')"
    for query, said in (
        (f"DELETE FROM outcome WHERE {ours} AND source_offset = 4", "offset 4 has no outcome"),
        (
            f"UPDATE outcome SET source_offset = 3 WHERE {ours} AND source_offset = 4",
            "offset 3 has more than one outcome",
        ),
        (
            "UPDATE inbox_offset SET next_offset = 13 WHERE party = 'vendor'",
            "next_offset is 13, the outcomes end before 12",
        ),
        (
            "UPDATE inbox_offset SET delivered = 13 WHERE party = 'vendor'",
            "delivered is 13, there are 12 outcomes",
        ),
    ):
        with undone(breaker):
            breaker.execute(query.encode())
            assert wrong() == [said]
