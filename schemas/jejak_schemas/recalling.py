"""A record's statement back to its event, not checked again: a function for each class.

The way back of `wording`, its source written from the same row and places. What a record says was
checked before it was recorded, and stands under a seal; to check it again took half of the time of
reading it (measured). So it is asked only whether it is laid out as `wording` does it. Where that
is in doubt, `from_statement` reads the statement, or refuses it.
"""

import types
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from datetime import date, datetime
from functools import cache, partial
from typing import Any, Final, TypeAlias, Union, get_args, get_origin
from uuid import UUID

from pydantic import BaseModel
from pydantic_core import SchemaValidator, core_schema

from jejak_schemas import iris
from jejak_schemas.catalogue import BY_NAME, Actor, Entry
from jejak_schemas.events import Event
from jejak_schemas.layout import Json
from jejak_schemas.parts import Activity, Part, PersonRef, Score
from jejak_schemas.places import EVENT, places_of, speaks_for_itself
from jejak_schemas.plain import id_of
from jejak_schemas.statement import from_statement, programme_of, seconds_of, whole_of
from jejak_schemas.wording import SCALE

Recall: TypeAlias = Callable[[dict[str, Json]], Event]
_Say: TypeAlias = Callable[[str], str]  # from the expression for JSON to the one for its value


def recalled(statement: dict[str, Json]) -> Event:
    """The event of a record's statement, as `from_statement` reads it; every field counts as set.

    Raises what that raises.
    """
    try:
        return recall_of(BY_NAME[statement["context"]["extensions"][EVENT]])(statement)
    except (LookupError, TypeError, ValueError, AttributeError):
        return from_statement(statement)


@cache
def recall_of(entry: Entry) -> Recall:
    """What recalls the events of a row; whatever it raises is a doubt."""
    recalling = _Recalling(entry)
    source = recalling.source()
    exec(source, recalling.calls)  # noqa: S102  our own
    recall: Recall = recalling.calls["recall"]
    return recall


class Doubt(ValueError):  # noqa: N818  it may be good
    """A statement that the ordinary way must judge."""


class _Recalling:
    """The source of a row's function, behind those for the parts of its events; what they call."""

    def __init__(self, entry: Entry) -> None:
        self.entry = entry
        self.places = places_of(entry)
        self.calls: dict[str, Any] = {**_CALLED}
        self._parts: dict[type[Part], str] = {}
        self._names = 0

    def source(self) -> str:
        """`recall`, in Python."""
        event = self.entry.event
        known = (EVENT, iris.TLA_LEARNER, *(one.iri for one in self.places.extensions))
        recall = _function(
            "recall",
            *_WITHIN,
            self._all_known("extensions", known),
            self._made(event, [self._field(name) for name in event.model_fields]),
        )
        return "".join(self._parts.values()) + recall

    def _all_known(self, keyed: str, known: Iterable[str]) -> str:
        name = self._called(frozenset(known).issuperset)
        return f"if not {name}({keyed}): raise Doubt"

    def _made(self, model: type[BaseModel], members: Iterable[str]) -> str:
        make, names = self._called(_maker_of(model)), self._called(set(model.model_fields))
        return f"return {make}(({{{', '.join(members)}}}, None, {names}))"

    # -- fields by their places ---------------------------------------------------------

    def _field(self, name: str) -> str:
        """The member for a field of the event."""
        entry, event = self.entry, self.entry.event
        if name == "party" and entry.actor is Actor.INSTITUTION:
            return self._member(event, name, "actor", "name")
        if name == entry.actor.value:
            return self._member(event, name, "actor", "name", self._person)
        if name == entry.thing and speaks_for_itself(entry):
            return self._thing(name)
        if name == "name" and self.places.named:
            return self._member(event, name, "thing['definition']", "name")
        if name in self.places.agents:
            return self._member(event, name, "agents", iris.own_type(name), self._person)
        within, key, say = _PLACES.get(name, ("extensions", iris.EXTENSION + name, None))
        return self._member(event, name, within, key, say)

    def _thing(self, name: str) -> str:
        """The member for what the statement's object is."""
        event = self.entry.event
        kind = event.model_fields[name].annotation
        if kind is PersonRef:
            return self._member(event, name, "thing['account']", "name", self._person)
        if kind is Activity:
            return f"{name!r}: {self._part(kind)}({{'id': thing['id'], **thing['definition']}})"
        return self._member(event, name, "thing", "id", _programme if name == "programme" else None)

    def _person(self, name: str) -> str:
        return f"{self._part(PersonRef)}({{'person_id': {name}}})"

    def _member(
        self, model: type[BaseModel], name: str, within: str, key: str, say: _Say | None = None
    ) -> str:
        """The member for a field whose JSON is within something, under a key."""
        field = model.model_fields[name]
        say = say or partial(self._value, field.rebuild_annotation())
        if field.is_required() or field.default_factory:
            return f"{name!r}: {say(f'{within}[{key!r}]')}"
        value, there = self._name(), f"{within}.get({key!r})"
        shown = say(value)
        if (shown, field.default) == (value, None):
            return f"{name!r}: {there}"
        return f"{name!r}: {shown} if ({value} := {there}) is not None else {field.default!r}"

    # -- values by their types ----------------------------------------------------------

    def _value(self, annotation: Any, value: str) -> str:
        """The expression for a value of this type."""
        origin, args = get_origin(annotation), get_args(annotation)
        if hasattr(annotation, "__metadata__"):  # Annotated[...]
            return self._value(args[0], value)
        if origin in (Union, types.UnionType):
            forms = [self._value(arg, value) for arg in args if arg is not type(None)]
            return forms[0] if len(forms) == 1 else f"first(lambda: {', lambda: '.join(forms)})"
        if origin is tuple:
            item = self._name()
            one = self._value(args[0], item)
            return f"tuple({value})" if one == item else f"tuple([{one} for {item} in {value}])"
        if isinstance(annotation, type) and issubclass(annotation, Part):
            return f"{self._part(annotation)}({value})"
        return f"{_READ[annotation]}({value})" if annotation in _READ else value

    def _part(self, part: type[Part]) -> str:
        """The name of the function for a part."""
        if part not in self._parts:
            names = part.model_fields
            say = {name: partial(_whole, name) for name in SCALE} if part is Score else {}
            members = [self._member(part, name, "said", name, say.get(name)) for name in names]
            lines = self._all_known("said", names), self._made(part, members)
            self._parts[part] = _function(part.__name__, *lines)
        return part.__name__

    def _called(self, what: Any) -> str:
        name = self._name()
        self.calls[name] = what
        return name

    def _name(self) -> str:
        self._names += 1
        return f"v{self._names}"


