"""A quick way to validate an event that was sent, made or recorded: sure of the good, silent else.

A model calls a Python function for nearly every field, which took half of the time of reading an
event (measured). Here each of those checks is said in pydantic's own terms, at times a little more
strictly. So what this takes is good, and is the very model that the ordinary way makes of it; what
it does not take, the ordinary way must judge and explain.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from functools import cache
from typing import Any, Final, TypeAlias

from pydantic import BaseModel
from pydantic_core import SchemaValidator, core_schema

from jejak_schemas import clock, wire

Schema: TypeAlias = Any
Terms: TypeAlias = Mapping[object, Callable[[Schema, "Terms"], Schema]]
"""What stands for a schema of pydantic-core's, by the check that it calls or by its type."""

_HEX: Final = "[0-9A-Fa-f]"
# No U+0000, and not as many digits in a row as a NIP begins with, unless no year begins so.
_FEW_DIGITS: Final = r"(?:\d{0,7}|[03-9]\d{7})"
_PLAIN_TEXT: Final = core_schema.str_schema(pattern=rf"^(?:{_FEW_DIGITS}[^\d\x00])*{_FEW_DIGITS}$")
_ID: Final = "^{hex}{{8}}(?:-{hex}{{4}}){{3}}-{hex}{{12}}$"
_ID_7: Final = "^{hex}{{8}}-{hex}{{4}}-7{hex}{{3}}-[89ABab]{hex}{{3}}-{hex}{{12}}$"
# Every day of the calendar but 29 February.
_NIP: Final = (
    r"^(?:19|20|21)[0-9]{2}(?:(?:0[1-9]|1[0-2])(?:0[1-9]|1[0-9]|2[0-8])"
    r"|(?:0[13-9]|1[0-2])(?:29|30)|(?:0[13578]|1[02])31)[0-9]{10}$"
)
# As clock.rfc3339 writes a moment; a day without its time.
_KEPT_TIME: Final = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z$"
_KEPT_DAY: Final = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
_FIRST, _END = (datetime(year, 1, 1, tzinfo=UTC) for year in (wire.FIRST_YEAR, wire.END_YEAR))
_FIRST_DAY, _END_DAY = (date(year, 1, 1) for year in (wire.FIRST_YEAR, wire.END_YEAR))


@cache
def reader_of(model: type[BaseModel]) -> SchemaValidator:
    """What validates plain values of an Avro body as this model; its error explains nothing."""
    return validator_of(model, _OF_A_BODY)


@cache
def maker_of(model: type[BaseModel]) -> SchemaValidator:
    """What validates Python's values as this model, no text among the times, days and ids."""
    return validator_of(model, _OF_PYTHON)


@cache
def keeper_of(model: type[BaseModel]) -> SchemaValidator:
    """What validates JSON values as our statements have them as this model."""
    return validator_of(model, _OF_JSON)


def validator_of(model: type[BaseModel], terms: Terms) -> SchemaValidator:
    """What validates as a model does, in these terms."""
    schema = rewritten(model.__pydantic_core_schema__, terms)
    # Else pydantic takes the class's own validator wherever the schema names the class.
    return SchemaValidator(schema, _use_prebuilt=False)


def rewritten(schema: Schema, terms: Terms) -> Schema:
    """A pydantic-core schema, or a part of one, said in these terms."""
    if isinstance(schema, list):
        return [rewritten(item, terms) for item in schema]
    if not isinstance(schema, dict):
        return schema
    kind = schema.get("type")
    own = terms.get(called(schema)) or terms.get(kind if isinstance(kind, str) else None)
    return own(schema, terms) if own else within(schema, terms)


def within(schema: Schema, terms: Terms) -> Schema:
    """The same schema, what is in it said in these terms."""
    return {
        key: value if key in _OPAQUE else rewritten(value, terms) for key, value in schema.items()
    }


def called(schema: Schema) -> Any:
    """The function that a schema calls; None where it calls none."""
    function = schema.get("function")
    return function["function"] if isinstance(function, dict) else None


_OPAQUE: Final = frozenset({"metadata", "config", "cls", "function", "default", "expected"})


def clean(schema: Schema, _terms: Terms) -> Schema:
    """A text."""
    return core_schema.chain_schema([schema["schema"], _PLAIN_TEXT])


def id_text(schema: Schema, digit: str = _HEX) -> Schema:
    """The text of an id, in these hexadecimal digits."""
    form = _ID_7 if _of_version_7(schema) else _ID
    return core_schema.str_schema(strict=True, pattern=form.format(hex=digit))


def micros(_schema: Schema, _terms: Terms) -> Schema:
    """A time as the wire has it."""
    first, end = clock.micros_of(_FIRST), clock.micros_of(_END)
    return core_schema.int_schema(strict=True, ge=first, lt=end)


def days(_schema: Schema, _terms: Terms) -> Schema:
    """A day as the wire has it."""
    first, end = clock.days_of(_FIRST_DAY), clock.days_of(_END_DAY)
    return core_schema.int_schema(strict=True, ge=first, lt=end)


def nip(_schema: Schema, _terms: Terms) -> Schema:
    """A NIP."""
    return core_schema.str_schema(strict=True, pattern=_NIP)


def _id(schema: Schema, _terms: Terms) -> Schema:
    return core_schema.chain_schema([id_text(schema), core_schema.uuid_schema()])


def _own_id(schema: Schema, _terms: Terms) -> Schema:
    return core_schema.uuid_schema(strict=True, version=7 if _of_version_7(schema) else None)


def _of_version_7(schema: Schema) -> bool:
    return bool(schema["schema"]["type"] != "uuid")


def _time(schema: Schema, terms: Terms) -> Schema:
    return core_schema.no_info_after_validator_function(clock.moment_of, micros(schema, terms))


def _day(schema: Schema, terms: Terms) -> Schema:
    return core_schema.no_info_after_validator_function(clock.day_of, days(schema, terms))


def _kept_time(_schema: Schema, _terms: Terms) -> Schema:
    text = core_schema.str_schema(strict=True, pattern=_KEPT_TIME)
    return core_schema.no_info_after_validator_function(_in_years, text)


def _in_years(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if _FIRST <= moment < _END:
        return moment
    raise ValueError


def _kept_day(_schema: Schema, _terms: Terms) -> Schema:
    text = core_schema.str_schema(strict=True, pattern=_KEPT_DAY)
    return core_schema.chain_schema([text, core_schema.date_schema(ge=_FIRST_DAY, lt=_END_DAY)])


def _own_time(_schema: Schema, _terms: Terms) -> Schema:
    return core_schema.no_info_plain_validator_function(_in_utc)


def _in_utc(value: object) -> datetime:
    if type(value) is datetime and value.tzinfo is UTC and _FIRST <= value < _END:
        return value
    raise ValueError


def _own_day(_schema: Schema, _terms: Terms) -> Schema:
    return core_schema.date_schema(strict=True, ge=_FIRST_DAY, lt=_END_DAY)


_OF_A_BODY: Final[Terms] = {
    wire.check_text: clean,
    wire.check_id: _id,
    wire.read_time: _time,
    wire.read_day: _day,
    wire.check_nip: nip,
}
_OF_PYTHON: Final[Terms] = {
    **_OF_A_BODY,
    wire.check_id: _own_id,
    wire.read_time: _own_time,
    wire.read_day: _own_day,
}
_OF_JSON: Final[Terms] = {
    **_OF_A_BODY,
    wire.read_time: _kept_time,
    wire.read_day: _kept_day,
}
