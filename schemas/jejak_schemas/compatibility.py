"""Whether one Avro schema can read what another wrote, and if not, where and why.

Source: Avro 1.12, "Schema Resolution". The verdicts are those of Java's
`org.apache.avro.SchemaCompatibility`, case by case (tests/data/avro-compatibility): names match by
their last part or by an alias of the reader, logical types count for nothing. Unlike Java's, a
fault inside a branch of a union is told by its own place.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal

import fastavro

Kind = Literal[
    "NAME_MISMATCH",
    "FIXED_SIZE_MISMATCH",
    "MISSING_ENUM_SYMBOLS",
    "READER_FIELD_MISSING_DEFAULT_VALUE",
    "TYPE_MISMATCH",
    "MISSING_UNION_BRANCH",
    "AMBIGUOUS",
]
_PROMOTED: Final[dict[str, frozenset[str]]] = {
    "long": frozenset({"int"}),
    "float": frozenset({"int", "long"}),
    "double": frozenset({"int", "long", "float"}),
    "bytes": frozenset({"string"}),
    "string": frozenset({"bytes"}),
}
_NAMED: Final = frozenset({"record", "enum", "fixed"})
_UNION: Final = "union"


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that the reader cannot read.

    `path` is where, in names of fields (`[]` an array's item, `{}` a map's value; empty: the whole
    schema); `kind` is Java's word for it, AMBIGUOUS where Java raises; `what` says it in English.
    """

    path: str
    kind: Kind
    what: str

    def __str__(self) -> str:
        return f"{self.path}: {self.what}" if self.path else self.what


def faults(reader: Any, writer: Any) -> tuple[Fault, ...]:
    """What of the writer's data the reader cannot read; empty where it can read all.

    Both are schemas as their JSON says. Raises fastavro's SchemaParseException, or
    UnknownType, for what is no schema.
    """
    read, written = _Schema(reader), _Schema(writer)
    return tuple(_Judge(read, written).judge(read.root, written.root, ""))


class _Schema:
    """A schema whose references by name can be followed."""

    def __init__(self, plain: Any) -> None:
        self._named: dict[str, Any] = {}
        self.root = fastavro.parse_schema(plain, named_schemas=self._named)

    def follow(self, node: Any) -> dict[str, Any]:
        """A node as an object with a `type` that is one word; one object for each named type."""
        if isinstance(node, list):
            return {"type": _UNION, "branches": node}
        if isinstance(node, str):
            found: dict[str, Any] = self._named.get(node) or {"type": node}
            return found
        if not isinstance(node["type"], str):
            return self.follow(node["type"])
        named = node["type"] in _NAMED
        of_name: dict[str, Any] = self._named[node["name"]] if named else node
        return of_name


class _Judge:
    """Judges pairs of nodes; a pair of records that is being judged counts as readable (Java)."""

    def __init__(self, reader: _Schema, writer: _Schema) -> None:
        self._reader, self._writer = reader, writer
        self._judged: dict[tuple[int, int], tuple[Fault, ...]] = {}

    def judge(self, reader: Any, writer: Any, path: str) -> Iterator[Fault]:
        into, wrote = self._reader.follow(reader), self._writer.follow(writer)
        if wrote["type"] == _UNION:
            for branch in wrote["branches"]:
                yield from self.judge(reader, branch, path)
        elif into["type"] == _UNION:
            yield from self._one_of(into["branches"], writer, path)
        elif into["type"] == wrote["type"]:
            yield from self._alike(into, wrote, path)
        elif wrote["type"] not in _PROMOTED.get(into["type"], ()):
            what = f"is {into['type']}, and was written as {wrote['type']}"
            yield Fault(path, "TYPE_MISMATCH", what)

    def _one_of(self, branches: list[Any], writer: Any, path: str) -> Iterator[Fault]:
        """One branch that reads it is enough; else the branch of its name says why not."""
        told = [tuple(self.judge(branch, writer, path)) for branch in branches]
        if () in told:
            return
        wrote = self._writer.follow(writer)
        for branch, why in zip(branches, told, strict=True):
            into = self._reader.follow(branch)
            if into["type"] == wrote["type"] and _same_name(into, wrote):
                yield from why
                return
        word = wrote.get("name", wrote["type"])
        yield Fault(path, "MISSING_UNION_BRANCH", f"has no branch for {word}")

    def _alike(self, into: dict[str, Any], wrote: dict[str, Any], path: str) -> Iterator[Fault]:
        """Two nodes of one type."""
        if into["type"] in _NAMED and not _same_name(into, wrote):
            yield Fault(path, "NAME_MISMATCH", f"is {into['name']}, was {wrote['name']}")
        match into["type"]:
            case "array":
                yield from self.judge(into["items"], wrote["items"], f"{path}[]")
            case "map":
                yield from self.judge(into["values"], wrote["values"], f"{path}{{}}")
            case "record":
                yield from self._record(into, wrote, path)
            case "enum":
                yield from _symbols(into, wrote, path)
            case "fixed" if into["size"] != wrote["size"]:
                what = f"has {into['size']} bytes, had {wrote['size']}"
                yield Fault(path, "FIXED_SIZE_MISMATCH", what)

    def _record(self, into: dict[str, Any], wrote: dict[str, Any], path: str) -> tuple[Fault, ...]:
        pair = (id(into), id(wrote))
        if pair not in self._judged:
            self._judged[pair] = ()
            self._judged[pair] = tuple(self._fields(into, wrote, path))
        return self._judged[pair]

    def _fields(self, into: dict[str, Any], wrote: dict[str, Any], path: str) -> Iterator[Fault]:
        for field in into["fields"]:
            names = {field["name"], *field.get("aliases", ())}
            found = [other for other in wrote["fields"] if other["name"] in names]
            place = f"{path}.{field['name']}".lstrip(".")
            if len(found) > 1:
                yield Fault(place, "AMBIGUOUS", "is by its aliases more than one written field")
            elif found:
                yield from self.judge(field["type"], found[0]["type"], place)
            elif "default" not in field:
                what = "has no default, and is not among the written fields"
                yield Fault(place, "READER_FIELD_MISSING_DEFAULT_VALUE", what)


def _symbols(into: dict[str, Any], wrote: dict[str, Any], path: str) -> Iterator[Fault]:
    lacking = sorted(set(wrote["symbols"]) - set(into["symbols"]))
    if lacking and into.get("default") not in into["symbols"]:
        yield Fault(path, "MISSING_ENUM_SYMBOLS", f"does not know {', '.join(lacking)}")


def _same_name(into: dict[str, Any], wrote: dict[str, Any]) -> bool:
    """Java's rule: the last parts are equal, or the writer's full name is a reader's alias."""
    if into["type"] not in _NAMED:
        return True
    space, _, last = into["name"].rpartition(".")
    aliases = {
        alias if "." in alias or not space else f"{space}.{alias}"
        for alias in into.get("aliases", ())
    }
    return last == wrote["name"].rpartition(".")[2] or wrote["name"] in aliases
