"""Sends a nation's deliveries, each as its own party, and keeps what every party was told."""

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from uuid import UUID

from jejak.errors import Fatal
from jejak.home import Home
from jejak_producers import BrokersAway, NoReceipt, Producer
from jejak_producers.delivery import Awaited, Packed
from jejak_producers.simulate import Delivery, Phase
from jejak_schemas import codec
from jejak_schemas.outgoing import Receipt

PATIENCE = 60  # seconds for one receipt
AT_ONCE = 8  # producers opened side by side
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
    """The parties as producers, each opened before it first speaks."""

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
            event.event_id if event else _id_in(delivery.value),
            type(event).__name__ if event else "?",
            delivery.key,
            delivery.value,
        )
        producer = self._producers[delivery.party]
        return producer.await_receipt(producer.send(packed))

    def enter(self, parties: Iterable[str]) -> None:
        """Open the producers of parties that have not spoken yet, several at a time."""
        new = sorted(set(parties) - self._producers.keys())
        with ThreadPoolExecutor(AT_ONCE) as pool:
            opened = pool.map(lambda party: Producer(self._home.credentials_file(party)), new)
            for party, producer in zip(new, opened, strict=True):
                self._producers[party] = self._stack.enter_context(producer)


@contextmanager
def cast(home: Home) -> Iterator[Cast]:
    """The parties of a home as producers, closed at the end."""
    made = Cast(home)
    try:
        yield made
    finally:
        made.close()


def play(
    actors: Cast, phases: Iterable[Phase], told: Told, tell: Tell, tend: Callable[[], None]
) -> None:
    """Send phase by phase; the next begins when every receipt of the last has come.

    `tend` is called about every second of waiting, to look after the loops.
    """
    for phase in phases:
        began = time.monotonic()
        deliveries = list(phase.deliveries)
        actors.enter(delivery.party for delivery in deliveries)
        sent = [(delivery, actors.send(delivery)) for delivery in deliveries]
        for delivery, awaited in sent:
            told.take(Answered(delivery, _receipt(awaited, tend)))
        tell(f"{phase.name}: {len(sent)} messages, {time.monotonic() - began:.1f} s")


def _id_in(value: bytes) -> UUID:
    """The id by which the receipt of a broken message will call it, if it can be read."""
    try:
        return codec.read(value).event.event_id
    except codec.Refusal as refusal:
        return refusal.event_id or _UNREADABLE


def _receipt(awaited: Awaited, tend: Callable[[], None]) -> Receipt:
    for _ in range(PATIENCE):
        try:
            return awaited.result(timeout=1.0)
        except (NoReceipt, BrokersAway):
            if awaited.done():
                raise
            tend()
    raise Fatal(f"a receipt did not come within {PATIENCE} s")
