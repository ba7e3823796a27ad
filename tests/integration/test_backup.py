"""docs/operating.md, "Backup and restore", followed as it stands on the real services.

Kafka and the loops live on while PostgreSQL is killed and its data are lost. The count afterwards
is made from the test's own list of what Kafka acknowledged.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar
from uuid import UUID

import psycopg
import pytest

from jejak import cli, health, processes, provisioning, registrar, settings
from jejak.embedded.ports import free_port
from jejak.home import Home
from jejak_consumers import errors
from jejak_consumers.kafka import KafkaFeed
from jejak_consumers.subscriber import Subscriber
from jejak_lrs.ledger import epochs
from jejak_schemas import codec, topics
from jejak_schemas.credentials import Credentials
from jejak_schemas.outgoing import Change, Receipt
from tests import services
from tests.loops import PARTIES, PEOPLE, House, completed, registered, rules
from tests.waiting import until

pytestmark = [
    pytest.mark.kills,
    pytest.mark.skipif(services.in_containers(), reason="about the embedded services only"),
]
PAGE = (Path(__file__).parents[2] / "docs/operating.md").read_text("utf-8")
BLOCKS = dict(re.findall(r"<!-- ([a-z ]+) -->\n```sh\n(.*?)```", PAGE, re.DOTALL))
M = TypeVar("M", Change, Receipt)
FOLLOWERS = ("projector", "publisher")
LOOPS = ("recorder", *FOLLOWERS)


@dataclass
class Site:
    """A home with an archive, and a shell that follows the page."""

    house: House
    archive: Path
    shell: Mapping[str, str]
    people: int = 0
    numbers: Iterator[int] = field(default_factory=lambda: iter(range(10**6)))

    def follow(self, *blocks: str, **more: str) -> None:
        """Run blocks of the page, in one shell."""
        script = "\n".join(BLOCKS[block] for block in ("setting", *blocks))
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            env={**os.environ, **self.shell, **more},
            capture_output=True, text=True, check=False, timeout=300,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr

    def emit(self, count: int) -> None:
        """Send so many events, some of new people; returns when Kafka has each."""
        self.house.emit([completed(next(self.numbers)) for _ in range(count)])
        self.join(5)

    def join(self, count: int) -> None:
        """So many new people, of whom the agency is told."""
        self.house.emit([registered(self.people + number) for number in range(count)])
        self.people += count

    def crash(self) -> None:
        """PostgreSQL ends at once, as by an immediate stop."""
        server = self.house.up.embedded.postgres.process
        assert server is not None
        server.process.send_signal(signal.SIGQUIT)
        server.process.wait()

    def lose_data(self) -> None:
        shutil.rmtree(self.house.up.embedded.postgres.data)

    def start(self) -> None:
        self.house.up.embedded.postgres.start()

    def archived(self) -> None:
        """Wait until all that is written is in the archive."""
        dsn = self.house.up.services.superuser_dsn()
        with closing(psycopg.connect(dsn, autocommit=True)) as connection:
            (written,) = connection.execute("SELECT pg_walfile_name(pg_switch_wal())").fetchall()[0]
        until((self.archive / written).exists)

    def jejak(self, *words: str) -> int:
        return cli.run([*words, "--home", str(self.house.home.path)], debug=False)


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    home, archive = Home(tmp_path / "home"), tmp_path / "archive"
    monkeypatch.setenv("JEJAK_WAL_ARCHIVE", str(archive))
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=os.pathsep)
    with ExitStack() as stack:
        chosen = settings.load(home)
        up = stack.enter_context(processes.running(home, chosen, loops=(), tell=lambda _: None))
        declare = registrar.declaring(up.services)
        provisioning.add_parties(up.services, home.credentials, PARTIES, declare)
        house = House(up)
        stack.callback(house.stop)
        shell = {
            "JEJAK_HOME": str(home.path),
            "BACKUP": str(tmp_path / "backup"),
            "SIDE": str(tmp_path / "side"),
            "SIDE_PORT": str(free_port()),
            "PGPORT": str(up.embedded.postgres.port),
        }
        yield Site(house, archive, shell)


@dataclass
class Agency:
    """An agency's copy of its changes, by our subscriber."""

    house: House
    changes: list[Change] = field(default_factory=list)

    def follow(self) -> None:
        """Take all that has come, and something has."""
        before = len(self.changes)
        with self.subscribed() as subscriber:
            self.take(subscriber)
        assert len(self.changes) > before
        assert len({one.change_id for one in self.changes}) == len(self.changes)

    def reload(self) -> int:
        """After a new epoch: told so, read the profiles, go on; how many profiles there were."""
        with self.subscribed() as subscriber:
            with pytest.raises(errors.Reload, match="new epoch"):
                list(subscriber.changes(patience=60))
            found = len(list(subscriber.profiles()))
            subscriber.start_over()
            assert list(subscriber.changes(patience=1)) == []  # the profiles hold them all
        return found

    def subscribed(self) -> Subscriber:
        state = self.house.home.path / "state"
        return Subscriber(self.house.home.credentials_file("2060"), state)

    def take(self, subscriber: Subscriber) -> None:
        """Up to the last change that the publisher has told; none is missing, none is double."""
        last = told_last(self.house)
        for change in subscriber.changes(patience=60):
            self.changes.append(change)
            if change.seq == last:
                break
        assert [one.seq for one in self.changes] == list(range(1, last + 1))


