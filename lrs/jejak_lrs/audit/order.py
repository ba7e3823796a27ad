"""That nothing is missing between what was appended, and that times only grow. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from jejak_lrs.audit.difference import Difference
from jejak_schemas.clock import micros_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

EARLIER: Final = "it is stored before what came before it"


class Order:
    """Follows positions, or numbers of outcomes, from `start` on, and the stored time."""

    def __init__(self, kind: str, start: int) -> None:
        self._kind = kind
        self._next = start
        self.first_stored: int | None = None
        self.last_stored: int | None = None

    def follow(self, number: int, stored: datetime) -> Iterator[Difference]:
        """The next one."""
        yield from self.expect(number)
        self._next = number + 1
        at = micros_of(stored)
        if self.last_stored is not None and at < self.last_stored:
            yield Difference(f"{self._kind} {number}", EARLIER)
        if self.first_stored is None:
            self.first_stored = at
        self.last_stored = at

    def skip(self, difference: Difference) -> None:
        """One that cannot be read, and is said to be so: `where` is "record 17"."""
        self._next = int(difference.where.split()[1]) + 1

    def expect(self, number: int) -> Iterator[Difference]:
        """What is missing before this number."""
        first, last = self._next, number - 1
        if first == last:
            yield Difference(f"{self._kind} {first}", "it is missing")
        elif first < last:
            yield Difference(f"{self._kind} {first}", f"it is missing, and all up to {last}")
