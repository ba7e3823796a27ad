"""What an institution decrees, with its days in force; and which of several holds.

Of several in force on a day the greatest (valid_from, occurred_at, statement_id) holds, whatever
the order in which they came.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Generic, TypeVar
from uuid import UUID

from jejak_lrs.competency.days import FOREVER
from jejak_schemas.events import Event

E = TypeVar("E")
Order = tuple[date, datetime, UUID]


@dataclass(frozen=True, slots=True)
class Decree(Generic[E]):
    """A registry event with its days in force, half-open."""

    event: E
    statement_id: UUID
    occurred_at: datetime
    starts: date
    ends: date = FOREVER

    @property
    def order(self) -> Order:
        """Which of several in force holds: the greatest."""
        return (self.starts, self.occurred_at, self.statement_id)

    def holds(self, day: date) -> bool:
        """Whether it is in force on that day."""
        return self.starts <= day < self.ends


@dataclass(frozen=True, slots=True)
class Definition:
    """A competency as its framework's owner publishes it, from a day."""

    framework: str
    version: str
    kind: str
    names: tuple[tuple[str, str], ...]
    equivalents: tuple[str, ...]
    starts: date


def in_force(decrees: Iterable[Decree[E]], day: date) -> Decree[E] | None:
    """The one that holds on a day; None if none does."""
    return max((one for one in decrees if one.holds(day)), key=lambda one: one.order, default=None)


def all_in_force(decrees: Iterable[Decree[E]], day: date) -> list[Decree[E]]:
    """All in force on a day; of those that begin on the same day the last one replaces others."""
    by_start: dict[date, Decree[E]] = {}
    for one in sorted(decrees, key=lambda one: one.order):
        by_start[one.starts] = one
    return [one for one in by_start.values() if one.holds(day)]


def decree(event: Event, content: E, starts: date, ends: date = FOREVER) -> Decree[E]:
    """What `event` decrees, from `starts` until `ends`."""
    return Decree(content, event.event_id, event.occurred_at, starts, ends)
