"""Where each field of a class stands in its statement.

xAPI's own place where its definition fits (actor, object, result, registration, parent, grouping),
else an extension of ours with the field's name. docs/xapi.md has it as a table.
"""

from dataclasses import dataclass
from functools import cache
from typing import Final, NamedTuple, get_args

from jejak_schemas import iris, wire
from jejak_schemas.catalogue import Actor, Entry
from jejak_schemas.parts import Activity, PersonRef, TypedAs

EVENT: Final = iris.EXTENSION + "event"
# Fields with a place of xAPI's own in the context; target is the statement that the event acts on.
ELSEWHERE: Final = {
    "registration": "$.context.registration",
    "programme": "$.context.contextActivities.grouping[*].id",
    "offering": "$.context.contextActivities.parent[*].id",
    "target": "$.context.statement.id",
}
_PERSONS: Final = (PersonRef, PersonRef | None)
_NAMES: Final = dict[wire.Lang, wire.Text]


class Extension(NamedTuple):
    """A field that stands in an extension, and its IRI."""

    field: str
    iri: str


@dataclass(frozen=True, slots=True)
class Places:
    """Where a class's fields go that are not in the same place for all."""

    verb: str  # the last part of its IRI, which is its English name
    extensions: tuple[Extension, ...]
    agents: tuple[str, ...]  # persons who stand in contextAgents
    named: bool  # the object's name is the event's
    by_iri: bool  # the object's id is the field itself
    elsewhere: frozenset[str]  # those of `ELSEWHERE` that it has and its object is not


@cache
def places_of(entry: Entry) -> Places:
    """The places of a catalogue row."""
    fields = entry.event.model_fields
    named = "name" in fields and entry.type is not None and fields["name"].annotation == _NAMES
    agents = tuple(
        name
        for name, field in fields.items()
        if field.annotation in _PERSONS and name not in (entry.thing, entry.actor.value)
    )
    elsewhere = frozenset(ELSEWHERE.keys() & fields.keys() - {entry.thing})
    native = {"event_id", "occurred_at", "score", "duration"}
    native |= {*agents, *elsewhere, entry.actor.value}
    native |= {"party"} if entry.actor is Actor.INSTITUTION else set()
    native |= {"name"} if named else set()
    native |= {entry.thing} if speaks_for_itself(entry) else set()
    return Places(
        verb=entry.verb.rpartition("/")[2],
        extensions=tuple(
            Extension(name, iris.EXTENSION + name) for name in fields if name not in native
        ),
        agents=agents,
        named=named,
        by_iri=_is_iri(entry),
        elsewhere=elsewhere,
    )


def speaks_for_itself(entry: Entry) -> bool:
    """Whether the statement's object gives the field back: an IRI, activity, person or UUID."""
    return entry.type is None or entry.thing in ("activity", "programme") or _is_iri(entry)


def types_of(entry: Entry) -> tuple[str, ...]:
    """The activity types that the object may have, the usual one first; none where it has none."""
    for one in entry.event.model_fields[entry.thing].metadata:
        if isinstance(allowed := getattr(one, "func", None), TypedAs):
            return allowed.types
    return (entry.type,) if entry.type else ()


def is_activity(entry: Entry) -> bool:
    """Whether the event itself names its object's activity: IRI, name and type."""
    return entry.event.model_fields[entry.thing].annotation is Activity


def _is_iri(entry: Entry) -> bool:
    field = entry.event.model_fields[entry.thing]
    return field.annotation is str and field.metadata == list(get_args(wire.Iri)[1:])
