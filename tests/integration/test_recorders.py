"""Several recorders in one group: they divide the inboxes, take over from a dead one, give back.

Real Kafka, real PostgreSQL, each recorder a real process. Exactly once is checked with this test's
own list of what was sent.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaAdminClient
from kafka.errors import CoordinatorNotAvailableError

from jejak import processes, provisioning, registrar, settings
from jejak.home import Home
from jejak_consumers.kafka import RECORDERS
from jejak_lrs import database, roles
from jejak_lrs.ledger import books, inboxes
from jejak_producers import Producer, Sent
from jejak_schemas import kafka_python
from jejak_schemas.events import CourseCompleted
from jejak_schemas.parts import Activity, PersonRef
from tests.waiting import until

pytestmark = pytest.mark.kills

NOW = datetime.now(UTC)
PARTITIONS = 6
EVENTS = 120
PROVIDER = provisioning.NewParty("pusdiklat", "Pusdiklat", ("provider",), partitions=PARTITIONS)


class House:
    """A home with one provider, whose recorders this test starts and kills."""

    def __init__(self, up: processes.Up) -> None:
        self.home, self.services = up.home, up.services
        self.started: list[subprocess.Popen[bytes]] = []
        self.sent: list[Sent] = []
        self.admin: Any = KafkaAdminClient(
            **kafka_python.settings(self.services.kafka(self.services.operator))
        )
        self.reader = database.connect(self.services.dsn(roles.READER))

    def start(self, slot: int) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "jejak", "run", "recorder", "--slot", str(slot)]
        with self.log(slot).open("ab") as log:
            process = subprocess.Popen(
                [*command, "--home", str(self.home.path)], env=os.environ, stdout=log, stderr=log
            )
        self.started.append(process)
        return process

    def log(self, slot: int) -> Path:
        return self.home.logs / f"slot-{slot}.log"

    def stop(self) -> None:
        for process in self.started:
            process.kill()
            process.wait()
        self.admin.close()
        self.reader.close()

    def emit(self) -> None:
        first = len(self.sent)
        with Producer(self.home.credentials_file("pusdiklat"), receipts=False) as producer:
            deliveries = [producer.emit(completed(first + n)) for n in range(EVENTS)]
            self.sent += [delivery.result(30) for delivery in deliveries]

    def owners(self) -> dict[str, int]:
        """How many partitions each slot owns, as the broker says."""
        try:
            group = self.admin.describe_groups([RECORDERS])[RECORDERS]
        except CoordinatorNotAvailableError:  # nobody has joined yet
            return {}
        return {
            member["group_instance_id"]: sum(
                len(topic["partitions"])
                for topic in (member["member_assignment"] or {}).get("assigned_partitions", ())
            )
            for member in group["members"]
        }

    def held(self) -> dict[Any, int]:
        """How often each event is recorded."""
        return dict(
            self.reader.execute(
                "SELECT statement_id, count(*) FROM record WHERE source_kind = 'inbox' GROUP BY 1"
            ).fetchall()
        )

    def recorded_all(self) -> bool:
        return len(self.held()) == len(self.sent)


def completed(number: int) -> CourseCompleted:
    return CourseCompleted(
        occurred_at=NOW - timedelta(hours=1), party="pusdiklat",
        learner=PersonRef(nip=f"19850312201001{1 + number % 2}{number % 90:03d}"),
        activity=Activity(id="https://pusdiklat.example/1", name={"id": "Seminar"}),
    )  # fmt: skip


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    home = Home(tmp_path / "home")
    with ExitStack() as stack:
        up = stack.enter_context(
            processes.running(home, settings.load(home), loops=(), tell=lambda _: None)
        )
        declare = registrar.declaring(up.services)
        provisioning.add_parties(up.services, home.credentials, [PROVIDER], declare)
        made = House(up)
        stack.callback(made.stop)
        yield made


def test_recorders_share_the_inboxes_take_over_and_give_back_and_lose_nothing(house: House) -> None:
    one, other = house.start(1), house.start(2)
    until(lambda: house.owners() == {"recorder-1": 3, "recorder-2": 3})
    house.emit()
    house.start(3)
    house.emit()
    until(lambda: sorted(house.owners().values()) == [2, 2, 2])
    house.emit()
    until(house.recorded_all)

    other.kill()
    other.wait()
    house.emit()
    until(house.recorded_all)  # the two that are left have taken over
    assert "recorder-2" not in house.owners()
    house.start(2)
    until(lambda: house.owners().get("recorder-2", 0) == 2)
    house.emit()
    until(house.recorded_all)

    house.start(1)  # while the first of this slot runs
    assert one.wait(60) == 4
    assert "another recorder with this slot has taken over" in house.log(1).read_text()
    house.emit()
    until(house.recorded_all)

    assert house.held() == {sent.event_id: 1 for sent in house.sent}
    (count, top) = house.reader.execute("SELECT count(*), max(position) FROM record").fetchall()[0]
    assert top == count - 1
    balances = books.balance(house.reader)
    assert all(balance.balanced for balance in balances)
    busy = [inbox for inbox in inboxes.all_inboxes(house.reader) if inbox.delivered]
    assert len(busy) == PARTITIONS
