"""`jejak emit` killed again and again: every row is recorded once, and told once.

Real Kafka, a real recorder and publisher, and the command as a process that kills itself, with
SIGKILL, in the middle of a function of the SDK.
"""

import csv
import json
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from jejak import processes, provisioning, registrar, settings
from jejak.home import Home
from jejak_lrs import database, roles
from jejak_producers.journal import Journal
from jejak_schemas import codec, topics
from jejak_schemas.events import CourseCompleted
from tests.brokers import Brokers

pytestmark = [pytest.mark.integration, pytest.mark.kills]

# Kills itself at the HIT-th call of a function of the SDK called NAME (of any where it is ""), in
# whichever thread. What a function did before it called another one is done then.
EMIT = """
import os, signal, sys, threading
from jejak import cli
from jejak.cli import provider

name, left = sys.argv[1], int(sys.argv[2])

def count(frame, event, _):
    global left
    code = frame.f_code
    if event == "call" and "jejak_producers" in code.co_filename and name in ("", code.co_name):
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

threading.setprofile(count)
sys.setprofile(count)
code = cli.run(sys.argv[3:], debug=False)
sys.exit(code)
"""
ROWS = 4_000
PARTIES = ("pusdiklat", "bpsdm")
STEPS = [
    ("add", 499), ("commit", 1), ("_send", 1), ("_send", 250), ("_acknowledge", 1), ("recall", 77),
    ("tell", 300), ("read_to", 3), ("_finish", 1),
]  # fmt: skip


@dataclass(frozen=True)
class House:
    """A home with a recorder and a publisher, and one party that emits."""

    up: processes.Up

    def emit(self, file: Path, party: str, *words: str, name: str = "", hit: int = 0) -> int:
        """Run `jejak emit`; 0, or how it was killed."""
        command = [sys.executable, "-c", EMIT, name, str(hit), "emit", str(file)]
        command += ["--identity", party, "--home", str(self.up.home.path), *words]
        done = subprocess.run(command, check=False, capture_output=True, timeout=120)
        assert done.returncode in (0, -signal.SIGKILL), done.stderr
        return done.returncode

    def inbox(self, party: str) -> dict[UUID, str | None]:
        """The learner of every event in a party's inbox, however often it lies there."""
        services = self.up.services
        found = Brokers(services.kafka(services.operator)).read(topics.inbox(party))
        events = [codec.read(value).event for *_, value in found]
        return {
            event.event_id: event.learner.nip
            for event in events
            if isinstance(event, CourseCompleted)
        }

    def recorded(self) -> dict[UUID, int]:
        """The position of every record; each once."""
        with closing(database.connect(self.up.services.dsn(roles.READER))) as connection:
            rows = connection.execute(
                "SELECT statement_id, position FROM record WHERE source_kind = 'inbox'"
            ).fetchall()
        assert len(dict(rows)) == len(rows)
        return dict(rows)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    home = Home(tmp_path_factory.mktemp("emit") / "home")
    loops = ("recorder", "publisher")
    with processes.running(home, settings.load(home), loops=loops, tell=lambda _: None) as up:
        parties = [provisioning.NewParty(code, code, ("provider",)) for code in PARTIES]
        declare = registrar.declaring(up.services)
        provisioning.add_parties(up.services, home.credentials, parties, declare)
        yield House(up)


def nip(number: int) -> str:
    return f"19850312201001{1 + number % 2}{number // 2 % 1000:03d}"


def row(party: str, number: int) -> dict[str, Any]:
    return {
        "event": "CourseCompleted", "party": party, "learner.nip": nip(number),
        "occurred_at": datetime(2026, 3, 9, number % 24, tzinfo=UTC).isoformat(),
        "activity.id": f"https://{party}.example/{number}", "activity.name.id": "Seminar",
    }  # fmt: skip


def written(file: Path, party: str, count: int) -> dict[int, str]:
    """Write the file; the NIP of each of its lines."""
    rows = [row(party, number) for number in range(count)]
    with file.open("w", newline="") as stream:
        if file.suffix == ".csv":
            table = csv.DictWriter(stream, rows[0], delimiter=";")
            table.writeheader()
            table.writerows(rows)
        else:
            stream.writelines(json.dumps(nested(one)) + "\n" for one in rows)
    first = 2 if file.suffix == ".csv" else 1
    return {line: one["learner.nip"] for line, one in enumerate(rows, first)}


def nested(flat: dict[str, Any]) -> dict[str, Any]:
    names = {"id": flat["activity.name.id"]}
    return {
        **{name: value for name, value in flat.items() if "." not in name},
        "learner": {"nip": flat["learner.nip"]},
        "activity": {"id": flat["activity.id"], "name": names},
    }


def assert_each_line_is_there_once(
    house: House, file: Path, party: str, nips: dict[int, str]
) -> None:
    """Finish the file; then look at what it told, the journal, the inbox and the ledger."""
    outcomes = file.with_name("outcomes.jsonl")
    assert house.emit(file, party, "--outcomes", str(outcomes)) == 0
    told = [json.loads(line) for line in outcomes.read_text().splitlines()]
    inbox, recorded = house.inbox(party), house.recorded()
    with closing(Journal.beside(file)) as journal:
        entries = journal.entries(0, 99_999)

    assert [one["line"] for one in told] == list(nips) == list(entries)
    assert {one["outcome"] for one in told} <= {"recorded", "duplicate"}
    for one in told:
        event_id = UUID(one["event_id"])
        assert event_id == entries[one["line"]].event_id
        assert inbox[event_id] == nips[one["line"]]
        assert recorded[event_id] == one["position"]
    assert set(inbox) == {entry.event_id for entry in entries.values()}
    assert len(inbox) == len(nips)


def test_killed_at_any_moment(house: House, tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    nips = written(file, "pusdiklat", ROWS)
    chosen = random.Random(2026)  # noqa: S311  the moments of every run
    ends = [house.emit(file, "pusdiklat", hit=chosen.randrange(20, 60_000)) for _ in range(12)]
    assert ends.count(-signal.SIGKILL) >= 10
    assert_each_line_is_there_once(house, file, "pusdiklat", nips)


def test_killed_at_each_step(house: House, tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    nips = written(file, "bpsdm", 900)
    ends = [house.emit(file, "bpsdm", name=name, hit=hit) for name, hit in STEPS]
    assert ends == [-signal.SIGKILL] * len(STEPS)
    assert_each_line_is_there_once(house, file, "bpsdm", nips)
