"""The only module of the SDK that knows kafka-python (exactly 3.0.12; it has no type stubs).

It gives `ports.Outbox` and `ports.Inlet` their real form, and turns the library's
errors into ours. Traps of the library met here (each tried):
- a wrong password ends as `KafkaTimeoutError: Unable to bootstrap`, as if nobody listened,
  for what the broker says together with the end of the connection is lost: `_Watched` hears it,
  and ends the wait at once;
- a TLS handshake that is never answered (a broker that is frozen) has no end: `_Selector`;
- its producer holds any amount of memory: `flight.InFlight` bounds it;
- its flush waits its timeout once per batch: we count acknowledgements instead;
- once a batch that was tried before expires, its producer is dead, and says nothing: `_mend`;
  and while it waits for a producer id nothing expires: `Delivery` keeps its own deadline;
- `close` raises where it cannot flush, and leaves its thread running;
- at DEBUG it logs keys and values, which hold NIPs, and at every sign-in on loopback a warning:
  `_hush` drops those lines.
"""

import contextlib
import logging
import socket
import ssl
import time
from collections.abc import Iterator, Sequence
from typing import Any, Final, cast

import kafka
from kafka import errors
from kafka.future import Future
from kafka.net.compat import KafkaNetClient
from kafka.net.manager import KafkaConnectionManager
from kafka.net.selector import NetworkSelector
from kafka.producer.transaction_manager import TransactionState
from kafka.structs import TopicPartition

from jejak_producers.errors import (
    BadEvent,
    BrokersAway,
    NotAllowed,
    ProducerError,
    WrongUserOrPassword,
)
from jejak_producers.ports import Headers, Inlet, Message, Outbox, Pending
from jejak_schemas.credentials import CredentialsError, KafkaAccess, refused_certificate

# 72,000 messages/s against 42,000 with the library's own settings (docs: measured).
_LINGER_MS: Final = 20
_BATCH_BYTES: Final = 256 * 1024
_POLL_RECORDS: Final = 5_000
_CLOSE_SECONDS: Final = 5.0
_KNOCK_SECONDS: Final = 0.25

_SIGN_IN = (errors.SaslAuthenticationFailedError, errors.UnsupportedSaslMechanismError)
_FORBIDDEN = (errors.AuthorizationError, errors.UnknownTopicOrPartitionError)
# Whoever may write no topic at all (a suspended party) gets no producer id; the library keeps the
# error's code in the text only.
_NO_PRODUCER: Final = errors.ClusterAuthorizationFailedError.__name__


class _Selector(NetworkSelector):  # type: ignore[misc]  # the library is untyped
    """Ends a TLS handshake that is not answered, in `handshake` seconds."""

    handshake: float

    def wait_read(self, fileobj: Any, timeout_at: float | None = None) -> Any:
        """Wait until something can be read, or until a moment of the monotonic clock."""
        if isinstance(fileobj, ssl.SSLSocket) and not fileobj.version():
            return self._answered(fileobj)
        return super().wait_read(fileobj, timeout_at)

    async def _answered(self, opening: ssl.SSLSocket) -> None:
        try:
            await super().wait_read(opening, time.monotonic() + self.handshake)
        except BaseException:
            opening.close()
            raise


class _Watched(KafkaConnectionManager):  # type: ignore[misc]
    """Connections that remember how the last one failed, and give up on a refused sign-in."""

    failure: Exception | None = None
    access: KafkaAccess

    @property
    def refusal(self) -> Exception | None:
        """The last failure, if the brokers refused to sign us in."""
        refused = isinstance(self.failure, _SIGN_IN) or refused_certificate(self.failure)
        return self.failure if refused else None

    async def _build_transport(self, *args: Any, **kwargs: Any) -> Any:
        transport = await super()._build_transport(*args, **kwargs)
        receive = transport._sock_recv  # noqa: SLF001  no other seam

        def receive_all() -> tuple[bytes, Exception | None]:
            # A refusal and the end of the connection come together; the library drops the first.
            received, error = receive()
            return received, None if received else error

        transport._sock_recv = receive_all  # noqa: SLF001
        return transport

    async def _connect(self, node: Any, conn: Any, *args: Any, **kwargs: Any) -> None:
        self.access.renew(self.config, conn.config)
        await super()._connect(node, conn, *args, **kwargs)
        self.failure = conn.init_future.exception

    def maybe_raise_auth_failure(self, node_id: Any) -> None:
        """End the bootstrap at a refused sign-in; its sender would only spin on it."""
        if self.refusal is not None and self.cluster.is_bootstrap(node_id):
            raise self.refusal


class _Connections:
    """One client's connections: hands the library its network client, and explains failures."""

    def __init__(self, access: KafkaAccess, patience: float) -> None:
        self._access = access
        self._patience = patience
        self._client: Any = None
        self._manager: _Watched | None = None

    def __call__(self, **config: Any) -> Any:
        """What the library calls for its `kafka_client`."""
        net = _Selector(**config)
        net.handshake = self._patience / 3  # so that another broker is tried, too
        self._manager = _Watched(net, **config)
        self._manager.access = self._access
        self._client = KafkaNetClient(net=net, manager=self._manager)
        return self._client

    @contextlib.contextmanager
    def opening(self) -> Iterator[None]:
        """While a client is made: our errors, and nothing left open after one."""
        try:
            _knock(self._access.bootstrap_servers, self._patience)
            with self.ours():
                yield
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
            return NotAllowed(f"the user {user} may not use this topic ({type(exc).__name__})")
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


