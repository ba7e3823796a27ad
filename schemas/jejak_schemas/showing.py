"""How plain values are shown in an extension: days and times as text, defaults left out.

What is shown is what `model_validate` takes, so that a statement gives its event back.
"""

import types
from collections.abc import Callable
from datetime import date, datetime
from functools import lru_cache
from typing import Any, TypeAlias, Union, get_args, get_origin

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from jejak_schemas import clock
from jejak_schemas.parts import Part
from jejak_schemas.plain import Said, plain

Show: TypeAlias = Callable[[Any], Any]


def shown(annotation: Any) -> Show | None:
    """What shows plain values of this type; None where they are shown as they stand."""
    origin, args = get_origin(annotation), get_args(annotation)
    if hasattr(annotation, "__metadata__"):  # Annotated[...]
        return shown(args[0])
    if origin in (Union, types.UnionType):  # all forms of one are shown alike
        return shown(next(arg for arg in args if arg is not type(None)))
    if origin is tuple:
        return _each(shown(args[0]))
    if isinstance(annotation, type) and issubclass(annotation, Part):
        return _part(annotation)
    return _SHOWN.get(annotation)


def default_of(field: FieldInfo) -> object:
    """The plain default of a field; of a required one what no value equals."""
    default = field.default
    return default if default is None or default is PydanticUndefined else plain(default)


def _each(show: Show | None) -> Show | None:
    return None if show is None else lambda items: [show(item) for item in items]


def _part(part: type[Part]) -> Show:
    fields = part.model_fields
    defaults = {name: default_of(field) for name, field in fields.items()}
    shows = {name: one for name, field in fields.items() if (one := shown(field.annotation))}

    def show(said: Said) -> Said:
        told = {name: value for name, value in said.items() if value != defaults.get(name)}
        return {
            name: shows[name](value) if name in shows else value for name, value in told.items()
        }

    return show


@lru_cache(8192)  # the days of a few years are said over and over
def _day(days: int) -> str:
    return clock.day_of(days).isoformat()


_SHOWN: dict[Any, Show] = {date: _day, datetime: clock.text_of}
