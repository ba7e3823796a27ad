"""How many are done in one transaction: as many as take about so long; others wait meanwhile."""

from __future__ import annotations

from typing import Final

SECONDS: Final = 0.1


class Pace:
    """A count that follows how long things took; a quarter of `most` at first."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.count = -(-most // 4)

    def took(self, count: int, seconds: float) -> None:
        """So many took so long: the next time as many as SECONDS are enough for, at most twice it.

        A turn that was not full says nothing of a full one that is longer.
        """
        if count and (count == self.count or seconds > SECONDS):
            fitting = int(count * SECONDS / seconds)
            self.count = max(1, min(self._most, fitting, 2 * count))
