"""One client's connections to the brokers: how they are made, and what is wrong with them."""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any, Final

from kafka import errors as theirs
from kafka.future import Future
from kafka.net.compat import KafkaNetClient
from kafka.net.inet import KafkaNetSocket
from kafka.net.manager import KafkaConnectionManager
from kafka.net.selector import NetworkSelector

from jejak_consumers.kafka.failures import explain, refuses
from jejak_schemas import kafka_python
from jejak_schemas.credentials import KafkaAccess

PATIENCE: Final = 10.0  # seconds until a connection counts as not to be had
CLOSE: Final = 5.0  # seconds for a client to end
_PACE: Final = 100  # milliseconds between two looks for a node that is away


class Selector(kafka_python.EndingSelector, NetworkSelector):  # type: ignore[misc]  # untyped
    """The library's, in which every TLS handshake and every socket ends."""


class Sockets(kafka_python.ClosedSockets, KafkaNetSocket):  # type: ignore[misc]  # untyped
    """The library's, closed where they are of no use."""


class Connections(kafka_python.RememberedFailure, KafkaConnectionManager):  # type: ignore[misc]
    """Connections that remember how the last one failed."""

    async def _connect(self, node: Any, conn: Any, *args: Any, **kwargs: Any) -> None:
        await super()._connect(node, conn, *args, **kwargs)
        # The library raises a remembered refusal at its next attempt, but never remembers one.
        if refuses(self.failure) and self.cluster.is_bootstrap(node.node_id):
            self._auth_failures[node.node_id] = self.failure


class Network(KafkaNetClient):  # type: ignore[misc]
    """Says that a node is away as the library must hear it: only so does a producer ask again."""

    def await_ready(self, node_id: Any, timeout_ms: int = 30_000) -> bool:
        """Whether a connection to a node is ready, or got so within the time."""
        try:
            return bool(super().await_ready(node_id, timeout_ms=timeout_ms))
        except theirs.KafkaConnectionError:
            self.poll(timeout_ms=_PACE)  # it is asked again at once
            return False

    def send(self, node_id: Any, request: Any, **settings: Any) -> Any:
        """The answer to come; who gives none in time is away."""
        told = Future()

        def fail(exc: Exception) -> None:
            away = isinstance(exc, theirs.RequestTimedOutError)
            told.failure(theirs.KafkaConnectionError(str(exc)) if away else exc)

        super().send(node_id, request, **settings).add_callback(told.success).add_errback(fail)
        return told


class Line:
    """The line of one client to the brokers: makes the client, and says what is wrong with it.

    Args:
        access: whom to sign in as, and where.
        patience: seconds to try for.
    """

    def __init__(self, access: KafkaAccess, patience: float) -> None:
        self.access = access
        self.patience = patience
        self._network: Any = None
        self._connections: Connections | None = None

    def open(self, make: Callable[..., Any], **settings: Any) -> Any:
        """A client of the library, connected.

        Raises:
            BrokersAway: none answered in time.
            WrongLogin: one answered, and refused us.
        """
        kafka_python.hush()
        with self.explained():
            try:
                return make(
                    **kafka_python.settings(self.access),
                    kafka_client=self._connect,
                    bootstrap_timeout_ms=milliseconds(self.patience),
                    **settings,
                )
            except BaseException:
                self._discard()
                raise

    @property
    def stands(self) -> bool:
        """Whether a connection is open. Idle lines stay: metadata is asked for more often."""
        held = self._connections
        return held is not None and any(one.connected for one in list(held._conns.values()))  # noqa: SLF001

    @contextlib.contextmanager
    def explained(self) -> Iterator[None]:
        """Raise what the library raises as one of `errors`."""
        try:
            yield
        except (theirs.KafkaError, OSError) as exc:
            failure = self._connections.failure if self._connections else None
            raise explain(exc, failure, self.access) from exc

    def _connect(self, **settings: Any) -> Any:
        net = Selector(**settings)
        net.handshake = self.patience / 3  # so that another broker is tried, too
        self._connections = Connections(net, **settings | kafka_python.DIRECT)
        self._connections.access = self.access
        self._network = Network(net=net, manager=self._connections)
        return self._network

    def _discard(self) -> None:
        """Close what a constructor that raised has left open."""
        if self._network is not None:
            with contextlib.suppress(Exception):
                self._network.close()


def milliseconds(seconds: float) -> int:
    """As the library counts."""
    return int(seconds * 1_000)
