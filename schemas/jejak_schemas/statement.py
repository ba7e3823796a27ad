"""Resolved events to xAPI 2.0 statements and back, without loss.

Source: IEEE 9274.1.1 (xAPI 2.0); docs/xapi.md, "From an event to its statement". Each field has one
place (places.py). `stored` and `authority` are not ours to write: they are columns, added when
a statement is shown.
"""

import json
import re
from contextlib import suppress
from functools import lru_cache
from typing import Any, Final
from urllib.parse import unquote

from pydantic import ValidationError

from jejak_schemas import iris, sure
from jejak_schemas.catalogue import BY_NAME, Actor, Entry, entry_of
from jejak_schemas.events import Event, LearningEvent, StatementSubmitted
from jejak_schemas.mapping import statement_of
from jejak_schemas.places import EVENT, places_of, speaks_for_itself
from jejak_schemas.plain import values_of
from jejak_schemas.wording import PROGRAMMES, SCALE

_DURATION: Final = re.compile(r"PT(?=[0-9])(?:([0-9]{1,9})H)?(?:([0-9]{1,9})M)?(?:([0-9]{1,9})S)?")
_SIZES: Final = (3600, 60, 1)
_Json = Any


def to_statement(event: Event) -> dict[str, _Json]:
    """The statement of a resolved event: JSON values only, valid xAPI 2.0."""
    statement: dict[str, _Json] = json.loads(statement_of(entry_of(event), values_of(event)).plain)
    return statement


def from_statement(statement: dict[str, _Json]) -> Event:
    """The resolved event of a statement that `to_statement` made.

    A StatementSubmitted does not come back: of its event only the statement is in the statement.
    Raises KeyError or pydantic's ValidationError on any other statement.
    """
    entry, fields = fields_of(statement)
    with suppress(ValidationError):
        good: Event = sure.keeper_of(entry.event).validate_python(fields)
        return good
    return entry.event.model_validate(fields)


def fields_of(statement: dict[str, _Json]) -> tuple[Entry, dict[str, _Json]]:
    """The row and the fields of a statement that `to_statement` made, as JSON has them.

    They are not checked again: for reading many. Raises LookupError on another statement.
    """
    context = statement["context"]
    extensions = dict(context["extensions"])
    entry = BY_NAME[extensions.pop(EVENT)]
    fields: dict[str, _Json] = {
        key.removeprefix(iris.EXTENSION): value
        for key, value in extensions.items()
        if key.startswith(iris.EXTENSION)
    }
    fields |= {"event_id": statement["id"], "occurred_at": statement["timestamp"]}
    fields |= _from_actor(statement["actor"], entry)
    fields |= _from_object(statement["object"], entry)
    fields |= _from_context(context, entry)
    fields |= _from_result(statement.get("result", {}))
    return entry, fields


def followed(event: StatementSubmitted) -> LearningEvent | None:
    """The event that a resolved, submitted statement states, where it follows our Profile.

    None where it does not: where it does not name the Profile, contradicts the template of the
    event that it names, says what a provider may not say, or is of another sender or learner
    than the event that carries it.
    """
    given = json.loads(event.statement)
    try:
        stated = from_statement(given)
        told = to_statement(stated)
        agrees = _names_profile(given) and all(
            _member(given, path) == _member(told, path) for path in _DETERMINING
        )
    except (LookupError, TypeError, ValueError, AttributeError):
        return None
    same = (stated.event_id, stated.party, stated.on_behalf_of)
    if not agrees or not isinstance(stated, LearningEvent) or stated.learner != event.learner:
        return None
    if same != (event.event_id, event.party, event.on_behalf_of):
        return None
    return stated if entry_of(stated).roles & entry_of(event).roles else None


# What a statement may not contradict and still be the event that it names.
_DETERMINING: Final = (
    "verb.id",
    "object.id",
    "object.definition.type",
    "result.success",
    "result.completion",
)


def _member(value: _Json, path: str) -> _Json:
    for name in path.split("."):
        value = value.get(name, {})
    return value


def _names_profile(statement: dict[str, _Json]) -> bool:
    category = _listed(statement["context"]["contextActivities"]["category"])
    return iris.PROFILE_VERSION in (activity["id"] for activity in category)


# -- from a statement -------------------------------------------------------------------


def _from_actor(actor: dict[str, _Json], entry: Entry) -> dict[str, _Json]:
    name = actor["account"]["name"]
    if entry.actor is Actor.INSTITUTION:
        return {"party": name}
    return {entry.actor.value: {"person_id": name}}


def _from_object(thing: dict[str, _Json], entry: Entry) -> dict[str, _Json]:
    if "account" in thing:
        return {entry.thing: {"person_id": thing["account"]["name"]}}
    definition = thing.get("definition", {})
    if entry.thing == "activity":
        shown = {name: definition[name] for name in ("name", "type") if name in definition}
        return {"activity": {"id": thing["id"], **shown}}
    names = {"name": definition["name"]} if places_of(entry).named else {}
    if not speaks_for_itself(entry):
        return names
    if entry.thing == "programme":
        return {"programme": programme_of(thing["id"])}
    return {entry.thing: thing["id"], **names}


@lru_cache(4096)  # the same few come for every event
def programme_of(iri: str) -> str:
    """The code of a programme, of its IRI."""
    return unquote(iri.removeprefix(PROGRAMMES))


def _from_context(context: dict[str, _Json], entry: Entry) -> dict[str, _Json]:
    fields: dict[str, _Json] = {}
    activities = context["contextActivities"]
    for group in _listed(activities.get("grouping", [])):
        if group["id"].startswith(PROGRAMMES):
            fields["programme"] = programme_of(group["id"])
    if "parent" in activities:
        fields["offering"] = _listed(activities["parent"])[0]["id"]
    if "statement" in context:
        fields["target"] = context["statement"]["id"]
    if "registration" in context:
        fields["registration"] = context["registration"]
    for one in context.get("contextAgents", ()):
        role = one["relevantTypes"][0].rpartition("/")[2]
        if role in places_of(entry).agents:
            fields[role] = {"person_id": one["agent"]["account"]["name"]}
    return fields


def _listed(activities: _Json) -> list[_Json]:
    """A list of activities, where xAPI lets one stand without its list."""
    return [activities] if isinstance(activities, dict) else activities


def _from_result(result: dict[str, _Json]) -> dict[str, _Json]:
    fields: dict[str, _Json] = {}
    if "score" in result:
        fields["score"] = {
            name: whole_of(value, SCALE[name]) for name, value in result["score"].items()
        }
    if "duration" in result:
        fields["duration"] = seconds_of(result["duration"])
    return fields


@lru_cache(16384)  # scores are few
def whole_of(value: float, scale: int) -> int:
    """The integer that a decimal of a score was."""
    return round(value * scale)


@lru_cache(4096)  # as are lengths
def seconds_of(duration: str) -> int:
    """Of a duration in hours, minutes and whole seconds; ValueError of any other."""
    found = _DURATION.fullmatch(duration)
    if found is None:
        raise ValueError("is no duration in hours, minutes and whole seconds")
    return sum(int(part or 0) * size for part, size in zip(found.groups(), _SIZES, strict=True))
