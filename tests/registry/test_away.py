"""A schema registry that is away, or answers wrongly: nothing is lost, refused or skipped.

Each test leaves the registry and the loops as it found them, one that fails too.
"""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from uuid_utils.compat import uuid7

from jejak_producers import RegistryAway, Sent
from jejak_schemas import topics
from jejak_schemas.framing import registered_id
from jejak_schemas.registry import SchemaRegistry, client
from tests.registry.apicurio import Apicurio
from tests.registry.house import (
    QUIET_SECONDS,
    WAIT_SECONDS,
    House,
    asked,
    completed,
    example,
)
from tests.schema_registry import Answer, Asked, Registry, serving
from tests.waiting import until


@contextmanager
def away(apicurio: Apicurio) -> Iterator[None]:
    """The registry is killed, and started again at the end."""
    apicurio.kill()
    try:
        yield
    finally:
        apicurio.start()


def test_a_registry_killed_in_mid_run_loses_and_refuses_nothing(
    house: House, apicurio: Apicurio, framing: SchemaRegistry
) -> None:
    recorded, refused = house.recorded(), house.refused()
    with house.producer(framing) as producer:

        def emitted(count: int) -> list[Sent]:
            return [producer.emit(completed(one)).result(WAIT_SECONDS) for one in range(count)]

        producer.emit(completed(), wait="receipt").result(WAIT_SECONDS)
        sent = emitted(100)
        with away(apicurio):
            # What knew the ids before goes on as if nothing were.
            sent += emitted(199)
            told = [producer.receipt_of(one).result(WAIT_SECONDS) for one in sent]
            assert {one.outcome for one in told} == {"recorded"}

            # Loops that know nothing wait; so does the ledger, and nothing is refused.
            house.restart_loops()
            more = emitted(200)
            until(lambda: "partition waits" in house.log_of("recorder"))
            time.sleep(QUIET_SECONDS)
            assert (house.recorded(), house.refused()) == (recorded + 300, refused)
        back = time.monotonic()
        told = [producer.receipt_of(one).result(WAIT_SECONDS) for one in more]
        seconds = time.monotonic() - back
        print(f"\nall receipts {seconds:.1f} s after the registry is back", file=sys.stderr)  # noqa: T201
    assert {one.outcome for one in told} == {"recorded"}
    assert (house.recorded(), house.refused()) == (recorded + 500, refused)


def test_a_receipt_that_came_while_the_registry_was_away_is_read_later(
    house: House, apicurio: Apicurio
) -> None:
    with (
        closing(SchemaRegistry(apicurio.url, patience=0.5)) as fresh,
        house.producer(fresh) as producer,
    ):
        packed = producer.pack(completed())  # and so it knows this class, but no receipt
        with away(apicurio):
            sent = producer.send(packed)
            with pytest.raises(RegistryAway, match="does not answer"):
                producer.receipt(sent, WAIT_SECONDS)
        assert producer.receipt(sent, WAIT_SECONDS).outcome == "recorded"


def test_the_sdk_says_so_before_anything_is_sent(house: House, apicurio: Apicurio) -> None:
    before = house.recorded()
    with (
        closing(SchemaRegistry(apicurio.url, patience=0.5)) as fresh,
        house.producer(fresh) as producer,
        away(apicurio),
        pytest.raises(RegistryAway, match="does not answer"),
    ):
        producer.emit(completed())
    time.sleep(QUIET_SECONDS)
    assert house.recorded() == before


# -- commands -----------------------------------------------------------------------------------


@pytest.fixture
def commands(house: House, framing: SchemaRegistry, tmp_path: Path) -> list[list[str]]:
    """What parties and the operator would run; there are receipts and changes to be read."""
    house.told(framing, [completed()])
    until(lambda: bool(house.read("2060", topics.changes("2060"))))
    file = tmp_path / "events.jsonl"
    row = completed().model_dump(mode="json", exclude_none=True)
    file.write_text(json.dumps({"event": "CourseCompleted", **row}) + "\n")
    words = [
        ["emit", str(file), "--identity", "pusdiklat"],
        ["receipts", "--identity", "pusdiklat", "--since", "2020-01-01"],
        ["watch", "--identity", "2060", "--from-start", "--idle", "1"],
        ["schema", "register"],
        ["prepare"],
    ]
    return [[*each, "--home", str(house.home.path)] for each in words]


