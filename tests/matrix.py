"""Every field of every class with all that can be wrong in it, made from the models.

`slots` walks a class's fields, nested parts, list items and map entries included, beside a valid
example. What is wrong with a value of each kind, and which reason it gets, stands in faults.py.
"""

import io
import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any, Final, Literal, Union, get_args, get_origin, get_type_hints

import fastavro
from annotated_types import Ge, Le, Lt, MaxLen, MinLen
from pydantic import BaseModel, StringConstraints
from pydantic.fields import FieldInfo

from jejak_schemas import avro, outgoing, wire
from jejak_schemas.events import StandardPublished, StatementSubmitted
from jejak_schemas.parts import Activity, Alias, PersonRef, Score, TypedAs
from tests.faults import GOOD, Fault, faults, statement_of

Path = tuple[str | int, ...]
_TURNS: Final = 4  # so that each of several ways to fill a class is an example once
_ALIASES: Final[tuple[tuple[Any, str], ...]] = (
    (wire.Id, "id"), (wire.EventId, "event-id"), (wire.Time, "time"), (wire.Day, "day"),
    (wire.Nip, "nip"), (wire.Nrp, "nrp"), (wire.Code, "code"), (wire.PartyCode, "party-code"),
    (wire.AgencyCode, "agency-code"), (wire.Iri, "iri"), (wire.Sha256, "sha256"),
    (outgoing.Number, "own-number"),
)  # fmt: skip
# One of these fields of a class is filled at a time: others would contradict it.
ONE_OF: Final[Mapping[type[BaseModel], tuple[str, ...]]] = {
    Score: ("scaled", "raw", "min", "max"),
    PersonRef: ("nip", "nrp", "person_id"),
    StandardPublished: ("position_class", "position"),
}
# Fields whose kind their annotation does not tell.
_FIELD_KINDS: Final = {
    (Activity, "type"): "activity-type",
    (Alias, "value"): "alias",
    (StatementSubmitted, "statement"): "statement",
}


@dataclass(frozen=True, slots=True)
class Slot:
    """A place in an event where a value stands: of which kind, within which limits."""

    path: Path
    kind: str
    owner: type[BaseModel]
    name: str  # of the owner's field that it stands in
    example: Mapping[str, Any]  # a valid event, as JSON, that fills the place
    nullable: bool = False
    required: bool = False
    low: int | None = None
    high: int | None = None
    part: type[BaseModel] | None = None  # that stands there

    @property
    def where(self) -> str:
        """The path as a refusal names it."""
        return named(self.path)

    @property
    def sample(self) -> Any:
        """The good value that stands there in the example."""
        return at(self.example, self.path)

    def put(self, value: Any) -> dict[str, Any]:
        """The example with another value there; of a map's key, under another key."""
        if self.kind != "key":
            return planted(self.example, self.path, value)
        return planted(self.example, self.path[:-1], {value: self.sample})

    def faults(self) -> Iterator[Fault]:
        """Everything that can be wrong here, and the edges of what is not."""
        for fault in faults(self.kind, self):
            if fault.value is not None or not self.nullable:
                yield fault


@cache
def slots(model: type[BaseModel]) -> tuple[Slot, ...]:
    """Every place of a class, once."""
    found: dict[Path, Slot] = {}
    for turn in range(_TURNS):
        doc = example(model, turn)
        for slot in _of_part(model, (), doc):
            found.setdefault(slot.path, slot)
    return tuple(found.values())


def reachable(model: type[BaseModel]) -> set[tuple[str, str]]:
    """(class, field) of everything that a class is made of."""
    found = {(model.__name__, name) for name in model.model_fields}
    for hint in _hints(model).values():
        found |= {pair for inner in _models_in(hint) for pair in reachable(inner)}
    return found


def example(model: type[BaseModel], turn: int = 0) -> dict[str, Any]:
    """A valid event as JSON, every optional field filled that can be."""
    if model is StatementSubmitted:
        return statement_of({name: _value(model, name, turn) for name in _names(model, turn)})
    return {name: _value(model, name, turn) for name in _names(model, turn)}


