"""A rebuild from its beginning to its end, with worker processes for its parts.

Whatever is done stands in the database, so whoever starts it again goes on where it was.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

from jejak_lrs import database, errors
from jejak_lrs.database import Connection
from jejak_lrs.projection import generations, rebuild, switching
from jejak_lrs.projection.rebuild import Phase, Progress, Rebuild, Worker
from jejak_lrs.projection.switching import Following
from jejak_lrs.tidying import Tidying
from jejak_lrs.workers import Crew

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
            Retry: a worker was killed, or PostgreSQL went away; the same again goes on.
        """
        connect = partial(database.connect, self.dsn, NAME)
        with Crew(connect, _Parts(), self.workers, worth=self.workers) as crew:
            while (making := self._making()).phase != "follow":
                progress = rebuild.progress(self.connection, making, making.phase)
                watch(making.phase, progress)
                if progress.done < progress.parts:
                    _work(crew, making, progress, watch)
                elif making.phase == "extract":
                    rebuild.assess_next(self.connection, making)
                else:
                    rebuild.follow_next(self.connection, making)

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


def _work(
    crew: Crew[Rebuild, bool],
    making: Rebuild,
    progress: Progress,
    watch: Callable[[Phase, Progress], None],
) -> None:
    """Let as many parts be done as are left of a phase."""
    left = range(progress.done, progress.parts)
    parts = crew.in_order(making for _ in left)
    with Tidying() as tidying:  # few parts are done by this process
        for number, done in zip(left, parts, strict=True):
            watch(making.phase, Progress(number + 1, progress.parts))
            if not done:  # what is left is in the hands of a worker whose leader was killed
                time.sleep(_LOOK_SECONDS)
            tidying.tidy()


class _Parts:
    """The work of doing parts of whichever phase it is: each time the next that nobody does."""

    def begin(self, connection: Connection) -> Worker:
        return Worker(connection)

    def make(self, worker: Worker, making: Rebuild) -> bool:
        return worker.work(making)
