"""The released Avro schemas, which are files under avsc/, and what is needed to read with them.

`avsc/RELEASED` lists every released file with its SHA-256 (`sha256sum -c RELEASED`); those files
MUST NOT change any more. A class that was never released has a draft, version 0: what its model
says now. `python -m jejak_schemas.release` makes versions; this module only reads them.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import fastavro
from fastavro.schema import SchemaParseException, fingerprint, to_parsing_canonical_form
from pydantic import BaseModel

from jejak_schemas import bounds, upcasting
from jejak_schemas.catalogue import CATALOGUE
from jejak_schemas.compatibility import faults
from jejak_schemas.derive import NAMESPACE, text_of
from jejak_schemas.outgoing import OUTGOING

__all__ = [
    "AVSC", "DRAFT", "LIST", "MODELS", "NAMESPACE", "Release", "Schema", "Unusable", "by_header",
    "file_name", "foreign", "header_of", "named", "reader_of", "released", "released_text",
    "releases", "shelf", "text_of", "versions", "without", "write_drafts",
]  # fmt: skip

AVSC: Final = Path(__file__).with_name("avsc")
LIST: Final = "RELEASED"
DRAFT: Final = 0
MODELS: Final[tuple[type[BaseModel], ...]] = (*(entry.event for entry in CATALOGUE), *OUTGOING)


class Unusable(ValueError):  # noqa: N818  says what the file is
    """An .avsc file with which nothing can be read here; says why."""


@dataclass(frozen=True, slots=True, order=True)
class Release:
    """One line of avsc/RELEASED: a version of a class and the SHA-256 of its file, in hex."""

    name: str
    version: int
    sha256: str

    @property
    def file(self) -> str:
        """The file's name."""
        return file_name(self.name, self.version)


@dataclass(frozen=True, slots=True, eq=False)  # told apart by identity
class Schema:
    """One version of a class: its identity, and how to read its bodies.

    `header` is the single-object prefix C3 01 plus the CRC-64-AVRO fingerprint, little endian;
    `sha256` identifies the whole file; `reader` is the parsed schema without logical types, so
    that decoding yields plain numbers and strings. `into` is the schema to resolve to: None but for
    a foreign one. `steps` then lead to what the model takes; none from the newest version.
    """

    name: str
    version: int
    model: type[BaseModel]
    sha256: bytes
    header: bytes
    reader: Any
    into: Any = None
    steps: tuple[upcasting.Step, ...] = ()

    @property
    def fingerprint(self) -> str:
        """The CRC-64-AVRO fingerprint in hex, its bytes in the order of the wire."""
        return self.header[2:].hex()


def without(word: str, schema: Any) -> Any:
    """A schema, or a part of one, without an attribute: `doc`, `logicalType`."""
    if isinstance(schema, dict):
        kept = {key: without(word, value) for key, value in schema.items() if key != word}
        return kept["type"] if set(kept) == {"type"} else kept
    if isinstance(schema, list):
        return [without(word, item) for item in schema]
    return schema


def file_name(name: str, version: int) -> str:
    """The name of a version's file."""
    return f"{name}.v{version}.avsc"


def releases(folder: Path = AVSC) -> tuple[Release, ...]:
    """Everything on the list of a folder, by class and version; nothing where there is no list.

    Raises ValueError: a line is none.
    """
    path = folder / LIST
    lines = path.read_text("utf-8").splitlines() if path.exists() else []
    return tuple(sorted(_line(line) for line in lines))


def _line(line: str) -> Release:
    found = re.fullmatch(r"([0-9a-f]{64})  (\w+)\.v([1-9]\d*)\.avsc", line)
    if found is None:
        raise ValueError(f"{LIST} has a line that is no SHA-256 and file of a version: {line}")
    return Release(found[2], int(found[3]), found[1])


def released_text(name: str, version: int | None = None) -> str:
    """The text of a released .avsc file; without a version of the newest, or the draft.

    Raises LookupError: no such class, or no such version of it.
    """
    numbers = [one.version for one in releases() if one.name == name] or [DRAFT]
    asked = numbers[-1] if version is None else version
    if asked not in numbers:
        raise LookupError(f"{name} has no version {asked}")
    if asked == DRAFT:
        return text_of(_model(name))
    return (AVSC / file_name(name, asked)).read_text("utf-8")


def _model(name: str) -> type[BaseModel]:
    return {model.__name__: model for model in MODELS}[name]