def parts(model: type[BaseModel]) -> Iterator[tuple[type[BaseModel], Path, Mapping[str, Any]]]:
    """The class itself and every part of it: class, path, an example that holds it."""
    yield model, (), example(model)
    for slot in slots(model):
        if slot.part is not None:
            yield slot.part, slot.path, slot.example


def named(path: Path) -> str:
    """A path as a refusal names it: `competencies[0].claimed_level`."""
    steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return "".join(steps).removeprefix(".")


def at(value: Any, path: Path) -> Any:
    """What stands at a path of a JSON value."""
    for step in path:
        value = value[step]
    return value


def planted(value: Any, path: Path, what: Any) -> dict[str, Any]:
    """A copy of a JSON value with `what` at a path."""
    if not path:
        return dict(what)
    first, *rest = path
    copied: Any = dict(value) if isinstance(value, Mapping) else list(value)
    copied[first] = planted(copied[first], tuple(rest), what) if rest else what
    return copied


def without(value: Any, path: Path) -> dict[str, Any]:
    """A copy of a JSON value without the member at a path."""
    *before, last = path
    inner = at(value, tuple(before))
    return planted(value, tuple(before), {key: inner[key] for key in inner if key != last})


# -- on the wire ------------------------------------------------------------------------


def plain(model: type[BaseModel], event: Mapping[str, Any]) -> Mapping[str, Any]:
    """JSON as an Avro body has it: times and dates are numbers."""
    for slot in slots(model):
        if slot.kind in ("time", "day") and _stands(event, slot.path):
            event = planted(event, slot.path, _number(at(event, slot.path)))
    return event


def encoded(model: type[BaseModel], values: Mapping[str, Any]) -> bytes:
    """A message with the newest released schema, whatever its values are."""
    schema = avro.released()[model.__name__]
    out = io.BytesIO()
    out.write(schema.header)
    fastavro.schemaless_writer(out, schema.reader, values)
    return out.getvalue()


def _stands(event: Any, path: Path) -> bool:
    try:
        return at(event, path) is not None
    except (KeyError, IndexError, TypeError):
        return False


def _number(text: str) -> int:
    if "T" not in text:
        return (date.fromisoformat(text) - date(1970, 1, 1)).days
    since = datetime.fromisoformat(text) - datetime(1970, 1, 1, tzinfo=UTC)
    return since // timedelta(microseconds=1)


# -- examples ---------------------------------------------------------------------------


def _names(model: type[BaseModel], turn: int) -> list[str]:
    choice = ONE_OF.get(model, ())
    left_out = {name for name in choice if name != choice[turn % len(choice)]}
    return [name for name in model.model_fields if name not in left_out]


def _value(model: type[BaseModel], name: str, turn: int) -> Any:
    kind = _FIELD_KINDS.get((model, name))
    hint = _hints(model)[name]
    if model is Alias:
        return {"kind": "bkn-id", "value": GOOD["alias"]}[name]
    return GOOD[kind] if kind else _example_of(_filled(hint), turn)


def _example_of(hint: Any, turn: int) -> Any:
    kind, inner = _kind(hint), _bare(hint)
    if kind == "list":
        return [_example_of(_filled(get_args(inner)[0]), turn)]
    if kind == "map":
        return {"id": GOOD["text"]}
    if inner is Activity:
        return example(inner, turn) | {"type": _usual_type(hint)}
    if kind == "part":
        return example(inner, turn)
    if kind == "choice":
        return get_args(inner)[0]
    return _limits(hint)[0] or 1 if kind == "number" else GOOD[kind]


def _usual_type(hint: Any) -> str | None:
    """The type that an event's activity may state; None where there is no rule."""
    found = (getattr(rule, "func", None) for rule in _rules(hint))
    return next((rule.types[0] for rule in found if isinstance(rule, TypedAs)), None)


# -- the walk over a class ----------------------------------------------------------------


