"""Clients that are not ours: the programs of docs/first-event.md, and trials of the same making.

They know the .avsc files, the credentials file and what it names, and nothing else of Jejak.
Opt-in (`make test-clients`): needs a JDK 17 with Maven, and Go.
"""

import io
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import fastavro
import pytest
from fastavro.schema import fingerprint, to_parsing_canonical_form

from jejak import cli, processes, settings
from jejak.home import Home
from jejak_producers import Producer
from jejak_schemas import avro
from jejak_schemas.events import CourseCompleted
from jejak_schemas.parts import Activity, PersonRef
from tests.brokers import EPOCH, Brokers

HERE = Path(__file__).parent
AVSC = Path(avro.__file__).parent / "avsc"
LANGUAGES = ("python", "java", "go")
PARTITIONS = "6"
RESET = "\x1b[0m"  # some mvn end with it, whatever they were told

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(shutil.which("mvn") is None, reason="there is no Maven here"),
    pytest.mark.skipif(shutil.which("go") is None, reason="there is no Go here"),
]

REFUSED = {
    "no-avro": ("unreadable", ""),
    "truncated": ("truncated", ""),
    "trailing": ("trailing-bytes", ""),
    "unknown-fingerprint": ("unknown-schema", ""),
    "other-key": ("key-mismatch", ""),
    "wrong-party": ("wrong-party", "party"),
    "impossible-nip": ("nip-impossible", "learner.nip"),
    "level-out-of-range": ("out-of-range", "competencies[0].claimed_level"),
    "role-not-allowed": ("role-not-allowed", "party"),
}
UNREADABLE = {"no-avro", "truncated", "trailing", "unknown-fingerprint"}

Line = dict[str, Any]


def said_by(*command: str | Path, folder: Path = HERE) -> str:
    """What a command says; it must end well."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def java(program: str, *words: Path) -> str:
    """What a Java program says, started as the page says."""
    told = (f"-Dexec.mainClass={program}", f"-Dexec.args={' '.join(map(str, words))}")
    said = said_by(
        "mvn", "-q", "-B", "compile", "exec:java", *told, folder=HERE / "first-event-java"
    )
    return said.replace(RESET, "")


@dataclass(frozen=True)
class Programs:
    """The programs as built, by what they are called; each takes the credentials and avsc."""

    first: dict[str, Callable[[Path, Path], str]]
    trial: dict[str, Callable[[Path, Path], str]]


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Programs:
    built = tmp_path_factory.mktemp("go")
    project = HERE / "first-event-go"
    said_by("go", "build", "-o", built / "first", ".", folder=project)
    said_by("go", "test", "-c", "-o", built / "trial", ".", folder=project)
    said_by("mvn", "-q", "-B", "-Dstyle.color=never", "compile", folder=HERE / "first-event-java")
    python = HERE / "first-event-python/first_event.py"
    return Programs(
        first={
            "python": partial(said_by, sys.executable, python),
            "java": partial(java, "FirstEvent"),
            "go": partial(said_by, built / "first"),
        },
        trial={"java": partial(java, "Trial"), "go": partial(said_by, built / "trial")},
    )


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[processes.Up]:
    """A home that is up, with a provider for each language."""
    home = Home(tmp_path_factory.mktemp("home"))
    with processes.running(home, settings.load(home), tell=print) as up:
        for code in LANGUAGES:
            words = ["provider", "add", code, "--partitions", PARTITIONS, "--home", str(home.path)]
            assert cli.run(words, debug=False) == 0
        yield up


@pytest.fixture(scope="module")
def trials(programs: Programs, up: processes.Up) -> dict[str, dict[str, Line]]:
    """What each language's trial was told, by case."""
    told = {}
    for language, run in programs.trial.items():
        lines = run(up.home.credentials_file(language), AVSC).splitlines()
        told[language] = {line["case"]: line for line in map(json.loads, lines)}
    return told


