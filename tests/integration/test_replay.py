"""Replay from a real ledger: what is chosen, in which bytes, stopped and gone on with."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest

from jejak_lrs import roles
from jejak_lrs.database import Connection, Database, reading
from jejak_lrs.errors import Refuse
from jejak_lrs.projection.projecting import Projector
from jejak_lrs.replay import lines
from jejak_lrs.replay.comparing import compare, people_of
from jejak_lrs.replay.replays import Replay, Replayed
from jejak_lrs.replay.selection import Selection
from jejak_schemas.events import Event
from jejak_schemas.parts import PersonRef
from tests import services, world
from tests.recorded import record
from tests.world import INTEGRITY, PERSON, TEAMWORK, course, moment, passed, registered, voided

pytestmark = pytest.mark.integration

WHO, OTHER = UUID(str(PERSON.person_id)), UUID("01900000-0000-7000-8000-000000000002")
SOMEONE = PersonRef(person_id=OTHER)
EARLY = course("2024-01-05", series=None, competency=TEAMWORK)
LATER = passed("2024-02-01", party="lain", series="c", competency=None)
THEIRS = course("2024-03-01", learner=SOMEONE)
HAPPENED: Sequence[Event] = (
    registered(), EARLY, LATER, registered(person=SOMEONE, home_agency="4011"), THEIRS,
    voided(EARLY), voided(THEIRS),
)  # fmt: skip
BEFORE = len(world.usual())
EVERYTHING = range(BEFORE, BEFORE + len(HAPPENED))
PERSONS, COURSE, TEST, POST, FOREIGN, VOID, FOREIGN_VOID = EVERYTHING


@pytest.fixture
def ledger(writer: Database, database: services.Database) -> str:
    """A ledger with two persons' history; the reader's address."""
    record(writer, *world.usual(), *HAPPENED)
    return database.dsn(roles.READER)


@pytest.fixture
def reader(ledger: str) -> Iterator[Connection]:
    with closing(reading(ledger)) as connection:
        yield connection


def chosen(dsn: str, selection: Selection) -> list[int]:
    how = Replay(dsn)
    _, selected = how.choose(selection)
    lines = b"".join(part.lines for part in how.parts(selected)).splitlines()
    return [json.loads(line)["position"] for line in lines]


def test_each_selector_chooses_and_together_they_narrow(ledger: str) -> None:
    for selection, expected in (
        (Selection(from_position=TEST, to_position=FOREIGN), [TEST, POST, FOREIGN]),
        (Selection(people=(WHO,)), [PERSONS, COURSE, TEST, VOID]),
        (Selection(people=(WHO, OTHER)), list(EVERYTHING)),
        (Selection(people=(OTHER,), types=("CourseCompleted",)), [FOREIGN]),
        (Selection(people=(OTHER,), to_position=POST), [POST]),
        (Selection(parties=("lain",), types=("AssessmentPassed",)), [TEST]),
        (Selection(types=("CourseCompleted",), parties=("prov",)), [COURSE, FOREIGN]),
        (Selection(since=moment("2024-01-05"), until=moment("2024-02-01")), [COURSE]),
        (Selection(since=moment("2024-02-01"), until=moment("2024-04-01")), [TEST, FOREIGN]),
        (Selection(people=(UUID(int=1),)), []),
        (Selection(types=("StatementVoided",)), [VOID, FOREIGN_VOID]),
    ):
        assert chosen(ledger, selection) == expected, selection


def test_a_competency_chooses_what_names_it_and_what_its_series_teach(ledger: str) -> None:
    learnt = Selection(from_position=BEFORE, competencies=(INTEGRITY,))
    assert chosen(ledger, learnt) == [TEST, FOREIGN, FOREIGN_VOID]  # TEST by series c alone
    named = Selection(from_position=BEFORE, competencies=(TEAMWORK,))
    assert chosen(ledger, named) == [COURSE, VOID]
    assert chosen(ledger, replace(named, to_position=COURSE)) == [COURSE]


def test_a_void_is_chosen_with_its_target_only_where_that_stands_in_the_selections_reach(
    writer: Database, ledger: str
) -> None:
    coming = course("2024-05-01")
    at = record(writer, voided(coming), coming) - 2
    assert chosen(ledger, Selection(from_position=at, people=(WHO,))) == [at, at + 1]
    assert chosen(ledger, Selection(from_position=at, to_position=at, people=(WHO,))) == []


def test_a_line_is_the_record_and_its_very_statement(ledger: str) -> None:
    how = Replay(ledger)
    _, selected = how.choose(Selection(from_position=COURSE, to_position=COURSE))
    (part,) = how.parts(selected)
    told: dict[str, Any] = json.loads(part.lines)
    assert told["statement_id"] == str(EARLY.event_id)
    assert told["occurred_at"] == "2024-01-05T02:00:00.000000Z"
    assert (told["event_type"], told["party"], told["person_id"], told["erased"]) == (
        "CourseCompleted", "prov", str(WHO), False,
    )  # fmt: skip
    assert told["statement"]["id"] == str(EARLY.event_id)
    assert told["statement"]["actor"]["account"]["name"] == str(WHO)


def test_the_digest_is_that_of_the_file_whatever_the_target_and_the_workers(
    ledger: str, tmp_path: Path
) -> None:
    seen = Replay(ledger).look(Selection())
    written = Replay(ledger).write_lines(Selection(), tmp_path / "all.jsonl")
    content = (tmp_path / "all.jsonl").read_bytes()
    assert seen == written
    assert written.digest == hashlib.sha256(content).hexdigest()
    assert written.found.records == BEFORE + len(HAPPENED) == content.count(b"\n")
    assert (written.found.first, written.found.last) == (0, EVERYTHING[-1])
    assert written.found.types["StatementVoided"] == 2


def test_many_processes_give_the_same_bytes(
    ledger: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    alone = Replay(ledger).look(Selection())
    monkeypatch.setattr("jejak_lrs.replay.replays.WIDTH", 1)
    together = Replay(ledger, workers=2).write_lines(Selection(), tmp_path / "all.jsonl")
    assert together == alone


class StoppedError(Exception):
    pass


def stop_after(spans: int) -> Any:
    """What watches a replay and stops it after so many spans."""
    left = iter(range(spans))  # watch is told of the start, too

    def watch(_done: int, _total: int) -> None:
        if next(left, None) is None:
            raise StoppedError

    return watch


@pytest.mark.parametrize("spans", [0, 1, 7, len(EVERYTHING) + BEFORE - 1])
def test_a_stopped_replay_goes_on_and_gives_the_same_bytes(
    writer: Database,
    ledger: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    spans: int,
) -> None:
    monkeypatch.setattr("jejak_lrs.replay.replays.WIDTH", 1)
    never_stopped = Replay(ledger).look(Selection())
    path = tmp_path / "all.jsonl"
    with pytest.raises(StoppedError):
        Replay(ledger, watch=stop_after(spans)).write_lines(Selection(), path)
    assert not path.exists()
    with (tmp_path / "all.jsonl.partial").open("ab") as half_written:
        half_written.write(b'{"position": 1')
    record(writer, course("2024-06-01"))  # not of the replay that was stopped
    asked: list[int] = []
    on = Replay(ledger, watch=lambda done, _: asked.append(done)).write_lines(Selection(), path)
    assert on == never_stopped
    assert asked[0] == spans
    assert hashlib.sha256(path.read_bytes()).hexdigest() == never_stopped.digest
    assert list(tmp_path.iterdir()) == [path]


def test_another_replay_is_not_gone_on_with_and_no_file_is_written_over(
    ledger: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jejak_lrs.replay.replays.WIDTH", 1)
    path = tmp_path / "some.jsonl"
    with pytest.raises(StoppedError):
        Replay(ledger, watch=stop_after(2)).write_lines(Selection(), path)
    with pytest.raises(Refuse, match="another replay"):
        Replay(ledger).write_lines(Selection(types=("CourseCompleted",)), path)
    with pytest.raises(Refuse, match="another replay"):
        Replay(ledger).write_lines(Selection(to_position=3), path)
    Replay(ledger).write_lines(Selection(), path)
    with pytest.raises(Refuse, match="there already"):
        Replay(ledger).write_lines(Selection(), path)


def test_a_replay_of_an_empty_ledger_is_empty(database: services.Database) -> None:
    found = Replay(database.dsn(roles.READER)).look(Selection())
    assert (found.found.records, found.digest) == (0, hashlib.sha256().hexdigest())


def test_a_replay_reads_in_short_transactions_that_cannot_write(reader: Connection) -> None:
    ((read_only, longest),) = reader.execute(
        "SELECT current_setting('transaction_read_only'), current_setting('statement_timeout')"
    ).fetchall()
    assert (read_only, longest) == ("on", "30s")
    assert reader.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
    with suppress(psycopg.Error), reader.transaction():
        reader.execute("CREATE TABLE never ()")
    assert reader.execute("SELECT to_regclass('never')").fetchone() == (None,)


def test_an_erased_record_is_said_to_be_erased(ledger: str, superuser: Connection) -> None:
    superuser.execute("ALTER TABLE record_p0 DISABLE TRIGGER append_only")
    superuser.execute(
        "UPDATE record_p0 SET payload = NULL, salt = NULL, content_tag = NULL, person_id = NULL, "
        "agency = NULL, activity = NULL WHERE position = %s",
        [COURSE],
    )
    found = Replay(ledger).look(Selection(from_position=BEFORE))
    assert (found.found.records, found.found.erased) == (len(EVERYTHING), 1)
    how = Replay(ledger)
    _, selected = how.choose(Selection(from_position=COURSE, to_position=COURSE))
    (part,) = how.parts(selected)
    told = json.loads(part.lines)
    assert (told["erased"], told["statement"], told["person_id"]) == (True, None, None)
    assert told["event_type"] == "CourseCompleted"


# -- profiles -------------------------------------------------------------------------------


@pytest.fixture
def projected(ledger: str, database: services.Database) -> str:
    with closing(psycopg.connect(database.dsn(roles.PROJECTOR), autocommit=True)) as connection:
        projector = Projector()
        while projector.project(connection, 3):
            pass
    return ledger


def everyone(dsn: str, selection: Selection) -> set[UUID] | None:
    found = people_of(dsn, selection, 1, lambda _done, _total: None)
    return None if found is None else set(found)


def test_everyone_is_compared_or_those_whom_a_selection_is_about(
    projected: str, reader: Connection
) -> None:
    assert everyone(projected, Selection()) is None
    assert everyone(projected, Selection(people=(WHO,))) == {WHO}
    assert everyone(projected, Selection(parties=("lain",))) == {WHO}
    found = list(compare(reader))
    assert {one.person_id for one in found} == {WHO, OTHER}
    assert all(one.equal and not one.wrong for one in found)
    assert [one.person_id for one in compare(reader, [OTHER])] == [OTHER]
    assert list(compare(reader, [])) == []


@pytest.mark.usefixtures("projected")
def test_a_profile_that_was_altered_differs(reader: Connection, superuser: Connection) -> None:
    superuser.execute(
        "UPDATE profile SET document = replace(document, '\"level\":3', '\"level\":4') "
        "WHERE person_id = %s",
        [WHO],
    )
    assert {one.person_id for one in compare(reader) if one.wrong} == {WHO}


def test_a_replayed_selection_says_itself() -> None:
    found = Replayed(UUID(int=0), Selection(people=(WHO,)).up_to(9), lines.Found(), "")
    assert found.selection.document() == {
        "from_position": 0, "to_position": 9, "people": [str(WHO)],
    }  # fmt: skip