def _of_part(model: type[BaseModel], path: Path, doc: Mapping[str, Any]) -> Iterator[Slot]:
    given = at(doc, path)
    for name, field in model.model_fields.items():
        if name in given:
            first, *more = _Field(model, name, doc).slots((*path, name), _hints(model)[name])
            yield replace(first, required=field.is_required())
            yield from more


@dataclass(frozen=True, slots=True)
class _Field:
    """One field of an example, and the places within it."""

    owner: type[BaseModel]
    name: str
    doc: Mapping[str, Any]

    def slots(self, path: Path, hint: Any) -> Iterator[Slot]:
        """The place itself first."""
        filled = _filled(hint)
        kind, bare = self._kind(path, filled), _bare(filled)
        part = bare if kind == "part" else None
        low, high = _limits(hint)
        place = Slot(path, kind, self.owner, self.name, self.doc, low=low, high=high, part=part)
        yield replace(place, nullable=filled is not hint)
        if kind == "list":
            yield from self.slots((*path, 0), get_args(bare)[0])
        elif kind == "map":
            key, value = get_args(bare)
            low, high = _limits(key)
            yield replace(place, path=(*path, "id"), kind="key", low=low, high=high)
            yield from self.slots((*path, "id"), value)
        elif part is not None:
            yield from _of_part(part, path, self.doc)

    def _kind(self, path: Path, hint: Any) -> str:
        own = _FIELD_KINDS.get((self.owner, self.name)) if path[-1] == self.name else None
        return own or _kind(hint)


# -- annotations ------------------------------------------------------------------------


@cache
def _hints(model: type[BaseModel]) -> dict[str, Any]:
    return get_type_hints(model, include_extras=True)


def _filled(hint: Any) -> Any:
    """The annotation of what stands there if something does; of a union the wire form."""
    if get_origin(hint) in (Union, types.UnionType):
        return next(arg for arg in get_args(hint) if arg is not type(None))
    return hint


def _bare(hint: Any) -> Any:
    hint = _filled(hint)
    return _bare(get_args(hint)[0]) if hasattr(hint, "__metadata__") else hint


def _kind(hint: Any) -> str:
    for alias, kind in _ALIASES:
        if hint == alias:
            return kind
    bare = _bare(hint)
    origins = {tuple: "list", dict: "map", Literal: "choice"}
    if get_origin(bare) in origins:
        return origins[get_origin(bare)]
    if isinstance(bare, type) and issubclass(bare, BaseModel):
        return "part"
    if bare is int:
        return "number"
    rules = list(_rules(hint))
    if bare is str and not any(getattr(rule, "pattern", None) for rule in rules):
        return "text" if wire.Checked in rules else "own-text"
    raise LookupError(f"the matrix knows no faults of {hint}")


def _limits(hint: Any) -> tuple[int | None, int | None]:
    """The least and the most of a number, or of a text's, a list's or a map's length."""
    low = high = None
    for rule in _rules(hint):
        if isinstance(rule, StringConstraints):
            low, high = rule.min_length or low, rule.max_length or high
        elif isinstance(rule, Ge | MinLen):
            low = rule.ge if isinstance(rule, Ge) else rule.min_length  # type: ignore[assignment]
        elif isinstance(rule, Le | MaxLen):
            high = rule.le if isinstance(rule, Le) else rule.max_length  # type: ignore[assignment]
        elif isinstance(rule, Lt):
            high = rule.lt - 1  # type: ignore[operator]
    return low, high


def _rules(hint: Any) -> Iterator[Any]:
    if get_origin(hint) in (Union, types.UnionType):
        hint = _filled(hint)
    if hasattr(hint, "__metadata__"):
        yield from _rules(get_args(hint)[0])
        for rule in hint.__metadata__:
            yield from rule.metadata if isinstance(rule, FieldInfo) else (rule,)


def _models_in(hint: Any) -> Iterator[type[BaseModel]]:
    if isinstance(hint, type) and issubclass(hint, BaseModel):
        yield hint
    for arg in get_args(hint):
        yield from _models_in(arg)
