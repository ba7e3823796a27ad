"""The example of a class as a sender writes it: JSON, Python, a row of CSV.

All three are made of the class's JSON file, and are the same event.
"""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from jejak_schemas import events, submission
from jejak_schemas.documents import material
from jejak_schemas.documents.layout import Group, Node, json_text, opened
from jejak_schemas.events import Event, SystemEvent


def as_json(model: type[BaseModel]) -> str:
    """The example as JSON."""
    return json_text(material.example_of(model.__name__))


def as_python(model: type[BaseModel]) -> str:
    """The example as a program that makes it: `event`, or the `message` that we send."""
    given = material.example_of(model.__name__)
    value = model.model_validate(given)
    name = "event" if issubclass(model, Event) else "message"
    node = _model(value, given)
    return "\n".join([*_imports(_used(value, given)), "", f"{name} = {opened(node, 4)}"])


def as_csv(model: type[BaseModel]) -> str | None:
    """The example as a header and a row; None where a table is no sensible form of it."""
    if not issubclass(model, Event) or issubclass(model, SystemEvent):
        return None
    cells = dict(_cells(material.example_of(model.__name__), ()))
    if not all(_fits_a_table(path, cell) for path, cell in cells.items()):
        return None
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["event", *(".".join(path) for path in cells)])
    writer.writerow([model.__name__, *cells.values()])
    return out.getvalue().rstrip("\n")


# -- Python -----------------------------------------------------------------------------


def _model(value: BaseModel, given: Mapping[str, Any]) -> Group:
    """A model, as Python makes it; `given` is the same in the JSON file."""
    fields = tuple((f"{name}=", _node(getattr(value, name), part)) for name, part in given.items())
    return Group(f"{type(value).__name__}(", fields, ")", last=",")


def _node(value: Any, given: Any) -> Node:
    if isinstance(value, BaseModel):
        return _model(value, given)
    if isinstance(value, dict):
        entries = tuple((f"{_text(key)}: ", _node(part, part)) for key, part in value.items())
        return Group("{", entries, "}", last=",")
    if isinstance(value, tuple):
        parts = [_node(part, one) for part, one in zip(value, given, strict=True)]
        return Group.of_list(parts, "()", last=",")
    if isinstance(value, str):
        return _said(value, given)
    return _atom(value)


def _said(value: str, given: Any) -> Node:
    """A text: line by line, or as the statement that it holds."""
    if isinstance(given, Mapping):
        return Group("text_of(", (("", _plain(given)),), ")")
    lines = value.splitlines(keepends=True)
    if len(lines) > 1:
        return Group("(", tuple(("", _text(line)) for line in lines), ")", comma="")
    return _text(value)


def _plain(value: Any) -> Node:
    """A JSON value as Python writes it."""
    if isinstance(value, Mapping):
        entries = tuple((f"{_text(key)}: ", _plain(part)) for key, part in value.items())
        return Group("{", entries, "}", last=",")
    return _text(value) if isinstance(value, str) else repr(value)


def _atom(value: object) -> str:
    if isinstance(value, UUID):
        return f'UUID("{value}")'
    text = repr(value)
    if isinstance(value, datetime | date):
        return text.removeprefix("datetime.").replace("datetime.timezone.utc", "UTC")
    return text


def _text(value: str) -> str:
    if '"' in value and "'" not in value:
        return repr(value)
    return json.dumps(value, ensure_ascii=False)


def _imports(names: Iterable[tuple[str, str]]) -> Iterator[str]:
    """The lines that the names in a program need: Python's own modules first."""
    modules: dict[str, list[str]] = {}
    for module, name in sorted(set(names), key=lambda one: (_is_ours(one[0]), one)):
        modules.setdefault(module, []).append(name)
    before = ""
    for module, wanted in modules.items():
        if before and _is_ours(module) != _is_ours(before):
            yield ""
        yield f"from {module} import {', '.join(wanted)}"
        before = module


def _is_ours(module: str) -> bool:
    return module.startswith("jejak")


def _used(value: Any, given: Any) -> Iterator[tuple[str, str]]:
    """Module and name of everything that a value is made with."""
    match value:
        case BaseModel():
            home = type(value).__module__
            yield (
                events.__name__ if home.startswith(events.__name__) else home,
                type(value).__name__,
            )
            for name, part in given.items():
                yield from _used(getattr(value, name), part)
        case tuple():
            for part, one in zip(value, given, strict=True):
                yield from _used(part, one)
        case datetime():
            yield from (("datetime", "datetime"), ("datetime", "UTC"))
        case date() | UUID():
            yield type(value).__module__, type(value).__name__
        case str() if isinstance(given, Mapping):
            yield submission.__name__, submission.text_of.__name__


# -- CSV --------------------------------------------------------------------------------


def _cells(value: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every plain value by its path; the items of a list are numbered from 0."""
    if isinstance(value, Mapping):
        for key, part in value.items():
            yield from _cells(part, (*path, key))
    elif isinstance(value, list):
        for place, part in enumerate(value):
            yield from _cells(part, (*path, str(place)))
    else:
        yield path, value


def _fits_a_table(path: tuple[str, ...], cell: Any) -> bool:
    """No list in a list, no text of several lines, no statement of a provider's own."""
    lists = sum(step.isdigit() for step in path)
    return lists <= 1 and "\n" not in str(cell) and path[:2] != ("statement", "id")
