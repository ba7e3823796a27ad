"""Answers that are asked for again and again, remembered."""

from collections.abc import Callable
from typing import Final, TypeVar

K = TypeVar("K")
V = TypeVar("V")
MOST: Final = 100_000


class Kept(dict[K, V]):
    """Answers by what was asked. Bounded: it forgets everything when it holds `most`."""

    def __init__(self, most: int = MOST) -> None:
        super().__init__()
        self._most = most

    def keep(self, key: K, made: V) -> V:
        """The answer, kept."""
        if len(self) >= self._most:
            self.clear()
        self[key] = made
        return made


class Memo(Kept[K, V]):
    """`memo[key]` is `make(key)`, made once; MUST be cleared when an answer may be another."""

    def __init__(self, make: Callable[[K], V], most: int = MOST) -> None:
        super().__init__(most)
        self._make = make

    def __missing__(self, key: K) -> V:
        return self.keep(key, self._make(key))
