"""What a model says in plain values: those of an Avro body without logical types.

UUIDs are texts, times microseconds, days counted from 1970-01-01, parts mappings, tuples lists.
"""

from collections.abc import Callable
from datetime import date, datetime
from functools import cache
from typing import Any, Final, TypeAlias
from uuid import UUID, SafeUUID

from pydantic import BaseModel

from jejak_schemas import clock
from jejak_schemas.derive import schema_of

Said: TypeAlias = dict[str, Any]
_bare = object.__new__
# A UUID's own two slots: it lets nobody set them by name.
_set_int, _set_safe = (vars(UUID)[slot].__set__ for slot in ("int", "is_safe"))
_UNKNOWN: Final = SafeUUID.unknown  # looked up by a function where it is asked of the enum


def values_of(model: BaseModel) -> Said:
    """What the model says; every field is there."""
    said = dict(vars(model))
    for name in _composed(type(model)):
        if (value := said[name]) is not None:
            said[name] = plain(value)
    return said


def plain(value: Any) -> Any:
    """One value, plain."""
    convert: Callable[[Any], Any] = _TO_PLAIN.get(type(value), values_of)
    return convert(value)


def id_of(text: str) -> UUID:
    """The UUID that a plain value is: hexadecimal digits and hyphens, which it does not check.

    Nor does it ask what UUID's own constructor does, which takes twice as long (measured).
    """
    made = _bare(UUID)
    _set_int(made, int(text.replace("-", ""), 16))
    _set_safe(made, _UNKNOWN)
    return made


@cache
def _composed(model: type[BaseModel]) -> tuple[str, ...]:
    """The fields that are not plain as they stand: all but texts, numbers, maps of text."""
    fields = schema_of(model)["fields"]
    return tuple(one["name"] for one in fields if _without_null(one["type"]) not in _AS_THEY_STAND)


def _without_null(avro_type: Any) -> Any:
    return avro_type[1] if isinstance(avro_type, list) else avro_type


_AS_THEY_STAND: Final = ("string", "long", "boolean", {"type": "map", "values": "string"})
_TO_PLAIN: Final[dict[type, Callable[[Any], Any]]] = {
    UUID: str,
    datetime: clock.micros_of,
    date: clock.days_of,
    tuple: lambda items: [plain(item) for item in items],
    str: lambda text: text,  # in a list
    int: lambda number: number,
}
