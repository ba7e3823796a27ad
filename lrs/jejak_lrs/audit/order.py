"""That nothing is missing between what was appended, and that times only grow. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jejak_lrs.audit.appended import number_of
from jejak_lrs.audit.difference import Difference
from jejak_lrs.history import Record

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from jejak_lrs.history import Outcome
    from jejak_lrs.moment import Moment


class Order:
    """Follows positions and numbers from 0 on, and the stored time."""

    def __init__(self) -> None:
        self._next = {"record": 0, "outcome": 0}
        self._stored: datetime | None = None

    def follow(self, one: Record | Outcome) -> Iterator[Difference]:
        """The next one, in the order of appends."""
        kind, number = "record" if isinstance(one, Record) else "outcome", number_of(one)
        yield from self.expect(kind, number)
        self._next[kind] = number + 1
        if self._stored is not None and one.stored < self._stored:
            yield Difference(f"{kind} {number}", "it is stored before what came before it")
        self._stored = one.stored

    def skip(self, difference: Difference) -> None:
        """One that cannot be read, and is said to be so: `where` is "record 17"."""
        kind, number = difference.where.split()
        self._next[kind] = int(number) + 1

    def expect(self, kind: str, number: int) -> Iterator[Difference]:
        """What is missing before this number."""
        first, last = self._next[kind], number - 1
        if first == last:
            yield Difference(f"{kind} {first}", "it is missing")
        elif first < last:
            yield Difference(f"{kind} {first}", f"it is missing, and all up to {last}")

    def end(self, until: Moment) -> Iterator[Difference]:
        """That all below the head has come, nothing is above it, and it was stored by then."""
        sides = (
            ("record", until.next_position, until.past_records),
            ("outcome", until.next_outcome, until.past_outcomes),
        )
        for kind, promised, past in sides:
            yield from self.expect(kind, promised)
            if past > promised:
                yield Difference(
                    f"{kind} {past - 1}", f"it lies above the head, which is {promised}"
                )
        if self._stored is not None and self._stored > until.last_stored:
            yield Difference("ledger_head", "what was appended last is stored after last_stored")
