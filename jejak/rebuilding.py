"""A rebuild from its beginning to its end, with worker processes for its parts.

Whatever is done stands in the database, so whoever starts it again goes on where it was.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from jejak_lrs import database, errors
from jejak_lrs.database import Connection
from jejak_lrs.projection import generations, rebuild, switching
from jejak_lrs.projection.rebuild import Phase, Progress, Rebuild, Worker
from jejak_lrs.projection.switching import Following
from jejak_lrs.tidying import Tidying
from jejak_lrs.workers import Process, ready, started

NAME: Final = "jejak rebuild"
RECORDS: Final = 1_000  # followed in one transaction
_LOOK_SECONDS: Final = 0.2
_PATIENCE: Final = 60.0  # seconds without the projector's moving, until it is said to stand still

Watch = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Rebuilding:
    """This process leads and works, on `connection`; others have their own.

    Args:
        dsn: the projector's; it stands in no process's arguments.
        connection: as the projector.
        workers: how many processes, this one among them.
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
        """Do what is left of both phases, while the other workers do so, too.

        Raises:
            Retry: a worker was killed, or PostgreSQL went away; the same again goes on.
        """
        making = self._making()
        progress = self._progress(making)
        others = min(self.workers, progress.parts) - 1
        connect, mine = partial(database.connect, self.dsn, NAME), Worker(self.connection)
        with started(others, connect, _Parts()) as beside:
            watch(making.phase, progress)
            while making.phase != "follow":
                self._beside(beside, mine, making, watch)
                progress = self._progress(making)
                watch(making.phase, progress)
                self._go_on(making, progress)
                making = self._making()

    def _beside(
        self,
        others: Sequence[Process],
        mine: Worker,
        making: Rebuild,
        watch: Callable[[Phase, Progress], None],
    ) -> None:
        """Do parts of a phase until nobody finds any that is left."""
        working = set(others)
        for other in others:
            other.give(0, making)
        with Tidying() as tidying:
            while mine.work(making):
                watch(making.phase, self._progress(making))
                tidying.tidy()
                _take(working, 0)
        while working:
            _take(working)

    def _go_on(self, making: Rebuild, progress: Progress) -> None:
        """Enter the next phase, if all of this one is done."""
        if progress.done < progress.parts:
            time.sleep(_LOOK_SECONDS)  # the rest is done by a worker whose leader was killed
        elif making.phase == "extract":
            rebuild.assess_next(self.connection, making)
        else:
            rebuild.follow_next(self.connection, making)

    def _progress(self, making: Rebuild) -> Progress:
        return rebuild.progress(self.connection, making, making.phase)

    def _making(self) -> Rebuild:
        making = rebuild.read(self.connection)
        if making is None:
            raise errors.Unready("nothing is being rebuilt")
        return making

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


def _take(working: set[Process], seconds: float | None = None) -> None:
    """Let go of those who find nothing to do any more; whoever failed says so here."""
    for other in ready(working, seconds):
        other.take()
        working.remove(other)


class _Parts:
    """The work of doing parts of whichever phase it is, until nobody finds any that is left."""

    def begin(self, connection: Connection) -> Worker:
        return Worker(connection)

    def make(self, worker: Worker, making: Rebuild) -> None:
        with Tidying() as tidying:
            while worker.work(making):
                tidying.tidy()
