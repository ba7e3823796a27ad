"""Answers that are asked for again and again, remembered."""

from collections.abc import Callable
from typing import Final, TypeVar

K = TypeVar("K")
V = TypeVar("V")
MOST: Final = 100_000


class Memo(dict[K, V]):
    """`memo[key]` is `make(key)`, made once; MUST be cleared when an answer may be another.

    Bounded: it forgets everything when it holds `most`.
    """

    def __init__(self, make: Callable[[K], V], most: int = MOST) -> None:
        super().__init__()
        self._make = make
        self._most = most

    def __missing__(self, key: K) -> V:
        if len(self) >= self._most:
            self.clear()
        made = self[key] = self._make(key)
        return made
