"""Rounds: several pieces of work that take turns, so that a busy moment strikes them alike."""

import gc
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import psutil


@dataclass(frozen=True, slots=True)
class Round:
    """One turn of one piece of work: how many events, and what they took, in seconds."""

    events: int
    seconds: float
    cpu_seconds: float

    @property
    def per_second(self) -> float:
        """Events a second, by the clock."""
        return self.events / self.seconds

    @property
    def cpu_us(self) -> float:
        """Microseconds of processor time an event, all threads of this process together."""
        return self.cpu_seconds / self.events * 1e6


class Watch:
    """Runs from when it is made."""

    def __init__(self) -> None:
        self._began, self._cpu_began = time.perf_counter(), time.process_time()

    def stop(self, events: int) -> Round:
        """The round that ends now."""
        seconds = time.perf_counter() - self._began
        return Round(events, seconds, time.process_time() - self._cpu_began)


def cpu_of(process: psutil.Process) -> float:
    """Seconds of processor time that another process has used."""
    used = process.cpu_times()
    return float(used.user + used.system)


Work = Callable[[], Round]  # does its work once; what need not be measured, before its watch runs


def take_turns(works: Sequence[Work], rounds: int) -> list[list[Round]]:
    """The rounds of each work, after one that is not counted.

    What was made before is put out of the collector's sight: it stands for input, and a real
    program would not hold it.
    """
    gc.collect()
    gc.freeze()
    try:
        taken = [[_turn(work) for work in works] for _ in range(rounds + 1)]
    finally:
        gc.unfreeze()
    return [list(of_one) for of_one in zip(*taken[1:], strict=True)]


def _turn(work: Work) -> Round:
    gc.collect()
    return work()
