"""One client's connections to the brokers: how they are made, and what is wrong with them."""

import contextlib
import socket
import time
from collections.abc import Callable, Iterator
from typing import Any, Final

from kafka import errors
from kafka.net.compat import KafkaNetClient
from kafka.net.inet import KafkaNetSocket
from kafka.net.manager import KafkaConnectionManager
from kafka.net.selector import NetworkSelector

from jejak_producers.errors import (
    BadEvent,
    BrokersAway,
    NotAllowed,
    ProducerError,
    WrongUserOrPassword,
)
from jejak_schemas import kafka_python
from jejak_schemas.credentials import CredentialsError, KafkaAccess, refused_certificate

CLOSE_SECONDS: Final = 5.0  # for a client to end
_KNOCK_SECONDS: Final = 0.25

_SIGN_IN = (errors.SaslAuthenticationFailedError, errors.UnsupportedSaslMechanismError)
_FORBIDDEN = (errors.AuthorizationError, errors.UnknownTopicOrPartitionError)
# Whoever may write no topic at all (a suspended party) gets no producer id; the library keeps the
# error's code in the text only.
_NO_PRODUCER: Final = errors.ClusterAuthorizationFailedError.__name__


class Selector(kafka_python.EndingSelector, NetworkSelector):  # type: ignore[misc]  # untyped
    """The library's, in which every TLS handshake and every socket ends."""


class Sockets(kafka_python.ClosedSockets, KafkaNetSocket):  # type: ignore[misc]  # untyped
    """The library's, closed where they are of no use."""


class Watched(kafka_python.RememberedFailure, KafkaConnectionManager):  # type: ignore[misc]
    """Connections that remember how the last one failed, and give up on a refused sign-in."""

    @property
    def refusal(self) -> Exception | None:
        """The last failure, if the brokers refused to sign us in."""
        refused = isinstance(self.failure, _SIGN_IN) or refused_certificate(self.failure)
        return self.failure if refused else None

    def maybe_raise_auth_failure(self, node_id: Any) -> None:
        """End the bootstrap at a refused sign-in; its sender would only spin on it."""
        if self.refusal is not None and self.cluster.is_bootstrap(node_id):
            raise self.refusal


class Connections:
    """One client's connections: hands the library its network client, and explains failures."""

    def __init__(self, access: KafkaAccess, patience: float) -> None:
        self._access = access
        self._patience = patience
        self._client: Any = None
        self._manager: Watched | None = None

    def __call__(self, **config: Any) -> Any:
        """What the library calls for its `kafka_client`."""
        net = Selector(**config)
        net.handshake = self._patience / 3  # so that another broker is tried, too
        self._manager = Watched(net, **config | kafka_python.DIRECT)
        self._manager.access = self._access
        self._client = KafkaNetClient(net=net, manager=self._manager)
        return self._client

    def open(self, make: Callable[..., Any], **settings: Any) -> Any:
        """A client of the library, connected; nothing is left open after an error.

        Raises BrokersAway, WrongUserOrPassword, NotAllowed, CredentialsError.
        """
        kafka_python.hush()
        try:
            knock(self._access.bootstrap_servers, self._patience)
            with self.ours():
                return make(
                    **kafka_python.settings(self._access),
                    bootstrap_timeout_ms=int(self._patience * 1_000),
                    kafka_client=self,
                    **settings,
                )
        except errors.KafkaConfigurationError as exc:
            self._discard()
            raise CredentialsError(f"the [kafka] section: {exc}") from exc
        except BaseException:
            self._discard()
            raise

    @contextlib.contextmanager
    def ours(self) -> Iterator[None]:
        """The library's errors as ours."""
        try:
            yield
        except errors.KafkaConfigurationError:
            raise
        except (errors.KafkaError, OSError) as exc:
            raise self.explain(exc) from exc

    def explain(self, exc: BaseException) -> ProducerError:
        """A library error as one of ours. Its text never holds a key or a value."""
        where, user = self._access.bootstrap_servers, self._access.username
        manager = self._manager
        if why := refused_certificate(manager.failure if manager else None):
            return WrongUserOrPassword(
                f"certificate not accepted by the broker: {where} refused that of {user} ({why})"
            )
        if isinstance(exc, _SIGN_IN) or (manager and manager.refusal):
            how = self._access.sasl_mechanism
            return WrongUserOrPassword(
                f"{where} refused to sign in {user} with {how}: wrong user or password"
            )
        if isinstance(exc, _FORBIDDEN) or _NO_PRODUCER in str(exc):
            return NotAllowed(f"the user {user} may not use this topic: ask the operator")
        if isinstance(exc, errors.MessageSizeTooLargeError):
            return BadEvent("too-large")
        why = f" ({manager.failure})" if manager and manager.failure else ""
        return BrokersAway(f"no acknowledgement from {where}{why}")

    def _discard(self) -> None:
        """Close what a constructor that raised has left open."""
        if self._client is not None and self._manager is not None:
            with contextlib.suppress(Exception):
                self._manager._net.stop(timeout_ms=1_000)  # noqa: SLF001  a thread of its own
            with contextlib.suppress(Exception):
                self._client.close()


def knock(servers: str, patience: float) -> None:
    """Wait until one of the brokers takes a connection; raises BrokersAway.

    Before the library tries, which says nothing of why.
    """
    until = time.monotonic() + patience
    while True:
        for server in servers.split(","):
            why = _answer(server.strip(), max(until - time.monotonic(), 0.1))
            if not why:
                return
        if time.monotonic() > until:
            raise BrokersAway(f"no broker answers at {servers} ({why})")
        time.sleep(_KNOCK_SECONDS)


def _answer(server: str, seconds: float) -> str:
    """Why `server` takes no connection; empty where it does."""
    host, _, port = server.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=min(seconds, 5)).close()
    except ValueError:
        raise CredentialsError(f"bootstrap_servers: {server} is not host:port") from None
    except OSError as exc:
        return exc.strerror or str(exc)
    return ""
