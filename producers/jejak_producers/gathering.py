"""Events emitted in a rush are gathered for a moment, then handed to the Kafka client together.

Packing an event and handing it over push each other's code out of the processor's caches: in turns
of a hundred, an event takes a tenth less time than one by one (measured). Whoever emits a few
events, or asks for the end of one, does not wait for others.
"""

import threading
import time
from collections import deque
from typing import Final

from jejak_producers.delivery import Delivery, Packed
from jejak_producers.ports import Headers, Outbox

_MOMENT: Final = 0.01  # seconds; an event that comes that soon after another is in a row with it
_RUSH: Final = 32  # so many events in a row are handed over one by one
_TOGETHER: Final = 128


class Gathering:
    """The way into a topic, in order. `add` MUST NOT be called by two threads at once."""

    def __init__(self, outbox: Outbox, topic: str) -> None:
        self.outbox = outbox
        self.topic = topic
        self._handing = threading.Lock()
        self._waiting: deque[tuple[Delivery, Packed, Headers]] = deque()
        self._watched = False
        self._in_a_row = 0
        self._since = self._last = 0.0  # of the first that waits, of the last added

    def add(self, delivery: Delivery, packed: Packed, headers: Headers, now: float) -> None:
        """Hand an event over, at the latest in two moments; `now` is of `time.monotonic()`."""
        self._in_a_row = self._in_a_row + 1 if now - self._last < _MOMENT else 0
        self._last = now
        if not self._waiting:
            self._since = now
        self._waiting.append((delivery, packed, headers))
        enough = len(self._waiting) >= _TOGETHER or now - self._since > _MOMENT
        if enough or self._in_a_row < _RUSH:
            self.hand_over()
        elif not self._watched:
            self._watched = True
            threading.Thread(target=self._watch, name="jejak-gathering", daemon=True).start()

    def hand_over(self) -> None:
        """Hand over all that waits."""
        with self._handing:
            while self._waiting:
                delivery, packed, headers = self._waiting[0]
                delivery.pending = self.outbox.send(
                    delivery.partition, packed.key, packed.value, headers
                )
                self._waiting.popleft()

    def _watch(self) -> None:
        """Hand over what a rush leaves behind when it ends."""
        while time.monotonic() - self._last < _MOMENT:
            time.sleep(_MOMENT)
        self._watched = False  # before it looks: what comes after is watched anew
        self.hand_over()