def told_last(house: House) -> int:
    with house.reader() as connection:
        found = connection.execute(
            "SELECT seq FROM chain WHERE topic = %s", [topics.changes("2060")]
        )
        return int(found.fetchall()[0][0])


def reloads_by_the_rule(house: House) -> int:
    """How often a plain client must reload: the rule of docs/agency.md, from the beginning."""
    place: tuple[UUID | None, int] = (None, 0)
    reloads = 0
    for change in kept(house, "2060", topics.changes("2060"), Change):
        if place[0] is not None and change.epoch != place[0]:
            reloads += 1
        elif change.seq <= place[1]:
            continue
        else:
            assert change.prev_seq == place[1]
        place = change.epoch, change.seq
    return reloads


def kept(house: House, party: str, topic: str, kind: type[M]) -> Iterator[M]:
    """What a topic holds, as the party reads it."""
    access = Credentials.load(house.home.credentials_file(party)).kafka
    with closing(KafkaFeed(access, topic)) as feed:
        first, end = feed.bounds()
        feed.seek(first)
        while feed.position() < end:
            for message in feed.poll(0.5):
                yield codec.read_as(kind, message.value)


def test_a_lost_disk_is_restored_and_a_lost_tail_begins_a_new_epoch(
    site: Site, capfd: pytest.CaptureFixture[str]
) -> None:
    house, agency = site.house, Agency(site.house)
    for loop in LOOPS:
        house.start(loop)
    house.emit([rules()])
    site.join(PEOPLE)
    back_up_under_load(site)
    house.settled(240)
    when = now(house)
    site.emit(200)
    house.settled(240)
    agency.follow()

    look_beside(site, when)

    site.archived()
    site.crash()
    site.lose_data()
    site.emit(100)  # Kafka takes what the ledger cannot yet record
    site.follow("restore")
    site.start()
    house.settled(240)
    assert_each_once(house)
    assert site.jejak("audit", "check") == 0
    agency.follow()
    assert len(receipts(house)) == len(told_of(house))

    site.archived()
    held = set(site.archive.iterdir())
    site.emit(100)
    house.settled(240)
    agency.follow()
    site.crash()
    site.lose_data()
    for segment in set(site.archive.iterdir()) - held:
        segment.unlink()
    site.follow("restore")
    site.start()
    assert house.running["recorder"].wait(60) == 4
    assert "its end is lost; see docs/operating.md, A lost tail" in log(house)
    capfd.readouterr()
    assert site.jejak("status") == 4
    assert "its end is lost" in capfd.readouterr().err
    until(lambda: sum(map(bool, loops_connected(house))) == len(FOLLOWERS))
    assert site.jejak("audit", "new-epoch", "--yes", "--reason", "too early") == 1
    assert "projector, publisher may tell more" in capfd.readouterr().err
    stop_followers(house)
    site.follow("new epoch")
    for loop in LOOPS:
        house.start(loop)
    house.settled(240)
    assert_each_once(house)
    assert site.jejak("audit", "check") == 0
    assert agency.reload() == site.people
    assert reloads_by_the_rule(house) == 1
    assert_receipts_begin_anew(house)


