"""What settles messages in quarantine, from the front door: redrives them, or discards them."""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from jejak.loops import door_rules, finisher, framing
from jejak.services import Services
from jejak_consumers.redrive import Redriver
from jejak_lrs import roles
from jejak_lrs.database import Database
from jejak_lrs.ledger.people import People

T = TypeVar("T")


@contextmanager
def redriver(services: Services, who: str) -> Iterator[Redriver]:
    """A redriver on a writer's connection of its own."""
    with writer(services) as database:
        yield Redriver(database, People(), finisher(), door_rules(), who, framing(services))


@contextmanager
def writer(services: Services) -> Iterator[Database]:
    """A writer's connection, closed at the end."""
    database = Database(services.dsn(roles.WRITER), "jejak quarantine")
    try:
        yield database
    finally:
        database.close()


def paced(
    items: Iterable[T],
    per_second: float,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[T]:
    """The items, none before its time: so many a second, without catching up after a pause."""
    due = clock()
    for item in items:
        if (early := due - clock()) > 0:
            sleep(early)
        due = max(due, clock()) + 1 / per_second
        yield item
