"""What the provider's SDK promises, against fakes of its ports."""

import io
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from pydantic import SecretStr

from jejak_producers import (
    BadEvent,
    BrokersAway,
    Closed,
    Credentials,
    NoReceipt,
    NotAllowed,
    Packed,
    Producer,
    ProducerError,
    Sent,
    pack,
)
from jejak_producers.answers import Answers
from jejak_producers.bulk import Outcome, Sending
from jejak_producers.journal import Journal
from jejak_producers.kafka import murmur2
from jejak_producers.ports import Headers, Inlet, Message, Outbox, Pending
from jejak_producers.receipts import Chain, backlog
from jejak_producers.rows import read
from jejak_schemas import codec
from jejak_schemas.credentials import KafkaAccess, Topics
from jejak_schemas.events import CourseCompleted, Event, Genesis
from jejak_schemas.outgoing import Receipt
from jejak_schemas.parts import Activity, PersonRef

NIP = "198503152010011001"
EPOCH = UUID("00000000-0000-4000-8000-00000000e90c")
LAN = Credentials(
    party="lan",
    roles=("lan", "provider"),
    kafka=KafkaAccess(bootstrap_servers="x:1", username="lan", password=SecretStr("secret")),
    topics=Topics(inbox="jejak.inbox.lan", receipts="jejak.receipts.lan"),
)


class FakePending(Pending):
    """A message that the test settles."""

    def __init__(self) -> None:
        self.is_done = False
        self.value: Any = None
        self.exception: BaseException | None = None
        self._calls: list[Callable[[object], object]] = []

    def get(self, timeout: float | None = None) -> Any:
        time.sleep(min(timeout or 0, 0.01))

    def add_both(self, call: Callable[[object], object]) -> None:
        if self.is_done:
            call(None)
        else:
            self._calls.append(call)

    def settle(self, offset: int | None, error: Exception | None = None) -> None:
        self.value, self.exception = type("At", (), {"offset": offset}), error
        self.is_done = True
        for call in self._calls:
            call(None)


class FakeOutbox(Outbox):
    """A broker in memory; acknowledges at once unless told to hold."""

    def __init__(self, *, hold: bool = False, fail_after: int | None = None) -> None:
        self.hold = hold
        self.fail_after = fail_after
        self.messages: list[tuple[int, bytes, bytes]] = []
        self.headers: list[Headers] = []
        self.pending: list[FakePending] = []
        self.closed: bool | None = None

    def partitions(self) -> int:
        return 2

    def send(self, partition: int, key: bytes, value: bytes, headers: Headers = ()) -> Pending:
        pending = FakePending()
        self.pending.append(pending)
        if self.fail_after is not None and len(self.pending) > self.fail_after:
            pending.settle(None, OSError("gone"))
            return pending
        self.messages.append((partition, key, value))
        self.headers.append(headers)
        if not self.hold:
            pending.settle(len(self.messages) - 1)
        return pending

    def explain(self, error: BaseException) -> ProducerError:
        return NotAllowed() if isinstance(error, PermissionError) else BrokersAway()

    def close(self, *, force: bool) -> None:
        self.closed = force
        for pending in self.pending:
            if not pending.is_done:
                pending.settle(None, OSError("closed"))


class FakeInlet(Inlet):
    """A receipts topic in memory."""

    def __init__(self) -> None:
        self.log: list[Message] = []
        self.first = 0
        self.at = 0
        self.asked: list[int] = []

    def publish(self, receipt: Receipt) -> None:
        self.log.append(Message(len(self.log), 1_000, codec.encode(receipt)))

    def end(self) -> int:
        self.asked.append(len(self.log))
        return len(self.log)

    def beginning(self) -> int:
        return self.first

    def at_time(self, millis: int) -> int:
        return sum(message.millis < millis for message in self.log)

    def seek(self, offset: int) -> None:
        self.at = offset

    def position(self) -> int:
        return self.at

    def poll(self, seconds: float) -> Sequence[Message]:
        found = self.log[self.at :]
        self.at += len(found)
        if not found:
            time.sleep(min(seconds, 0.005))
        return found

    def close(self) -> None:
        self.at = -1