def header_of(plain: Any) -> bytes:
    """The single-object header of what is written with a schema, given as its JSON says."""
    crc = fingerprint(to_parsing_canonical_form(plain), "CRC-64-AVRO")
    return b"\xc3\x01" + bytes.fromhex(crc)


def reader_of(plain: Any) -> Any:
    """A schema ready for fastavro, without logical types."""
    return fastavro.parse_schema(without("logicalType", plain))


Shelf = dict[str, tuple[Schema, ...]]


def shelf(
    folder: Path, models: Sequence[type[BaseModel]], steps: upcasting.Steps = upcasting.STEPS
) -> Shelf:
    """Every version of every class in a folder, the newest last; the draft where there is none.

    Raises LookupError: a step between versions is not in the table.
    """
    found: dict[str, list[int]] = {model.__name__: [] for model in models}
    for one in releases(folder):
        found.setdefault(one.name, []).append(one.version)
    return {
        model.__name__: tuple(_versions(folder, model, found[model.__name__], steps))
        for model in models
    }


def _versions(
    folder: Path, model: type[BaseModel], numbers: Sequence[int], steps: upcasting.Steps
) -> Iterator[Schema]:
    name = model.__name__
    if not numbers:
        yield _schema(model, DRAFT, text_of(model).encode(), ())
    for number in numbers:
        raw = (folder / file_name(name, number)).read_bytes()
        yield _schema(model, number, raw, upcasting.to_newest(name, number, numbers[-1], steps))


def _schema(
    model: type[BaseModel], version: int, raw: bytes, steps: tuple[upcasting.Step, ...]
) -> Schema:
    plain = json.loads(raw)
    return Schema(
        name=model.__name__,
        version=version,
        model=model,
        sha256=hashlib.sha256(raw).digest(),
        header=header_of(plain),
        reader=reader_of(plain),
        steps=steps,
    )


@cache
def _shelf() -> Shelf:
    return shelf(AVSC, MODELS)


def versions(name: str) -> tuple[Schema, ...]:
    """Every version of a class, the newest last; the draft alone where none is released."""
    return _shelf()[name]


@cache
def released() -> dict[str, Schema]:
    """The newest schema of every class, by name."""
    return {name: found[-1] for name, found in _shelf().items()}


@cache
def by_header() -> dict[bytes, Schema]:
    """Every schema of every version by its ten-byte single-object header."""
    return {schema.header: schema for found in _shelf().values() for schema in found}


def foreign(text: str) -> Schema:
    """The schema of a message that a newer Jejak sends, read into the newest version known here.

    For what is sent to parties only: an event that somebody emits MUST be written with a schema
    released here. The result's `version` is the one it is read into.

    Raises:
        Unusable: no schema, none of a message known here, or one that ours cannot read.
    """
    plain, name = named(text)
    own = {model.__name__: released()[model.__name__] for model in OUTGOING}.get(name)
    if own is None:
        raise Unusable(f"this Jejak knows no message {name}: a newer one is needed")
    reader = reader_of(plain)
    try:
        bounds.check(reader)
    except bounds.Unbounded as exc:
        raise Unusable(f"{name} {exc}") from None
    lacking = faults(own.reader, reader)
    if lacking:
        raise Unusable(f"{name} cannot be read into version {own.version}: {lacking[0]}")
    sha256 = hashlib.sha256(text.encode()).digest()
    return Schema(name, own.version, own.model, sha256, header_of(plain), reader, own.reader)


def named(text: str) -> tuple[Any, str]:
    """The JSON of an .avsc file of ours and the name of its class; raises Unusable."""
    try:
        plain = json.loads(text)
        full = str(reader_of(plain)["name"])
    except (ValueError, TypeError, KeyError, AttributeError, SchemaParseException) as exc:
        raise Unusable("is no Avro schema of a record") from exc
    space, _, name = full.rpartition(".")
    if space != NAMESPACE:
        raise Unusable(f"{full} is not in the namespace {NAMESPACE}")
    return plain, name


def write_drafts() -> None:
    """Write the draft of every class that was never released to avsc/."""
    done = {one.name for one in releases()}
    for model in MODELS:
        if model.__name__ not in done:
            (AVSC / file_name(model.__name__, DRAFT)).write_text(text_of(model), "utf-8")


if __name__ == "__main__":
    write_drafts()
