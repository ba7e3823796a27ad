"""Models to Avro's bytes: a function for each class, whose source is written from its schema.

Source: Avro 1.12, "Binary encoding". fastavro is what we read with; to write, it needs a plain copy
of the model first and tries every value of a union against every branch, which took three times as
long (measured). Here the schema says which branch a value is: None, or not. Functions put together
of functions, one for each field, took half as long again: thirty calls an event.
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

from jejak_schemas import clock

Write = Callable[[Any], bytes]
_LARGEST: Final = 1 << 64
_SEVEN_BITS, _MORE = 0x7F, 0x80
_REMEMBERED: Final = 4_096  # lengths, days, levels and hours are few


def writer_of(schema: Any) -> Write:
    """What writes a model as the record of an .avsc file of ours, logical types included.

    It raises ValueError, TypeError, KeyError or AttributeError where a value is not as the schema
    says.
    """
    source = _Source()
    body = source.of(schema, "value")
    made: dict[str, Any] = dict(_CALLED)
    exec("\n".join([*source.records, f"write = lambda value: {body}"]), made)  # noqa: S102  our own
    write: Write = made["write"]
    return write


class _Source:
    """Expressions that write values, and the functions that those of records call."""

    def __init__(self) -> None:
        self.records: list[str] = []
        self._names = 0

    def of(self, schema: Any, value: str) -> str:
        """The expression for the bytes of `value`, which is one itself."""
        if isinstance(schema, list):
            name = self._name()
            present = self.of(schema[1], name)
            return f"(b'\\0' if ({name} := {value}) is None else b'\\2' + {present})"
        if isinstance(schema, str):
            return self._plain(schema, value)
        kind = schema.get("logicalType", schema["type"])
        if kind == "array":
            return self._block(value, "", lambda item: self.of(schema["items"], item))
        if kind == "map":
            key = self._name()
            return self._block(
                value,
                f"{key}, ",
                lambda item: f"{self.of('string', key)} + {self.of(schema['values'], item)}",
            )
        return self._record(schema, value) if kind == "record" else self._plain(kind, value)

    def _plain(self, kind: str, value: str) -> str:
        if kind == "string":
            name = self._name()
            return f"few(len({name} := {value}.encode())) + {name}"
        return f"{_CALLS.get(kind) or kind.rpartition('.')[2]}({value})"

    def _block(self, value: str, key: str, item: Callable[[str], str]) -> str:
        """Of a list's items, or of a map's pairs where there is a name for the key."""
        name, one = self._name(), self._name()
        over = f"{name}.items()" if key else name
        items = f"[{item(one)} for {key}{one} in {over}]"
        return f"(few(len({name})) + b''.join({items}) + b'\\0' if ({name} := {value}) else b'\\0')"

    def _record(self, schema: Any, value: str) -> str:
        fields = [self.of(one["type"], f"values[{one['name']!r}]") for one in schema["fields"]]
        self.records.append(
            f"def {schema['name']}(model):\n"
            f"    values = model.__dict__\n"
            f"    return b''.join(({', '.join(fields)},))"
        )
        return f"{schema['name']}({value})"

    def _name(self) -> str:
        self._names += 1
        return f"v{self._names}"


def _id(value: UUID) -> bytes:
    digits = f"{value.int:032x}"
    parts = (digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:])
    return b"\x48" + "-".join(parts).encode()  # 36 characters


def _time(moment: datetime) -> bytes:
    return _long(clock.micros_of(moment))


def _day(day: date) -> bytes:
    return _few(clock.days_of(day))


def _boolean(value: bool) -> bytes:
    return b"\x01" if value else b"\x00"


def _long(number: int) -> bytes:
    """Zigzag, seven bits a byte, the lowest first."""
    left = number << 1 ^ number >> 63
    if not 0 <= left < _LARGEST:
        raise ValueError("needs more than 64 bits")
    out = bytearray()
    while left > _SEVEN_BITS:
        out.append(left & _SEVEN_BITS | _MORE)
        left >>= 7
    out.append(left)
    return bytes(out)


_few = lru_cache(_REMEMBERED)(_long)
_CALLED: Final[Mapping[str, Callable[[Any], bytes]]] = {
    "few": _few,
    "time": _time,
    "day": _day,
    "id": _id,
    "boolean": _boolean,
}
# The names above by Avro's types and logical types.
_CALLS: Final[Mapping[str, str]] = {
    "long": "few",
    "int": "few",
    "boolean": "boolean",
    "uuid": "id",
    "timestamp-micros": "time",
    "date": "day",
}
