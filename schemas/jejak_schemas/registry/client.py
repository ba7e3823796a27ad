"""The few questions we ask a schema registry, through Confluent's client library.

Whatever the registry says is untrusted: answers are bounded in size and time, redirects are not
followed, ids are checked, and nothing that it says enters an error's text. Only this module imports
the library, which is not part of the plain install: import it where a registry is used, not before.
"""

import time
from collections.abc import Callable, Iterator
from typing import Any, Final, TypeVar

import httpx2
from confluent_kafka.schema_registry import Schema, SchemaRegistryClient
from confluent_kafka.schema_registry.error import SchemaRegistryError

from jejak_schemas import backoff
from jejak_schemas.framing import LARGEST_ID
from jejak_schemas.registry.access import Access
from jejak_schemas.registry.errors import RegistryAway, RegistryError, RegistryRefuses

LARGEST_ANSWER: Final = 4 * 1024 * 1024  # bytes; Confluent's keeps a schema in a message of 1 MiB
_CONNECT_SECONDS: Final = 2.0
_READ_SECONDS: Final = 5.0  # between two parts of an answer
_ANSWER_SECONDS: Final = 10.0  # for the whole of its body
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 2.0
_REST_SECONDS = 1.0  # for which a registry found away counts as away, without being asked
_ABSENT: Final = frozenset({40401, 40402, 40403})  # no such subject, version, schema
_FORBIDDEN: Final = frozenset({401, 403})
_REFUSED: Final = frozenset({409, 422})  # incompatible, invalid
T = TypeVar("T")


class RegistryClient:
    """One registry. Any thread may ask; connects at the first question.

    Where the registry is away it is asked again, after growing pauses, for `patience` seconds; then
    for a second every question fails at once: many that wait for it must not wait in a row.

    Every question raises RegistryAway and RegistryRefuses.
    """

    def __init__(self, access: Access, patience: float) -> None:
        self._access = access
        self._patience = patience
        self._found_away: tuple[float, str] = (0.0, "")  # until when, and why
        self._client = SchemaRegistryClient(_configuration(access))
        # The library's own way to bound an answer; it gives no other access to its connections.
        session: httpx2.Client = self._client._rest_client.session  # noqa: SLF001
        session.headers["Accept-Encoding"] = "identity"
        session.event_hooks = {"response": [_bound]}

    def id_of(self, subject: str, text: str) -> int | None:
        """The id of a schema under a subject; None where it does not stand there."""
        found = self._ask(lambda: self._client.lookup_schema(subject, Schema(text, "AVRO")))
        return None if found is None else self._checked(found.schema_id)

    def text_of(self, number: int) -> str | None:
        """The Avro schema of an id; None where it has none, or none of Avro, or one in parts."""
        found = self._ask(lambda: self._client.get_schema(number))
        if found is None or (found.schema_type or "AVRO") != "AVRO" or found.references:
            return None
        if not isinstance(found.schema_str, str):
            raise self._wrong()
        return found.schema_str

    def put(self, subject: str, text: str) -> int:
        """Register a schema under a subject, if it does not stand there; its id."""
        schema = Schema(text, "AVRO")
        return self._checked(self._ask(lambda: self._client.register_schema(subject, schema)))

    def demand(self, subject: str, compatibility: str) -> None:
        """Set what versions the subject takes."""
        self._ask(lambda: self._client.set_compatibility(subject, compatibility))

    def close(self) -> None:
        """End the connections."""
        self._client.close()

    def _ask(self, question: Callable[[], T]) -> T | None:
        rests_until, why = self._found_away
        if time.monotonic() < rests_until:
            raise RegistryAway(why)
        until = time.monotonic() + self._patience
        failures = 0
        while True:
            try:
                return self._once(question)
            except RegistryAway as away:
                failures += 1
                pause = backoff.pause(failures, _FIRST_PAUSE, _LONGEST_PAUSE)
                if time.monotonic() + pause > until:
                    self._found_away = (time.monotonic() + _REST_SECONDS, str(away))
                    raise
            time.sleep(pause)

    def _once(self, question: Callable[[], T]) -> T | None:
        try:
            return question()
        except SchemaRegistryError as exc:
            if exc.http_status_code == httpx2.codes.NOT_FOUND and exc.error_code in _ABSENT:
                return None
            raise self._explained(exc.http_status_code) from None
        except httpx2.TransportError as exc:
            raise RegistryAway(f"{self._access} does not answer ({type(exc).__name__})") from None
        except RegistryError:
            raise
        except Exception:  # noqa: BLE001  the library raises many kinds on answers that lie
            raise self._wrong() from None
        finally:
            # It keeps every schema it ever saw; ours are kept by `SchemaRegistry`, within bounds.
            self._client.clear_caches()  # type: ignore[no-untyped-call]

    def _explained(self, status: int) -> RegistryError:
        if status in _FORBIDDEN:
            who = self._access.user or "a caller without a user"
            return RegistryRefuses(f"{self._access} refuses {who} (HTTP status {status})")
        if status in _REFUSED:
            return RegistryRefuses(f"{self._access} does not take this schema (HTTP {status})")
        return RegistryAway(f"{self._access} answers with HTTP status {status}")

    def _checked(self, number: object) -> int:
        if type(number) is not int or not 0 < number <= LARGEST_ID:
            raise self._wrong()
        return number

    def _wrong(self) -> RegistryAway:
        return RegistryAway(f"{self._access} does not answer as a schema registry does")


class _Counted(httpx2.SyncByteStream):
    """A body, cut off where it grows too large or takes too long."""

    def __init__(self, body: httpx2.SyncByteStream) -> None:
        self._body = body
        self._until = time.monotonic() + _ANSWER_SECONDS

    def __iter__(self) -> Iterator[bytes]:
        size = 0
        for part in self._body:
            size += len(part)
            if size > LARGEST_ANSWER:
                raise RegistryAway("the registry's answer is too large")
            if time.monotonic() > self._until:
                raise httpx2.ReadTimeout("the answer takes too long")
            yield part

    def close(self) -> None:
        self._body.close()


def _bound(response: httpx2.Response) -> None:
    """Bound an answer before its body is read; a packed one, unasked for, is not unpacked."""
    if response.headers.get("Content-Encoding", "identity") != "identity":
        raise httpx2.ReadError("the answer is packed")
    if isinstance(response.stream, httpx2.SyncByteStream):
        response.stream = _Counted(response.stream)


def _configuration(access: Access) -> dict[str, Any]:
    said: dict[str, Any] = {
        "url": str(access),
        "timeout": httpx2.Timeout(_READ_SECONDS, connect=_CONNECT_SECONDS),
        "max.retries": 0,  # we retry, wrong answers too
    }
    if access.user:
        said["basic.auth.user.info"] = f"{access.user}:{access.password}"
    if access.ssl_cafile:
        said["ssl.ca.location"] = access.ssl_cafile
    return said
