"""The provider's SDK and commands against a real broker with SCRAM and ACLs on."""

import json
import logging
import os
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, date, datetime
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from jejak import cli
from jejak.kafka_admin import connected
from jejak_producers import (
    BrokersAway,
    Credentials,
    CredentialsError,
    NotAllowed,
    Producer,
    ProducerError,
    WrongUserOrPassword,
    kafka,
)
from jejak_producers.delivery import Delivery
from jejak_producers.receipts import backlog
from jejak_schemas import codec
from jejak_schemas.events import CourseCompleted
from jejak_schemas.outgoing import Receipt
from jejak_schemas.parts import Activity, PersonRef
from tests import services
from tests.brokers import Brokers, recorded

pytestmark = pytest.mark.integration
NIP = "198503152010011001"
_names = count()


@pytest.fixture
def brokers(kafka: services.Kafka) -> Brokers:
    return Brokers(kafka.operator)


@pytest.fixture
def party(brokers: Brokers) -> Credentials:
    """A party of this test's own."""
    return brokers.party(f"sdk-{next(_names)}")


def completed(party: str, number: int = 1) -> CourseCompleted:
    return CourseCompleted(
        occurred_at=datetime(2026, 3, 9, 2, 15, tzinfo=UTC),
        party=party,
        learner=PersonRef(nip=f"1985031520100{number:05d}"),
        activity=Activity(id="https://lan.example/pka", name={"id": "PKA"}),
        started_on=date(2026, 3, 1),
    )


def with_kafka(credentials: Credentials, **changes: Any) -> Credentials:
    kafka_access = credentials.kafka.model_copy(update=changes)
    return credentials.model_copy(update={"kafka": kafka_access})


def refused(credentials: Credentials, patience: float = 10.0) -> ProducerError:
    with pytest.raises(ProducerError) as caught:
        Producer(credentials, patience=patience)
    return caught.value


# -- emitting ---------------------------------------------------------------------------


def test_nobody_can_ask_for_less_than_every_in_sync_broker(
    party: Credentials, tmp_path: Path
) -> None:
    with pytest.raises(TypeError):
        Producer(party, acks=1)
    file = tmp_path / "party.toml"
    file.write_text(party.dump().replace("[kafka]", '[kafka]\nacks = "1"'))
    with pytest.raises(CredentialsError, match=r"kafka\.acks"):
        Producer(file)
    with Producer(party) as producer:
        settings = producer._outbox._client.config
    assert (settings["acks"], settings["enable_idempotence"]) == (-1, True)


def test_what_the_future_says_is_where_the_event_lies(brokers: Brokers, party: Credentials) -> None:
    events = [completed(party.party, number) for number in range(200)]
    with Producer(party) as producer:
        sent = [producer.emit(event) for event in events]
        found = {one.result().source[1:]: one.event_id for one in sent}
    there = brokers.read(str(party.topics.inbox))
    assert {(p, o): codec.read(value).event.event_id for p, o, _, value in there} == found
    assert [e.event_id for e in events] == [one.event_id for one in sent]
    assert {p for p, _, _, _ in there} == {0, 1}


def test_no_log_line_holds_a_nip_however_much_is_logged(
    party: Credentials, caplog: pytest.LogCaptureFixture
) -> None:
    event = completed(party.party)
    with (
        caplog.at_level(logging.DEBUG),
        caplog.at_level(logging.DEBUG, "kafka.producer.kafka"),
        Producer(party) as producer,
    ):
        producer.emit(event).result(10)
    assert caplog.records
    assert str(event.learner.nip) not in caplog.text


def test_a_wrong_password_and_an_unknown_user_are_told_at_once(party: Credentials) -> None:
    began = time.monotonic()
    for wrong in ({"password": SecretStr("nope")}, {"username": "nobody"}):
        error = refused(with_kafka(party, **wrong))
        assert isinstance(error, WrongUserOrPassword)
        assert "nope" not in str(error)
    assert time.monotonic() - began < 10


def test_another_partys_inbox_is_not_allowed(brokers: Brokers, party: Credentials) -> None:
    other = brokers.party(f"sdk-{next(_names)}")
    topics = party.topics.model_copy(update={"inbox": other.topics.inbox})
    assert isinstance(refused(party.model_copy(update={"topics": topics})), NotAllowed)


def test_a_right_taken_away_surfaces_on_the_future(brokers: Brokers, party: Credentials) -> None:
    with Producer(party, receipts=False) as producer:
        producer.emit(completed(party.party)).result(10)
        with connected(brokers.access) as admin:
            admin.revoke([party.party])
        end = time.monotonic() + 10
        error = None
        while error is None and time.monotonic() < end:
            error = producer.emit(completed(party.party)).exception(10)
    assert isinstance(error, NotAllowed)