each_trial = pytest.mark.parametrize("language", ["java", "go"])


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_first_event_is_recorded(programs: Programs, up: processes.Up, language: str) -> None:
    said = programs.first[language](up.home.credentials_file(language), AVSC)
    assert re.fullmatch(r"sent to partition \d at offset \d+\nrecorded \d+\n", said)


@each_trial
def test_an_event_is_recorded_once(trials: dict[str, dict[str, Line]], language: str) -> None:
    cases = ("good", "same-again", "other-content")
    first, again, other = (trials[language][case] for case in cases)
    assert [one["outcome"] for one in (first, again, other)] == [
        "recorded",
        "duplicate",
        "conflict",
    ]
    assert first["position"] == again["position"] == other["position"]
    assert first["event_id"] == again["event_id"] == other["event_id"] != ""


@each_trial
def test_a_bad_event_is_refused_by_reason_and_field(
    trials: dict[str, dict[str, Line]], language: str
) -> None:
    told = {case: trials[language][case] for case in REFUSED}
    assert {one["outcome"] for one in told.values()} == {"refused"}
    assert {case: (one["reason"], one["field"]) for case, one in told.items()} == REFUSED
    assert {case for case, one in told.items() if not one["event_id"]} == UNREADABLE


def test_a_learner_has_one_partition_in_every_language(
    trials: dict[str, dict[str, Line]], up: processes.Up
) -> None:
    learners = {
        case.removeprefix("learner "): line["partition"]
        for case, line in trials["java"].items()
        if case.startswith("learner ")
    }
    in_go = {nip: trials["go"][f"learner {nip}"]["partition"] for nip in learners}
    with Producer(up.home.credentials_file("python")) as producer:
        in_python = {nip: producer.emit(course_of(nip)).result().partition for nip in learners}
    assert learners == in_go == in_python
    assert len(set(learners.values())) > 1


def course_of(nip: str) -> CourseCompleted:
    activity = Activity(id="https://pusdiklat.example/analisis", name={"id": "Analisis Kebijakan"})
    return CourseCompleted(
        party="python",
        occurred_at=datetime.now(UTC),
        learner=PersonRef(nip=nip),
        activity=activity,
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_receipt_of_a_newer_version_is_read_by_its_fingerprint(
    programs: Programs, up: processes.Up, tmp_path: Path, language: str
) -> None:
    brokers = Brokers(up.services.kafka(up.services.operator))
    party = brokers.party(f"{language}-later")
    newer = newer_receipt()
    avsc = Path(shutil.copytree(AVSC, tmp_path / "avsc"))
    (avsc / "Receipt.v2.avsc").write_text(json.dumps(newer), "utf-8")
    (tmp_path / "credentials.toml").write_text(party.dump(), "utf-8")
    told = [receipt_of_first(str(party.topics.inbox), partition) for partition in (0, 1)]
    brokers.write(str(party.topics.receipts), [single_object(newer, one) for one in told])

    said = programs.first[language](tmp_path / "credentials.toml", avsc)
    assert said.splitlines()[1:] == ["recorded 4711"]


def newer_receipt() -> dict[str, Any]:
    """A version that is not ours yet: the receipt with one more field, not at its end."""
    newer: dict[str, Any] = json.loads((AVSC / "Receipt.v1.avsc").read_text("utf-8"))
    newer["fields"].insert(3, {"name": "note", "type": ["null", "string"], "default": None})
    return newer


def receipt_of_first(inbox: str, partition: int) -> dict[str, Any]:
    """A receipt for the first message of a partition, told before there is one."""
    return {
        "epoch": EPOCH, "seq": partition + 1, "prev_seq": partition, "outcome": "recorded",
        "topic": inbox, "partition": partition, "offset": 0, "position": 4711, "note": "baru",
    }  # fmt: skip


def single_object(schema: dict[str, Any], value: dict[str, Any]) -> bytes:
    out = io.BytesIO()
    fastavro.schemaless_writer(out, schema, value)
    crc = fingerprint(to_parsing_canonical_form(schema), "CRC-64-AVRO")
    return b"\xc3\x01" + bytes.fromhex(crc) + out.getvalue()
