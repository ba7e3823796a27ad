"""JSON laid out with holes, and the Python that fills them.

In each hole, «such», stands a Python expression for the text that belongs there. A member or an
item that may be absent is a hole itself, with its comma before it.
"""

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

Json: TypeAlias = Any


class Laid(str):
    """JSON laid out, with holes; any other `str` is the value of a JSON string."""

    __slots__ = ()


def json_of(value: Json) -> str:
    """The JSON of a value, in which some may be laid out already."""
    if isinstance(value, Laid):
        return value
    if isinstance(value, dict):
        return (
            "{" + ",".join(f"{json_of(name)}:{json_of(one)}" for name, one in value.items()) + "}"
        )
    if isinstance(value, list):
        return "[" + ",".join(map(json_of, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def with_members(first: dict[str, Json], *members: str) -> Laid:
    """An object of these members, and of more that each begin with a comma."""
    return Laid(json_of(first)[:-1] + "".join(members) + "}")


def member(name: str, value: Json) -> str:
    """A member, with its comma."""
    return "," + json_of({name: value})[1:-1]


def group(name: str, ends: str, items: Sequence[str]) -> str:
    """A member that is an array or an object; none where it would be empty."""
    if not items:
        return ""
    opening, closing = f',"{name}":{ends[0]}', ends[1]
    if not items[0].startswith("«"):  # one at least is always there
        return opening + "".join(items).removeprefix(",") + closing
    return f"«{opening!r} + v[1:] + {closing!r} if (v := {expression(''.join(items))}) else ''»"


def expression(text: str) -> str:
    """The expression for a text with holes."""
    return " + ".join(pieces(text))


def pieces(text: str) -> Iterator[str]:
    """Expressions for the text's pieces, in order: what stands between holes, and what in them."""
    for index, piece in enumerate(re.split("[«»]", text)):
        if index % 2:
            yield f"({piece})"
        elif piece:
            yield repr(piece)
