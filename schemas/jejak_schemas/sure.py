"""A quick way to validate what an Avro body or a caller says: sure of the good, silent of the rest.

A model calls a Python function for nearly every field, which took half of the time of reading an
event (measured). Here each of those checks is said in pydantic's own terms, at times a little more
strictly. So what this takes is good, and is the very model that the ordinary way makes of it; what
it does not take, the ordinary way must judge and explain.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from functools import cache
from typing import Any, Final

from pydantic import BaseModel
from pydantic_core import SchemaValidator, core_schema

from jejak_schemas import clock, wire

_Schema = Any
_HEX: Final = "[0-9A-Fa-f]"
# No U+0000, and not as many digits in a row as a NIP begins with.
_PLAIN_TEXT: Final = core_schema.str_schema(pattern=r"^(?:\d{0,7}[^\d\x00])*\d{0,7}$")
_ID: Final = rf"^{_HEX}{{8}}(?:-{_HEX}{{4}}){{3}}-{_HEX}{{12}}$"
_ID_7: Final = rf"^{_HEX}{{8}}-{_HEX}{{4}}-7{_HEX}{{3}}-[89ABab]{_HEX}{{3}}-{_HEX}{{12}}$"
# Every day of the calendar but 29 February.
_NIP: Final = (
    r"^(?:19|20|21)[0-9]{2}(?:(?:0[1-9]|1[0-2])(?:0[1-9]|1[0-9]|2[0-8])"
    r"|(?:0[13-9]|1[0-2])(?:29|30)|(?:0[13578]|1[02])31)[0-9]{10}$"
)
_FIRST, _END = (datetime(year, 1, 1, tzinfo=UTC) for year in (wire.FIRST_YEAR, wire.END_YEAR))
_FIRST_DAY, _END_DAY = (date(year, 1, 1) for year in (wire.FIRST_YEAR, wire.END_YEAR))


@cache
def reader_of(model: type[BaseModel]) -> SchemaValidator:
    """What validates plain values of an Avro body as this model; its error explains nothing."""
    return _validator(model, _OF_A_BODY)


@cache
def maker_of(model: type[BaseModel]) -> SchemaValidator:
    """What validates Python's values as this model, no text among the times, days and ids."""
    return _validator(model, _OF_PYTHON)


def _validator(model: type[BaseModel], terms: "_Terms") -> SchemaValidator:
    schema = _rewritten(model.__pydantic_core_schema__, terms)
    # Else pydantic takes the class's own validator wherever the schema names the class.
    return SchemaValidator(schema, _use_prebuilt=False)


def _rewritten(schema: _Schema, terms: "_Terms") -> _Schema:
    """A pydantic-core schema whose calls of our checks are said in its own terms."""
    if isinstance(schema, list):
        return [_rewritten(item, terms) for item in schema]
    if not isinstance(schema, dict):
        return schema
    called = schema.get("function")
    own = terms.get(called["function"]) if isinstance(called, dict) else None
    if own is not None:
        return own(schema["schema"])
    return {
        key: value if key in _OPAQUE else _rewritten(value, terms) for key, value in schema.items()
    }


_OPAQUE: Final = frozenset({"metadata", "config", "cls", "function", "default", "expected"})


def _clean(inner: _Schema) -> _Schema:
    return core_schema.chain_schema([inner, _PLAIN_TEXT])


def _uuid(inner: _Schema) -> _Schema:
    pattern = _ID_7 if _of_version_7(inner) else _ID
    text = core_schema.str_schema(strict=True, pattern=pattern)
    return core_schema.chain_schema([text, core_schema.uuid_schema()])


def _own_uuid(inner: _Schema) -> _Schema:
    return core_schema.uuid_schema(strict=True, version=7 if _of_version_7(inner) else None)


def _of_version_7(inner: _Schema) -> bool:
    return bool(inner["type"] != "uuid")


def _time(_inner: _Schema) -> _Schema:
    return _counted(clock.micros_of(_FIRST), clock.micros_of(_END), clock.moment_of)


def _day(_inner: _Schema) -> _Schema:
    return _counted(clock.days_of(_FIRST_DAY), clock.days_of(_END_DAY), clock.day_of)


def _counted(first: int, end: int, made: Callable[[int], object]) -> _Schema:
    number = core_schema.int_schema(strict=True, ge=first, lt=end)
    return core_schema.no_info_after_validator_function(made, number)


def _own_time(_inner: _Schema) -> _Schema:
    return core_schema.no_info_plain_validator_function(_in_utc)


def _in_utc(value: object) -> datetime:
    if type(value) is datetime and value.tzinfo is UTC and _FIRST <= value < _END:
        return value
    raise ValueError


def _own_day(_inner: _Schema) -> _Schema:
    return core_schema.date_schema(strict=True, ge=_FIRST_DAY, lt=_END_DAY)


def _nip(_inner: _Schema) -> _Schema:
    return core_schema.str_schema(strict=True, pattern=_NIP)


_Terms = Mapping[object, Callable[[_Schema], _Schema]]
_OF_A_BODY: Final[_Terms] = {
    wire.check_text: _clean,
    wire.check_id: _uuid,
    wire.read_time: _time,
    wire.read_day: _day,
    wire.check_nip: _nip,
}
_OF_PYTHON: Final[_Terms] = {
    **_OF_A_BODY,
    wire.check_id: _own_uuid,
    wire.read_time: _own_time,
    wire.read_day: _own_day,
}
