"""Whether a body's length bounds what decoding it can take. Pure.

Two kinds of Avro schema let thirty bytes ask for more than there is: items that take no bytes
(`array` of `null`), of which a block may count 2**62, and a record within itself, as deep as the
body is long (fastavro recurses in C, without a limit). None of ours is such; of a schema that
somebody hands us it is asked before it reads anything.
"""

from typing import Any, Final

_LEAST: Final = {"null": 0, "float": 4, "double": 8}  # bytes; anything else takes one at least


class Unbounded(ValueError):  # noqa: N818  says what the schema is
    """A short body of this schema can take any amount of memory or time."""


def check(parsed: Any) -> None:
    """Raise Unbounded unless a schema, as fastavro parsed it, is bounded."""
    _least(parsed, {})


def _least(node: Any, named: dict[str, int | None]) -> int:
    """The fewest bytes that a value takes; `named` holds None for a record not yet ended."""
    if isinstance(node, str):
        return _LEAST.get(node, 1) if node not in named else _ended(node, named[node])
    if isinstance(node, list):
        return 1 + min((_least(branch, named) for branch in node), default=0)
    kind = node["type"]
    if kind == "record":
        return _record(node, named)
    if kind == "array":
        if not _least(node["items"], named):
            raise Unbounded("has items that take no bytes")
        return 1
    if kind == "map":
        _least(node["values"], named)
        return 1
    if kind == "fixed":
        named[node["name"]] = int(node["size"])
        return int(node["size"])
    if kind == "enum":
        named[node["name"]] = 1
    return _least(kind, named)


def _record(node: Any, named: dict[str, int | None]) -> int:
    named[node["name"]] = None
    least = sum(_least(field["type"], named) for field in node["fields"])
    named[node["name"]] = least
    return least


def _ended(name: str, least: int | None) -> int:
    if least is None:
        raise Unbounded(f"has {name} within itself")
    return least
