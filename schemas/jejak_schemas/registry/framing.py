"""Confluent's framing: `00`, the registry's id in four bytes, big endian, then the Avro body.

An id never changes its meaning, so what was learnt is kept for as long as the process lives: a
registry that is away later is missed only for what it was never asked.
"""

import json
import threading
import time
from collections import OrderedDict
from typing import TYPE_CHECKING, Final

from jejak_schemas import avro
from jejak_schemas.framing import CONFLUENT_MAGIC, LARGEST_ID, SINGLE_OBJECT
from jejak_schemas.registry.access import Access, client_of
from jejak_schemas.registry.errors import NotRegistered, RegistryAway
from jejak_schemas.registry.registering import subject_of, text_of

if TYPE_CHECKING:
    from jejak_schemas.registry.client import RegistryClient

_MOST_OURS: Final = 10_000  # ids kept of schemas that we can read; only a lying registry has more
_MOST_OTHERS: Final = 1_000
_OTHERS_SECONDS: Final = 60.0


class SchemaRegistry:
    """The framing with a schema registry. Use it from any thread; connects at the first question.

    It writes with the ids that the registry has for our released schemas, and MUST NOT register
    one: that is the operator's act (`register_all`). It reads both framings.

    `access` is where the registry is, or its URL; `patience` is for how long, in seconds, a
    registry that is away is asked again.

    Raises BadAddress, NotInstalled; every question RegistryAway and RegistryRefuses.
    """

    def __init__(self, access: Access | str, *, patience: float = 10.0) -> None:
        where = Access.of(access) if isinstance(access, str) else access
        self._client: RegistryClient = client_of(where, patience)
        self._headers: dict[bytes, bytes] = {}  # of schemas that we write with, by their SHA-256
        self._ours: dict[bytes, avro.Schema] = {}  # by header
        self._others = _Others()
        self._asking = threading.Lock()

    def header_of(self, schema: avro.Schema) -> bytes:
        """00 and the id; raises NotRegistered where the registry does not hold the schema."""
        return self._headers.get(schema.sha256) or self._look_up(schema)

    def schema_of(self, header: bytes) -> avro.Schema | None:
        """The schema of an id, or of a fingerprint; None where it is no schema of ours.

        It is a released one where it has a released one's canonical form, however its text is laid
        out; else one that only what we send may be read with (`avro.foreign`).
        """
        if header[:1] != CONFLUENT_MAGIC:
            return SINGLE_OBJECT.schema_of(header)
        return self._ours.get(header) or self._ask(header)

    def learn(self) -> tuple[str, ...]:
        """Ask for the id of every released schema, to need the registry less; which it lacks."""
        lacking = []
        for name in avro.released():
            for schema in avro.versions(name):
                try:
                    self.header_of(schema)
                except NotRegistered:
                    lacking.append(f"{schema.name} version {schema.version}")
        return tuple(lacking)

    def close(self) -> None:
        """End the connections."""
        self._client.close()

    def _look_up(self, schema: avro.Schema) -> bytes:
        with self._asking:
            number = self._client.id_of(subject_of(schema.name), text_of(schema))
        if number is None:
            raise NotRegistered(
                f"the registry does not hold {schema.name} version {schema.version}: "
                "its operator runs `jejak schema register`"
            )
        header = CONFLUENT_MAGIC + number.to_bytes(4, "big")
        self._headers[schema.sha256] = header
        self._ours[header] = schema
        return header

    def _ask(self, header: bytes) -> avro.Schema | None:
        number = int.from_bytes(header[1:], "big")
        if not 0 < number <= LARGEST_ID:
            return None
        with self._asking:
            if header in self._ours or self._others.holds(header):
                return self._ours.get(header)
            text = self._client.text_of(number)
            schema = None if text is None else _ours_in(text)
            if schema is None:
                self._others.add(header)
            elif len(self._ours) < _MOST_OURS:
                self._ours[header] = schema
            return schema


class _Others:
    """Ids that are none of ours: for a minute nobody asks for them again.

    With a thousand of them held, no further one is asked for at all: whoever sends messages with
    made-up ids can hold up neither the registry nor, thereby, other senders.
    """

    def __init__(self) -> None:
        self._until: OrderedDict[bytes, float] = OrderedDict()

    def add(self, header: bytes) -> None:
        self._until[header] = time.monotonic() + _OTHERS_SECONDS

    def holds(self, header: bytes) -> bool:
        now = time.monotonic()
        while self._until and next(iter(self._until.values())) < now:
            self._until.popitem(last=False)
        return header in self._until or len(self._until) >= _MOST_OTHERS


def _ours_in(text: str) -> avro.Schema | None:
    """The schema of ours that a registry's text is; None where it is another's.

    Raises RegistryAway: it is not even JSON.
    """
    try:
        plain, _ = avro.named(text)
        return avro.by_header().get(avro.header_of(plain)) or avro.foreign(text)
    except (avro.Unusable, RecursionError, LookupError, TypeError, ValueError):
        if _is_json(text):
            return None
        raise RegistryAway("the registry answers with a schema that is not JSON") from None


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    except RecursionError:  # deeper than any of ours
        return True
    return True
