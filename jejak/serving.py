"""A server that answers in a thread of its own for as long as a block runs."""

from collections.abc import Iterator
from contextlib import contextmanager
from socketserver import BaseServer
from threading import Thread


@contextmanager
def answering(server: BaseServer, name: str) -> Iterator[None]:
    """Let `server`, which listens already, answer; at the end it is closed and its thread gone."""
    thread = Thread(target=server.serve_forever, name=name, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
