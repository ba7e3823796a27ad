"""Sends a nation's deliveries, each as its own party, and keeps what every party was told."""

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from uuid import UUID

from jejak.errors import Fatal
from jejak.home import Home
from jejak_producers import Producer
from jejak_producers.delivery import Awaited, Packed
from jejak_producers.simulate import Delivery, Phase
from jejak_schemas.outgoing import Receipt

PATIENCE = 120.0  # seconds for the last receipt of a phase
_UNREADABLE = UUID(int=0)

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Answered:
    """A delivery and the receipt that its party got."""

    delivery: Delivery
    receipt: Receipt


@dataclass(slots=True)
class Told:
    """What the parties were told: how often each outcome, and those worth showing."""

    delivered: int = 0
    outcomes: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    reasons: Counter[str] = field(default_factory=Counter)
    warnings: Counter[str] = field(default_factory=Counter)
    noted: list[Answered] = field(default_factory=list)

    def take(self, answered: Answered) -> None:
        """Count one receipt."""
        receipt = answered.receipt
        self.delivered += 1
        self.outcomes[answered.delivery.party][receipt.outcome] += 1
        self.warnings.update(receipt.warnings)
        if receipt.reason:
            self.reasons[receipt.reason] += 1
        if answered.delivery.note or receipt.outcome != "recorded":
            self.noted.append(answered)

    def count(self, outcome: str) -> int:
        """How many messages became this."""
        return sum(counts[outcome] for counts in self.outcomes.values())


class Cast:
    """The parties as producers, opened when they first speak."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._stack = ExitStack()
        self._producers: dict[str, Producer] = {}

    def close(self) -> None:
        """Close every producer."""
        self._stack.close()

    def send(self, delivery: Delivery) -> Awaited:
        """Send one message as its party; the future of its receipt."""
        event = delivery.event
        packed = Packed(
            event.event_id if event else _UNREADABLE,
            type(event).__name__ if event else "?",
            delivery.key,
            delivery.value,
        )
        producer = self._producer(delivery.party)
        return producer.await_receipt(producer.send(packed))

    def _producer(self, party: str) -> Producer:
        if party not in self._producers:
            producer = Producer(self._home.credentials_file(party))
            self._producers[party] = self._stack.enter_context(producer)
        return self._producers[party]


@contextmanager
def cast(home: Home) -> Iterator[Cast]:
    """The parties of a home as producers, closed at the end."""
    made = Cast(home)
    try:
        yield made
    finally:
        made.close()


def play(actors: Cast, phases: Iterable[Phase], told: Told, tell: Tell) -> None:
    """Send phase by phase; the next begins when every receipt of the last has come."""
    for phase in phases:
        began = time.monotonic()
        sent = [(delivery, actors.send(delivery)) for delivery in phase.deliveries]
        deadline = time.monotonic() + PATIENCE
        for delivery, awaited in sent:
            told.take(Answered(delivery, _receipt(awaited, deadline)))
        tell(f"{phase.name}: {len(sent)} messages, {time.monotonic() - began:.1f} s")


def _receipt(awaited: Awaited, deadline: float) -> Receipt:
    try:
        return awaited.result(max(0.1, deadline - time.monotonic()))
    except TimeoutError:
        raise Fatal("a receipt did not come; see the logs of the loops") from None