def _function(name: str, *lines: str) -> str:
    return f"def {name}(said):\n" + "".join(f"    {line}\n" for line in lines)


def _maker_of(model: type[BaseModel]) -> Callable[[Any], Any]:
    """What makes a model of its values, nothing beside them, and the names of those set."""
    as_they_stand = core_schema.model_schema(model, core_schema.any_schema())
    return SchemaValidator(as_they_stand, _use_prebuilt=False).validate_python


# -- where the JSON of a field stands -----------------------------------------------------

_WITHIN: Final = (
    "actor, thing, context = said['actor']['account'], said['object'], said['context']",
    "activities, extensions = context['contextActivities'], context['extensions']",
    "result = said.get('result', {})",
    "roles = context.get('contextAgents', ())",
    "agents = {one['relevantTypes'][0]: one['agent']['account']['name'] for one in roles}",
)


def _programme(iri: str) -> str:
    return f"programme_of({iri})"


def _whole(name: str, value: str) -> str:
    return f"whole_of({value}, {SCALE[name]})"


_PLACES: Final[Mapping[str, tuple[str, str, _Say | None]]] = {
    "event_id": ("said", "id", None),
    "occurred_at": ("said", "timestamp", None),
    "programme": ("activities", "grouping", lambda group: _programme(f"{group}[0]['id']")),
    "offering": ("activities", "parent", lambda parent: f"{parent}[0]['id']"),
    "target": ("context", "statement", lambda target: f"id_of({target}['id'])"),
    "registration": ("context", "registration", None),
    "score": ("result", "score", None),
    "duration": ("result", "duration", lambda duration: f"seconds_of({duration})"),
}


# -- what the functions call --------------------------------------------------------------


def _first(*forms: Callable[[], Any]) -> Any:
    """The first form of a value of which there is no doubt."""
    for form in forms:
        with suppress(LookupError, Doubt):
            return form()
    raise Doubt


_READ: Final = {UUID: "id_of", datetime: "moment", date: "day"}
_CALLED: Final[Mapping[str, Any]] = {
    "Doubt": Doubt,
    "day": date.fromisoformat,
    "first": _first,
    "id_of": id_of,
    "moment": datetime.fromisoformat,
    "programme_of": programme_of,
    "seconds_of": seconds_of,
    "whole_of": whole_of,
}
