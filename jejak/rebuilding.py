"""A rebuild from its beginning to its end, with worker processes for its parts.

Whatever is done stands in the database, so whoever starts it again goes on where it was. A worker
whose leader is gone ends with the last part of its phase.
"""

import multiprocessing
import sys
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from typing import Final

import psycopg

from jejak.errors import Retry
from jejak_lrs import database, errors, generations, rebuild, switching
from jejak_lrs.database import Connection
from jejak_lrs.rebuild import Phase, Rebuild, Worker
from jejak_lrs.switching import Following

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

    def extract(self, watch: Watch) -> None:
        """The first phase, if it is not done."""
        making = self._do("extract", watch)
        if making is not None:
            rebuild.assess_next(self.connection, making)

    def assess(self, watch: Watch) -> None:
        """The second phase, if it is not done."""
        making = self._do("assess", watch)
        if making is not None:
            rebuild.follow_next(self.connection, making)

    def _do(self, phase: Phase, watch: Watch) -> Rebuild | None:
        """Let workers do the parts of a phase; None where that was done before."""
        making = rebuild.read(self.connection)
        if making is None or making.phase != phase:
            return None
        context = multiprocessing.get_context("spawn")  # no connection of ours in a copy
        workers = [
            context.Process(target=_work, args=(self.dsn, making), daemon=True)
            for _ in range(self.workers)
        ]
        for worker in workers:
            worker.start()
        while any(worker.is_alive() for worker in workers):
            self._show(making, phase, watch)
            workers[0].join(_LOOK_SECONDS) if workers[0].is_alive() else time.sleep(_LOOK_SECONDS)
        done = self._show(making, phase, watch)
        if done.done < done.parts:
            raise Retry("a worker has ended before its time; the same command goes on")
        return making

    def _show(self, making: Rebuild, phase: Phase, watch: Watch) -> rebuild.Progress:
        done = rebuild.progress(self.connection, making, phase)
        watch(done.done, done.parts)
        return done

    def follow(self) -> None:
        """Follow until nothing is left that the projector has done."""
        following = self._following()
        while following.follow(self.connection, RECORDS):
            pass

    def switch(self, tell: Callable[[str], None]) -> None:
        """Follow until both stand at one place, and switch there."""
        following = self._following()
        moved = time.monotonic()
        while not following.switch(self.connection):
            if following.follow(self.connection, RECORDS):
                moved = time.monotonic()
            elif time.monotonic() - moved > _PATIENCE:
                tell("waiting for the projector: it has not come as far as this rebuild")
                moved = time.monotonic()
            else:
                time.sleep(_LOOK_SECONDS / 4)

    def _following(self) -> Following:
        making = rebuild.read(self.connection)
        if making is None:
            raise errors.Unready("nothing is being rebuilt")
        return Following(making)

    def restate(self, watch: Watch) -> None:
        """Tell agencies of everybody who differs, from where that was left."""
        done = 0
        while (more := switching.restate(self.connection)) is not None:
            done += more
            watch(done, done + rebuild.PERSONS)

    def is_restating(self) -> bool:
        """Whether a switch was made of which agencies are still to be told."""
        return generations.read(self.connection).restating


def _work(dsn: str, making: Rebuild) -> None:
    """What a worker process runs."""
    try:
        with closing(database.connect(dsn, NAME)) as connection:
            worker = Worker(connection, making)
            while worker.work():
                pass
    except (psycopg.Error, errors.LedgerError) as exc:
        said = errors.of(exc) if isinstance(exc, psycopg.Error) else exc  # DETAIL can quote a row
        sys.stderr.write(f"jejak: a worker of the rebuild: {said}\n")
        sys.exit(1)