def completed(nip: str = NIP, **rest: Any) -> CourseCompleted:
    return CourseCompleted(
        occurred_at=rest.pop("occurred_at", datetime(2026, 3, 9, 2, 15, tzinfo=UTC)),
        party=rest.pop("party", "lan"),
        learner=PersonRef(nip=nip),
        activity=Activity(id="https://lan.example/pka", name={"id": "PKA"}),
        **rest,
    )


def receipt(seq: int, offset: int, partition: int = 0, **rest: Any) -> Receipt:
    said = {"outcome": "recorded", "position": seq, "epoch": EPOCH, "prev_seq": seq - 1} | rest
    said |= {"seq": seq, "topic": "jejak.inbox.lan", "partition": partition, "offset": offset}
    return Receipt.model_validate(said)


@pytest.fixture
def outbox() -> FakeOutbox:
    return FakeOutbox(hold=True)


@pytest.fixture
def inlet() -> FakeInlet:
    return FakeInlet()


@pytest.fixture
def producer(outbox: FakeOutbox, inlet: FakeInlet) -> Iterator[Producer]:
    made = Producer(LAN, deadline=0.2, outbox=outbox, inlet=inlet)
    yield made
    for pending in outbox.pending:
        if not pending.is_done:
            pending.settle(0)
    made._flight.unseen_failure()
    made.close()


# -- emitting ---------------------------------------------------------------------------


def test_a_future_resolves_only_once_the_brokers_acknowledged(
    producer: Producer, outbox: FakeOutbox
) -> None:
    event = completed()
    delivery = producer.emit(event)
    assert not delivery.done()
    with pytest.raises(TimeoutError):
        delivery.result(0.02)
    outbox.pending[0].settle(41)
    partition = murmur2(NIP.encode()) % 2
    assert delivery.result() == Sent(event.event_id, "jejak.inbox.lan", partition, 41)


@pytest.mark.parametrize(
    ("key", "java"),
    [
        (b"21", -973932308),
        (b"foobar", -790332482),
        (b"a-little-bit-long-string", -985981536),
        (b"a-little-bit-longer-string", -1486304829),
        (b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971),
        (b"abc", 479470107),
    ],
)
def test_the_partition_is_the_one_javas_client_chooses(key: bytes, java: int) -> None:
    """Vectors of Kafka's own `UtilsTest.testMurmur2`."""
    assert murmur2(key) == java & 0x7FFFFFFF


def test_key_and_value_are_the_learner_and_the_encoded_event(
    producer: Producer, outbox: FakeOutbox
) -> None:
    event = completed()
    producer.emit(event)
    partition, key, value = outbox.messages[0]
    assert key == NIP.encode()
    assert codec.read(value).event == event
    assert partition == murmur2(key) % 2


@pytest.mark.parametrize(
    ("event", "reason", "field"),
    [
        (completed(party="fia"), "wrong-party", "party"),
        (
            completed(occurred_at=datetime.now(UTC) + timedelta(hours=25)),
            "occurred-in-future",
            "occurred_at",
        ),
        (
            Genesis(
                occurred_at=datetime(2026, 1, 1, tzinfo=UTC),
                party="lan",
                epoch=EPOCH,
                institutions=(),
            ),
            "system-only",
            None,
        ),
    ],
)
def test_a_bad_event_is_refused_before_it_is_sent(
    producer: Producer, outbox: FakeOutbox, event: Event, reason: str, field: str | None
) -> None:
    with pytest.raises(BadEvent) as caught:
        producer.emit(event)
    assert (caught.value.reason, caught.value.field) == (reason, field)
    assert not outbox.messages


def test_nothing_that_prints_holds_the_nip(producer: Producer) -> None:
    delivery = producer.emit(completed())
    packed = pack(completed(), "lan")
    assert NIP not in repr(packed) + repr(delivery) + repr(producer)
    assert NIP not in str(BadEvent("unknown-field", f"names.{NIP}"))


