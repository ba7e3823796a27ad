"""The one way to follow the ledger: read past a cursor, act, move the cursor, go on.

Projector, publisher and notary are the same loop; what differs is where the truth of their effect
lies, so a `Work` has two halves: `act` before the transaction that moves the cursor, `keep` inside
it. One copy is active, any number stand by: an advisory lock decides who works, the cursor's
expected value makes it safe.
"""

import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Generic, Protocol, TypeVar

import psycopg
import structlog

from jejak_consumers import errors
from jejak_consumers.vitals import Vitals
from jejak_lrs import cursor
from jejak_lrs import errors as ledger_errors
from jejak_lrs.cursor import Cursor
from jejak_lrs.database import Connection, Database
from jejak_lrs.failpoint import failpoint
from jejak_lrs.tidying import Tidying
from jejak_schemas import backoff
from jejak_schemas.registry import errors as registry_errors
from jejak_schemas.traces import OFF, Step, Traces

log = structlog.get_logger()

T = TypeVar("T")

_REST_SECONDS = 0.1  # when nothing came
_STANDBY_SECONDS = 0.5
_LOOK_SECONDS: Final = 5.0  # between two looks at how far it is behind
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

    def numbers(self, items: T) -> Mapping[str, int]:
        """What a batch holds, in numbers by kind, for the log and the metrics."""
        del items
        return {}

    def steps(self, items: T) -> Iterable[Step]:
        """What was done with which events, for their traces."""
        del items
        return ()

    def look(self, connection: Connection, at: Cursor, vitals: Vitals) -> None:
        """Note how far it is behind."""


@dataclass(slots=True)
class Follower(Generic[T]):
    """One work on its cursor. For one thread."""

    database: Database
    work: Work[T]
    vitals: Vitals = field(default_factory=lambda: Vitals("follower"))
    traces: Traces = OFF
    _stand: Cursor | None = None

    def step(self) -> bool:
        """Handle one batch; False where nothing came.

        Raises:
            Fenced: another copy has moved the cursor; this one must end.
        """
        began, began_at = time.perf_counter(), time.time_ns()
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
        self._say(batch, time.perf_counter() - began)
        if self.traces.on:
            for step in self.work.steps(batch.items):
                self.traces.tell(step, began_at)
        return True

    def look(self) -> None:
        """Note how far the work is behind."""
        connection = self.database.connection
        self.work.look(connection, self._after(connection), self.vitals)

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

    def _say(self, batch: Batch[T], seconds: float) -> None:
        """The canonical line of a batch: numbers only."""
        name, numbers = self.work.name, self.work.numbers(batch.items)
        self.vitals.batch(name, numbers, batch.to.position, seconds)
        log.info(
            "batch",
            work=name,
            **numbers,
            position=batch.to.position,
            milliseconds=round(seconds * 1000),
        )


@dataclass(slots=True)
class Loop:
    """A process that follows: one or several works, one active copy.

    Args:
        name: of the advisory lock, and in the log.
        database: this loop's own; closed at the end, which lets the lock go.
        works: done in turn.
        vitals: what it says of itself.
        traces: of the events that are followed.
        reaches_kafka: whether the brokers are there, as far as the works know.
    """

    name: str
    database: Database
    works: Sequence[Work[Any]]
    vitals: Vitals = field(default_factory=lambda: Vitals("follower"))
    reaches_kafka: Callable[[], bool] = lambda: True
    traces: Traces = OFF
    _looked: float = field(default=0.0, init=False)
    followers: list[Follower[Any]] = field(init=False)
    _held: Connection | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self.followers = [
            Follower(self.database, work, self.vitals, self.traces) for work in self.works
        ]

    def run(self, stop: threading.Event) -> None:
        """Follow until told to stop; Retry errors back off, Fatal ones end the loop."""
        try:
            with Tidying() as tidying:
                self._turns(stop, tidying)
        finally:
            self.stop()

    def _turns(self, stop: threading.Event, tidying: Tidying) -> None:
        failures = 0
        while not stop.is_set():
            try:
                stop.wait(self.turn())
                failures = 0
            except (errors.Retry, ledger_errors.Retry, registry_errors.Retry) as exc:
                failures += 1
                log.warning("retry", error=str(exc), failures=failures)
                self.vitals.retried(exc)
                self._rest()
                stop.wait(backoff.pause(failures))
            tidying.tidy()

    def turn(self) -> float:
        """Let every work do one batch; the seconds to wait before the next turn."""
        self.vitals.turned()
        try:
            leads = self._leads()
            came = leads and self._step()
        except psycopg.Error as exc:
            raise ledger_errors.of(exc) from None  # its DETAIL can quote a row
        self.vitals.leads(yes=leads)
        self.vitals.reaches("postgres", yes=True)
        self.vitals.reaches("kafka", yes=self.reaches_kafka())
        if not leads:
            return _STANDBY_SECONDS
        return 0.0 if came else _REST_SECONDS

    def _step(self) -> bool:
        """Let every work do one batch; whether anything came."""
        came = [follower.step() for follower in self.followers]
        if time.monotonic() - self._looked > _LOOK_SECONDS:
            self._looked = time.monotonic()
            for follower in self.followers:
                follower.look()
        return any(came)

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
        log.info("active")
        return True

    def _rest(self) -> None:
        for follower in self.followers:
            follower.rest()