def back_up_under_load(site: Site) -> None:
    sending = threading.Thread(target=site.emit, args=(600,))
    sending.start()
    site.follow("back up")
    sending.join()


def look_beside(site: Site, when: str) -> None:
    """The side copy is of then, a beginning of what is there now, and takes no writes."""
    site.archived()
    site.follow("psql", "side copy", "compare", WHEN=when)
    password = site.house.up.services.secrets.get("postgres-postgres")
    try:
        with closing(
            psycopg.connect(
                host="127.0.0.1", port=int(site.shell["SIDE_PORT"]), user="postgres",
                password=password, dbname="jejak", autocommit=True,
            )
        ) as side, site.house.reader() as live:  # fmt: skip
            question = "SELECT next_position FROM ledger_head"
            (then,), (today,) = side.execute(question).fetchone(), live.execute(question).fetchone()  # type: ignore[misc]
            assert 0 < then < today
            assert (
                then
                == live.execute(
                    "SELECT count(*) FROM record WHERE stored <= %s", [when]
                ).fetchall()[0][0]
            )
            with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
                side.execute("UPDATE ledger_head SET epoch = epoch")
    finally:
        site.follow("stop the copy")


def stop_followers(house: House) -> None:
    for loop in FOLLOWERS:
        house.running[loop].kill()
        house.running[loop].wait()
    until(lambda: not any(loops_connected(house)))


def loops_connected(house: House) -> Iterable[int]:
    with house.reader() as connection:
        return health.loops_of(connection).values()


def now(house: House) -> str:
    with house.reader() as connection:
        return str(connection.execute("SELECT clock_timestamp()::text").fetchall()[0][0])


def log(house: House) -> str:
    return (house.home.logs / "recorder.log").read_text("utf-8")


def assert_each_once(house: House) -> None:
    with house.reader() as connection:
        held = connection.execute(
            "SELECT statement_id, count(*) FROM record WHERE source_kind = 'inbox' GROUP BY 1"
        ).fetchall()
    assert dict(held) == {sent.event_id: 1 for sent in house.sent}


def told_of(house: House) -> set[UUID]:
    return {sent.event_id for sent in house.sent if "pusdiklat" in sent.topic}


def receipts(house: House) -> list[Receipt]:
    """What a plain reader of the receipts accepts: no gap, and what it has already is dropped."""
    taken: list[Receipt] = []
    for receipt in kept(house, "pusdiklat", topics.receipts("pusdiklat"), Receipt):
        last = taken[-1] if taken and taken[-1].epoch == receipt.epoch else None
        if last is None or receipt.seq > last.seq:
            assert receipt.prev_seq == (last.seq if last else 0)
            taken.append(receipt)
    return taken


def assert_receipts_begin_anew(house: House) -> None:
    """Two chains; whatever is not in the first as it now holds is in the second."""
    told = receipts(house)
    with house.reader() as connection:
        (epoch,) = epochs.all_epochs(connection)
        holds = dict(
            connection.execute(
                "SELECT statement_id, position FROM record WHERE party = 'pusdiklat'"
            )
        )
    assert {one.epoch for one in told} == {epoch.before, epoch.epoch}
    valid = [
        one for one in told if one.epoch == epoch.epoch or (one.position or 0) < epoch.differs_from
    ]
    assert {one.event_id: one.position for one in valid} == holds
    assert set(holds) == told_of(house)