def test_brokers_away_is_told_within_the_patience(party: Credentials) -> None:
    with closing(socket.socket()) as nobody:
        nobody.bind(("127.0.0.1", 0))
        away = with_kafka(party, bootstrap_servers=f"127.0.0.1:{nobody.getsockname()[1]}")
        began = time.monotonic()
        assert isinstance(refused(away, patience=0.5), BrokersAway)
    assert time.monotonic() - began < 3


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_black_hole_is_brokers_away(party: Credentials) -> None:
    """Something listens and says nothing, as a stopped broker does."""
    with closing(socket.create_server(("127.0.0.1", 0))) as hole:
        away = with_kafka(party, bootstrap_servers=f"127.0.0.1:{hole.getsockname()[1]}")
        assert isinstance(refused(away, patience=1.0), BrokersAway)


class Stalling:
    """A broker of the test's own, which can be stopped where it stands."""

    def __init__(self, folder: Path) -> None:
        self._broker = services.new_kafka(folder)
        self._broker.start()
        self.operator = services.Kafka(
            self._broker.bootstrap_servers, self._broker.password
        ).operator

    @contextmanager
    def stalled(self) -> Iterator[None]:
        assert self._broker.process
        process = self._broker.process.process
        process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            process.send_signal(signal.SIGCONT)

    def close(self) -> None:
        self._broker.stop()


def emit_without_end(producer: Producer, emitted: list[Delivery]) -> None:
    """Emit until it blocks too long, or until it is told that the first event will not arrive.

    Which comes first is chance: as batches expire, room comes free.
    """
    for number in count():
        emitted.append(producer.emit(completed(producer.party, number)))
        if emitted[0].done():
            emitted[0].result()


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.kills
def test_a_stalled_broker_blocks_emit_and_grows_nothing(tmp_path: Path) -> None:
    with ExitStack() as stack:
        broker = stack.enter_context(closing(Stalling(tmp_path)))
        party = Brokers(broker.operator).party("stalled")
        producer = Producer(party, deadline=1.0, in_flight=2_000_000, receipts=False)
        stack.callback(producer.close)
        producer.emit(completed("stalled")).result(10)
        emitted: list[Delivery] = []
        before = resident_bytes()
        with broker.stalled(), pytest.raises(BrokersAway):
            emit_without_end(producer, emitted)
        assert 500 < len(emitted) < 10_000
        assert resident_bytes() - before < 40_000_000
        with pytest.raises(BrokersAway):
            producer.flush(20)
        producer.emit(completed("stalled")).result(20)


# -- receipts ---------------------------------------------------------------------------


def test_a_receipt_finds_its_event(brokers: Brokers, party: Credentials) -> None:
    topic = str(party.topics.receipts)
    brokers.say(topic, [recorded(1, ("jejak.inbox.old", 0, 0))])
    with Producer(party) as producer:
        sent = producer.emit(completed(party.party)).result(10)
        delivery = producer.emit(completed(party.party))
        later = delivery.result(10)
        awaited = producer.receipt_of(sent)
        brokers.say(
            topic,
            [
                recorded(2, sent.source, event_id=sent.event_id),
                recorded(3, later.source, outcome="refused", reason="late", position=None),
            ],
        )
        assert awaited.result(10).event_id == sent.event_id
        assert producer.receipt(delivery, 10).reason == "late"


def test_several_producers_of_a_party_each_get_their_own_receipts(
    brokers: Brokers, party: Credentials
) -> None:
    topic = str(party.topics.receipts)
    with Producer(party) as one, Producer(party) as other:
        events = [completed(party.party, number) for number in range(40)]
        # Each sends half, and one event is sent by both.
        deliveries = [
            (producer, producer.emit(event))
            for producer, mine in ((one, events[:21]), (other, events[20:]))
            for event in mine
        ]
        sent = [delivery.result(10) for _, delivery in deliveries]
        brokers.say(
            topic,
            [recorded(seq, at.source, event_id=at.event_id) for seq, at in enumerate(sent, 1)],
        )
        for seq, (producer, delivery) in reversed(list(enumerate(deliveries, 1))):
            told = producer.receipt(delivery, 10)
            assert (told.seq, told.event_id) == (seq, delivery.event_id)