def run(words: list[str]) -> tuple[int, list[str]]:
    """The exit code of a command, and what it says beside its answer."""
    done = subprocess.run(
        [sys.executable, "-m", "jejak", *words], capture_output=True, text=True, check=False
    )
    return done.returncode, done.stderr.splitlines()


def test_commands_end_with_3_and_one_line_and_work_when_it_is_back(
    apicurio: Apicurio, commands: list[list[str]]
) -> None:
    with away(apicurio):
        for words in commands:
            code, said = run(words)
            assert (code, "does not answer" in said[-1]) == (3, True), (words, said)
    for words in commands:
        code, said = run(words)
        assert code == 0, (words, said)


# -- answers that are wrong -----------------------------------------------------------------------

CLASSES = {  # each is asked for anew, because the recorder has not met it
    "an error": "SessionAttended",
    "garbage": "AssessmentPassed",
    "elsewhere": "CertificateEarned",
    "too much": "BadgeEarned",
    "nothing, for long": "ProjectJoined",
}


def wrong(how: str, released: threading.Event) -> Answer:
    match how:
        case "an error":
            return Answer(500, {"error_code": 50001, "message": "store error"})
        case "garbage":
            return Answer(200, b"<html>Sign in to the network</html>")
        case "elsewhere":
            return Answer(307, b"", {"Location": "http://127.0.0.1:9/"})
        case "too much":
            return Answer(200, {"schema": "x" * client.LARGEST_ANSWER})
        case _:
            released.wait(WAIT_SECONDS)
            return Answer(200, b"")


@pytest.fixture
def bad(house: House, apicurio: Apicurio) -> Iterator[Registry]:
    """What the loops have for a registry: one that holds all, and gives nobody an answer yet."""
    with serving(mirror(apicurio)) as own, pytest.MonkeyPatch.context() as environment:
        own.bent = lambda _: Answer(500, b"")
        environment.setenv("JEJAK_REGISTRY_URL", own.url)
        house.restart_loops()
        yield own
        environment.undo()
        house.restart_loops()


def test_a_registry_that_answers_wrongly_loses_and_refuses_nothing(
    house: House, bad: Registry, framing: SchemaRegistry
) -> None:
    with house.producer(framing) as producer:
        for how, name in CLASSES.items():
            before = house.recorded(), house.refused()
            released = threading.Event()

            def bent(_: Asked, how: str = how, released: threading.Event = released) -> Answer:
                return wrong(how, released)

            bad.bent = bent
            bad.asked.clear()
            packed = producer.pack(example(name, uuid7()))
            waiting = producer.await_receipt(producer.send(packed))
            # Only the recorder asks for an id, and only of what it has read; other questions of
            # the loops may come at any time. Asked again, it has had the wrong answer.
            asks = f"/schemas/ids/{registered_id(packed.value)}"
            until(lambda asks=asks: len(bad.asked_for("GET", asks)) > 1)  # type: ignore[misc]
            assert (house.recorded(), house.refused()) == before, how
            bad.bent = lambda _: None
            released.set()
            assert waiting.result(WAIT_SECONDS).outcome == "recorded", how
            assert (house.recorded(), house.refused()) == (before[0] + 1, before[1]), how


def mirror(apicurio: Apicurio) -> Registry:
    """What Apicurio holds, with its ids."""
    held = Registry()
    for subject in asked(f"{apicurio.url}/subjects"):
        for version in asked(f"{apicurio.url}/subjects/{subject}/versions"):
            one = asked(f"{apicurio.url}/subjects/{subject}/versions/{version}")
            held.hold(subject, one["schema"], one["id"])
    return held
