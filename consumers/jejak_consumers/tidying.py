"""Garbage is collected between batches, never within one.

A collection in a batch would walk the thousands of objects of it, which live on (measured).
"""

import gc
import time
from dataclasses import dataclass, field
from types import TracebackType
from typing import Final, Self

_WHOLE_SECONDS: Final = 60.0


@dataclass(slots=True)
class Tidying:
    """While it lasts, Python collects when it is told to; for a process that is one loop."""

    _whole: float = field(default_factory=time.monotonic)

    def __enter__(self) -> Self:
        gc.freeze()
        gc.disable()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        gc.enable()

    def tidy(self) -> None:
        """Collect what a batch left behind; only now and then what is older, such as people."""
        whole = time.monotonic() - self._whole > _WHOLE_SECONDS
        gc.collect(2 if whole else 0)
        if whole:
            self._whole = time.monotonic()