def test_emit_waits_for_room_and_gives_up_after_the_deadline(inlet: FakeInlet) -> None:
    outbox = FakeOutbox(hold=True)
    producer = Producer(LAN, deadline=0.1, in_flight=5_000, outbox=outbox, inlet=inlet)
    producer.emit(completed())
    producer.emit(completed())
    with pytest.raises(BrokersAway):
        [producer.emit(completed()) for _ in range(8)]
    assert 1 <= len(outbox.messages) < 5
    for pending in outbox.pending:
        pending.settle(1)
    producer.emit(completed())
    outbox.pending[-1].settle(2)
    producer.close()


def test_a_failure_surfaces_on_its_future(producer: Producer, outbox: FakeOutbox) -> None:
    delivery = producer.emit(completed())
    outbox.pending[0].settle(None, PermissionError())
    assert isinstance(delivery.exception(), NotAllowed)
    with pytest.raises(NotAllowed):
        delivery.result()
    producer.flush()  # it was looked at, so it is not raised again


def test_a_failure_nobody_looked_at_is_raised_by_close(inlet: FakeInlet) -> None:
    outbox = FakeOutbox(hold=True)
    producer = Producer(LAN, outbox=outbox, inlet=inlet)
    producer.emit(completed())
    outbox.pending[0].settle(None, PermissionError())
    with pytest.raises(NotAllowed):
        producer.close()
    assert outbox.closed is False


def test_an_event_fails_at_its_deadline_even_if_the_client_says_nothing(
    producer: Producer, outbox: FakeOutbox
) -> None:
    delivery = producer.emit(completed())
    with pytest.raises(BrokersAway):
        delivery.result()
    outbox.pending[0].settle(3)
    assert delivery.result().offset == 3


def test_closing_with_unacknowledged_events_is_an_error(inlet: FakeInlet) -> None:
    outbox = FakeOutbox(hold=True)
    producer = Producer(LAN, deadline=0.05, outbox=outbox, inlet=inlet)
    delivery = producer.emit(completed())
    with pytest.raises(BrokersAway, match="1 events were not acknowledged"):
        producer.close()
    assert outbox.closed is True
    assert isinstance(delivery.exception(), BrokersAway)
    with pytest.raises(Closed):
        producer.emit(completed())
    producer.close()


