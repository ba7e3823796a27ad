"""Reading what a newer Jejak sends, with the .avsc files of its messages in a folder.

For parties: an event that they emit MUST be written with a schema released here.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from jejak_schemas import avro
from jejak_schemas.framing import SINGLE_OBJECT, header_length

SUFFIX: Final = ".avsc"


@dataclass(slots=True)
class WithFolder:
    """Single-object encoding with the schemas released here and those of a folder (Framing).

    The folder is read when an unknown schema is met, every time: a file put there is found by the
    next try. Files that cannot be used are left out until a message needs them; `advice` says why.
    """

    folder: Path
    _known: dict[bytes, avro.Schema] = field(default_factory=dict, init=False)
    _unusable: dict[bytes, str] = field(default_factory=dict, init=False)

    def header_of(self, schema: avro.Schema) -> bytes:
        """C3 01 and the schema's fingerprint."""
        return SINGLE_OBJECT.header_of(schema)

    def schema_of(self, header: bytes) -> avro.Schema | None:
        """The schema of this fingerprint, released here or in the folder."""
        own = SINGLE_OBJECT.schema_of(header) or self._known.get(header)
        if own is None:
            self._look()
        return own or self._known.get(header)

    def advice(self, value: bytes) -> str:
        """What to do about a message whose schema is unknown."""
        why = self._unusable.get(_header(value))
        return why or missing(value, self.folder)

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


def missing(value: bytes, folder: Path | None = None) -> str:
    """What to do about a message whose schema nobody here knows."""
    where = f"put its .avsc file into {folder}" if folder else "name a folder with its .avsc file"
    crc = _header(value)[2:].hex()
    return (
        f"its schema {crc} (CRC-64-AVRO) is not released here: {where} "
        "(the operator's newer Jejak has it), or install that Jejak; "
        "nothing is skipped, the next run goes on with this message"
    )


def _header(value: bytes) -> bytes:
    return value[: header_length(value) or 0]
