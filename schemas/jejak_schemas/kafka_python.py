"""What every client of ours needs of kafka-python, on both sides of the brokers.

Each package speaks Kafka in one place, and those places may not import each other: what they share
stands here. The library is not imported; who imports it puts these to use.
"""

import logging
import selectors
import socket
import ssl
import threading
import time
from typing import Any, Final

from jejak_schemas.credentials import KafkaAccess

_AGAIN: Final = 10.0  # seconds in which no warning of the library is said twice


def settings(access: KafkaAccess) -> dict[str, Any]:
    """The credentials file's part in the library's words.

    Raises CredentialsError where it names a certificate that cannot be read.
    """
    where: dict[str, Any] = {
        "bootstrap_servers": [one.strip() for one in access.bootstrap_servers.split(",")],
        "security_protocol": access.security_protocol,
        "client_id": f"jejak-{access.username}",
        "reconnect_backoff_max_ms": 1_000,
    }
    return where | access.login()


def hush() -> None:
    """Drop those lines of the library's log that hold keys and values, and so NIPs, or say nothing.

    At DEBUG it logs messages, at every sign-in on loopback a warning, and while brokers are away
    the same few a dozen times a second. Again does no harm.
    """
    for name in list(logging.root.manager.loggerDict):
        if name.split(".")[0] == "kafka":
            logging.getLogger(name).addFilter(_DISCRETION)


class _Discretion(logging.Filter):
    """Which of the library's lines may be said."""

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.Lock()
        self._said: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether this one may."""
        if record.levelno < logging.INFO or record.name.startswith("kafka.net.sasl"):
            return False
        return record.levelno < logging.WARNING or self._is_news(record)

    def _is_news(self, record: logging.LogRecord) -> bool:
        words, now = record.getMessage(), record.created
        with self._lock:
            self._said = {said: at for said, at in self._said.items() if now - at < _AGAIN}
            return self._said.setdefault(words, now) == now


_DISCRETION: Final = _Discretion()


class EndingSelector:
    """Goes before the library's selector: ends what the library would leave as it is.

    That is a TLS handshake that a frozen broker does not answer, for which it would wait for ever;
    and the socket of a connection that had something to send still when all was closed.
    """

    handshake: float  # seconds
    _selector: selectors.BaseSelector  # the library's
    _closed: bool

    def close(self) -> None:
        """End, and with it every socket that is watched."""
        if self._closed:
            return
        self.stop()  # type: ignore[attr-defined]  # the library's: its thread changes what we read
        watched = [key.fileobj for key in self._selector.get_map().values()]
        super().close()  # type: ignore[misc]  # the library's
        for one in watched:
            if isinstance(one, socket.socket):
                one.close()

    def wait_read(self, fileobj: Any, timeout_at: float | None = None) -> Any:
        """Wait until something can be read, or until a moment of the monotonic clock."""
        if isinstance(fileobj, ssl.SSLSocket) and not fileobj.version():
            return self._answered(fileobj)
        return super().wait_read(fileobj, timeout_at)  # type: ignore[misc]  # the library's

    async def _answered(self, opening: ssl.SSLSocket) -> None:
        until = time.monotonic() + self.handshake
        try:
            await super().wait_read(opening, until)  # type: ignore[misc]  # the library's
        except BaseException:
            opening.close()
            raise


class ClosedSockets:
    """Goes before the library's maker of sockets: closes one that does not get connected.

    The library leaves it open, and to the garbage collector. It takes this maker for a proxy, of
    which it asks by the scheme of an address: `DIRECT`.
    """

    SCHEMES = ("direct",)
    _made: socket.socket

    def socket(self, *args: Any) -> socket.socket:
        """A socket, not connected yet."""
        self._made = super().socket(*args)  # type: ignore[misc]  # the library's
        return self._made

    async def connect(self, *args: Any, **kwargs: Any) -> Any:
        """The socket, connected."""
        try:
            return await super().connect(*args, **kwargs)  # type: ignore[misc]  # the library's
        except BaseException:
            self._made.close()
            raise


DIRECT = {"proxy_url": f"{ClosedSockets.SCHEMES[0]}://"}
"""The setting by which the library takes `ClosedSockets`, and no proxy."""


class RememberedFailure:
    """Goes before the library's connection manager: signs in by what the credentials say now, hears
    refusals, and remembers how the last connection failed.
    """  # noqa: D205

    access: KafkaAccess
    failure: Exception | None = None
    config: Any  # the library's

    async def _build_transport(self, *args: Any, **kwargs: Any) -> Any:
        transport = await super()._build_transport(*args, **kwargs)  # type: ignore[misc]
        _hear_refusals(transport)
        return transport

    async def _connect(self, node: Any, conn: Any, *args: Any, **kwargs: Any) -> None:
        self.access.renew(self.config, conn.config)
        await super()._connect(node, conn, *args, **kwargs)  # type: ignore[misc]
        self.failure = conn.init_future.exception


def _hear_refusals(transport: Any) -> None:
    """Let a connection hear what the broker says together with its end: why it refused us.

    The library drops what came where an end came with it.
    """
    receive = transport._sock_recv  # noqa: SLF001  no other seam

    def receive_all() -> tuple[bytes, Exception | None]:
        received, error = receive()
        return received, None if received else error

    transport._sock_recv = receive_all  # noqa: SLF001
