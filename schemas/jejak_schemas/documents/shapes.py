"""What a model says of its fields, in words: their types, their limits, which must be there."""

import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel, TypeAdapter

from jejak_schemas import outgoing, parts, wire
from jejak_schemas.derive import in_order
from jejak_schemas.documents import material
from jejak_schemas.documents.material import Meaning
from jejak_schemas.events import recognition

_HOMES: Final = (wire, parts, recognition, outgoing)
_PLAIN: Final[dict[Any, str]] = {str: "text", int: "number"}


@dataclass(frozen=True, slots=True)
class Shape:
    """A field's type: `name` is an alias of types.toml, or plain; `part` a model; or one of both.

    `limits` are sentences; those of a list's items stand before the list's own.
    """

    name: str
    part: type[BaseModel] | None = None
    many: bool = False
    limits: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """One field of a class."""

    name: str
    shape: Shape
    required: bool
    meaning: Meaning


@cache
def rows_of(model: type[BaseModel]) -> tuple[Row, ...]:
    """The fields of a class, in the order of its schema."""
    hints = get_type_hints(model, include_extras=True)
    return tuple(
        Row(
            name,
            shape_of(hints[name]),
            model.model_fields[name].is_required(),
            material.meaning_of(model, name),
        )
        for name in in_order(model)
    )


def parts_of(model: type[BaseModel]) -> list[type[BaseModel]]:
    """Every shared part that stands somewhere in a class, each once, in the order met."""
    found: dict[type[BaseModel], None] = {}
    for row in rows_of(model):
        if row.shape.part is not None:
            found |= dict.fromkeys([row.shape.part, *parts_of(row.shape.part)])
    return list(found)


def shape_of(annotation: Any) -> Shape:
    """The type that an annotation means; of a union of forms the first, which is on the wire."""
    annotation = _wire_form(annotation)
    limits = tuple(_limits(annotation))
    if alias := _alias_of(annotation):
        return Shape(alias, limits=limits)
    if get_origin(annotation) is Annotated:
        return replace(shape_of(get_args(annotation)[0]), limits=limits)
    if get_origin(annotation) is tuple:
        item = shape_of(get_args(annotation)[0])
        return replace(item, many=True, limits=limits)
    if get_origin(annotation) is Literal:
        return Shape("code", limits=limits)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return Shape(annotation.__name__, annotation)
    return Shape(_PLAIN[annotation], limits=limits)


def _wire_form(annotation: Any) -> Any:
    """An annotation without its other forms, whose limits stay."""
    if get_origin(annotation) in (Union, types.UnionType):
        return next(arg for arg in get_args(annotation) if arg is not type(None))
    if metadata := _metadata(annotation):
        return Annotated[(_wire_form(get_args(annotation)[0]), *metadata)]
    return annotation


@cache
def _aliases() -> list[tuple[str, Any]]:
    """Names of types.toml with what they stand for; the most special first."""
    homes = [vars(home) for home in _HOMES]
    found = [(name, home[name]) for name in material.types() for home in homes if name in home]
    return sorted(found, key=lambda one: -len(_metadata(one[1])))


def _metadata(annotation: Any) -> tuple[Any, ...]:
    return getattr(annotation, "__metadata__", ())


def _alias_of(annotation: Any) -> str | None:
    """The alias that an annotation is, or that it narrows: `Annotated[Count, Field(le=120)]`."""
    for name, alias in _aliases():
        asked = _metadata(alias)
        if annotation == alias or (
            asked
            and _metadata(annotation)[: len(asked)] == asked
            and get_args(annotation)[0] == get_args(alias)[0]
        ):
            return name
    return None


# -- limits -----------------------------------------------------------------------------


def _limits(annotation: Any) -> Iterator[str]:
    for extra in _metadata(annotation):
        typed = getattr(extra, "func", None)
        if isinstance(typed, parts.TypedAs):
            yield "its `type`, if given: " + " or ".join(f"`{iri}`" for iri in typed.types)
    if not _is_model(annotation):
        schema = TypeAdapter(annotation).json_schema()
        yield from _said(schema)
        if "pattern" in schema and _alias_of(annotation) is None:
            yield f"`{schema['pattern']}`"


def _is_model(annotation: Any) -> bool:
    inner = get_args(annotation)[0] if _metadata(annotation) else annotation
    return isinstance(inner, type) and issubclass(inner, BaseModel)


def _said(schema: Mapping[str, Any]) -> Iterator[str]:
    """The limits that a JSON Schema states, in words."""
    if "enum" in schema:
        yield "one of " + ", ".join(f"`{code}`" for code in schema["enum"])
    highest = schema.get("maximum", schema.get("exclusiveMaximum", 0) - 1)
    if "minimum" in schema:
        upper = f" to {_number(highest)}" if highest >= 0 else " or more"
        yield f"{_number(schema['minimum'])}{upper}"
    yield from _counted(schema, "Length", "characters")
    if "items" in schema:
        yield from _said(schema["items"])
    yield from _counted(schema, "Items", "of them")
    yield from _counted(schema, "Properties", "languages")


def _counted(schema: Mapping[str, Any], what: str, unit: str) -> Iterator[str]:
    most, least = schema.get(f"max{what}"), schema.get(f"min{what}")
    if most is not None:
        yield f"{f'{least} to' if least else 'at most'} {_number(most)} {unit}"


def _number(value: int) -> str:
    return f"{value:,}"
