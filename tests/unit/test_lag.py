"""Which partitions of inboxes are stopped, and how far the others are read."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from jejak import lag
from jejak.kafka_admin import Log
from jejak_lrs.ledger.inboxes import Inbox

OLD, NEW = UUID(int=1), UUID(int=2)
NOW = datetime(2026, 11, 24, tzinfo=UTC)


def inbox(
    next_offset: int = 0, *, topic_id: UUID = OLD, partition: int = 0, generation: int = 1
) -> Inbox:
    return Inbox(topic_id, partition, "t", "lan", generation, next_offset, next_offset)


def log(first: int, end: int, topic_id: UUID = OLD) -> dict[str, Log]:
    return {"t": Log(topic_id, {0: (first, end)})}


@pytest.mark.parametrize("next_offset", [3, 5, 9])
def test_an_offset_within_the_log_or_at_its_end_is_read_on(next_offset: int) -> None:
    (state,) = lag.compare([inbox(next_offset)], log(3, 9))
    assert (state.stopped, state.lag) == (None, 9 - next_offset)


@pytest.mark.parametrize(("next_offset", "why"), [
    (2, "the ledger stands at 2, the log holds [3, 9)"),
    (10, "the ledger stands at 10, the log holds [3, 9)"),
])  # fmt: skip
def test_an_offset_outside_the_log_stops(next_offset: int, why: str) -> None:
    (state,) = lag.compare([inbox(next_offset)], log(3, 9))
    assert (state.stopped, state.lag) == (why, None)


def test_a_topic_that_is_gone_replaced_or_smaller_stops() -> None:
    told = [
        lag.compare([inbox()], {}),
        lag.compare([inbox()], log(0, 1, NEW)),
        lag.compare([inbox(partition=1)], log(0, 1)),
    ]
    assert [state.stopped for (state,) in told] == [
        "its topic is gone",
        f"its topic was replaced: the ledger reads the topic with id {OLD}, Kafka has {NEW}",
        "the topic has no such partition",
    ]


def test_of_a_topic_made_and_opened_again_only_the_new_one_counts() -> None:
    rows = [inbox(7), inbox(7, partition=1), inbox(topic_id=NEW, generation=2)]
    (state,) = lag.compare(rows, log(0, 4, NEW))
    assert (state.stopped, state.generation, state.lag) == (None, 2, 4)


def test_of_a_topic_that_is_gone_each_partition_is_told_once() -> None:
    (state,) = lag.compare([inbox(7), inbox(2, topic_id=NEW, generation=2)], {})
    assert (state.generation, state.stopped) == (2, "its topic is gone")


def test_the_age_is_that_of_the_oldest_unread_message_and_never_below_zero() -> None:
    waiting = lag.compare([inbox(3)], log(0, 9))
    ages = [
        lag.aged(waiting, {("t", 0): NOW - timedelta(seconds=90)}, NOW),
        lag.aged(waiting, {("t", 0): NOW + timedelta(seconds=5)}, NOW),
        lag.aged(waiting, {}, NOW),
        lag.aged(lag.compare([inbox(9)], log(0, 9)), {}, NOW),
        lag.aged(lag.unknown([inbox()]), {}, NOW),
    ]
    assert [state.lag_seconds for (state,) in ages] == [90, 0, None, 0, None]
