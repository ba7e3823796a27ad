"""Everything with a real schema registry: SDK, Kafka, recorder, receipts, subscriber, commands.

The tests run in this order, on one house; each leaves the registry as it found it.
"""

import json
import socket
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from jejak import cli, foundations
from jejak.services import PUBLISHER
from jejak_consumers.kafka import KafkaOutbox
from jejak_consumers.messages import Post
from jejak_consumers.subscriber import Subscriber
from jejak_producers import Packed, RegistryAway, Sent
from jejak_schemas import avro, codec, topics
from jejak_schemas.events import CourseCompleted, Event, FieldVisitAttended, PersonRegistered
from jejak_schemas.framing import CONFLUENT_MAGIC, SINGLE_OBJECT, SINGLE_OBJECT_MAGIC
from jejak_schemas.outgoing import LearningHoursChanged, Receipt
from jejak_schemas.parts import Activity, PersonRef
from jejak_schemas.registry import SchemaRegistry, register_all
from jejak_schemas.registry.registering import subject_of
from tests.feeds import hours
from tests.registry.apicurio import Apicurio
from tests.registry.conftest import House, asked, eventually
from tests.schema_registry import Answer, Registry, serving

NIP = "198503122010011002"
NOW = datetime.now(UTC)
QUIET_SECONDS = 3.0  # in which a loop that did something wrong would have done it
WAIT_SECONDS = 60.0


def completed(number: int = 0) -> CourseCompleted:
    return CourseCompleted(
        occurred_at=NOW - timedelta(hours=1 + number % 500),
        party="pusdiklat",
        learner=PersonRef(nip=NIP),
        activity=Activity(id=f"https://contoh.id/kursus/{number % 7}", name={"id": "Kursus"}),
        form="9",
        duration=3600,
    )


def registered() -> PersonRegistered:
    return PersonRegistered(
        occurred_at=NOW - timedelta(days=90),
        party="bkn",
        person=PersonRef(nip=NIP),
        home_agency="2060",
        working_agency="2060",
        position_class="pengawas",
        kind="PNS",
        valid_from=(NOW - timedelta(days=90)).date(),
    )


def outcomes(house: House, framing: SchemaRegistry, events: Sequence[Event]) -> list[Receipt]:
    """Emit events of one party, and what the ledger says of each."""
    with house.producer(framing, events[0].party) as producer:
        waits = [producer.emit(event, wait="receipt") for event in events]
        return [each.result(WAIT_SECONDS) for each in waits]


# -- what `jejak up` has put there --------------------------------------------------------------


@pytest.mark.usefixtures("house")
def test_every_version_stands_under_its_record_name_and_nothing_else(apicurio: Apicurio) -> None:
    subjects = {subject_of(name): avro.versions(name) for name in avro.released()}
    assert set(asked(f"{apicurio.url}/subjects")) == set(subjects)
    for subject, versions in subjects.items():
        at = f"{apicurio.url}/subjects/{subject}/versions"
        assert asked(at) == list(range(1, len(versions) + 1))
        for number, one in enumerate(versions, 1):
            held = asked(f"{at}/{number}")["schema"]
            assert json.loads(held) == json.loads(avro.released_text(one.name, one.version))
        rule = asked(f"{apicurio.url}/config/{subject}")
        assert rule == {"compatibilityLevel": "FULL_TRANSITIVE"}


def test_registering_again_changes_nothing(house: House, apicurio: Apicurio) -> None:
    began = time.monotonic()
    assert register_all(apicurio.url).new == 0
    print(f"\nregistering again: {time.monotonic() - began:.2f} s", file=sys.stderr)  # noqa: T201
    foundations.prepare(house.up.services)
    assert asked(f"{apicurio.url}/subjects/{subject_of('Receipt')}/versions")[0] == 1


def test_the_registry_refuses_what_would_break_a_reader(house: House, apicurio: Apicurio) -> None:
    del house
    broken = json.loads(avro.released_text("CourseCompleted"))
    broken["fields"].append({"name": "later", "type": "string"})
    at = f"{apicurio.url}/subjects/{subject_of('CourseCompleted')}/versions"
    assert asked(at, {"schema": json.dumps(broken)}) == 409


# -- there and back -----------------------------------------------------------------------------


def test_an_event_is_recorded_and_its_receipt_comes_back(
    house: House, framing: SchemaRegistry
) -> None:
    [posted] = outcomes(house, framing, [registered()])
    assert posted.outcome == "recorded", posted
    told = outcomes(house, framing, [completed(number) for number in range(100)])
    assert {one.outcome for one in told} == {"recorded"}
    receipts = house.read("pusdiklat", topics.receipts("pusdiklat"))
    header = framing.header_of(avro.released()["Receipt"])
    assert {(message.value or b"")[:5] for message in receipts} == {header}
    eventually(lambda: bool(house.read("2060", topics.changes("2060"))))
    changes = house.read("2060", topics.changes("2060"))
    assert {(m.value or b"")[:1] for m in changes} == {CONFLUENT_MAGIC}


