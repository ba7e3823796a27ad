"""Loops killed in mid-batch, again and again, lose nothing and double nothing.

Real Kafka, real PostgreSQL, each loop a real process. The check afterwards uses its own list of
what was sent and its own SQL.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from jejak import processes, provisioning, registrar, settings
from jejak.home import Home
from jejak_consumers.kafka import KafkaFeed
from jejak_consumers.subscriber import Subscriber
from jejak_lrs import books, database, profiles, replay, roles
from jejak_lrs.competency import ruleset
from jejak_lrs.competency.profile import canonical, digest
from jejak_producers import Producer, Sent
from jejak_schemas import codec, topics
from jejak_schemas.credentials import Credentials
from jejak_schemas.events import CourseCompleted, Event, PersonRegistered, RulesetPublished
from jejak_schemas.outgoing import Receipt
from jejak_schemas.parts import Activity, PersonRef

pytestmark = pytest.mark.kills

NOW = datetime.now(UTC)
PEOPLE = 60
EVENTS_A_ROUND = 400
FAILPOINTS = {
    "recorder": ["recorder.before-append", "append.after-copy", "append.before-commit",
                 "append.after-commit", "recorder.after-append"],
    "projector": ["follower.before-commit", "follower.after-commit"],
    "publisher": ["publisher.before-send", "publisher.after-send", "publisher.after-commit",
                  "follower.before-commit", "follower.after-commit"],
}  # fmt: skip
PARTIES = [
    provisioning.NewParty("pusdiklat", "Pusdiklat", ("provider",)),
    provisioning.NewParty("bkn", "BKN", ("bkn",)),
    provisioning.NewParty("lan", "LAN", ("lan",)),
    provisioning.NewParty("2060", "Kementerian PANRB", ("agency",)),
]


def nip(number: int) -> str:
    return f"19850312201001{1 + number % 2}{number:03d}"


class House:
    """A home whose loops this test starts, kills and starts again."""

    def __init__(self, up: processes.Up) -> None:
        self.up = up
        self.home = up.home
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self.sent: list[Sent] = []

    def start(self, loop: str, failpoint: str = "") -> None:
        command = [sys.executable, "-m", "jejak", "run", loop, "--home", str(self.home.path)]
        armed = {"JEJAK_FAILPOINT": failpoint} if failpoint else {}
        log = (self.home.log / f"{loop}.log").open("ab")
        with log:
            self.running[loop] = subprocess.Popen(
                command, env={**os.environ, **armed}, stdout=log, stderr=log
            )

    def die(self, loop: str, seconds: float = 40.0) -> None:
        """Wait until the loop has killed itself at its failpoint."""
        assert self.running[loop].wait(seconds) == -9

    def stop(self) -> None:
        for process in self.running.values():
            process.kill()
            process.wait()

    def emit(self, events: list[Event]) -> None:
        with Producer(self.home.credentials_file(events[0].party), receipts=False) as producer:
            deliveries = [producer.emit(event) for event in events]
            self.sent += [delivery.result(30) for delivery in deliveries]

    def settled(self, seconds: float = 60.0) -> None:
        """Wait until every follower stands where the ledger stands."""
        end = time.monotonic() + seconds
        with self.reader() as connection:
            while time.monotonic() < end:
                held, head, last = connection.execute(
                    "SELECT (SELECT count(*) FROM record WHERE source_kind = 'inbox'),"
                    " (SELECT next_position FROM ledger_head),"
                    " (SELECT next_number FROM change_head)"
                ).fetchall()[0]
                stands = dict(connection.execute("SELECT follower, position FROM cursor"))
                wanted = {"projector": head - 1, "publisher-receipts": head - 1,
                          "publisher-changes": last - 1}  # fmt: skip
                if held == len(self.sent) and all(
                    stands.get(name, -1) >= place for name, place in wanted.items()
                ):
                    return
                time.sleep(0.1)
        raise AssertionError(f"not settled: {held} of {len(self.sent)}, {stands}, {wanted}")

    @contextmanager
    def reader(self) -> Iterator[database.Connection]:
        with closing(database.connect(self.up.services.dsn(roles.READER))) as connection:
            yield connection


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    home = Home(tmp_path / "home")
    with ExitStack() as stack:
        up = stack.enter_context(
            processes.running(home, settings.load(home), loops=(), tell=lambda _: None)
        )
        declare = registrar.declaring(up.services)
        provisioning.add_parties(up.services, home.credentials, PARTIES, declare)
        made = House(up)
        stack.callback(made.stop)
        yield made


def registered(number: int) -> PersonRegistered:
    return PersonRegistered(
        occurred_at=NOW - timedelta(days=90), party="bkn", person=PersonRef(nip=nip(number)),
        home_agency="2060", working_agency="2060", position_class="pengawas", kind="PNS",
        valid_from=(NOW - timedelta(days=90)).date(),
    )  # fmt: skip


def completed(number: int) -> CourseCompleted:
    return CourseCompleted(
        occurred_at=NOW - timedelta(hours=number % 1000), party="pusdiklat",
        learner=PersonRef(nip=nip(number % PEOPLE)), form="9", duration=3600,
        activity=Activity(id=f"https://pusdiklat.example/{number % 7}", name={"id": "Seminar"}),
    )  # fmt: skip


def test_loops_killed_at_every_failpoint_lose_and_double_nothing(house: House) -> None:
    for loop in FAILPOINTS:
        house.start(loop)
    rules = RulesetPublished(
        occurred_at=NOW - timedelta(days=90), party="lan", version="2026.1",
        valid_from=(NOW - timedelta(days=90)).date(), document=ruleset.shipped(),
    )  # fmt: skip
    house.emit([rules])
    house.emit([registered(number) for number in range(PEOPLE)])
    house.settled()
    kills = 0
    for loop, points in FAILPOINTS.items():
        for point in points:
            house.running[loop].kill()
            house.running[loop].wait()
            house.start(loop, f"{point}:1")
            house.emit([completed(kills * 1000 + number) for number in range(EVENTS_A_ROUND)])
            house.emit([registered(number) for number in range(5)])
            house.die(loop)
            house.start(loop)
            kills += 2
    house.settled()

    with house.reader() as connection:
        held = connection.execute(
            "SELECT statement_id, count(*) FROM record WHERE source_kind = 'inbox' GROUP BY 1"
        ).fetchall()
        assert dict(held) == {sent.event_id: 1 for sent in house.sent}
        count, top = connection.execute("SELECT count(*), max(position) FROM record").fetchall()[0]
        assert top == count - 1
        assert all(each.balanced for each in books.balance(connection))
        for person in [row[0] for row in connection.execute("SELECT person_id FROM profile")]:
            stood = profiles.stored(connection, [person])[person]
            folded = replay.fold_person(connection, person, stood.assessed_to)
            assert digest(canonical(folded)) == stood.digest
    told = receipts(house, "pusdiklat")
    assert set(told) == {sent.event_id for sent in house.sent if "pusdiklat" in sent.topic}
    assert_whole_chain_of_changes(house)


def receipts(house: House, party: str) -> list[UUID]:
    """The event of every receipt that a reader of committed messages sees, each exactly once."""
    credentials = Credentials.load(house.home.credentials_file(party))
    events: list[UUID] = []
    last = 0
    with closing(KafkaFeed(credentials.kafka, topics.receipts(party))) as feed:
        first, end = feed.bounds()
        feed.seek(first)
        while feed.position() < end:
            for message in feed.poll(0.5):
                receipt = codec.read_as(Receipt, message.value)
                if receipt.seq <= last:
                    continue
                assert receipt.prev_seq == last
                assert receipt.event_id is not None
                events.append(receipt.event_id)
                last = receipt.seq
    assert len(events) == len(set(events))
    return events


def assert_whole_chain_of_changes(house: House) -> None:
    with Subscriber(house.home.credentials_file("2060"), house.home.path / "state") as subscriber:
        seen = [(change.seq, change.change_id) for change in subscriber.changes(patience=3.0)]
    assert [seq for seq, _ in seen] == list(range(1, len(seen) + 1))
    with house.reader() as connection:
        told = connection.execute(
            "SELECT change_id FROM change WHERE kind <> 'ProfileState' AND '2060' = ANY(agencies)"
            " ORDER BY number"
        ).fetchall()
    assert [change_id for _, change_id in seen] == [row[0] for row in told]
