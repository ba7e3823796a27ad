"""How far each inbox is read, and whether it can be read on.

A partition is stopped if going on would lose or invent something: a recorder has found it so, its
topic is not the one whose offsets the ledger keeps, or its log does not hold the offset that comes
next. docs/operating.md, "A stopped partition", says what to do.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from jejak.kafka_admin import Log, Place
from jejak_consumers.messages import TopicPartition
from jejak_lrs.ledger.inboxes import Inbox


@dataclass(frozen=True, slots=True)
class InboxState:
    """One inbox partition: what the ledger has read, what the brokers hold.

    `first_offset`, `end_offset` None: unknown. `lag_seconds`: the age of the oldest message not
    read, by its producer's clock; 0 where all is read, None where unknown. `stopped`: why.
    """

    topic: str
    partition: int
    party: str
    generation: int
    next_offset: int
    first_offset: int | None = None
    end_offset: int | None = None
    lag_seconds: float | None = None
    stopped: str | None = None

    @property
    def lag(self) -> int | None:
        """How many messages the party has delivered that are not in the ledger yet."""
        if self.end_offset is None or self.stopped:
            return None
        return self.end_offset - self.next_offset


def unknown(stored: Iterable[Inbox]) -> list[InboxState]:
    """The inboxes, where the brokers say nothing."""
    return [replace(_state(inbox), stopped=inbox.stopped) for inbox in stored]


def compare(stored: Sequence[Inbox], logs: Mapping[str, Log]) -> list[InboxState]:
    """The inboxes, by generation, beside what the brokers hold."""
    return [_judge(inbox, logs.get(inbox.topic)) for inbox in _current(stored, logs)]


def stopped(states: Iterable[InboxState], why: Mapping[TopicPartition, str]) -> list[InboxState]:
    """The same, with what else stops some of them."""
    return [
        replace(state, stopped=state.stopped or why.get(TopicPartition(*_place(state))))
        for state in states
    ]


def aged(
    states: Iterable[InboxState], written: Mapping[Place, datetime], now: datetime
) -> list[InboxState]:
    """The same with `lag_seconds`, from when the oldest unread message of each was written."""
    return [
        replace(state, lag_seconds=_age(state, written, now)) if state.lag is not None else state
        for state in states
    ]


def _current(stored: Sequence[Inbox], logs: Mapping[str, Log]) -> list[Inbox]:
    """A topic that was made again and opened again has older rows: leave those out.

    Where no row is of the topic that is there, the latest of each partition.
    """
    there = {name: log.topic_id for name, log in logs.items()}
    read = {inbox.topic for inbox in stored if there.get(inbox.topic) == inbox.topic_id}
    current = {
        (inbox.topic, inbox.partition): inbox
        for inbox in stored
        if inbox.topic not in read or there[inbox.topic] == inbox.topic_id
    }
    return list(current.values())


def _judge(inbox: Inbox, log: Log | None) -> InboxState:
    state = _state(inbox)
    if log is None:
        return replace(state, stopped="its topic is gone")
    if log.topic_id != inbox.topic_id:
        return replace(
            state,
            stopped=f"its topic was replaced: the ledger reads the topic with id {inbox.topic_id}, "
            f"Kafka has {log.topic_id}",
        )
    if inbox.partition not in log.bounds:
        return replace(state, stopped="the topic has no such partition")
    first, end = log.bounds[inbox.partition]
    held = replace(state, first_offset=first, end_offset=end)
    if inbox.stopped is not None:
        return replace(held, stopped=inbox.stopped)
    if first <= inbox.next_offset <= end:
        return held
    gap = f"the ledger stands at {inbox.next_offset}, the log holds [{first}, {end})"
    return replace(held, stopped=gap)


def _state(inbox: Inbox) -> InboxState:
    return InboxState(
        inbox.topic, inbox.partition, inbox.party, inbox.generation, inbox.next_offset
    )


def _place(state: InboxState) -> Place:
    return state.topic, state.partition


def _age(state: InboxState, written: Mapping[Place, datetime], now: datetime) -> float | None:
    if not state.lag:
        return 0.0
    at = written.get(_place(state))
    return None if at is None else max(0.0, (now - at).total_seconds())
