"""A message in quarantine is walked a second time: recorded once, or waiting on with a reason."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import psycopg
import pytest

from jejak.loops import door_rules, finisher
from jejak_consumers.messages import Message
from jejak_consumers.redrive import Redriver, Verdict
from jejak_lrs import errors, failpoint, outbox
from jejak_lrs.cursor import START
from jejak_lrs.database import Connection, Database
from jejak_lrs.ledger import appending, books, handling, history, quarantine
from jejak_lrs.ledger.batch import Batch, Redrive, Source
from jejak_lrs.ledger.people import People
from jejak_schemas.events import ProviderAccredited
from tests import rows
from tests.integration.test_recorder import NOW, House, completed

pytestmark = pytest.mark.integration


@pytest.fixture
def redriver(house: House) -> Iterator[Redriver]:
    with closing(Database(house.own.dsn("jejak_writer"))) as own:
        yield Redriver(own, People(), finisher(), door_rules(), "siti", clock=lambda: NOW)


def refuse(house: House, **more: object) -> Message:
    """Send what is refused as long as nobody lets the vendor speak for the Pusdiklat."""
    message = house.send(completed(party="vendor", on_behalf_of="pusdiklat", **more))
    house.settle()
    return message


def mend(house: House) -> None:
    """Let the vendor speak for the Pusdiklat."""
    since = (NOW - timedelta(days=100)).date()
    house.send(
        ProviderAccredited(
            occurred_at=NOW, party="lan", provider="pusdiklat", valid_from=since,
            technical_senders=("vendor",),
        )
    )  # fmt: skip
    house.settle()


def waiting(house: House) -> list[quarantine.Quarantined]:
    return quarantine.find(house.ledger.connection)


def status(house: House, number: int) -> str:
    held = quarantine.show(house.ledger.connection, number)
    assert held is not None
    return held.status


def redriven(house: House) -> list[history.Record]:
    return [record for record in house.records() if record.source_kind == "redrive"]


def test_what_is_acceptable_today_is_recorded_with_the_place_it_came_from(
    house: House, redriver: Redriver
) -> None:
    message = refuse(house)
    mend(house)
    [held] = waiting(house)

    verdict = redriver.redrive(held)

    [record] = redriven(house)
    topic = house.inbox.ids[message.topic]
    assert verdict == Verdict(held.number, "recorded", position=record.position)
    assert record.source == Source("redrive", topic, message.partition, message.offset)
    assert status(house, held.number) == "redriven"
    [step] = handling.steps(house.ledger.connection, held.number)
    assert (step.act, step.who, step.position) == ("redriven", "siti", record.position)
    assert house.balanced()


def test_its_party_gets_a_second_receipt_for_the_same_message(
    house: House, redriver: Redriver
) -> None:
    message = refuse(house)
    mend(house)
    redriver.redrive(waiting(house)[0])

    head = history.head(house.ledger.connection)
    fates, _ = outbox.delivered(house.ledger.connection, START, head, 100)

    told = [fate for fate in fates if (fate.topic, fate.offset) == (message.topic, message.offset)]
    assert [(fate.party, fate.outcome) for fate in told] == [
        ("vendor", "refused"),
        ("vendor", "recorded"),
    ]


def test_what_is_still_refused_waits_on_with_the_new_reason_noted(
    house: House, redriver: Redriver
) -> None:
    message = house.send(completed(party="vendor"), party="bkn")
    house.settle()
    [held] = waiting(house)
    before = history.head(house.ledger.connection)

    verdict = redriver.redrive(held)
    assert redriver.redrive(held) == verdict

    assert house.outcome(message) == ("refused", "wrong-party", "party")
    assert (verdict.outcome, verdict.reason) == ("refused", "wrong-party")
    assert history.head(house.ledger.connection) == before
    assert [one.again for one in waiting(house)] == ["wrong-party"]
    noted = handling.steps(house.ledger.connection, held.number)
    assert [(one.act, one.reason, one.field) for one in noted] == [
        ("refused", "wrong-party", "party")
    ] * 2


def test_what_was_sent_again_meanwhile_is_a_duplicate_and_settled(
    house: House, redriver: Redriver
) -> None:
    event = completed(party="vendor", on_behalf_of="pusdiklat")
    house.send(event)
    house.settle()
    mend(house)
    house.send(event)
    house.settle()
    [held] = waiting(house)

    assert redriver.redrive(held).outcome == "duplicate"

    assert redriven(house) == []
    assert status(house, held.number) == "redriven"
    record = history.record_of(house.ledger.connection, event.event_id)
    [step] = handling.steps(house.ledger.connection, held.number)
    assert record is not None
    assert step.position == record.position
    assert house.balanced()


def test_a_conflict_stays_one_and_is_not_kept_twice(house: House, redriver: Redriver) -> None:
    event = completed()
    house.send(event)
    house.send(completed(event_id=event.event_id, duration=3600))
    house.settle()
    [held] = waiting(house)

    assert redriver.foresee(held).outcome == "conflict"
    assert redriver.redrive(held) == Verdict(held.number, "conflict", "conflict")

    assert [one.number for one in waiting(house)] == [held.number]


def test_a_dry_run_says_the_same_and_writes_nothing(house: House, redriver: Redriver) -> None:
    refuse(house)
    mend(house)
    refuse(house, activity={"id": "https://a.id/b", "name": {"id": "Lain"}})
    house.inbox.deliver("vendor", b"nonsense")
    house.settle()
    held = waiting(house)
    before = history.head(house.ledger.connection)

    foreseen = [redriver.foresee(one) for one in held]

    assert [one.outcome for one in foreseen] == ["recorded", "refused"]
    assert history.head(house.ledger.connection) == before
    assert [one.status for one in waiting(house)] == ["waiting", "waiting"]
    done = [redriver.redrive(one) for one in held]
    assert [(one.outcome, one.reason) for one in done] == [
        (one.outcome, one.reason) for one in foreseen
    ]


def test_who_comes_second_finds_it_settled(house: House, redriver: Redriver) -> None:
    refuse(house)
    mend(house)
    [held] = waiting(house)
    redriver.redrive(held)

    assert redriver.redrive(held).outcome == "settled before"

    assert len(redriven(house)) == 1


def test_what_is_discarded_stays_whole_with_who_and_why(house: House, redriver: Redriver) -> None:
    refuse(house)
    mend(house)
    [held] = waiting(house)

    handling.discard(house.ledger.connection, held.number, "budi", "sent by mistake")

    kept = quarantine.show(house.ledger.connection, held.number)
    assert kept == replace(held, status="discarded")
    [step] = handling.steps(house.ledger.connection, held.number)
    assert (step.act, step.who, step.reason) == ("discarded", "budi", "sent by mistake")
    assert redriver.redrive(held).outcome == "settled before"
    with pytest.raises(errors.NotWaiting, match="is discarded"):
        handling.discard(house.ledger.connection, held.number, "budi", "again")


def test_messages_are_found_by_all_that_is_asked_for(house: House) -> None:
    refuse(house)
    house.inbox.deliver("bkn", b"nonsense")
    house.settle()
    connection = house.ledger.connection
    bad, granted = waiting(house) if waiting(house)[0].party == "bkn" else waiting(house)[::-1]

    def numbers(selection: quarantine.Selection) -> list[int]:
        return [one.number for one in quarantine.each(connection, selection)]

    assert numbers(quarantine.Selection(party="bkn")) == [bad.number]
    assert numbers(quarantine.Selection(reason="on-behalf-not-granted")) == [granted.number]
    assert numbers(quarantine.Selection(numbers=[granted.number])) == [granted.number]
    assert numbers(quarantine.Selection(status="redriven")) == []
    assert numbers(quarantine.Selection(since=bad.stored + timedelta(days=1))) == []
    assert numbers(quarantine.Selection(below=min(bad.number, granted.number))) == []
    assert len(numbers(quarantine.Selection(status=None))) == 2


@pytest.mark.parametrize("point", ["append.before-commit", "append.after-commit"])
def test_a_redrive_whose_connection_is_lost_at_its_commit_happens_once(
    house: House, redriver: Redriver, point: str
) -> None:
    refuse(house)
    mend(house)
    [held] = waiting(house)

    def lose(passed: str) -> None:
        if passed == point:
            failpoint.arm(None)
            redriver.database.close()
            raise psycopg.OperationalError("lost")

    failpoint.arm(lose)

    assert redriver.redrive(held).outcome == "recorded"
    assert len(redriven(house)) == 1
    assert status(house, held.number) == "redriven"


def test_what_cannot_be_stored_waits_on(writer: Database) -> None:
    appending.append(writer, rows.batch([rows.refused(0)]))
    poison = rows.row(0, verb="a\x00b", source=Source("redrive", rows.TOPIC, 0, 0))

    with pytest.raises(errors.StillRefused, match="internal"):
        appending.append(writer, Batch([poison], 0, redrive=Redrive(0, "siti")))

    assert [one.status for one in quarantine.find(writer.connection)] == ["waiting"]
    assert history.head(writer.connection).next_outcome == 1


# -- killed in mid-redrive ----------------------------------------------------------------

MESSAGES = 12
PROGRAM = """
import sys
from datetime import datetime
from jejak.loops import door_rules, finisher
from jejak.redriving import paced
from jejak_consumers.redrive import Redriver
from jejak_lrs import failpoint
from jejak_lrs.database import Database
from jejak_lrs.ledger import quarantine
from jejak_lrs.ledger.people import People

