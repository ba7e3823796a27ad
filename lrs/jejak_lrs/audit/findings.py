"""What the check of one stretch came to: small enough to be sent between processes."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jejak_lrs.audit.difference import Difference
    from jejak_lrs.ledger.books import Key, Run

# So many differences are named; all are counted.
NAMED: Final = 100


@dataclass(slots=True)
class Findings:
    """What differs in a stretch of records or outcomes, and what the rest must know of it.

    `runs` are for the books; `confirmed` counts rows of the small tables that are what the records
    say; `elsewhere` are aliases of postings that other persons hold; times are microseconds.
    `tops` are the hashes over each 256 leaves of the stretch, None where entries are missing.
    """

    start: int
    end: int
    named: list[Difference] = field(default_factory=list)
    count: int = 0
    runs: list[tuple[Key, Run]] = field(default_factory=list)
    confirmed: Counter[str] = field(default_factory=Counter)
    elsewhere: dict[str, int] = field(default_factory=dict)
    tops: list[bytes] | None = None
    first_stored: int | None = None
    last_stored: int | None = None

    def add(self, differences: Iterable[Difference]) -> None:
        """Name the first, count all."""
        for one in differences:
            self.count += 1
            if len(self.named) < NAMED:
                self.named.append(one)
