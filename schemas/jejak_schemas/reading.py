"""Avro's bytes to plain values that are good, in one pass: a function for each class.

As `sure`, of which this is the fourth way: what it takes is what fastavro reads and `checking`
passes; of all else it doubts, and the ordinary way must read, judge and explain. So it knows less
than Avro allows: an array is one block, as we write it. As in `binary`, a function's source is
written from the class's schema, here together with its checks.

Source: Avro 1.12, "Binary encoding".
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from pydantic import BaseModel
from pydantic_core import SchemaValidator, core_schema

from jejak_schemas import checking
from jejak_schemas.known import known_by
from jejak_schemas.plain import Said
from jejak_schemas.sure import Schema, called

Read = Callable[[bytes], Said]


class Doubt(ValueError):  # noqa: N818  it may be good
    """Bytes that the ordinary way must judge."""


def reader_of(schema: Any, model: type[BaseModel]) -> Read:
    """What reads and checks bodies of this model, written with this Avro schema of it.

    It raises ValueError (as `Doubt` is one) or IndexError where it is not sure that all is good.
    """
    source = _Source()
    lines = source.of(schema, checking.checks_of(model), "said")
    end = ("if at != len(body): raise Doubt", "return said")
    text = ["def read(body):", *_deeper(["at = 0", *lines, *end])]
    made: dict[str, Any] = {**_CALLED, **source.calls}
    exec("\n".join(text), made)  # noqa: S102  our own
    read: Read = made["read"]
    return read


_ANY: Final[Schema] = core_schema.any_schema()
_BOUNDS: Final = {"ge": ">=", "gt": ">", "le": "<=", "lt": "<"}
# Of checks that are written out: all that is in one of them.
_TERMS: Final = frozenset(
    {
        *_BOUNDS, "type", "ref", "metadata", "strict", "schema", "min_length", "max_length",
        "items_schema", "variadic_item_index", "fail_fast", "keys_schema", "values_schema",
        "fields", "extra_behavior",
    }
)  # fmt: skip
_FAR: Final = 1 << 48  # what is greater takes eight bytes, as times since 1979 do


class _Source:
    """Lines that read what is at `at` of `body` into a variable, and what they call by name."""

    def __init__(self) -> None:
        self.calls: dict[str, Any] = {}
        self._records: dict[str, Any] = {}  # of the Avro schema, which may name them again
        self._checks: dict[str, Schema] = {}  # which others name
        self._names = 0
        # By the types of Avro's: the type of the check that is written out.
        self._ways: dict[str, tuple[str, Callable[[Any, Schema, str], Iterator[str]]]] = {
            "union": ("nullable", self._optional),
            "long": ("int", self._number),
            "int": ("int", self._number),
            "boolean": ("bool", self._boolean),
            "array": ("tuple", self._array),
            "map": ("dict", self._map),
            "record": ("typed-dict", self._record),
        }

    def of(self, schema: Any, check: Schema, value: str) -> Iterator[str]:
        """Of an Avro schema, and of the check of what is read with it."""
        check, kind, schema = self._meant(check), *self._kind(schema)
        if check["type"] == "function-after" and check["function"]["type"] == "no-info":
            yield from self.of(schema, check["schema"], value)
            yield f"{self._call(called(check))}({value})"
        elif kind == "string":
            yield from self._text(check, value)
        elif check["type"] in ("any", self._ways[kind][0]) and check.keys() <= _TERMS:
            yield from self._ways[kind][1](schema, check, value)
        else:
            yield from self.of(schema, _ANY, value)
            yield self._checked(check, value)

    def _meant(self, check: Schema) -> Schema:
        """The check itself, of one that others name or that is a name."""
        if check["type"] == "definitions":
            self._checks.update((one["ref"], one) for one in check["definitions"])
            check = check["schema"]
        return self._checks[check["schema_ref"]] if check["type"] == "definition-ref" else check

    def _kind(self, schema: Any) -> tuple[str, Any]:
        """The type of an Avro schema, and the schema itself, of one that may be a name."""
        if isinstance(schema, str):
            schema = self._records.get(schema, schema)
        if isinstance(schema, list):
            return "union", schema
        return (schema if isinstance(schema, str) else schema["type"]), schema

    def _text(self, check: Schema, value: str) -> Iterator[str]:
        yield from _size("number")
        yield "if size & 1: raise Doubt"  # a negative one
        yield "end = at + (size >> 1)"
        known = known_by(check)
        if known is not None:
            yield f"{value} = {self._call(known)}[body[at:end]]"
        else:
            yield f"{value} = str(body[at:end], 'utf-8')"
            if check["type"] != "any":
                yield self._checked(check, value)
        yield "at = end"

    def _optional(self, schema: Any, check: Schema, value: str) -> Iterator[str]:
        yield f"{value} = None"
        yield "branch = body[at]"
        yield "at += 1"
        yield "if branch == 2:"
        yield from _deeper(self.of(schema[1], check.get("schema", _ANY), value))
        yield "elif branch: raise Doubt"

    def _number(self, _schema: Any, check: Schema, value: str) -> Iterator[str]:
        far = max(check.get("le", 0), check.get("lt", 0)) > _FAR
        yield from _size("time" if far else "number")
        yield f"{value} = size >> 1 ^ -(size & 1)"
        for term, holds in _BOUNDS.items():
            if term in check:
                yield f"if not {value} {holds} {check[term]}: raise Doubt"

    def _boolean(self, _schema: Any, _check: Schema, value: str) -> Iterator[str]:
        yield "if body[at] > 1: raise Doubt"
        yield f"{value} = body[at] == 1"
        yield "at += 1"

    def _array(self, schema: Any, check: Schema, value: str) -> Iterator[str]:
        (item,) = check.get("items_schema", [_ANY])
        one = self._name()
        lines = (*self.of(schema["items"], item, one), f"{value}.append({one})")
        yield f"{value} = []"
        yield from _block(lines)
        yield from _length(check, value)

    def _map(self, schema: Any, check: Schema, value: str) -> Iterator[str]:
        key, one = self._name(), self._name()
        keys = self.of("string", check.get("keys_schema", _ANY), key)
        values = self.of(schema["values"], check.get("values_schema", _ANY), one)
        yield f"{value} = {{}}"
        yield from _block((*keys, *values, f"{value}[{key}] = {one}"))
        yield from _length(check, value)

    def _record(self, schema: Any, check: Schema, value: str) -> Iterator[str]:
        self._records[schema["name"]] = schema
        names = {field["name"]: self._name() for field in schema["fields"]}
        checks = check.get("fields", {name: {"schema": _ANY} for name in names})
        if checks.keys() != names.keys():  # the model has a field that is not released
            yield "raise Doubt"
        else:
            for field in schema["fields"]:
                name = field["name"]
                yield from self.of(field["type"], checks[name]["schema"], names[name])
        yield f"{value} = {{{', '.join(f'{name!r}: {one}' for name, one in names.items())}}}"

    def _checked(self, check: Schema, value: str) -> str:
        return f"{self._call(SchemaValidator(check).validate_python)}({value})"

    def _call(self, what: Any) -> str:
        name = self._name()
        self.calls[name] = what
        return name

    def _name(self) -> str:
        self._names += 1
        return f"v{self._names}"


def _deeper(lines: Iterable[str]) -> Iterator[str]:
    return (f"    {line}" for line in lines)


def _size(call: str) -> Iterator[str]:
    """A number, most often of one byte; zigzag is not undone."""
    yield "size = body[at]"
    yield "if size < 128: at += 1"
    yield f"else: size, at = {call}(body, at)"


def _block(item: Iterable[str]) -> Iterator[str]:
    """Of items, read by these lines: one block, or none."""
    yield from _size("number")
    yield "if size & 1: raise Doubt"  # a negative one: the bytes of the block follow
    yield "if size:"
    yield from _deeper(["for _ in range(size >> 1):", *_deeper(item)])
    yield from _deeper(["if body[at]: raise Doubt", "at += 1"])


def _length(check: Schema, value: str) -> Iterator[str]:
    for term, wrong in (("min_length", "<"), ("max_length", ">")):
        if term in check:
            yield f"if len({value}) {wrong} {check[term]}: raise Doubt"


_SEVEN_BITS, _MORE = 0x7F, 0x80
_PLACES: Final = range(0, 63, 7)  # of nine bytes; a tenth has the last of 64 bits
_EIGHT: Final = 8
_MARKS: Final = sum(_MORE << place for place in range(0, 49, 7))  # on seven bytes of eight


def _number(body: bytes, at: int) -> tuple[int, int]:
    """A number of two bytes or more, and where it ends; zigzag is not undone.

    Seven bits a byte, the lowest first.
    """
    first, second = body[at] & _SEVEN_BITS, body[at + 1]
    if second < _MORE:
        return first | second << 7, at + 2
    third = body[at + 2]
    if third < _MORE:
        return first | (second & _SEVEN_BITS) << 7 | third << 14, at + 3
    number = 0
    for place in _PLACES:
        byte = body[at]
        at += 1
        number |= (byte & _SEVEN_BITS) << place
        if byte < _MORE:
            return number, at
    if body[at] == 1:
        return number | 1 << 63, at + 1
    raise Doubt


def _time(body: bytes, at: int) -> tuple[int, int]:
    """As `_number`, but quicker where it is of eight bytes, as times are."""
    eight = body[at : at + _EIGHT]
    if len(eight) == _EIGHT:
        a, b, c, d, e, f, g, h = eight
        if h < _MORE <= a & b & c & d & e & f & g:
            low = a + (b << 7) + (c << 14) + (d << 21)
            high = e + (f << 7) + (g << 14) + (h << 21)
            return low + (high << 28) - _MARKS, at + _EIGHT
    return _number(body, at)


_CALLED: Final = {"number": _number, "time": _time, "Doubt": Doubt}
