"""Events of a rush are handed over together, in order, and none of them is left behind."""

import math
import threading

import pytest

from jejak_producers import Packed, Producer, pack
from jejak_producers.delivery import Delivery
from jejak_producers.gathering import Gathering
from jejak_producers.ports import Headers, Pending
from tests.unit.test_producer import LAN, FakeOutbox, completed

PACKED = pack(completed(), "lan")


@pytest.fixture
def outbox() -> FakeOutbox:
    return FakeOutbox()


@pytest.fixture
def gathering(outbox: FakeOutbox) -> Gathering:
    made = Gathering(outbox, "jejak.inbox.lan")
    made._watched = True  # so that nobody hands over but the test
    return made


def add(gathering: Gathering, *, now: float, packed: Packed = PACKED) -> Delivery:
    delivery = Delivery(gathering, packed.event_id, 0, math.inf)
    gathering.add(delivery, packed, (), now)
    return delivery


def test_a_few_events_are_handed_over_one_by_one(gathering: Gathering, outbox: FakeOutbox) -> None:
    for sent in range(1, 32):
        add(gathering, now=5.0)
        assert len(outbox.messages) == sent


def test_events_of_a_rush_wait_for_one_another(gathering: Gathering, outbox: FakeOutbox) -> None:
    for _ in range(32 + 127):
        add(gathering, now=5.0)
    assert len(outbox.messages) == 32
    add(gathering, now=5.0)
    assert len(outbox.messages) == 32 + 128


def test_no_event_of_a_rush_waits_for_more_than_a_moment(
    gathering: Gathering, outbox: FakeOutbox
) -> None:
    for number in range(32):
        add(gathering, now=5 + number / 1_000)
    for number in range(32, 43):
        add(gathering, now=5 + number / 1_000)
        assert len(outbox.messages) == 32
    add(gathering, now=5.0431)
    assert len(outbox.messages) == 44


def test_who_asks_for_the_end_of_one_does_not_wait_for_others(
    gathering: Gathering, outbox: FakeOutbox
) -> None:
    deliveries = [add(gathering, now=5.0) for _ in range(60)]
    assert len(outbox.messages) == 32
    assert deliveries[40].result().offset == 40
    assert [one.result().offset for one in deliveries] == list(range(60))


def test_an_event_that_the_client_does_not_take_stays_first(
    gathering: Gathering, outbox: FakeOutbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliveries = [add(gathering, now=5.0) for _ in range(40)]
    with monkeypatch.context() as broken:
        broken.setattr(outbox, "send", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            gathering.hand_over()
    assert [one.result().offset for one in deliveries] == list(range(40))


class Counting(FakeOutbox):
    """Says when it has got so many."""

    def __init__(self, awaited: int) -> None:
        super().__init__()
        self.awaited = awaited
        self.all_there = threading.Event()

    def send(self, partition: int, key: bytes, value: bytes, headers: Headers = ()) -> Pending:
        pending = super().send(partition, key, value, headers)
        if len(self.messages) == self.awaited:
            self.all_there.set()
        return pending


def test_what_a_rush_leaves_behind_is_sent_though_nobody_asks() -> None:
    outbox = Counting(awaited=300)
    with Producer(LAN, receipts=False, outbox=outbox) as producer:
        packed = [producer.pack(completed()) for _ in range(300)]
        for one in packed:
            producer.send(one)
        assert outbox.all_there.wait(20)
    assert [value for _, _, value in outbox.messages] == [one.value for one in packed]


def test_threads_that_emit_at_once_lose_nothing() -> None:
    outbox = Counting(awaited=2_000)
    with Producer(LAN, receipts=False, outbox=outbox) as producer:

        def emit() -> None:
            ends.extend(producer.emit(completed()) for _ in range(500))

        ends: list[Delivery] = []
        threads = [threading.Thread(target=emit) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        producer.flush()
        assert sorted(one.result().offset for one in ends) == list(range(2_000))
