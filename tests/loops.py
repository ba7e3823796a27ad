"""A home whose loops a test starts and kills itself, and what is sent to it."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta

from jejak import processes, provisioning
from jejak_lrs import database, roles
from jejak_lrs.competency import ruleset
from jejak_producers import Producer, Sent
from jejak_schemas.events import CourseCompleted, Event, PersonRegistered, RulesetPublished
from jejak_schemas.parts import Activity, PersonRef

NOW = datetime.now(UTC)
PEOPLE = 60
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
        log = (self.home.logs / f"{loop}.log").open("ab")
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


def rules() -> RulesetPublished:
    return RulesetPublished(
        occurred_at=NOW - timedelta(days=90), party="lan", version="2026.1",
        valid_from=(NOW - timedelta(days=90)).date(), document=ruleset.shipped(),
    )  # fmt: skip
