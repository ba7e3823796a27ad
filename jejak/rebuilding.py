"""A rebuild from its beginning to its end, with worker processes for its parts.

Whatever is done stands in the database, so whoever starts it again goes on where it was. A worker
whose leader is gone ends when no part of its phase is left.
"""

import multiprocessing
import os
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from typing import Final

import psycopg

from jejak.errors import Retry
from jejak_consumers.tidying import Tidying
from jejak_lrs import database, errors
from jejak_lrs.database import Connection
from jejak_lrs.projection import generations, rebuild, switching
from jejak_lrs.projection.rebuild import Phase, Progress, Rebuild, Worker
from jejak_lrs.projection.switching import Following

NAME: Final = "jejak rebuild"
RECORDS: Final = 1_000  # followed in one transaction
_LOOK_SECONDS: Final = 0.2
_PATIENCE: Final = 60.0  # seconds without the projector's moving, until it is said to stand still

Watch = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Rebuilding:
    """One process leads, on `connection`; workers have their own.

    Args:
        dsn: the projector's; it stands in no process's arguments.
        connection: as the projector.
        workers: how many processes.
    """

    dsn: str
    connection: Connection
    workers: int

    def begin(self) -> Rebuild:
        """The rebuild that was begun, or a new one. What was kept for a rollback is dropped."""
        making = rebuild.read(self.connection)
        if making is None:
            switching.drop_kept(self.connection)
            switching.drop_leftovers(self.connection)
            making = rebuild.begin(self.connection)
        return making

    def both_phases(self, watch: Callable[[Phase, Progress], None]) -> None:
        """Let workers do what is left of both phases.

        Raises:
            Retry: a worker has died; the same again goes on.
        """
        workers = [self._worker() for _ in range(self.workers)] if self._is_working() else []
        for worker in workers:
            worker.start()
        try:
            while self._is_working():
                self._go_on(watch)
                _look_after(workers)
        except BaseException:
            for worker in workers:
                worker.terminate()
            raise
        for worker in workers:
            worker.join()

    def _worker(self) -> BaseProcess:
        making = self._making()
        context = multiprocessing.get_context("spawn")  # no connection of ours in a copy
        return context.Process(
            target=_work, args=(self.dsn, making.generation, os.getpid()), daemon=True
        )

    def _is_working(self) -> bool:
        return self._making().phase != "follow"

    def _making(self) -> Rebuild:
        making = rebuild.read(self.connection)
        if making is None:
            raise errors.Unready("nothing is being rebuilt")
        return making

    def _go_on(self, watch: Callable[[Phase, Progress], None]) -> None:
        """Look how far a phase is; enter the next one, where it is done."""
        making = self._making()
        done = rebuild.progress(self.connection, making, making.phase)
        watch(making.phase, done)
        if done.done < done.parts:
            time.sleep(_LOOK_SECONDS)
        elif making.phase == "extract":
            rebuild.assess_next(self.connection, making)
        else:
            rebuild.follow_next(self.connection, making)

    def follow(self) -> None:
        """Follow until nothing is left that the projector has done."""
        following = Following(self._making())
        while following.follow(self.connection, RECORDS):
            pass

    def switch(self, tell: Callable[[str], None]) -> None:
        """Follow until both stand at one place, and switch there."""
        following = Following(self._making())
        moved = time.monotonic()
        while not following.switch(self.connection):
            if following.follow(self.connection, RECORDS):
                moved = time.monotonic()
            elif time.monotonic() - moved > _PATIENCE:
                tell("waiting for the projector: it has not come as far as this rebuild")
                moved = time.monotonic()
            else:
                time.sleep(_LOOK_SECONDS / 4)

    def restate(self, watch: Watch) -> None:
        """Tell agencies of everybody who differs, from where that was left."""
        done = 0
        while (more := switching.restate(self.connection)) is not None:
            done += more
            watch(done, done + rebuild.PERSONS)

    def is_restating(self) -> bool:
        """Whether a switch was made of which agencies are still to be told."""
        return generations.read(self.connection).restating


def _look_after(workers: Sequence[BaseProcess]) -> None:
    if any(worker.exitcode for worker in workers):
        raise Retry("a worker has ended before its time; the same command goes on")


def _work(dsn: str, generation: int, leader: int) -> None:
    """What a worker process runs: parts, as long as there are phases with parts, and a leader."""
    try:
        with closing(database.connect(dsn, NAME)) as connection, Tidying() as tidying:
            while os.getppid() == leader:
                making = rebuild.read(connection)
                if making is None or making.generation != generation or making.phase == "follow":
                    return
                worker = Worker(connection, making)
                while worker.work():
                    tidying.tidy()
                time.sleep(_LOOK_SECONDS)
    except (psycopg.Error, errors.LedgerError) as exc:
        said = errors.of(exc) if isinstance(exc, psycopg.Error) else exc  # DETAIL can quote a row
        sys.stderr.write(f"jejak: a worker of the rebuild: {said}\n")
        sys.exit(1)