def _knock(servers: str, patience: float) -> None:
    """Wait until one of the brokers takes a connection; raises BrokersAway.

    Before the library tries: it says nothing of why, and leaves a socket open per attempt.
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


class KafkaOutbox(Outbox):
    """An idempotent Kafka producer, acks=all. Raises what `open` of the Kafka client can meet.

    Connects in the constructor; `patience` bounds that, in seconds; `deadline` bounds how long
    a message may go unacknowledged before it fails.
    """

    def __init__(self, access: KafkaAccess, topic: str, patience: float, deadline: float) -> None:
        _hush()
        self._topic = topic
        self._connections = _Connections(access, patience)
        with self._connections.opening():
            self._client = kafka.KafkaProducer(
                **_config(access, patience),
                kafka_client=self._connections,
                acks="all",
                enable_idempotence=True,
                linger_ms=min(_LINGER_MS, int(deadline * 50)),
                batch_size=_BATCH_BYTES,
                delivery_timeout_ms=int(deadline * 1_000),
                request_timeout_ms=int(min(deadline * 900, 30_000)),  # the library: less
                max_block_ms=int(patience * 1_000),
                allow_auto_create_topics=False,
                metrics_enabled=False,
            )

        _mend(self._client._transaction_manager)  # noqa: SLF001

    def partitions(self) -> int:
        """How many partitions the inbox has; NotAllowed where it may not be written."""
        with self._connections.ours():
            return len(self._client.partitions_for(self._topic))

    def send(self, partition: int, key: bytes, value: bytes, headers: Headers = ()) -> Pending:
        """Hand one message to the client."""
        try:
            pending: Pending = self._client.send(
                self._topic, value, key, headers=list(headers), partition=partition
            )
        except errors.KafkaError as exc:
            return cast("Pending", Future().failure(exc))
        return pending

    def explain(self, error: BaseException) -> ProducerError:
        """A library error as one of ours."""
        return self._connections.explain(error)

    def close(self, *, force: bool) -> None:
        """End the client; with `force` whatever is unacknowledged fails at once."""
        sender = self._client._sender  # noqa: SLF001  its public close waits for ever
        if force:
            sender.force_close()
            sender.join(_CLOSE_SECONDS)
        with contextlib.suppress(errors.KafkaError):
            self._client.close(timeout=0 if force else _CLOSE_SECONDS)


def _mend(transactions: Any) -> None:
    """Let the client ask for a new producer id after it has dropped its own.

    It drops it where a batch expires that was sent before, and, left in state READY, never asks
    for another: nothing is sent any more, nothing expires, no future resolves.
    """
    drop = transactions.reset_producer_id

    def reset_producer_id() -> None:
        drop()
        transactions._current_state = TransactionState.UNINITIALIZED  # noqa: SLF001

    transactions.reset_producer_id = reset_producer_id


class KafkaInlet(Inlet):
    """Reads a topic's only partition from an offset of the caller's; needs no group."""

    def __init__(self, access: KafkaAccess, topic: str, patience: float) -> None:
        _hush()
        self._partition = TopicPartition(topic, 0)
        self._patience_ms = int(patience * 1_000)
        self._connections = _Connections(access, patience)
        with self._connections.opening():
            self._client = kafka.KafkaConsumer(
                **_config(access, patience),
                kafka_client=self._connections,
                group_id=None,
                enable_auto_commit=False,
                auto_offset_reset="earliest",
                isolation_level="read_committed",
                max_poll_records=_POLL_RECORDS,
                allow_auto_create_topics=False,
                metrics_enabled=False,
            )
        self._client.assign([self._partition])

    def end(self) -> int:
        """The offset that the next message will have."""
        with self._connections.ours():
            ends = self._client.end_offsets([self._partition], timeout_ms=self._patience_ms)
            return int(ends[self._partition])

    def beginning(self) -> int:
        """The offset of the earliest message still kept."""
        with self._connections.ours():
            found = self._client.beginning_offsets([self._partition], timeout_ms=self._patience_ms)
            return int(found[self._partition])

    def at_time(self, millis: int) -> int:
        """The offset of the first message of that time or later; the end where there is none."""
        with self._connections.ours():
            found = self._client.offsets_for_times({self._partition: millis})[self._partition]
        return int(found.offset) if found else self.end()

    def seek(self, offset: int) -> None:
        """Read on from `offset`."""
        self._client.seek(self._partition, offset)

    def position(self) -> int:
        """The offset that `poll` reads next."""
        return int(self._client.position(self._partition))

    def poll(self, seconds: float) -> Sequence[Message]:
        """What has come; empty after `seconds` without a message."""
        with self._connections.ours():
            found = self._client.poll(timeout_ms=int(seconds * 1_000))
        return [
            Message(message.offset, message.timestamp, message.value)
            for messages in found.values()
            for message in messages
        ]

    def close(self) -> None:
        """End the client."""
        self._client.close(autocommit=False, timeout_ms=int(_CLOSE_SECONDS * 1_000))


def _config(access: KafkaAccess, patience: float) -> dict[str, Any]:
    """The credentials file's part in kafka-python's words."""
    config: dict[str, Any] = {
        "bootstrap_servers": [one.strip() for one in access.bootstrap_servers.split(",")],
        "bootstrap_timeout_ms": int(patience * 1_000),
        "security_protocol": access.security_protocol,
        "client_id": f"jejak-{access.username}",
        "reconnect_backoff_max_ms": 1_000,
    }
    return config | access.login()


def murmur2(key: bytes) -> int:
    """The hash by which Java's and Go's clients choose the partition of a key."""
    return int(kafka.partitioner.murmur2(key)) & 0x7FFFFFFF


def _hush() -> None:
    for name in list(logging.root.manager.loggerDict):
        if name.split(".")[0] == "kafka":
            logging.getLogger(name).addFilter(_may_be_said)


def _may_be_said(line: logging.LogRecord) -> bool:
    return line.levelno >= logging.INFO and not line.name.startswith("kafka.net.sasl")
