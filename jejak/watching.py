"""What a loop shows to those who watch it, over HTTP: `/metrics`, `/healthz` and `/readyz`.

`/healthz` fails where only a restart can help, `/readyz` where the loop cannot work now; both say
why, in lines. Anything else is not found.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from socketserver import ThreadingMixIn
from typing import TYPE_CHECKING
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import make_wsgi_app

from jejak.errors import Misuse
from jejak.serving import answering
from jejak_consumers.vitals import Vitals

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

Lines = Callable[[], list[str]]


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True  # a watcher that hangs must not keep a loop from ending

    def server_bind(self) -> None:
        # WSGIServer's own asks the resolver for our name, which can take long.
        self.socket.bind(self.server_address)
        self.server_address = self.server_name, self.server_port = self.socket.getsockname()
        self.setup_environ()


class _Handler(WSGIRequestHandler):
    timeout = 5  # seconds for a client to say what it wants

    def log_message(self, *_: object) -> None:
        """Say nothing: a line for each scrape would bury those of the batches."""


@contextmanager
def watched(vitals: Vitals, host: str, port: int) -> Iterator[str]:
    """Show `vitals` for as long as the block runs; gives the address. Port 0 is a free one.

    Misuse where the port is taken.
    """
    try:
        server = make_server(host, port, page_of(vitals), _Server, _Handler)
    except OSError as error:
        raise Misuse(
            f"cannot listen on {host} port {port} for metrics: {error.strerror}; set "
            "JEJAK_METRICS_PORT to another, or to 0 for a free one"
        ) from None
    with answering(server, "watching"):
        yield f"http://{host}:{server.server_port}"


def page_of(vitals: Vitals) -> "WSGIApplication":
    """The pages of a loop."""
    pages = {
        "/metrics": make_wsgi_app(vitals.registry),
        "/healthz": _said(lambda: [] if vitals.is_alive() else ["the loop does not turn"]),
        "/readyz": _said(vitals.troubles),
    }

    def page(environment: "WSGIEnvironment", start: "StartResponse") -> "list[bytes]":
        found = pages.get(environment.get("PATH_INFO", ""), _nothing)
        return list(found(environment, start))

    return page


def _said(troubles: Lines) -> "WSGIApplication":
    """A page that is 200 without troubles, else 503 with them."""

    def page(_: "WSGIEnvironment", start: "StartResponse") -> "list[bytes]":
        found = troubles()
        return _answer(start, HTTPStatus.SERVICE_UNAVAILABLE if found else HTTPStatus.OK, found)

    return page


def _nothing(_: "WSGIEnvironment", start: "StartResponse") -> "list[bytes]":
    return _answer(start, HTTPStatus.NOT_FOUND, ["/metrics, /healthz, /readyz"])


def _answer(start: "StartResponse", status: HTTPStatus, lines: list[str]) -> list[bytes]:
    start(f"{status.value} {status.phrase}", [("Content-Type", "text/plain; charset=utf-8")])
    return ["".join(f"{line}\n" for line in lines or ["ok"]).encode()]
