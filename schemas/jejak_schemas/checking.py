"""Whether plain values are good, without making a model of them: what passes needs no model.

As `sure`, of which this is the third way: what passes is good, and written as we write it; what
does not pass, the ordinary way must judge and explain. `reading` asks the same of bytes.
"""

from collections.abc import Callable
from functools import cache
from typing import Any, Final

from pydantic import BaseModel
from pydantic_core import SchemaValidator, core_schema

from jejak_schemas import wire
from jejak_schemas.events import StatementSubmitted
from jejak_schemas.parts import PersonRef
from jejak_schemas.plain import Said
from jejak_schemas.sure import (
    Schema,
    Terms,
    called,
    clean,
    days,
    id_text,
    micros,
    nip,
    reader_of,
    rewritten,
    validator_of,
    within,
)

_LOW: Final = "[0-9a-f]"  # as we write an id


@cache
def checker_of(model: type[BaseModel]) -> SchemaValidator:
    """What takes the plain values of this model that are good; its error explains nothing."""
    return validator_of(model, _CHECKING)


def checks_of(model: type[BaseModel]) -> Schema:
    """What is asked of plain values of this model, as a schema of pydantic-core's."""
    return rewritten(model.__pydantic_core_schema__, _CHECKING)


class _Saying:
    """What has what is said, as a model has its fields."""


def _plain_id(schema: Schema, _terms: Terms) -> Schema:
    return id_text(schema, _LOW)


def _mapping(schema: Schema, terms: Terms) -> Schema:
    """A model's fields, all of which a decoded body has."""
    fields = {
        name: core_schema.typed_dict_field(rewritten(field["schema"], terms), required=True)
        for name, field in schema["fields"].items()
    }
    return core_schema.typed_dict_schema(fields, extra_behavior="forbid")


def _inner(schema: Schema, terms: Terms) -> Schema:
    return _named(rewritten(schema["schema"], terms), schema)


def _after(schema: Schema, terms: Terms) -> Schema:
    """What a model is asked once it is made, asked of its plain values."""
    if not _is_model(schema["schema"]):
        return within(schema, terms)
    ask: Any = called(schema)

    def asked(said: Said) -> Said:
        saying = _Saying()
        saying.__dict__ = said  # a fourth of what copying it takes
        ask(saying)
        return said

    return _then(asked, schema, terms)


def _agreeing(schema: Schema, terms: Terms) -> Schema:
    """What a statement must agree with in its event, which only the model can ask."""
    made = reader_of(StatementSubmitted)

    def asked(said: Said) -> Said:
        made.validate_python(said, context=wire.FROM_WIRE)
        return said

    return _then(asked, schema, terms)


def _then(asked: Callable[[Said], Said], schema: Schema, terms: Terms) -> Schema:
    inner = rewritten(schema["schema"], terms)
    return _named(core_schema.no_info_after_validator_function(asked, inner), schema)


def _is_model(schema: Schema) -> bool:
    while schema["type"] == "function-after":
        schema = schema["schema"]
    return bool(schema["type"] == "model")


def _reference(schema: Schema, terms: Terms) -> Schema:
    """Exactly one of a person's names, said as one of three forms."""
    fields = schema["schema"]["schema"]["fields"]
    forms: list[Schema] = [
        core_schema.typed_dict_schema(
            {name: _only(field["schema"], terms, name == given) for name, field in fields.items()},
            extra_behavior="forbid",
        )
        for given in fields
    ]
    return _named(core_schema.union_schema(forms, mode="left_to_right"), schema)


def _only(optional: Schema, terms: Terms, given: bool) -> Schema:
    """A field that may be None: one that is given, or one that is None."""
    nullable = optional["schema"]
    one = rewritten(nullable["schema"], terms) if given else core_schema.none_schema()
    return core_schema.typed_dict_field(one, required=True)


def _named(schema: Schema, like: Schema) -> Schema:
    """The schema under the name by which others refer to what it stands for."""
    return {**schema, "ref": like["ref"]} if "ref" in like else schema


_CHECKING: Final[Terms] = {
    wire.check_text: clean,
    wire.check_id: _plain_id,
    wire.read_time: micros,
    wire.read_day: days,
    wire.check_nip: nip,
    PersonRef._exactly_one: _reference,  # noqa: SLF001  the function that the schema names
    StatementSubmitted._agrees: _agreeing,  # noqa: SLF001
    "model": _inner,
    "model-fields": _mapping,
    "default": _inner,
    "function-after": _after,
}