def test_a_file_begun_without_waiting_finds_its_receipts_later(
    brokers: Brokers,
    party: Credentials,
    home: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = write_rows(tmp_path / "rows.jsonl", party.party, range(1_200))
    words = ("emit", str(path), "--identity", party.party, "--json")
    assert jejak(home, *words, "--no-wait") == 0
    said = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    inbox = str(party.topics.inbox)
    sources = [(inbox, one["partition"], one["offset"]) for one in said]
    brokers.say(str(party.topics.receipts), answer(sources[::-1]))  # in another order
    assert jejak(home, *words, "--timeout", "10") == 0
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [one["position"] for one in told] == list(range(1_200, 0, -1))
    assert [one["event_id"] for one in told] == [one["event_id"] for one in said]
    assert len(brokers.read(inbox)) == 1_200


def test_the_backlog_ends_at_the_end_even_after_a_commit_marker(
    brokers: Brokers, party: Credentials
) -> None:
    topic = str(party.topics.receipts)
    for seq in (1, 2):
        brokers.say(topic, [recorded(seq, ("t", 0, seq))])
    with closing(kafka.KafkaInlet(party.kafka, topic, 10)) as inlet:
        seen = list(backlog(inlet, 0))
        assert [one.receipt.seq for one in seen] == [1, 2]
        assert list(backlog(inlet, seen[-1].bookmark.offset, seen[-1].bookmark)) == []
        assert inlet.at_time(int(time.time() * 1_000) + 3_600_000) == inlet.end()


# -- the commands -----------------------------------------------------------------------


@pytest.fixture
def home(tmp_path: Path, party: Credentials) -> Path:
    folder = tmp_path / "home" / "credentials"
    folder.mkdir(parents=True)
    (folder / f"{party.party}.toml").write_text(party.dump())
    return folder.parent


def write_rows(path: Path, party: str, numbers: range) -> Path:
    lines = []
    for number in numbers:
        fields = completed(party, number).model_dump(mode="json", exclude_none=True)
        del fields["event_id"]  # the journal's to fix
        lines.append(json.dumps({"event": "CourseCompleted"} | fields))
    path.write_text("\n".join(lines) + "\n")
    return path


def jejak(home: Path, *words: str) -> int:
    return cli.run([*words, "--home", str(home)], debug=False)


def answer(sources: list[tuple[str, int, int]], start: int = 1) -> list[Receipt]:
    return [recorded(start + place, source) for place, source in enumerate(sources)]


def test_emit_without_waiting_sends_each_line_once(
    brokers: Brokers,
    party: Credentials,
    home: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = write_rows(tmp_path / "rows.jsonl", party.party, range(30))
    for expected in (0, 0):
        words = ("emit", str(path), "--identity", party.party, "--no-wait", "--json")
        assert jejak(home, *words) == expected
        said = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        assert [one["outcome"] for one in said] == ["sent"] * 30
    there = brokers.read(str(party.topics.inbox))
    assert {str(codec.read(v).event.event_id) for *_, v in there} == {o["event_id"] for o in said}
    assert len(there) == 30


def test_emit_tells_the_receipts_and_a_rerun_repeats_them(
    brokers: Brokers,
    party: Credentials,
    home: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = write_rows(tmp_path / "rows.jsonl", party.party, range(3))
    words = ("emit", str(path), "--identity", party.party, "--json")
    # The first run is not answered in time: exit 3, and the events are acknowledged.
    assert jejak(home, *words, "--timeout", "1") == 3
    said = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [one["outcome"] for one in said] == ["sent"] * 3
    sources = [(str(party.topics.inbox), one["partition"], one["offset"]) for one in said]
    first, second, third = answer(sources)
    refusal = {"outcome": "refused", "reason": "late", "field": "occurred_at", "position": None}
    brokers.say(str(party.topics.receipts), [first, second, third.model_copy(update=refusal)])
    for _ in range(2):
        assert jejak(home, *words, "--timeout", "10") == 1
        said = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        assert [one["outcome"] for one in said] == ["recorded", "recorded", "refused"]
        assert (said[2]["line"], said[2]["field"], said[2]["reason"]) == (3, "occurred_at", "late")
    assert len(brokers.read(str(party.topics.inbox))) == 3


def test_receipts_shows_what_came_since_the_last_look(
    brokers: Brokers, party: Credentials, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    topic = str(party.topics.receipts)
    words = ("receipts", "--identity", party.party, "--json")

    def seen(*more: str) -> list[int]:
        assert jejak(home, *words, *more) == 0
        return [json.loads(line)["seq"] for line in capsys.readouterr().out.splitlines()]

    assert seen() == []
    brokers.say(topic, [recorded(1, ("t", 0, 0)), recorded(2, ("t", 0, 1))])
    assert seen() == [1, 2]
    assert seen() == []
    brokers.say(topic, [recorded(3, ("t", 0, 2), outcome="refused", reason="late")])
    assert seen("--since", "2026-01-01") == [1, 2, 3]
    assert seen("--refused") == [3]
    assert seen() == [3]  # what a filter may have hidden does not count as seen
    assert seen() == []


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("emit", "no.jsonl", "--identity", "PARTY"), 1, "there is no file no.jsonl"),
        (("emit", ".", "--identity", "PARTY"), 1, "is a directory"),
        (("emit", "empty", "--identity", "PARTY"), 1, "is empty"),
        (("emit", "no.jsonl", "--identity", "nobody"), 1, "no credentials of nobody"),
        (("emit", "no.jsonl"), 2, "--identity"),
        (("validate", "half.jsonl"), 1, ""),
        (("receipts", "--identity", "PARTY", "--since", "monday"), 2, "--since monday"),
        (("void", "x", "--identity", "PARTY", "--reason", "wrong"), 2, "is no event id"),
    ],
)
def test_bad_use_is_one_clear_line_and_its_exit_code(  # noqa: PLR0917  a table of cases
    words: tuple[str, ...],
    code: int,
    said: str,
    home: Path,
    party: Credentials,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("empty").touch()
    Path("half.jsonl").write_text('{"event": "CourseCom')
    words = tuple(party.party if word == "PARTY" else word for word in words)
    assert jejak(home, *words) == code
    talk = capsys.readouterr()
    assert said in talk.err
    assert talk.err.count("\n") <= 1
