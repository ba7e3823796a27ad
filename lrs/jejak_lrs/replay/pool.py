"""Work on many spans by several processes, handed back in the order of the spans.

Each process has its own connection, which only reads: a standby or a restored backup will do, and
no transaction is longer than one short query.
"""

from __future__ import annotations

import fcntl
import gc
import multiprocessing
import signal
from collections import deque
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing, suppress
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar

import psycopg

from jejak_lrs import database, errors

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from jejak_lrs.database import Connection
    from jejak_lrs.replay.selection import Span

_AHEAD: Final = 3  # spans waiting, for each process
_WORTH: Final = 80  # fewer spans are done sooner than a process starts
_LONGEST: Final = "30s"
_ROOM: Final = 1 << 20  # bytes of what is made, on its way here
_SELDOM: Final = 100_000  # objects more than were let go of, until garbage is looked for
Made_co = TypeVar("Made_co", covariant=True)


class Work(Protocol[Made_co]):
    """What is done with a span; it travels to other processes."""

    def begin(self, connection: Connection) -> Any:
        """What one connection needs for all its spans."""

    def make(self, begun: Any, span: Span) -> Made_co:
        """What comes of one span."""


def in_order(
    dsn: str, work: Work[Made_co], spans: Iterable[Span], workers: int = 1, worth: int = _WORTH
) -> Iterator[Made_co]:
    """What the work makes of each span, in their order.

    Args:
        dsn: where every process connects.
        work: what is done.
        spans: with what.
        workers: how many processes.
        worth: with fewer spans, this process does all of it.

    Raises:
        Unreachable, Busy: PostgreSQL went away in the middle.
        Retry: one of the processes did.
    """
    coming = iter(spans)
    first = list(islice(coming, worth))
    every = chain(first, coming)
    if workers > 1 and len(first) == worth:
        return _by_many(dsn, work, every, workers)
    return _by_one(dsn, work, every)


def reading(dsn: str, name: str = "jejak replay") -> Connection:
    """A connection that can write nothing, and whose queries end within 30 s."""
    connection = database.connect(dsn, name)
    connection.execute("SET default_transaction_read_only = on")
    connection.execute("SELECT set_config('statement_timeout', %s, false)", [_LONGEST])
    return connection


def _by_one(dsn: str, work: Work[Made_co], spans: Iterable[Span]) -> Iterator[Made_co]:
    with closing(reading(dsn)) as connection:
        try:
            begun = work.begin(connection)
            for span in spans:
                yield work.make(begun, span)
        except psycopg.Error as exc:
            raise errors.of(exc) from None


def _by_many(
    dsn: str, work: Work[Made_co], spans: Iterable[Span], workers: int
) -> Iterator[Made_co]:
    coming = iter(spans)
    pool = ProcessPoolExecutor(
        workers, multiprocessing.get_context("spawn"), initializer=_begin, initargs=(dsn, work)
    )
    _widen(pool)
    waiting: deque[Future[Made_co]] = deque()
    try:
        waiting.extend(pool.submit(_make, span) for span in islice(coming, workers * _AHEAD))
        while waiting:
            made = waiting.popleft().result()
            waiting.extend(pool.submit(_make, span) for span in islice(coming, 1))
            yield made
    except BrokenProcessPool:
        raise errors.Retry("one of its processes was killed; the same again goes on") from None
    finally:
        pool.shutdown(cancel_futures=True)


def _widen(pool: ProcessPoolExecutor) -> None:
    """Room for a whole part in the pipe: filled 64 KB at a time, each time wakes two processes."""
    with suppress(AttributeError, OSError):  # another system, or the user has no room left
        pipe = pool._result_queue._reader  # type: ignore[attr-defined]  # noqa: SLF001
        fcntl.fcntl(pipe.fileno(), fcntl.F_SETPIPE_SZ, _ROOM)


# What this process does, where it is one of many.
_OWN: Final[dict[str, Any]] = {}


def _begin(dsn: str, work: Work[Any]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl-C is the first process's to handle
    gc.freeze()  # what is read makes no cycles, and each collection would walk it (measured)
    gc.set_threshold(_SELDOM)
    _OWN.update(dsn=dsn, work=work)


def _make(span: Span) -> Any:
    work = _OWN["work"]
    try:
        if "begun" not in _OWN:  # here, and not in _begin, whose errors the pool would not tell
            _OWN["begun"] = work.begin(reading(_OWN["dsn"]))
        made = work.make(_OWN["begun"], span)
    except psycopg.Error as exc:
        raise errors.of(exc) from None
    _OWN["made"] = made  # until the next: its pages would go back to the system, to be got anew
    return made
