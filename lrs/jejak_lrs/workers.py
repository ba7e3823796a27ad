"""Worker processes: many tasks done by several, handed back in the order of the tasks.

Each has its own connection and two pipes. A Ctrl-C is for their parent, which ends them; however it
ends, they end with it, whatever they are at.
"""

from __future__ import annotations

import fcntl
import multiprocessing
import os
import signal
import threading
from collections import deque
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from itertools import chain, islice
from multiprocessing import resource_tracker
from multiprocessing.connection import wait
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeAlias, TypeVar

import psycopg

from jejak_lrs import errors
from jejak_lrs.tidying import Tidying

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from multiprocessing.connection import Connection as Pipe

    from jejak_lrs.database import Connection

    Connect: TypeAlias = Callable[[], Connection]

# Never a fork: a connection, and threads of the caller's, would be in the copy.
_CONTEXT: Final = multiprocessing.get_context("spawn")
_WAITING: Final = 2  # tasks with a process: it never waits for the next
_AHEAD: Final = 3  # for each process, tasks from the first that is not handed back
_WORTH: Final = 80  # fewer tasks are done sooner than a process starts
_ROOM: Final = 1 << 20  # bytes of what is made, on its way here
Task = TypeVar("Task")
Task_contra = TypeVar("Task_contra", contravariant=True)
Made = TypeVar("Made")
Made_co = TypeVar("Made_co", covariant=True)


class Work(Protocol[Task_contra, Made_co]):
    """What is done with a task; it travels to other processes."""

    def begin(self, connection: Connection) -> Any:
        """What one connection needs for all its tasks; never None."""

    def make(self, begun: Any, task: Task_contra) -> Made_co:
        """What comes of one task."""


def in_order(
    connect: Connect,
    work: Work[Task, Made],
    tasks: Iterable[Task],
    workers: int = 1,
    worth: int = _WORTH,
) -> Iterator[Made]:
    """What the work makes of each task, in their order.

    Args:
        connect: how every process connects; it travels to them, and stands in no arguments.
        work: what is done.
        tasks: with what.
        workers: how many processes.
        worth: with fewer tasks, this process does all of it.

    Raises:
        Unreachable, Busy: PostgreSQL went away in the middle.
        Retry: one of the processes did.
    """
    coming = iter(tasks)
    first = list(islice(coming, worth))
    every = chain(first, coming)
    if workers == 1 or len(first) < worth:
        yield from _by_one(connect, work, every)
    else:
        with started(workers, connect, work) as processes:
            yield from _by_many(processes, every)


def alone(connection: Connection, work: Work[Task, Made], tasks: Iterable[Task]) -> Iterator[Made]:
    """The same by this process, over a connection that is there."""
    begun = work.begin(connection)
    return (work.make(begun, task) for task in tasks)


def _by_one(connect: Connect, work: Work[Task, Made], tasks: Iterable[Task]) -> Iterator[Made]:
    with closing(connect()) as connection:
        try:
            yield from alone(connection, work, tasks)
        except psycopg.Error as exc:
            raise errors.of(exc) from None


def _by_many(processes: Sequence[Process], tasks: Iterable[Any]) -> Iterator[Any]:
    coming = enumerate(tasks)
    made: dict[int, Any] = {}
    done = given = 0
    free = deque([*processes] * _WAITING)
    while True:
        most = done + len(processes) * _AHEAD
        for number, task in islice(coming, min(len(free), most - given)):
            free.popleft().give(number, task)
            given += 1
        if done in made:
            yield made.pop(done)
            done += 1
        elif done < given:
            for worker in ready(processes):
                made.update([worker.take()])
                free.append(worker)
        else:
            return


# -- here -----------------------------------------------------------------------------------


@contextmanager
def started(count: int, connect: Connect, work: Work[Any, Any]) -> Iterator[list[Process]]:
    """Worker processes, to be given tasks; they end with the block, whatever they are at."""
    processes: list[Process] = []
    try:
        if count > 0:
            with _no_interrupts():  # nor in them, which inherit it
                processes.extend(Process(connect, work) for _ in range(count))
        yield processes
    finally:
        for worker in processes:
            worker.end()


@contextmanager
def _no_interrupts() -> Iterator[None]:
    resource_tracker.ensure_running()  # would be started with the first, and let interrupts through
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def ready(processes: Iterable[Process], seconds: float | None = None) -> list[Process]:
    """Those that have made something, or are gone; waits for one, or for so long."""
    by_pipe = {worker.made: worker for worker in processes}
    return [by_pipe[pipe] for pipe in wait(by_pipe, seconds)]  # type: ignore[index]


class Process:
    """A worker process, as its parent sees it."""

    def __init__(self, connect: Connect, work: Work[Any, Any]) -> None:
        coming, self._tasks = _CONTEXT.Pipe(duplex=False)
        self.made, going = _CONTEXT.Pipe(duplex=False)
        with suppress(AttributeError, OSError):  # another system, or the user has no room left
            # Filled 64 KB at a time, a large part would wake both processes each time.
            fcntl.fcntl(self.made.fileno(), fcntl.F_SETPIPE_SZ, _ROOM)
        with coming, going:  # theirs, so that each side sees the other's end
            self._process = _CONTEXT.Process(
                target=_serve, args=(coming, going, connect, work), daemon=True
            )
            self._process.start()

    def give(self, number: int, task: Any) -> None:
        """Let it do this after what it was given before."""
        with _killed():
            self._tasks.send((number, task))

    def take(self) -> tuple[int, Any]:
        """What it has made, with the number of the task."""
        with _killed():
            number, made = self.made.recv()
        if isinstance(made, _Failed):
            raise made.error
        return number, made

    def end(self) -> None:
        """End it, wait for that."""
        self._process.terminate()
        self._process.join()
        self._tasks.close()
        self.made.close()


@contextmanager
def _killed() -> Iterator[None]:
    try:
        yield
    except (EOFError, OSError):
        raise errors.Retry("one of its processes was killed; the same again goes on") from None


# -- there ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Failed:
    """What a worker tells instead of what it could not make."""

    error: Exception


def _serve(tasks: Pipe, going: Pipe, connect: Connect, work: Work[Any, Any]) -> None:
    """What a worker process runs, until nobody asks."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    begun = None
    with suppress(EOFError, BrokenPipeError), Tidying() as tidying:
        while True:
            number, task = tasks.recv()
            try:
                begun = work.begin(connect()) if begun is None else begun
                made = work.make(begun, task)
            except psycopg.Error as exc:
                made = _Failed(errors.of(exc))
            except Exception as exc:  # noqa: BLE001  its parent's to handle
                made = _Failed(exc)
            going.send((number, made))
            tidying.tidy()
            # `made` is kept until the next: its pages would go back to the system, to be got anew.


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
    os._exit(1)