def test_both_framings_go_through_one_inbox(house: House, framing: SchemaRegistry) -> None:
    events = [completed(number) for number in range(40)]
    recorded = house.recorded()
    with house.producer(framing) as ours, house.producer(SINGLE_OBJECT) as plain:
        for number, event in enumerate(events):
            packed = (ours if number % 2 else plain).pack(event)
            magic = CONFLUENT_MAGIC if number % 2 else SINGLE_OBJECT_MAGIC
            assert packed.value.startswith(magic)
        waits = [
            (ours if number % 2 else plain).emit(event, wait="receipt")
            for number, event in enumerate(events)
        ]
        assert {one.result(WAIT_SECONDS).outcome for one in waits} == {"recorded"}
        again = [
            (plain if number % 2 else ours).emit(event, wait="receipt")
            for number, event in enumerate(events)
        ]
        assert {one.result(WAIT_SECONDS).outcome for one in again} == {"duplicate"}
    assert house.recorded() == recorded + len(events)


def test_an_unknown_id_is_refused_with_a_receipt(house: House, framing: SchemaRegistry) -> None:
    with house.producer(framing) as producer:
        good = producer.pack(completed())
        for number in (0, 123_456, 2**32 - 1):
            value = CONFLUENT_MAGIC + number.to_bytes(4, "big") + good.value[5:]
            sent = producer.send(Packed(good.event_id, good.event, good.key, value))
            receipt = producer.receipt(sent, WAIT_SECONDS)
            assert (receipt.outcome, receipt.reason) == ("refused", "unknown-schema")


def test_an_event_in_a_version_that_is_not_released_is_refused(
    house: House, apicurio: Apicurio, framing: SchemaRegistry
) -> None:
    newer = json.loads(avro.released_text("FieldVisitAttended"))
    newer["fields"].append({"name": "later", "type": ["null", "string"], "default": None})
    subject = subject_of(FieldVisitAttended.__name__)
    at = f"{apicurio.url}/subjects/{subject}/versions"
    number = asked(at, {"schema": json.dumps(newer)})["id"]
    with house.producer(framing) as producer:
        good = producer.pack(completed())
        value = CONFLUENT_MAGIC + number.to_bytes(4, "big") + good.value[5:]
        sent = producer.send(Packed(good.event_id, good.event, good.key, value))
        assert producer.receipt(sent, WAIT_SECONDS).reason == "unknown-schema"


def test_an_old_subscriber_reads_a_newer_change(
    house: House, apicurio: Apicurio, framing: SchemaRegistry, tmp_path: Path
) -> None:
    newer = json.loads(avro.released_text(LearningHoursChanged.__name__))
    newer["fields"].append({"name": "later", "type": ["null", "string"], "default": None})
    subject = subject_of(LearningHoursChanged.__name__)
    at = f"{apicurio.url}/subjects/{subject}/versions"
    number = asked(at, {"schema": json.dumps(newer)})["id"]
    kept = house.read("2060", topics.changes("2060"))
    last = codec.read_as(LearningHoursChanged, kept[-1].value, framing)
    link = {"epoch": last.epoch, "seq": last.seq + 1, "prev_seq": last.seq, "year": 1999}
    body = codec.body_of(codec.encode(hours(1).model_copy(update=link)))
    value = CONFLUENT_MAGIC + number.to_bytes(4, "big") + body + b"\x02\x04ok"
    with closing(KafkaOutbox(house.up.services.kafka(PUBLISHER))) as writer:
        writer.send([Post(topics.changes("2060"), b"p", value)])
        writer.commit()
    with Subscriber(house.credentials("2060"), tmp_path / "state", framing=framing) as own:
        seen = list(own.changes(patience=2))
    assert len(seen) == len(kept) + 1
    assert isinstance(seen[-1], LearningHoursChanged)
    assert seen[-1].year == 1999
    house.restart_loops()  # the publisher's own writer was fenced


# -- a registry that goes away --------------------------------------------------------------------


@pytest.fixture
def gone(apicurio: Apicurio) -> Iterator[None]:
    """The registry is killed, and started again at the end."""
    apicurio.kill()
    yield
    if not apicurio.answers():
        apicurio.start()


def test_a_registry_killed_in_mid_run_loses_and_refuses_nothing(
    house: House, apicurio: Apicurio, framing: SchemaRegistry
) -> None:
    recorded, refused = house.recorded(), house.refused()
    sent: list[Sent] = []
    with house.producer(framing) as producer:
        for number in range(300):
            if number == 100:
                apicurio.kill()
            sent.append(producer.emit(completed(number)).result(WAIT_SECONDS))
        # What knew the ids before goes on as if nothing were.
        told = [producer.receipt_of(one).result(WAIT_SECONDS) for one in sent]
        assert {one.outcome for one in told} == {"recorded"}

        # Loops that know nothing wait; so does the ledger, and nothing is refused.
        house.restart_loops()
        more = [producer.emit(completed(number)).result(WAIT_SECONDS) for number in range(200)]
        eventually(lambda: "RegistryAway" in house.log_of("recorder"))
        time.sleep(QUIET_SECONDS)
        assert (house.recorded(), house.refused()) == (recorded + 300, refused)

        began = time.monotonic()
        apicurio.start()
        started = time.monotonic()
        told = [producer.receipt_of(one).result(WAIT_SECONDS) for one in more]
        print(  # noqa: T201
            f"\nregistry back after {started - began:.1f} s, "
            f"all receipts {time.monotonic() - started:.1f} s later",
            file=sys.stderr,
        )
    assert {one.outcome for one in told} == {"recorded"}
    assert (house.recorded(), house.refused()) == (recorded + 500, refused)


