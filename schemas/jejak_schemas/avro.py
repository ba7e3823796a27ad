"""Avro schemas, derived from the models; released ones are files under avsc/.

Names lie in the namespace `id.jejak.events`, codes are strings, decimals scaled integers,
optional fields are `["null", T]` with default null (contract.md, "On the wire").
`python -m jejak_schemas.avro` writes the drafts.
"""

import hashlib
import json
import types
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from importlib import resources
from typing import Any, Final, Literal, Union, get_args, get_origin
from uuid import UUID

import fastavro
from fastavro.schema import fingerprint, to_parsing_canonical_form
from pydantic import BaseModel

from jejak_schemas.catalogue import CATALOGUE
from jejak_schemas.events import Event, LearningEvent
from jejak_schemas.outgoing import OUTGOING

NAMESPACE: Final = "id.jejak.events"
DRAFT: Final = 0
_PLAIN: Final[dict[type, Any]] = {
    str: "string",
    int: "long",
    bool: "boolean",
    UUID: {"type": "string", "logicalType": "uuid"},
    datetime: {"type": "long", "logicalType": "timestamp-micros"},
    date: {"type": "int", "logicalType": "date"},
}

MODELS: Final[tuple[type[BaseModel], ...]] = (*(entry.event for entry in CATALOGUE), *OUTGOING)


@dataclass(frozen=True, slots=True)
class Schema:
    """A released schema: which model and version, its identity, and how to read its bodies.

    `header` is the single-object prefix C3 01 plus the CRC-64-AVRO fingerprint, little endian;
    `sha256` identifies the whole file; `reader` is the parsed schema without logical types, so
    that decoding yields plain numbers and strings.
    """

    name: str
    version: int
    model: type[BaseModel]
    sha256: bytes
    header: bytes
    reader: Any


def schema_of(model: type[BaseModel]) -> dict[str, Any]:
    """The Avro schema of a model, as the .avsc file holds it."""
    return {"namespace": NAMESPACE, **_record(model, set())}


def text_of(model: type[BaseModel]) -> str:
    """The bytes of the .avsc file, as text."""
    return json.dumps(schema_of(model), indent=2, ensure_ascii=False) + "\n"


def _record(model: type[BaseModel], seen: set[str]) -> Any:
    if model.__name__ in seen:
        return f"{NAMESPACE}.{model.__name__}"
    seen.add(model.__name__)
    doc = " ".join((model.__doc__ or "").split())
    fields = [_field(model, name, seen) for name in _in_order(model)]
    return {"type": "record", "name": model.__name__, "doc": doc, "fields": fields}


def _in_order(model: type[BaseModel]) -> Iterator[str]:
    """Field names: the event's own beginning first, then the learner's, then the rest."""
    first = [
        name
        for family in (Event, LearningEvent)
        if issubclass(model, family)
        for name in family.model_fields
    ]
    yield from dict.fromkeys([*first, *model.model_fields])


def _field(model: type[BaseModel], name: str, seen: set[str]) -> dict[str, Any]:
    field = model.model_fields[name]
    avro = _type(field.annotation, seen)
    spec: dict[str, Any] = {"name": name, "type": avro}
    if isinstance(avro, list):
        spec["default"] = None
    elif isinstance(avro, dict) and avro["type"] == "array" and not field.is_required():
        spec["default"] = []
    return spec


def _type(annotation: Any, seen: set[str]) -> Any:
    """The Avro type of a Python annotation; of a union of forms the first is the wire form."""
    origin, args = get_origin(annotation), get_args(annotation)
    if origin in (Union, types.UnionType):
        given = [arg for arg in args if arg is not type(None)]
        wire = _type(given[0], seen)
        return ["null", wire] if type(None) in args else wire
    if origin is Literal:
        return "string"
    if origin is tuple:
        return {"type": "array", "items": _type(args[0], seen)}
    if origin is dict:
        return {"type": "map", "values": _type(args[1], seen)}
    if hasattr(annotation, "__metadata__"):  # Annotated[...]
        return _type(args[0], seen)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return _record(annotation, seen)
    return _PLAIN[annotation]


def _without_logical_types(schema: Any) -> Any:
    if isinstance(schema, dict):
        if set(schema) == {"type", "logicalType"}:
            return schema["type"]
        return {key: _without_logical_types(value) for key, value in schema.items()}
    if isinstance(schema, list):
        return [_without_logical_types(item) for item in schema]
    return schema


def released_text(name: str, version: int = DRAFT) -> str:
    """The text of a released .avsc file."""
    return (
        resources.files(__package__).joinpath("avsc", f"{name}.v{version}.avsc").read_text("utf-8")
    )


def _load(model: type[BaseModel], version: int) -> Schema:
    name = model.__name__
    raw = released_text(name, version).encode()
    plain = json.loads(raw)
    crc = fingerprint(to_parsing_canonical_form(plain), "CRC-64-AVRO")
    return Schema(
        name=name,
        version=version,
        model=model,
        sha256=hashlib.sha256(raw).digest(),
        header=b"\xc3\x01" + bytes.fromhex(crc),
        reader=fastavro.parse_schema(_without_logical_types(plain)),
    )


@cache
def released() -> dict[str, Schema]:
    """The newest schema of every model, by name."""
    return {model.__name__: _load(model, DRAFT) for model in MODELS}


@cache
def by_header() -> dict[bytes, Schema]:
    """Every released schema by its ten-byte single-object header."""
    return {schema.header: schema for schema in released().values()}


def write_drafts() -> None:
    """Write every draft schema to avsc/."""
    folder = resources.files(__package__).joinpath("avsc")
    for model in MODELS:
        path = folder.joinpath(f"{model.__name__}.v{DRAFT}.avsc")
        with resources.as_file(path) as file:
            file.write_text(text_of(model), "utf-8")


if __name__ == "__main__":
    write_drafts()
