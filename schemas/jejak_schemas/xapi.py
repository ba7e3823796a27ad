"""Whether a statement is valid xAPI 2.0, by the rules of the standard written as data.

The rules stand in xapi.toml; here are the few functions that read them. A statement may be
any JSON at all: nothing here raises on it, and each rule takes time linear in its length.
Source: IEEE 9274.1.1-2023, clause 4.2.
"""

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache, partial
from importlib import resources
from typing import Any, Final

_Json = Any
_Row = Mapping[str, Any]
_Faults = Iterator["Fault"]


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong, where (`context.contextAgents[0]`, "" the statement itself).

    Both are the standard's words: no value and no name of the statement's own is repeated.
    """

    path: str
    rule: str


def faults(statement: _Json) -> Iterator[Fault]:
    """Every rule of IEEE 9274.1.1 (xAPI 2.0) that a statement breaks."""
    yield from _check("statement", statement, "")


# -- reading the table ------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Table:
    kinds: Mapping[str, Callable[[_Json, str], _Faults]]
    conditions: Mapping[str, tuple[tuple[Callable[[_Json], bool], str], ...]]


@cache
def rules() -> Mapping[str, Any]:
    """The rules as xapi.toml holds them."""
    return tomllib.loads(resources.files(__package__).joinpath("xapi.toml").read_text("utf-8"))


@cache
def _table() -> _Table:
    held = rules()
    kinds = {
        name: partial(check, row if family != "shapes" else {**row, "name": name})
        for family, check in _FAMILIES.items()
        for name, row in held[family].items()
    }
    conditions: dict[str, tuple[tuple[Callable[[_Json], bool], str], ...]] = {}
    for family, holds in _CONDITIONS.items():
        for row in held[family]:
            for shape in row["shapes"]:
                conditions[shape] = (
                    *conditions.get(shape, ()),
                    (partial(holds, row), row["rule"]),
                )
    return _Table(kinds, conditions)


def _check(kind: str, value: _Json, path: str) -> _Faults:
    if value is None:
        yield Fault(path, "is null, which only an extension may be")
    else:
        yield from _table().kinds[kind](value, path)


# -- kinds of value ---------------------------------------------------------------------


def _format(row: _Row, value: _Json, path: str) -> _Faults:
    if not (_is_of(row["is"], value) and _fits(row, value)):
        yield Fault(path, row["rule"])


_TYPES: Final[Mapping[str, tuple[type, ...]]] = {
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
}


def _is_of(name: str, value: _Json) -> bool:
    return isinstance(value, _TYPES[name]) and isinstance(value, bool) == (name == "boolean")


def _fits(row: _Row, value: _Json) -> bool:
    if "values" in row and value not in row["values"]:
        return False
    if "matches" in row and not re.fullmatch(row["matches"], value):
        return False
    if "calendar" in row and not _is_day(value[:10]):
        return False
    return bool(row.get("least", value) <= value <= row.get("most", value))


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _list(row: _Row, value: _Json, path: str) -> _Faults:
    if row.get("alone") and isinstance(value, dict):
        value = [value]
    if not isinstance(value, list):
        yield Fault(path, "is not a list")
        return
    if len(value) < row.get("least", 0):
        yield Fault(path, "is empty")
    for at, item in enumerate(value):
        yield from _check(row["of"], item, f"{path}[{at}]")
    names = [item.get(row.get("distinct")) for item in value if isinstance(item, dict)]
    texts = [name for name in names if isinstance(name, str)]
    if len(set(texts)) < len(texts):
        yield Fault(path, "names two the same")


def _map(row: _Row, value: _Json, path: str) -> _Faults:
    if not isinstance(value, dict):
        yield Fault(path, "is not an object")
        return
    for key, item in value.items():
        yield from _check(row["keys"], key, path)
        if "values" in row:
            yield from _check(row["values"], item, path)


def _choice(row: _Row, value: _Json, path: str) -> _Faults:
    if not isinstance(value, dict):
        yield Fault(path, "is not an object")
        return
    name = value.get("objectType", row["default"])
    if isinstance(name, str) and name in row["of"]:
        yield from _check(row["of"][name], value, path)
    else:
        yield Fault(_at(path, "objectType"), f"is none of {', '.join(row['of'])}")


def _shape(row: _Row, value: _Json, path: str) -> _Faults:
    if not isinstance(value, dict):
        yield Fault(path, "is not an object")
        return
    for name in row.get("required", ()):
        if name not in value:
            yield Fault(_at(path, name), "is missing")
    for name, kind in row["members"].items():
        if name in value:
            yield from _check(kind, value[name], _at(path, name))
    if not value.keys() <= row["members"].keys():
        yield Fault(path, "has a member that xAPI does not know")
    for holds, rule in _table().conditions.get(row["name"], ()):
        if not holds(value):
            yield Fault(path, rule)


_FAMILIES: Final[Mapping[str, Callable[[_Row, _Json, str], _Faults]]] = {
    "formats": _format,
    "lists": _list,
    "maps": _map,
    "choices": _choice,
    "shapes": _shape,
}


# -- conditions between members ---------------------------------------------------------


def _counts(row: _Row, value: _Json) -> bool:
    return bool(row["least"] <= sum(name in value for name in row["members"]) <= row["most"])


def _lengths(row: _Row, value: _Json) -> bool:
    held = value.get(row["member"])
    return not isinstance(held, list) or len(held) == row["length"]


def _orders(row: _Row, value: _Json) -> bool:
    low, high = value.get(row["low"]), value.get(row["high"])
    if not (_is_of("number", low) and _is_of("number", high)):
        return True
    return bool(low < high if row.get("strict") else low <= high)


def _wheres(row: _Row, value: _Json) -> bool:
    found = [held for path in row["given"] if (held := _member(value, path)) is not None]
    if not found or ("is" in row and not any(held in row["is"] for held in found)):
        return True
    held = _member(value, row["where"])
    return bool(row.get("absent", False) if held is None else held in row["values"])


_CONDITIONS: Final[Mapping[str, Callable[[_Row, _Json], bool]]] = {
    "counts": _counts,
    "lengths": _lengths,
    "orders": _orders,
    "wheres": _wheres,
}


def _member(value: _Json, path: str) -> _Json:
    """What stands at a dotted path; None where nothing does."""
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _at(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
