"""What a rule is given, and what it gives."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from jejak_lrs.exceptions.sightings import Sighting

if TYPE_CHECKING:
    from datetime import date

    from jejak_lrs.competency.registry import Registry
    from jejak_lrs.exceptions.thresholds import Thresholds

SECOND: Final = 1_000_000  # micros, as sightings have them
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR


@dataclass(frozen=True, slots=True)
class Known:
    """What a rule may ask beside its group. `now`: when the last record was stored, in micros."""

    thresholds: Thresholds
    registry: Registry
    now: int


@dataclass(frozen=True, slots=True)
class Odd:
    """One finding: which rule, on which day, in which records, and how much of it."""

    rule: str
    day: date
    positions: tuple[int, ...]
    measure: str


Rule = Callable[[Sequence[Sighting], Known], Iterator[Odd]]
