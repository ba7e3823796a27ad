"""Who checks the stretches: this process, or several beside it, each with its own connection."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias

from jejak_lrs import database
from jejak_lrs.audit.examiner import Examiner

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from jejak_lrs.audit.examiner import Place
    from jejak_lrs.audit.findings import Findings
    from jejak_lrs.database import Connection
    from jejak_lrs.notary.checkpoints import Name

    Method: TypeAlias = Callable[[Examiner, int, int], Findings]


# Records and outcomes; below, starting processes takes longer than they save (measured).
FEW: Final = 300_000


class Workers(Protocol):
    """Whoever checks stretches."""

    def map(self, method: Method, stretches: Iterable[tuple[int, int]]) -> Iterator[Findings]:
        """What each stretch comes to, in their order."""


class Alone:
    """This process, over one connection."""

    def __init__(self, connection: Connection, places: Mapping[Name, Place] | None = None) -> None:
        self._examiner = Examiner(connection, places)

    def map(self, method: Method, stretches: Iterable[tuple[int, int]]) -> Iterator[Findings]:
        """One after the other."""
        return (method(self._examiner, start, end) for start, end in stretches)


class Several:
    """Processes of their own."""

    def __init__(self, pool: ProcessPoolExecutor) -> None:
        self._pool = pool

    def map(self, method: Method, stretches: Iterable[tuple[int, int]]) -> Iterator[Findings]:
        """Beside each other."""
        return self._pool.map(_do, ((method.__name__, *stretch) for stretch in stretches))


@contextmanager
def several(dsn: str, count: int, places: Mapping[Name, Place]) -> Iterator[Several]:
    """Worker processes, which end with the block.

    Args:
        dsn: an auditor's; it stands in no process's arguments.
        count: how many.
        places: as an Examiner's.
    """
    # Never a fork: a connection, and threads of the caller's, would be in the copy.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(count, context, _open, (dsn, places)) as pool:
        try:
            yield Several(pool)
        finally:
            pool.shutdown(cancel_futures=True)


_examiner: Examiner | None = None  # of this worker process


def _open(dsn: str, places: Mapping[Name, Place]) -> None:
    global _examiner  # noqa: PLW0603 - a process pool has no other place for it
    _examiner = Examiner(database.connect(dsn, "jejak audit"), places)


def _do(task: tuple[str, int, int]) -> Findings:
    name, start, end = task
    found: Findings = getattr(_examiner, name)(start, end)
    return found
