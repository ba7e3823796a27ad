"""Models to Avro's bytes: a writer for each class, put together once from its schema.

Source: Avro 1.12, "Binary encoding". fastavro is what we read with; to write, it needs a plain copy
of the model first and tries every value of a union against every branch, which took more than
twice as long (measured). Here the schema says which branch a value is: None, or not.
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

from jejak_schemas import clock

Write = Callable[[Any], bytes]
_Named = dict[str, Write]  # records by name: a schema spells each out once
_ABSENT, _PRESENT, _END = b"\x00", b"\x02", b"\x00"
_LARGEST: Final = 1 << 64
_SEVEN_BITS, _MORE = 0x7F, 0x80
_REMEMBERED: Final = 4_096  # lengths, days, levels and hours are few


def writer_of(schema: Any) -> Write:
    """What writes a model as the record of an .avsc file of ours, logical types included.

    It raises ValueError, TypeError, KeyError or AttributeError where a value is not as the schema
    says.
    """
    return _writer(schema, {})


def _writer(schema: Any, named: _Named) -> Write:
    if isinstance(schema, str):
        return _PLAIN.get(schema) or named[schema.rpartition(".")[2]]
    if isinstance(schema, list):
        return _optional(_writer(schema[1], named))
    if logical := schema.get("logicalType"):
        return _LOGICAL[logical]
    kind = schema["type"]
    if kind == "array":
        return _array(_writer(schema["items"], named))
    if kind == "map":
        return _map(_writer(schema["values"], named))
    return _record(schema, named) if kind == "record" else _writer(kind, named)


def _record(schema: Any, named: _Named) -> Write:
    fields = tuple((one["name"], _writer(one["type"], named)) for one in schema["fields"])

    def write(model: Any) -> bytes:
        values = model.__dict__
        return b"".join([write_field(values[name]) for name, write_field in fields])

    named[schema["name"]] = write
    return write


def _optional(inner: Write) -> Write:
    return lambda value: _ABSENT if value is None else _PRESENT + inner(value)


def _array(item: Write) -> Write:
    return lambda items: _block(items, [item(one) for one in items])


def _map(value: Write) -> Write:
    return lambda pairs: _block(pairs, [_text(key) + value(one) for key, one in pairs.items()])


def _block(of: Any, written: list[bytes]) -> bytes:
    return b"".join([_few(len(of)), *written, _END]) if of else _END


def _text(text: str) -> bytes:
    raw = text.encode()
    return _few(len(raw)) + raw


def _id(value: UUID) -> bytes:
    digits = f"{value.int:032x}"
    parts = (digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:])
    return _text("-".join(parts))


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
_PLAIN: Final[Mapping[str, Write]] = {
    "string": _text,
    "long": _few,
    "int": _few,
    "boolean": _boolean,
}
_LOGICAL: Final[Mapping[str, Write]] = {"uuid": _id, "timestamp-micros": _time, "date": _day}
