"""Reading what a newer Jejak sends, with the .avsc files of its messages in a folder.

For parties: an event that they emit MUST be written with a schema released here.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from jejak_schemas import avro
from jejak_schemas.framing import SINGLE_OBJECT, Framing, header_length, registered_id

SUFFIX: Final = ".avsc"


@dataclass(slots=True)
class WithFolder:
    """Another framing, which knows the schemas of a folder besides its own.

    The folder is read when an unknown schema is met, every time: a file put there is found by the
    next try. Files that cannot be used are left out until a message needs them; `advice` says why.
    """

    folder: Path
    inner: Framing = SINGLE_OBJECT
    _known: dict[bytes, avro.Schema] = field(default_factory=dict, init=False)
    _unusable: dict[bytes, str] = field(default_factory=dict, init=False)

    def header_of(self, schema: avro.Schema) -> bytes:
        """What stands before a body written with this schema."""
        return self.inner.header_of(schema)

    def schema_of(self, header: bytes) -> avro.Schema | None:
        """The schema that a header names: the other framing's, or the folder's by fingerprint."""
        own = self.inner.schema_of(header) or self._known.get(header)
        if own is None:
            self._look()
        return own or self._known.get(header)

    def why_not(self, header: bytes) -> str | None:
        """Why the folder's file of this schema cannot be used; None where it has none."""
        return self._unusable.get(header)

    def _look(self) -> None:
        self._unusable.clear()
        for path in sorted(self.folder.glob(f"*{SUFFIX}")):
            try:
                text = path.read_text("utf-8")
                plain, _ = avro.named(text)
            except (OSError, ValueError):
                continue  # no schema of ours, and no message names it
            header = avro.header_of(plain)
            try:
                self._known[header] = avro.foreign(text)
            except avro.Unusable as exc:
                self._unusable[header] = f"{path}: {exc}"


def advice(value: bytes, framing: Framing) -> str:
    """What to do about a message whose schema this framing does not know."""
    if (number := registered_id(value)) is not None:
        return unknown(number)
    header = value[: header_length(value) or 0]
    do = "name a folder (`schemas`) that holds its .avsc file"
    if isinstance(framing, WithFolder):
        do = framing.why_not(header) or f"put its .avsc file into {framing.folder}"
    return (
        f"a newer Jejak wrote it, with the schema {header.hex()}: {do}. "
        "Nothing is skipped: the next run goes on with this message"
    )


def unknown(number: int) -> str:
    """What to do about a message in Confluent's framing whose id says nothing here."""
    return (
        f"its schema is number {number} of the ledger's schema registry: set JEJAK_REGISTRY_URL "
        "(or give framing=SchemaRegistry(...)) to that registry. Nothing is skipped"
    )