@pytest.mark.usefixtures("gone")
def test_the_sdk_says_so_before_anything_is_sent(house: House, apicurio: Apicurio) -> None:
    before = house.recorded()
    with (
        closing(SchemaRegistry(apicurio.url, patience=0.5)) as fresh,
        house.producer(fresh) as producer,
        pytest.raises(RegistryAway, match="does not answer"),
    ):
        producer.emit(completed())
    time.sleep(1)
    assert house.recorded() == before


@pytest.mark.usefixtures("gone")
def test_commands_end_with_3_and_one_line(
    house: House, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "events.jsonl"
    row = completed().model_dump(mode="json", exclude_none=True)
    file.write_text(json.dumps({"event": "CourseCompleted", **row}) + "\n")
    home = str(house.home.path)
    for words in (
        ["emit", str(file), "--identity", "pusdiklat"],
        ["receipts", "--identity", "pusdiklat", "--since", "2020-01-01"],
        ["watch", "2060", "--from-start", "--idle", "1"],
        ["prepare"],
    ):
        assert cli.run([*words, "--home", home], debug=False) == 3, words
        said = capsys.readouterr().err.splitlines()
        assert "does not answer" in said[-1], words


def test_the_same_commands_work_with_the_registry_back(
    house: House, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "events.jsonl"
    row = completed().model_dump(mode="json", exclude_none=True)
    file.write_text(json.dumps({"event": "CourseCompleted", **row}) + "\n")
    home = str(house.home.path)
    assert cli.run(["emit", str(file), "--identity", "pusdiklat", "--home", home], debug=False) == 0
    assert cli.run(["watch", "2060", "--idle", "1", "--home", home], debug=False) == 0
    assert cli.run(["prepare", "--home", home], debug=False) == 0
    del capsys


def test_a_registry_that_answers_garbage_loses_and_refuses_nothing(
    house: House,
    apicurio: Apicurio,
    framing: SchemaRegistry,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = house.recorded(), house.refused()
    with serving(mirror(apicurio)) as bad, house.producer(framing) as producer:
        bad.bent = lambda _: Answer(200, b"<html>Sign in to the network</html>")
        monkeypatch.setenv("JEJAK_REGISTRY_URL", bad.url)
        house.restart_loops()
        waits = [producer.emit(completed(number), wait="receipt") for number in range(50)]
        eventually(lambda: len(bad.asked_for("GET", "/schemas/ids/")) > 2)
        time.sleep(QUIET_SECONDS)
        assert (house.recorded(), house.refused()) == before
        bad.bent = lambda _: None
        assert {one.result(WAIT_SECONDS).outcome for one in waits} == {"recorded"}
        monkeypatch.undo()
        house.restart_loops()
    assert (house.recorded(), house.refused()) == (before[0] + 50, before[1])


def mirror(apicurio: Apicurio) -> Registry:
    """What Apicurio holds, with its ids."""
    held = Registry()
    for subject in asked(f"{apicurio.url}/subjects"):
        for version in asked(f"{apicurio.url}/subjects/{subject}/versions"):
            one = asked(f"{apicurio.url}/subjects/{subject}/versions/{version}")
            held.hold(subject, one["schema"], one["id"])
    return held


# -- its price ----------------------------------------------------------------------------------


def test_emitting_with_a_registry_is_as_fast_as_without(
    house: House, framing: SchemaRegistry
) -> None:
    events = [completed(number) for number in range(2_000)]
    rates: dict[str, list[float]] = {"with": [], "without": []}
    with house.producer(framing) as ours, house.producer(SINGLE_OBJECT) as plain:
        for _ in range(4):
            for name, producer in (("with", ours), ("without", plain)):
                began = time.process_time()
                for event in events:
                    producer.emit(event)
                rates[name].append(len(events) / (time.process_time() - began))
                producer.flush()
    medians = {name: statistics.median(found) for name, found in rates.items()}
    print(f"\nemit, events per CPU second: {medians}", file=sys.stderr)  # noqa: T201
    assert medians["with"] > 0.8 * medians["without"]


def test_the_registry_listens_on_loopback_only(apicurio: Apicurio) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))  # sends nothing; says which address we have outside
        outside = probe.getsockname()[0]
    with pytest.raises(OSError, match=r"refused|unreachable"):
        socket.create_connection((outside, apicurio.port), timeout=2).close()
