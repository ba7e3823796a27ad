"""From models to Avro: the schema that a class's model says.

Names lie in the namespace `id.jejak.events`, codes are strings, decimals scaled integers,
optional fields are `["null", T]` with default null.
"""

import json
import types
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any, Final, Literal, Union, get_args, get_origin
from uuid import UUID

from pydantic import BaseModel

from jejak_schemas.events import GROUPS, Event, LearningEvent

NAMESPACE: Final = "id.jejak.events"
_PLAIN: Final[dict[type, Any]] = {
    str: "string",
    int: "long",
    bool: "boolean",
    UUID: {"type": "string", "logicalType": "uuid"},
    datetime: {"type": "long", "logicalType": "timestamp-micros"},
    date: {"type": "int", "logicalType": "date"},
}
_EMPTY: Final[dict[str, Any]] = {"array": [], "map": {}}


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
    fields = [_field(model, name, seen) for name in in_order(model)]
    return {"type": "record", "name": model.__name__, "doc": doc, "fields": fields}


def in_order(model: type[BaseModel]) -> Iterator[str]:
    """Field names: every event's, then every learning event's, the class's own, then groups'."""
    bases = [family for family in (Event, LearningEvent) if issubclass(model, family)]
    first = [name for family in bases for name in family.model_fields]
    shared = {name for group in GROUPS if issubclass(model, group) for name in group.model_fields}
    own = [name for name in model.model_fields if name not in shared]
    yield from dict.fromkeys([*first, *own, *model.model_fields])


def _field(model: type[BaseModel], name: str, seen: set[str]) -> dict[str, Any]:
    field = model.model_fields[name]
    avro = _type(field.annotation, seen)
    spec: dict[str, Any] = {"name": name, "type": avro}
    if isinstance(avro, list):
        spec["default"] = None
    elif isinstance(avro, dict) and avro["type"] in _EMPTY and not field.is_required():
        spec["default"] = _EMPTY[avro["type"]]
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