def test_the_callers_own_error_is_the_one_that_leaves_the_block(inlet: FakeInlet) -> None:
    outbox = FakeOutbox()
    with pytest.raises(ZeroDivisionError), Producer(LAN, outbox=outbox, inlet=inlet) as producer:
        producer.emit(completed(jp_claimed=1 // 0))
    assert outbox.closed is False


def test_a_party_without_an_inbox_may_not_emit() -> None:
    reader = LAN.model_copy(update={"topics": Topics(receipts="jejak.receipts.lan")})
    with pytest.raises(NotAllowed):
        Producer(reader, outbox=FakeOutbox())


# -- receipts ---------------------------------------------------------------------------


def test_a_receipt_is_matched_by_where_the_message_lies(
    producer: Producer, outbox: FakeOutbox, inlet: FakeInlet
) -> None:
    awaited = producer.emit(completed(), wait="receipt")
    outbox.pending[0].settle(7)
    inlet.publish(receipt(1, 6, murmur2(NIP.encode()) % 2))
    inlet.publish(receipt(2, 7, murmur2(NIP.encode()) % 2, outcome="refused", reason="late"))
    told = awaited.result(5)
    assert (told.outcome, told.seq) == ("refused", 2)


def test_a_receipt_asked_for_late_is_not_missed(
    producer: Producer, outbox: FakeOutbox, inlet: FakeInlet
) -> None:
    first, second = producer.emit(completed()), producer.emit(completed())
    partition = murmur2(NIP.encode()) % 2
    outbox.pending[0].settle(0)
    outbox.pending[1].settle(1)
    inlet.publish(receipt(1, 0, partition))
    inlet.publish(receipt(2, 1, partition))
    assert producer.receipt(second, 5).seq == 2
    assert producer.receipt(first, 5).seq == 1
    assert producer.receipt(first, 5).seq == 1


def test_reading_begins_at_the_end_as_it_was_before_the_first_send(
    outbox: FakeOutbox, inlet: FakeInlet
) -> None:
    inlet.publish(receipt(1, 0))
    producer = Producer(LAN, outbox=outbox, inlet=inlet)
    assert inlet.asked == [1]
    assert producer.receipts_from == 1
    assert not outbox.messages
    producer.close()


def test_a_receipt_may_come_before_the_acknowledgement(
    producer: Producer, outbox: FakeOutbox, inlet: FakeInlet
) -> None:
    partition = murmur2(NIP.encode()) % 2
    early, other = producer.emit(completed(), wait="receipt"), producer.emit(completed())
    inlet.publish(receipt(1, 0, partition))
    inlet.publish(receipt(2, 1, partition))
    outbox.pending[1].settle(1)
    assert producer.receipt(other, 5).seq == 2  # so the first was read while nobody waited for it
    assert not early.done()
    outbox.pending[0].settle(0)
    assert early.result(5).seq == 1


def test_each_sending_of_one_event_gets_the_receipt_of_its_own_place(
    producer: Producer, outbox: FakeOutbox, inlet: FakeInlet
) -> None:
    event, partition = completed(), murmur2(NIP.encode()) % 2
    first, again = (producer.emit(event, wait="receipt") for _ in range(2))
    outbox.pending[0].settle(3)
    outbox.pending[1].settle(4)
    said = {"event_id": event.event_id, "position": 9}
    inlet.publish(receipt(1, 4, partition, outcome="duplicate", **said))
    inlet.publish(receipt(2, 3, partition, outcome="recorded", **said))
    assert (first.result(5).outcome, again.result(5).outcome) == ("recorded", "duplicate")


def test_no_receipt_is_told_apart_from_brokers_away(producer: Producer, outbox: FakeOutbox) -> None:
    awaited = producer.emit(completed(), wait="receipt")
    with pytest.raises(BrokersAway):
        awaited.result(0.05)
    outbox.pending[0].settle(0)
    with pytest.raises(NoReceipt):
        awaited.result(0.05)
    with pytest.raises(NoReceipt):
        awaited.exception(0.05)


def test_a_failed_send_fails_the_wait_for_its_receipt(
    producer: Producer, outbox: FakeOutbox
) -> None:
    awaited = producer.emit(completed(), wait="receipt")
    outbox.pending[0].settle(None, OSError())
    with pytest.raises(BrokersAway):
        awaited.result(1)
    producer.flush()


def test_closing_ends_the_wait_for_receipts(outbox: FakeOutbox, inlet: FakeInlet) -> None:
    producer = Producer(LAN, outbox=outbox, inlet=inlet)
    awaited = producer.emit(completed(), wait="receipt")
    outbox.pending[0].settle(0)
    producer.close()
    with pytest.raises(NoReceipt):
        awaited.result(1)


def test_a_chain_takes_the_next_link_and_no_other() -> None:
    chain = Chain()
    assert chain.accepts(receipt(5, 0))
    assert not chain.accepts(receipt(5, 0))
    assert not chain.accepts(receipt(4, 0))
    assert not chain.accepts(receipt(7, 0))
    assert chain.accepts(receipt(6, 0))
    assert chain.accepts(receipt(1, 0, epoch=UUID(int=1 << 76)))


def test_the_backlog_goes_on_where_it_ended_and_shows_nothing_twice(inlet: FakeInlet) -> None:
    for seq in (1, 2):
        inlet.publish(receipt(seq, seq))
    seen = list(backlog(inlet, 0))
    inlet.publish(receipt(2, 2))  # a republication
    inlet.publish(receipt(3, 3))
    after = list(backlog(inlet, 0, seen[-1].bookmark))
    assert [one.receipt.seq for one in seen] == [1, 2]
    assert [one.receipt.seq for one in after] == [3]
    assert after[-1].bookmark.offset == 4


def test_a_gap_that_retention_explains_is_read_over(inlet: FakeInlet) -> None:
    for seq in range(1, 6):
        inlet.publish(receipt(seq, seq))
    known = next(iter(backlog(inlet, 0))).bookmark
    inlet.first = 3
    assert [one.receipt.seq for one in backlog(inlet, known.offset, known)] == [4, 5]


# -- sending a file ---------------------------------------------------------------------


def lines(count: int) -> bytes:
    rows = (
        f'{{"event": "ProjectJoined", "occurred_at": "2026-03-09T02:15:00Z", "party": "lan", '
        f'"learner": {{"nip": "1985031520100{number:05d}"}}, '
        f'"activity": {{"id": "https://lan.example/p", "name": {{"id": "P"}}}}}}\n'
        for number in range(count)
    )
    return "".join(rows).encode()


def run(
    outbox: FakeOutbox,
    journal: Journal,
    source: bytes,
    inlet: FakeInlet | None = None,
    **again: bool,
) -> list[Outcome]:
    answers = Answers(inlet) if inlet else None
    with Producer(LAN, outbox=outbox, receipts=False) as producer:
        sending = Sending(producer, journal, answers, silence=5.0, **again)
        return list(sending.run(read(io.BytesIO(source), "f", "jsonl")))


def test_a_run_cut_off_anywhere_is_resumed_with_the_same_ids_and_bytes(tmp_path: Any) -> None:
    source = lines(1_200)
    sent: list[Packed | bytes] = []
    for cut in (0, 1, 499, 500, 50, None):
        outbox = FakeOutbox(fail_after=cut)
        journal = Journal(tmp_path / "f.jejak-journal")
        try:
            if cut is None:
                found = run(outbox, journal, source)
            else:
                with pytest.raises(BrokersAway):
                    run(outbox, journal, source)
        finally:
            journal.close()
        sent += [value for _, _, value in outbox.messages]
    ids = {codec.read(value).event.event_id for value in set(sent)}
    assert len(found) == 1_200
    assert len(set(sent)) == len(ids) == 1_200
    assert {one.event_id for one in found} == ids


def test_a_finished_file_sent_again_sends_nothing(tmp_path: Any) -> None:
    for expected in (3, 0):
        outbox, journal = FakeOutbox(), Journal(tmp_path / "j")
        assert [one.outcome for one in run(outbox, journal, lines(3))] == ["sent"] * 3
        journal.close()
        assert len(outbox.messages) == expected


def test_a_bad_line_is_told_and_the_others_are_sent(tmp_path: Any) -> None:
    outbox, journal = FakeOutbox(), Journal(tmp_path / "j")
    found = run(outbox, journal, lines(2) + b'{"event": "ProjectJ\n' + lines(1))
    journal.close()
    assert [one.outcome for one in found] == ["sent", "sent", "refused", "sent"]
    assert (found[2].line, found[2].reason) == (3, "not-json")


def test_each_line_gets_its_receipt(tmp_path: Any) -> None:
    outbox, inlet = FakeOutbox(), FakeInlet()
    told = lines(2)
    for number, raw in enumerate(told.splitlines()):
        key = raw.split(b'"nip": "')[1][:18]
        inlet.publish(receipt(number + 1, number, murmur2(key) % 2, warnings=("late",)))
    inlet.end = lambda: 0  # type: ignore[method-assign]
    journal = Journal(tmp_path / "j")
    found = run(outbox, journal, told, inlet)
    journal.close()
    assert [(one.outcome, one.position, one.warnings) for one in found] == [
        ("recorded", 1, ("late",)),
        ("recorded", 2, ("late",)),
    ]
    again = Journal(tmp_path / "j")
    assert again.unanswered(1, 2) == 0
    again.close()


def test_what_brokers_lost_or_the_ledger_refused_is_sent_again_with_the_same_bytes(
    tmp_path: Any,
) -> None:
    source, sent = lines(3), []
    for again in ({}, {"refused": True}, {"unanswered": True}, {"unanswered": True}):
        outbox, journal = FakeOutbox(), Journal(tmp_path / "j")
        found = run(outbox, journal, source, **again)
        if not again:  # the first is recorded, the second refused, the third never answered
            for one, outcome in zip(found, ("recorded", "refused"), strict=False):
                partition, offset = one.at or (0, 0)
                rest = {"outcome": outcome, "event_id": one.event_id}
                assert journal.tell(receipt(1, offset, partition, **rest))
        journal.close()
        sent.append([value for _, _, value in outbox.messages])
    first, refused, unanswered, still = sent
    assert refused == first[1:2]
    assert unanswered == still == first[1:]
