"""The one way to follow the ledger: read past a cursor, act, move the cursor, go on.

Projector, publisher and notary are the same loop; what differs is where the truth of their effect
lies, so a `Work` has two halves: `act` before the transaction that moves the cursor, `keep` inside
it. One copy is active, any number stand by: an advisory lock decides who works, the cursor's
expected value makes it safe. Source: ledger.md, "Followers".
"""

import random
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

import psycopg
import structlog

from jejak_consumers import errors
from jejak_lrs import cursor
from jejak_lrs import errors as ledger_errors
from jejak_lrs.cursor import Cursor
from jejak_lrs.database import Connection, Database
from jejak_lrs.failpoint import failpoint
from jejak_schemas.registry import errors as registry_errors

log = structlog.get_logger()

T = TypeVar("T")

_REST_SECONDS = 0.1  # when nothing came
_STANDBY_SECONDS = 0.5
_LONGEST_PAUSE = 5.0
# A frozen copy must not stay the active one: PostgreSQL ends its session, and so its lock.
_SILENCE = "30s"


@dataclass(frozen=True, slots=True)
class Batch(Generic[T]):
    """What was read past a cursor, and where the cursor stands once it is done."""

    items: T
    to: Cursor


class Work(Protocol[T]):
    """What one follower does. The same batch may come again after a crash at any point."""

    @property
    def name(self) -> str:
        """The name of its cursor."""

    def read(self, connection: Connection, after: Cursor) -> Batch[T] | None:
        """The next batch past `after`, by short reads; None where nothing came."""

    def act(self, items: T) -> None:
        """The effect outside PostgreSQL. MUST be harmless when done again."""

    def keep(self, connection: Connection, items: T) -> None:
        """The effect inside PostgreSQL, in the transaction that moves the cursor."""

    def rest(self) -> None:
        """Let go of everything: after an error, and at the end."""


@dataclass(slots=True)
class Follower(Generic[T]):
    """One work on its cursor. For one thread."""

    database: Database
    work: Work[T]
    _stand: Cursor | None = None

    def step(self) -> bool:
        """Handle one batch; False where nothing came.

        Raises:
            Fenced: another copy has moved the cursor; this one must end.
        """
        connection = self.database.connection
        after = self._after(connection)
        batch = self.work.read(connection, after)
        if batch is None:
            return False
        # What was read beside the cursor (where chains stand) belongs to it only if it stood still.
        if cursor.read(connection, self.work.name) != after:
            raise ledger_errors.Fenced(f"another copy has moved the cursor of {self.work.name}")
        self.work.act(batch.items)
        with connection.transaction():
            cursor.move(connection, self.work.name, after, batch.to)
            self.work.keep(connection, batch.items)
            failpoint("follower.before-commit")
        failpoint("follower.after-commit")
        self._stand = batch.to
        return True

    def rest(self) -> None:
        """Believe nothing any more: the next step asks the ledger where it stands."""
        self._stand = None
        self.work.rest()

    def _after(self, connection: Connection) -> Cursor:
        if self._stand is None:
            # Locked, so that it waits for a commit of ours whose answer was lost.
            with connection.transaction():
                self._stand = cursor.lock(connection, self.work.name)
        return self._stand


@dataclass(slots=True)
class Loop:
    """A process that follows: one or several works, one active copy.

    Args:
        name: of the advisory lock, and in the log.
        database: this loop's own; closed at the end, which lets the lock go.
        works: done in turn.
    """

    name: str
    database: Database
    works: Sequence[Work[Any]]
    followers: list[Follower[Any]] = field(init=False)
    _held: Connection | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self.followers = [Follower(self.database, work) for work in self.works]

    def run(self, stop: threading.Event) -> None:
        """Follow until told to stop; Retry errors back off, Fatal ones end the loop."""
        failures = 0
        try:
            while not stop.is_set():
                try:
                    stop.wait(self.turn())
                    failures = 0
                except (errors.Retry, ledger_errors.Retry, registry_errors.Retry) as exc:
                    failures += 1
                    log.warning("retry", loop=self.name, error=str(exc), failures=failures)
                    self._rest()
                    stop.wait(_pause(failures))
        finally:
            self.stop()

    def turn(self) -> float:
        """Let every work do one batch; the seconds to wait before the next turn."""
        try:
            if not self._leads():
                return _STANDBY_SECONDS
            came = [follower.step() for follower in self.followers]
        except psycopg.Error as exc:
            raise ledger_errors.of(exc) from exc
        return 0.0 if any(came) else _REST_SECONDS

    def stop(self) -> None:
        """Let go of everything, the lock included."""
        self._rest()
        self.database.close()

    def _leads(self) -> bool:
        """Whether this copy is the active one; tries to become it."""
        connection = self.database.connection
        if connection is self._held:
            return True
        self._held = None
        found = connection.execute(
            "SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", [f"jejak {self.name}"]
        ).fetchone()
        if found is None or not found[0]:
            return False
        connection.execute(f"SET idle_session_timeout = '{_SILENCE}'")
        self._held = connection
        self._rest()
        log.info("active", loop=self.name)
        return True

    def _rest(self) -> None:
        for follower in self.followers:
            follower.rest()


def _pause(failures: int) -> float:
    """Exponential back-off with full jitter, in seconds."""
    longest = min(_LONGEST_PAUSE, 0.1 * 2 ** min(failures, 10))
    return random.uniform(0, longest)  # noqa: S311  no secret
