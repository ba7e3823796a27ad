"""The vital signs of a loop: what it counts, whether it turns, and whether it can work.

The loop writes them; a scraper, `/healthz` and `/readyz` read them from another thread. No label
holds what a message said: works, outcomes, errors and services are words of ours, topics are named
after parties.
"""

import time
from collections.abc import Callable, Mapping
from typing import Final, Literal

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Info,
    ProcessCollector,
)

from jejak_consumers import errors
from jejak_consumers.messages import TopicPartition
from jejak_lrs import errors as ledger_errors
from jejak_lrs.ledger.standing import Behind

Service = Literal["kafka", "postgres"]
OUTCOMES: Final = ("recorded", "duplicate", "conflict", "refused")
LONGEST_TURN: Final = 120.0  # seconds: several times what a turn takes while a service is away
_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Vitals:
    """The vital signs of one process.

    Args:
        loop: which one it is.
        needs: the services that it uses.
        version: of Jejak.
        clock: seconds since the epoch.
    """

    def __init__(
        self,
        loop: str,
        needs: tuple[Service, ...] = ("kafka", "postgres"),
        version: str = "",
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.registry = CollectorRegistry()
        self._clock = clock
        self._turned_at = clock()
        self._connected: dict[Service, bool] = dict.fromkeys(needs, False)
        self._stopped: dict[TopicPartition, str] = {}
        self._make()
        self._loop.info({"loop": loop, "version": version})
        self.turned()
        self.leads(yes=False)
        for service in needs:
            self.reaches(service, yes=False)

    def _make(self) -> None:
        own = self.registry
        ProcessCollector(registry=own)
        self._loop = Info("jejak_loop", "Which loop this is.", registry=own)
        self._last_turn = Gauge(
            "jejak_last_turn_timestamp_seconds", "When the loop last turned.", registry=own
        )
        self._active = Gauge("jejak_active", "1 if it works, 0 if it stands by.", registry=own)
        self._reached = Gauge(
            "jejak_connected", "1 if the service answered last.", ["service"], registry=own
        )
        self._retries = Counter(
            "jejak_retries", "Times it backed off, by error.", ["error"], registry=own
        )
        self._seconds = Histogram(
            "jejak_batch_seconds", "From reading a batch to its commit.", ["work"],
            buckets=_SECONDS, registry=own,
        )  # fmt: skip
        self._handled = Counter(
            "jejak_handled", "What was handled, by kind.", ["work", "kind"], registry=own
        )
        self._position = Gauge(
            "jejak_position", "The last position (or change) handled.", ["work"], registry=own
        )
        self._lag_messages = Gauge(
            "jejak_lag_messages", "What waits to be handled.", ["work"], registry=own
        )
        self._lag_seconds = Gauge(
            "jejak_lag_seconds", "The age of the oldest that waits.", ["work"], registry=own
        )
        self._inbox_lag = Gauge(
            "jejak_inbox_lag_messages", "Messages not recorded yet.", ["topic"], registry=own
        )
        self._stops = Gauge(
            "jejak_partition_stopped", "1 for a stopped partition.", ["topic", "partition"],
            registry=own,
        )  # fmt: skip
        self._refold = Gauge(
            "jejak_refold_persons", "Persons to be folded anew.", ["work"], registry=own
        )

    # -- what the loop says ---------------------------------------------------------------

    def turned(self) -> None:
        """The loop has come round once more, with or without work."""
        self._turned_at = self._clock()
        self._last_turn.set(self._turned_at)

    def leads(self, *, yes: bool) -> None:
        """Whether this copy is the active one."""
        self._active.set(yes)

    def reaches(self, service: Service, *, yes: bool) -> None:
        """Whether a service answered when it was last used."""
        if service in self._connected:
            self._connected[service] = yes
            self._reached.labels(service).set(yes)

    def retried(self, error: Exception) -> None:
        """The loop backs off because of an error."""
        self._retries.labels(type(error).__name__).inc()
        if isinstance(error, errors.BrokersAway):
            self.reaches("kafka", yes=False)
        if isinstance(error, ledger_errors.Unreachable):
            self.reaches("postgres", yes=False)

    def batch(self, work: str, handled: Mapping[str, int], position: int, seconds: float) -> None:
        """A batch is done: how many of each kind, up to where, and how long it took."""
        for kind, count in handled.items():
            self._handled.labels(work, kind).inc(count)
        self._position.labels(work).set(position)
        self._seconds.labels(work).observe(seconds)

    def lags(self, work: str, behind: Behind) -> None:
        """What a work has not seen yet."""
        self._lag_messages.labels(work).set(behind.count)
        self._lag_seconds.labels(work).set(behind.seconds)

    def inboxes_lag(self, unread: Mapping[str, int]) -> None:
        """The messages of each inbox that are not recorded; those not named are not ours."""
        self._inbox_lag.clear()
        for topic, count in unread.items():
            self._inbox_lag.labels(topic).set(count)

    def refolds(self, work: str, persons: int) -> None:
        """How many persons a work has to fold anew."""
        self._refold.labels(work).set(persons)

    def stopped(self, where: TopicPartition, why: str) -> None:
        """A partition is not read on until an operator has mended it."""
        self._stopped[where] = why
        self._stops.labels(where.topic, where.partition).set(1)

    def goes_on(self, where: TopicPartition) -> None:
        """A partition is read, or is another's to read."""
        if self._stopped.pop(where, None) is not None:
            self._stops.remove(where.topic, where.partition)

    # -- what others ask ------------------------------------------------------------------

    def is_alive(self) -> bool:
        """Whether the loop has turned of late; one that has not will not by itself."""
        return self._clock() - self._turned_at < LONGEST_TURN

    def troubles(self) -> list[str]:
        """A line for each thing that keeps the loop from its work; none where it is ready."""
        away = [f"{service} away" for service, yes in list(self._connected.items()) if not yes]
        stopped = [
            f"partition stopped: {where.topic} {where.partition}: {why}"
            for where, why in list(self._stopped.items())
        ]
        return away + stopped + ([] if self.is_alive() else ["the loop does not turn"])
