"""Waiting for what must come to be, never for a time to pass."""

import time
from collections.abc import Callable


def until(true: Callable[[], bool], patience: float = 90.0) -> None:
    """Ask again and again until something is true; AssertionError after `patience` seconds."""
    end = time.monotonic() + patience
    while not true():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.1)
