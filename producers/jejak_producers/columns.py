"""The columns that a CSV of events may have: every field of the catalogue as a dotted path.

A number stands for a place in a list (`competencies.0.id`), a language tag for an entry of a map
(`activity.name.id`). Pure.
"""

import re
import types
from collections.abc import Iterator
from difflib import get_close_matches
from functools import cache
from typing import Any, Final, Union, get_args, get_origin

from pydantic import BaseModel

from jejak_schemas.catalogue import CATALOGUE
from jejak_schemas.events import SystemEvent

_PLACES: Final = re.compile(r"(?<=\.)\d+(?=\.|$)", re.ASCII)
_ANY: Final = "*"  # a key of a map, the last step wherever there is one


def wire_form(annotation: Any) -> Any:
    """The type under `Annotated` and `| None`; of a union of forms the first."""
    origin = get_origin(annotation)
    if origin in (Union, types.UnionType):
        given = [arg for arg in get_args(annotation) if arg is not type(None)]
        return wire_form(given[0])
    if hasattr(annotation, "__metadata__"):
        return wire_form(get_args(annotation)[0])
    return annotation


def exists(column: str) -> bool:
    """Whether some event has such a field."""
    shape = _PLACES.sub("0", column)
    parent = shape.rpartition(".")[0]
    return shape == "event" or shape in _shapes() or f"{parent}.{_ANY}" in _shapes()


def nearest(column: str) -> str | None:
    """The column that a misspelt one most likely means."""
    known = ["event", *(shape.replace(_ANY, "id") for shape in _shapes())]
    found = get_close_matches(column, known, n=1)
    return found[0] if found else None


@cache
def _shapes() -> tuple[str, ...]:
    """Every column, with 0 for a place in a list and * for a key of a map."""
    found = {
        shape
        for entry in CATALOGUE
        if not issubclass(entry.event, SystemEvent)
        for shape in _below(entry.event)
    }
    return tuple(sorted(found))


def _below(annotation: Any) -> Iterator[str]:
    """The columns of one type, without what stands before them."""
    form = wire_form(annotation)
    if isinstance(form, type) and issubclass(form, BaseModel):
        for name, given in form.model_fields.items():
            yield from (f"{name}.{rest}".rstrip(".") for rest in _below(given.annotation))
    elif get_origin(form) is tuple:
        yield from (f"0.{rest}".rstrip(".") for rest in _below(get_args(form)[0]))
    elif get_origin(form) is dict:
        yield _ANY
    else:
        yield ""
