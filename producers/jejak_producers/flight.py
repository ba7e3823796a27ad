"""What is on its way: bounded in bytes, and not forgotten when it fails.

Counted on the emitting side alone: a callback per message, with its lock, halved the rate.
"""

import time
from collections import deque
from typing import Final

from jejak_producers.delivery import Delivery
from jejak_producers.errors import ProducerError

_MESSAGE_COST: Final = 1_024  # bytes of objects that one message in flight keeps alive
_KEPT: Final = 100  # failures nobody looked at, kept to be raised
_UNLOOKED: Final = 256 * 1024  # bytes added before it looks again what has ended


class InFlight:
    """Deliveries in order of sending, at most `limit` bytes. The caller holds a lock."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._bytes = 0
        self._look_at = min(limit, _UNLOOKED)  # bytes
        self._deliveries: deque[tuple[Delivery, int]] = deque()
        self._failed: list[Delivery] = []

    def room_for(self, size: int, seconds: float) -> bool:
        """Wait until `size` bytes more are within the limit; False after `seconds`."""
        if self._bytes + size + _MESSAGE_COST <= self._look_at:
            return True
        self._settle()
        until = time.monotonic() + seconds
        while self._deliveries and self._bytes + size + _MESSAGE_COST > self._limit:
            if not self._deliveries[0][0].settles(until):
                return False
            self._settle()
        return True

    def add(self, delivery: Delivery, size: int) -> None:
        """One more is on its way."""
        self._deliveries.append((delivery, size + _MESSAGE_COST))
        self._bytes += size + _MESSAGE_COST

    def drain(self, seconds: float) -> int:
        """Wait up to `seconds` for all to end; how many have not."""
        until = time.monotonic() + seconds
        for delivery, _ in self._deliveries:
            if not delivery.settles(until):
                break
        self._settle()
        return sum(not delivery.settled() for delivery, _ in self._deliveries)

    def unseen_failure(self) -> ProducerError | None:
        """The first failure that nobody has looked at; asked once, it is seen."""
        unseen = [delivery for delivery in self._failed if not delivery.seen]
        self._failed = []
        return unseen[0].exception() if unseen else None

    def _settle(self) -> None:
        while self._deliveries and self._deliveries[0][0].settled():
            delivery, size = self._deliveries.popleft()
            self._bytes -= size
            if delivery.failed():
                self._failed = [*(one for one in self._failed if not one.seen), delivery][:_KEPT]
        self._look_at = min(self._limit, self._bytes + _UNLOOKED)
