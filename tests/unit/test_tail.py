"""A group that was told of more than the ledger holds: in one life of ledger and topic only."""

from uuid import UUID

from jejak import lag
from jejak.kafka_admin import Log
from jejak_consumers import tail
from jejak_consumers.messages import Reported, TopicPartition
from jejak_lrs.ledger.inboxes import Inbox

EPOCH, LATER, TOPIC, REMADE = (UUID(int=number) for number in range(4))
WHERE = TopicPartition("t", 0)
INBOX = Inbox(TOPIC, 0, "t", "lan", 1, 5, 5)


def lost(told: Reported, epoch: UUID = EPOCH) -> bool:
    return bool(tail.lost(epoch, [INBOX], {WHERE: told}))


def test_only_more_than_the_ledger_holds_is_a_loss() -> None:
    life = tail.life(EPOCH, TOPIC)
    assert [lost(Reported(told, life)) for told in (0, 4, 5, 6)] == [False, False, False, True]
    assert tail.lost(EPOCH, [INBOX], {}) == {}


def test_what_was_told_in_another_life_is_no_loss() -> None:
    assert not lost(Reported(6, tail.life(EPOCH, TOPIC)), LATER)
    assert not lost(Reported(6, tail.life(EPOCH, REMADE)))
    assert not lost(Reported(6, ""))


def test_a_lost_tail_stops_its_partition_in_the_status() -> None:
    states = lag.compare([INBOX], {"t": Log(TOPIC, {0: (0, 9)})})
    why = tail.lost(EPOCH, [INBOX], {WHERE: Reported(8, tail.life(EPOCH, TOPIC))})
    (state,) = lag.stopped(states, why)
    assert state.stopped == "the ledger stands at 5, it had recorded up to 8: its end is lost"
    assert state.lag is None
