"""The gist of a statement: what facts ask of its event, read from its bytes in one pass.

A class for each row of the catalogue, made of the same places as `recalling`. It goes by its
event's name and has the event's fields, persons aside, so `extraction` takes either. As there it
is asked only whether a statement is laid out as `wording` does it; where that is in doubt, the
ordinary way reads it.
"""

import types
from collections.abc import Callable, Iterable
from datetime import datetime
from functools import cache
from operator import attrgetter
from typing import TYPE_CHECKING, Annotated, Any, Final, Union, cast, get_args, get_origin
from uuid import UUID

from msgspec import NODEFAULT, Raw, Struct, defstruct, json
from pydantic import BaseModel

from jejak_schemas import iris
from jejak_schemas.catalogue import BY_NAME, Actor, Entry
from jejak_schemas.parts import Part
from jejak_schemas.places import EVENT, places_of, speaks_for_itself
from jejak_schemas.statement import programme_of


class Gist(Struct, frozen=True):
    """What an event says beside persons, under the names of its fields."""

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...


@cache
def reader_of(event_type: str) -> Callable[[bytes], Gist] | None:
    """What reads the statements of an event; it raises msgspec's DecodeError where in doubt.

    None where facts may ask for a person, such as who assessed.
    """
    entry = BY_NAME[event_type]
    if set(places_of(entry).agents) - {"learner"}:
        return None
    return json.Decoder(_gist_of(entry)).decode


def _gist_of(entry: Entry) -> type[Gist]:
    places = places_of(entry)
    known = [one.field for one in places.extensions]
    extensions = _struct(entry.event, known, {**dict(places.extensions), **_BESIDE}, _BESIDE)
    context = defstruct("Context", [("extensions", extensions)], bases=(_Context,), kw_only=True)
    paths = {name: f"context.extensions.{name}" for name in known}
    paths |= {name: _ELSEWHERE[name] for name in places.elsewhere}
    if entry.actor is Actor.INSTITUTION:
        paths["party"] = "actor.account.name"
    if speaks_for_itself(entry):
        paths[entry.thing] = "object" if entry.thing == "activity" else "object.id"
    gist = defstruct(
        entry.name,
        [("occurred_at", datetime), ("actor", _Agent), ("object", _Thing), ("context", context)],
        bases=(Gist,),
        namespace={name: _at(name, path) for name, path in paths.items()},
        rename={"occurred_at": "timestamp"},
        gc=False,
    )
    return cast("type[Gist]", gist)


def _at(name: str, path: str) -> property:
    """The field whose value is read at a path."""
    get = attrgetter(path)
    if name == "programme":
        return property(lambda gist: (iri := get(gist)) and programme_of(iri))
    return property(get)


# -- what stands in a statement, as far as it is asked for -----------------------------------


class _Account(Struct, gc=False):
    name: str


class _Agent(Struct, gc=False):
    account: _Account


class _Definition(Struct, frozen=True, gc=False):
    type: str | None = None


class _Thing(Struct, frozen=True, gc=False):
    id: str | None = None
    definition: _Definition = _Definition()

    @property
    def type(self) -> str | None:
        """Of an activity."""
        return self.definition.type


class _List(Struct, frozen=True, gc=False, array_like=True):
    """The first of them."""

    first: _Thing = _Thing()


class _Activities(Struct, gc=False):
    grouping: _List = _List()
    parent: _List = _List()


class _Target(Struct, frozen=True, gc=False):
    id: UUID | None = None


class _Context(Struct, kw_only=True, gc=False, rename={"activities": "contextActivities"}):
    activities: _Activities
    registration: UUID | None = None
    statement: _Target = _Target()


_ELSEWHERE: Final = {
    "registration": "context.registration",
    "programme": "context.activities.grouping.first.id",
    "offering": "context.activities.parent.first.id",
    "target": "context.statement.id",
}
_BESIDE: Final = {"event": EVENT, "tla_learner": iris.TLA_LEARNER}  # in extensions, no fields


def _struct(
    model: type[BaseModel],
    fields: Iterable[str],
    rename: dict[str, str] | None = None,
    beside: Iterable[str] = (),
) -> Any:
    """What reads a JSON object that holds fields of a model and nothing unknown."""
    return defstruct(
        model.__name__,
        [_field(model, name) for name in fields] + [(name, Raw, Raw()) for name in beside],
        rename=rename,
        kw_only=True,
        forbid_unknown_fields=True,
        gc=False,
    )


def _field(model: type[BaseModel], name: str) -> tuple[str, Any, Any]:
    field = model.model_fields[name]
    default = NODEFAULT if field.is_required() else field.default
    return name, _type(field.annotation), default


def _type(annotation: Any) -> Any:
    """A field's type, as msgspec has it; of what has several forms the JSON."""
    origin, args = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _type(args[0])
    if origin in (Union, types.UnionType):
        forms = [_type(one) for one in args if one is not types.NoneType]
        return Raw if len(forms) > 1 else forms[0] | None
    if origin is tuple:
        return tuple[_type(args[0]), ...]  # type: ignore[misc]
    if isinstance(annotation, type) and issubclass(annotation, Part):
        return _struct(annotation, annotation.model_fields)
    return annotation
