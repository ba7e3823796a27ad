"""A schema registry of a test's own, at the level of HTTP: enough of Confluent's API, in memory.

What it answers can be bent: `bent` is asked before anything else, and may answer anything.
"""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

from jejak_schemas import avro
from jejak_schemas.registry.registering import subject_of, text_of


@dataclass(frozen=True)
class Asked:
    method: str
    path: str
    authorization: str | None
    body: Any


@dataclass(frozen=True)
class Answer:
    """What goes over the wire: as it stands, or as JSON."""

    status: int
    said: Any
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def body(self) -> bytes:
        return self.said if isinstance(self.said, bytes) else json.dumps(self.said).encode()


def absent(code: int = 40403) -> Answer:
    return Answer(404, {"error_code": code, "message": "nothing here"})


@dataclass
class Registry:
    """What it holds, and what it was asked."""

    url: str = ""
    subjects: dict[str, list[int]] = field(default_factory=dict)
    texts: dict[int, str] = field(default_factory=dict)
    compatibility: dict[str, str] = field(default_factory=dict)
    extra: dict[int, dict[str, Any]] = field(default_factory=dict)  # beside the text of an id
    asked: list[Asked] = field(default_factory=list)
    bent: Callable[[Asked], Answer | None] = lambda _: None

    def hold(self, subject: str, text: str, number: int | None = None) -> int:
        """Register a text under a subject; its id."""
        known = {held: one for one, held in self.texts.items()}
        number = known.get(text, number or len(self.texts) + 1)
        self.texts[number] = text
        if number not in self.subjects.setdefault(subject, []):
            self.subjects[subject].append(number)
        return number

    def hold_all(self) -> None:
        """Hold every version of ours."""
        for name in avro.released():
            for one in avro.versions(name):
                self.hold(subject_of(name), text_of(one))

    def asked_for(self, method: str, part: str) -> list[Asked]:
        return [one for one in self.asked if one.method == method and part in one.path]

    def answer(self, asked: Asked) -> Answer:
        self.asked.append(asked)
        match (asked.method, *unquote(urlsplit(asked.path).path).strip("/").split("/")):
            case _ if (bent := self.bent(asked)) is not None:
                return bent
            case ("GET", "schemas", "ids", number):
                return self._text(int(number))
            case ("POST", "subjects", subject):
                return self._stands(subject, asked.body["schema"])
            case ("POST", "subjects", subject, "versions"):
                return Answer(200, {"id": self.hold(subject, asked.body["schema"])})
            case ("PUT", "config", subject) if subject in self.subjects:
                self.compatibility[subject] = asked.body["compatibility"]
                return Answer(200, asked.body)
            case _:
                return absent(0)

    def _text(self, number: int) -> Answer:
        if number not in self.texts:
            return absent()
        return Answer(200, {"schema": self.texts[number], **self.extra.get(number, {})})

    def _stands(self, subject: str, text: str) -> Answer:
        if subject not in self.subjects:
            return absent(40401)
        for version, number in enumerate(self.subjects[subject], 1):
            if self.texts[number] == text:
                said = {"subject": subject, "version": version, "id": number, "schema": text}
                return Answer(200, said)
        return absent()


@contextmanager
def serving(registry: Registry) -> Iterator[Registry]:
    """Serve it on loopback, at `registry.url`."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            asked = Asked(self.command, self.path, self.headers.get("Authorization"), body)
            answer = registry.answer(asked)
            self.send_response(answer.status)
            for name, value in {"Content-Length": str(len(answer.body)), **answer.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer.body)

        do_POST = do_GET  # noqa: N815  the library's names
        do_PUT = do_GET  # noqa: N815

        def log_message(self, *_args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    registry.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield registry
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