dsn, spec, now, rate = sys.argv[1:]
failpoint.arm(failpoint.parse(spec))
clock = lambda: datetime.fromisoformat(now)
redriver = Redriver(Database(dsn), People(), finisher(), door_rules(), "siti", clock=clock)
for held in paced(quarantine.each(redriver.database.connection), float(rate)):
    print(redriver.redrive(held).outcome, flush=True)
"""
POINTS = [
    "append.before-copy",
    "append.after-copy",
    "append.before-commit",
    "append.after-commit",
    "redrive.after-append",
]


def start(house: House, spec: str, rate: float = 1e6) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", PROGRAM, house.own.dsn("jejak_writer"), spec]
    return subprocess.Popen(
        [*command, NOW.isoformat(), str(rate)],
        cwd=Path(__file__).parents[2], stdout=subprocess.PIPE, text=True,
    )  # fmt: skip


def all_refused(house: House) -> list[UUID]:
    """The ids of messages that wait and are acceptable by now."""
    events = [completed(party="vendor", on_behalf_of="pusdiklat") for _ in range(MESSAGES)]
    for event in events:
        house.send(event)
    house.settle()
    mend(house)
    return [event.event_id for event in events]


def assert_each_once(house: House, superuser: Connection, ids: list[UUID]) -> None:
    """By SQL of its own: every one recorded and settled, once; positions whole, books balanced."""
    held = superuser.execute(
        "SELECT statement_id FROM record WHERE source_kind = 'redrive' ORDER BY source_offset"
    ).fetchall()
    assert [row[0] for row in held] == ids
    settled = superuser.execute(
        "SELECT q.status, h.act, r.statement_id = q.event_id FROM quarantine q "
        "JOIN handling h USING (number) JOIN record r ON r.position = h.position"
    ).fetchall()
    assert settled == [("redriven", "redriven", True)] * len(ids)
    assert superuser.execute(
        "SELECT max(position) + 1 = count(*), count(*) = count(DISTINCT statement_id) FROM record"
    ).fetchone() == (True, True)
    assert all(each.balanced for each in books.balance(house.ledger.connection))


@pytest.mark.kills
def test_killed_at_every_step_and_run_again_nothing_is_doubled(
    house: House, superuser: Connection
) -> None:
    ids = all_refused(house)

    codes = []
    for point in POINTS:
        with start(house, f"{point}:2") as killed:
            codes.append(killed.wait(120))
    with start(house, "never") as last:
        assert last.wait(120) == 0

    assert codes == [-signal.SIGKILL] * len(POINTS)
    assert_each_once(house, superuser, ids)


@pytest.mark.kills
def test_killed_from_outside_in_mid_run_and_run_again_nothing_is_doubled(
    house: House, superuser: Connection
) -> None:
    ids = all_refused(house)

    with start(house, "never", rate=20) as killed:
        assert killed.stdout
        assert [killed.stdout.readline() for _ in range(3)] == ["recorded\n"] * 3
        killed.kill()
    assert killed.returncode == -signal.SIGKILL
    assert waiting(house), "it was killed too late to prove anything"
    with start(house, "never") as last:
        assert last.wait(120) == 0

    assert_each_once(house, superuser, ids)


@pytest.mark.kills
def test_a_frozen_redrive_holds_neither_its_message_nor_the_ledger(
    house: House, redriver: Redriver, superuser: Connection
) -> None:
    ids = all_refused(house)
    with start(house, "append.before-commit:1:stop") as frozen:
        wait_until_stopped(frozen.pid)
        verdicts = [redriver.redrive(held) for held in waiting(house)]
        frozen.send_signal(signal.SIGCONT)
        frozen.wait(120)

    assert {one.outcome for one in verdicts} == {"recorded"}
    assert_each_once(house, superuser, ids)


def wait_until_stopped(pid: int, seconds: float = 120.0) -> None:
    """Until a process has stopped itself; then it holds its locks."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        state = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()[0]
        if state == "T":
            return
        time.sleep(0.05)
    raise AssertionError(f"{pid} did not stop")
