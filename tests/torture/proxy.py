"""A TCP proxy on loopback between a loop and PostgreSQL: the network, to be cut where we like."""

import socket
import threading
from collections.abc import Callable
from contextlib import suppress

_CHUNK = 65_536


class Proxy:
    """Relays to a port of loopback until told otherwise.

    `cut_commit(forwarded)` cuts the next connection that says COMMIT, in the middle: the word is
    handed on or it is not, and no answer ever comes back.
    """

    def __init__(self, target: Callable[[], int]) -> None:
        self._target = target
        self._forwarding: bool | None = None
        self._cut = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def cut_commit(self, *, forwarded: bool) -> threading.Event:
        """Cut the next connection that commits; what is set once that has happened."""
        self._cut = threading.Event()
        self._forwarding = forwarded
        return self._cut

    def close(self) -> None:
        """Take no more connections."""
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._relay, args=[client], daemon=True).start()

    def _relay(self, client: socket.socket) -> None:
        try:
            server = socket.create_connection(("127.0.0.1", self._target()), 5)
        except OSError:
            client.close()
            return
        server.settimeout(None)
        back = threading.Thread(target=self._pump, args=[server, client], daemon=True)
        back.start()
        self._pump(client, server, watched=True)

    def _pump(self, source: socket.socket, sink: socket.socket, *, watched: bool = False) -> None:
        with suppress(OSError):
            while data := source.recv(_CHUNK):
                if watched and self._forwarding is not None and b"COMMIT" in data:
                    self._sever(source, sink, data)
                    return
                sink.sendall(data)
        _end(source, sink)

    def _sever(self, client: socket.socket, server: socket.socket, data: bytes) -> None:
        """The client's line first, so that no answer gets through."""
        forwarded, self._forwarding = self._forwarding, None
        _end(client)
        if forwarded:
            with suppress(OSError):
                server.sendall(data)
        _end(server)
        self._cut.set()


def _end(*sockets: socket.socket) -> None:
    for each in sockets:
        with suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)
        each.close()
