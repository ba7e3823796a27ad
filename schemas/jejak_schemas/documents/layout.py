"""Nested text on one line where it fits, else one item a line: JSON, Python and YAML.

By hand, so that the plain install needs no library for it; tests read each back with the real one.
"""

import json
import re
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

WIDTH: Final = 100  # columns of a block of code in a page; ruff lays Python out by them too


@dataclass(frozen=True, slots=True)
class Group:
    """Items between two brackets; `last` is what follows the last one on a line of its own."""

    start: str
    items: tuple[tuple[str, "Node"], ...]  # each after its label
    end: str
    comma: str = ","
    last: str = ""

    @classmethod
    def of_list(cls, items: "list[Node]", brackets: str = "[]", last: str = "") -> Self:
        """A list without labels."""
        return cls(brackets[0], tuple(("", item) for item in items), brackets[1], last=last)


Node = str | Group


def flat(node: Node) -> str:
    """All on one line."""
    if isinstance(node, str):
        return node
    inner = f"{node.comma} ".join(label + flat(item) for label, item in node.items)
    lone = node.last if node.start == "(" and len(node.items) == 1 else ""  # Python's (one,)
    return node.start + inner + lone + node.end


def laid_out(node: Node, indent: int, *, margin: int = 0, beside: int = 0) -> str:
    """On one line if it fits at this margin, beside what else stands there; else opened."""
    line = flat(node)
    if isinstance(node, str) or not node.items or margin + beside + len(line) <= WIDTH:
        return line
    return opened(node, indent, margin=margin)


def opened(node: Group, indent: int, *, margin: int = 0) -> str:
    """An item a line, `indent` deeper than the brackets."""
    return "\n".join([node.start, *_inner(node, indent, margin + indent), node.end])


def _inner(node: Group, indent: int, margin: int) -> Iterator[str]:
    for place, (label, item) in enumerate(node.items, 1):
        after = node.comma if place < len(node.items) else node.last
        beside = len(label) + len(after)
        text = label + laid_out(item, indent, margin=margin, beside=beside) + after
        yield textwrap.indent(text, " " * indent)


# -- JSON -------------------------------------------------------------------------------


def json_node(value: Any) -> Node:
    """A JSON value."""
    if isinstance(value, Mapping):
        items = tuple((f"{_quoted(key)}: ", json_node(item)) for key, item in value.items())
        return Group("{", items, "}")
    if isinstance(value, list):
        return Group.of_list([json_node(item) for item in value])
    return _quoted(value)


def json_text(value: Any) -> str:
    """A JSON document for people: compact where it can be."""
    node = json_node(value)
    return node if isinstance(node, str) else opened(node, 2)


def _quoted(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


# -- YAML -------------------------------------------------------------------------------

_BARE_KEY: Final = re.compile(r"[$A-Za-z][\w.-]*")
_BARE_TEXT: Final = re.compile(r"[A-Za-z][\w ,;()./'-]*[\w.)]")
_TAKEN: Final = frozenset(["y", "n", "yes", "no", "on", "off", "true", "false", "null"])


def yaml_text(value: Mapping[str, Any]) -> str:
    """A YAML document: blocks, and JSON's own spelling for whatever fits on a line."""
    return "".join(f"{line}\n" for line in _yaml(value, 0))


def _yaml(value: Any, margin: int) -> Iterator[str]:
    """The lines of a value that does not stand beside its key."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _entry(f"{_key(key)}:", item, margin)
    else:
        for item in value:
            yield from _entry("-", item, margin)


def _entry(label: str, item: Any, margin: int) -> Iterator[str]:
    line = f"{label} {_scalar(item) if isinstance(item, str) else _quoted(item)}"
    if not (isinstance(item, Mapping | list) and item) or margin + len(line) <= WIDTH:
        yield line
        return
    lines = [f"  {one}" for one in _yaml(item, margin + 2)]
    if label == "-":
        lines[0] = f"- {lines[0].lstrip()}"
    else:
        yield label
    yield from lines


def _scalar(text: str) -> str:
    bare = _BARE_TEXT.fullmatch(text) and text.lower() not in _TAKEN
    return text if bare else _quoted(text)


def _key(key: str) -> str:
    return key if _BARE_KEY.fullmatch(key) and key.lower() not in _TAKEN else _quoted(key)
