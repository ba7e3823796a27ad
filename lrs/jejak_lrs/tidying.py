"""Garbage is looked for once a minute, between batches.

Batches leave no garbage in cycles, and what they leave to be held, such as people, lives on: a
collection after each would walk thousands of objects and find nothing (measured).
"""

import gc
import time
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self

_SECONDS: Final = 60.0


@dataclass(slots=True)
class Tidying:
    """While it lasts, Python collects when it is told to; for a process that is one loop.

    Within another, it leaves that as it was.
    """

    _looked: float = 0.0
    _within: bool = False

    def __enter__(self) -> Self:
        self._within = not gc.isenabled()
        gc.freeze()
        gc.disable()
        self._looked = time.monotonic()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if not self._within:
            gc.unfreeze()
            gc.enable()

    def tidy(self) -> None:
        """After a batch: let what it left live on unwalked; once a minute, collect what is dead."""
        if time.monotonic() - self._looked > _SECONDS:
            gc.unfreeze()
            gc.collect()
            self._looked = time.monotonic()
        gc.freeze()
