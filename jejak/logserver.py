"""The published log over HTTP: its own files, and nothing else of this machine.

A name is looked up only if it is one that a log can have (tiles.NAME and a few more), so there is
no path to walk out of; a link out of the folder is not followed. Any static web server would do.
"""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event
from typing import Final
from urllib.parse import urlsplit

from jejak.errors import Misuse
from jejak.serving import answering
from jejak.settings import Settings
from jejak_lrs.notary.checkpoints import LOOKS, OUTCOMES
from jejak_lrs.notary.newlog import FORMER, KEYS, STATEMENT
from jejak_lrs.tlog.tiles import CHECKPOINT, NAME

PLAIN: Final = "text/plain; charset=utf-8"
BYTES: Final = "application/octet-stream"
MOVING: Final = "max-age=2"  # a checkpoint, the keys
FOR_EVER: Final = "max-age=31536000, immutable"  # a tile or bundle
_SECONDS: Final = 30  # for a client to say what it wants, and to take it
_WHOLE: Final = frozenset({CHECKPOINT, KEYS, STATEMENT})


def kind_of(name: str) -> tuple[str, str] | None:
    """Content type and caching of a file of a log; None where no log has one of that name."""
    former, _, rest = name.removeprefix(f"{FORMER}/").partition("/")
    if name.startswith(f"{FORMER}/") and former.replace("-", "").isalnum():
        name = rest
    if name in _WHOLE:
        return PLAIN, MOVING
    for tree in (OUTCOMES, LOOKS):
        name = name.removeprefix(f"{tree}/")
    if name == CHECKPOINT:
        return PLAIN, MOVING
    return (BYTES, FOR_EVER) if NAME.fullmatch(name) else None


class _Server(ThreadingHTTPServer):
    daemon_threads = True  # a client that hangs must not keep the server from ending


def _handler(folder: Path) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        server_version = "jejak"
        sys_version = ""
        timeout = _SECONDS

        def do_GET(self) -> None:
            self._answer(body=True)

        def do_HEAD(self) -> None:
            self._answer(body=False)

        def _answer(self, *, body: bool) -> None:
            name = urlsplit(self.path).path.removeprefix("/")
            kind, content = kind_of(name), None
            if kind is not None:
                content = _read(folder, name)
            if kind is None or content is None:
                kind, content, status = (PLAIN, "no-store"), b"not here\n", HTTPStatus.NOT_FOUND
            else:
                status = HTTPStatus.OK
            self.send_response(status)
            self.send_header("Content-Type", kind[0])
            self.send_header("Cache-Control", kind[1])
            self.send_header("Content-Length", str(len(content)))
            self.send_header("X-Content-Type-Options", "nosniff")
            self.end_headers()
            if body:
                self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Say nothing: whoever wants to know who asks puts a web server before it."""

    return Handler


def _read(folder: Path, name: str) -> bytes | None:
    """A file's bytes; None where it is none, or lies elsewhere."""
    try:
        path = (folder / name).resolve(strict=True)
        return path.read_bytes() if path.is_relative_to(folder) else None
    except (OSError, ValueError):
        return None


def run(folder: Path, settings: Settings, tell: Callable[[str], None]) -> None:
    """Serve the log until SIGTERM or Ctrl-C; Misuse where the port is taken."""
    stopping = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    with serving(folder, settings.log_server_host, settings.log_server_port) as url:
        tell(f"{folder} is at {url}")
        stopping.wait()


@contextmanager
def serving(folder: Path, host: str, port: int) -> Iterator[str]:
    """Serve the log in a folder for as long as the block runs; gives the URL. Port 0: a free one.

    Misuse where the port is taken.
    """
    try:
        server = _Server((host, port), _handler(folder.resolve()))
    except OSError as error:
        raise Misuse(f"cannot listen on {host} port {port}: {error.strerror}") from None
    with answering(server, "log-server"):
        yield f"http://{host}:{server.server_port}"
