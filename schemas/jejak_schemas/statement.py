"""Resolved events to xAPI 2.0 statements and back, without loss.

Source: IEEE 9274.1.1 (xAPI 2.0), contract.md "From event to statement". Each field has one
place (places.py). `stored` and `authority` are not ours to write: they are columns, added when
a statement is shown.
"""

import json
import re
from collections.abc import Callable
from datetime import date, datetime
from functools import cache, lru_cache
from typing import Any, Final, TypeAlias
from urllib.parse import quote, unquote
from uuid import UUID

from jejak_schemas import iris
from jejak_schemas.catalogue import BY_NAME, Actor, Entry, entry_of
from jejak_schemas.clock import rfc3339
from jejak_schemas.events import Event, LearningEvent, StatementSubmitted
from jejak_schemas.parts import Activity, Part, PersonRef, Score
from jejak_schemas.places import EVENT, places_of, speaks_for_itself

MAPPING_VERSION: Final = 1
_PROGRAMMES: Final = iris.BASE + "programmes/"
RESULTS: Final[dict[str, dict[str, bool]]] = {
    "AssessmentPassed": {"success": True},
    "AssessmentFailed": {"success": False},
    "CourseCompleted": {"completion": True},
    "ProgrammeCompleted": {"completion": True},
    "ProgrammeFailed": {"success": False},
    "SecondmentCompleted": {"completion": True},
}
_SCALE: Final = {"scaled": 10_000, "raw": 100, "min": 100, "max": 100}
_DURATION: Final = re.compile(r"PT(?=[0-9])(?:([0-9]{1,9})H)?(?:([0-9]{1,9})M)?(?:([0-9]{1,9})S)?")
_SIZES: Final = (3600, 60, 1)
_Json = Any


NameOf: TypeAlias = Callable[[PersonRef], str]


def own_name(person: PersonRef) -> str:
    """The person_id of a resolved reference, as text."""
    return str(person.person_id)


def to_statement(event: Event, name_of: NameOf = own_name) -> dict[str, _Json]:
    """The statement of a resolved event: JSON values only, valid xAPI 2.0.

    With `name_of`, who is behind each PersonRef, also of one that is not resolved but for it: the
    same statement as of the resolved event, without making that first.

    A StatementSubmitted is its own statement; its exact text is what is kept.
    """
    if isinstance(event, StatementSubmitted):
        submitted: dict[str, _Json] = json.loads(event.statement)
        return submitted
    entry = entry_of(event)
    statement = {
        "id": str(event.event_id),
        "actor": _actor(event, entry, name_of),
        "verb": {"id": entry.verb, "display": {"en": places_of(entry).verb}},
        "object": _object(event, entry, name_of),
        "timestamp": rfc3339(event.occurred_at),
        "context": _context(event, entry, name_of),
    }
    if result := _result(event):
        statement["result"] = result
    return statement


def from_statement(statement: dict[str, _Json]) -> Event:
    """The resolved event of a statement that `to_statement` made.

    A StatementSubmitted does not come back: of its event only the statement is in the statement.
    Raises KeyError or pydantic's ValidationError on any other statement.
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
    return entry.event.model_validate(fields)


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


def activity_of(statement: dict[str, _Json]) -> str:
    """What the statement is about, as the record's `activity` column: an IRI or a statement id.

    Of a submitted statement's sub-statement, what that one is about; empty for a nameless group.
    """
    thing = statement["object"]
    if "account" in thing:
        return f"{thing['account']['homePage']}/{thing['account']['name']}"
    if "object" in thing:
        return activity_of(thing)
    return str(thing.get("id", ""))


# -- to a statement ---------------------------------------------------------------------


def _actor(event: Event, entry: Entry, name_of: NameOf) -> dict[str, _Json]:
    if entry.actor is Actor.INSTITUTION:
        return _agent(iris.PARTY_HOME, event.party)
    return _agent(iris.PERSON_HOME, name_of(getattr(event, entry.actor)))


def _agent(home: str, name: str) -> dict[str, _Json]:
    return {"objectType": "Agent", "account": {"homePage": home, "name": name}}


def _object(event: Event, entry: Entry, name_of: NameOf) -> dict[str, _Json]:
    thing = getattr(event, entry.thing)
    if isinstance(thing, PersonRef):
        return _agent(iris.PERSON_HOME, name_of(thing))
    if isinstance(thing, UUID) and entry.type is None:
        return {"objectType": "StatementRef", "id": str(thing)}
    definition: dict[str, _Json] = {"type": entry.type}
    if isinstance(thing, Activity):
        definition = {"type": thing.type or entry.type, "name": thing.name}
    elif places_of(entry).named:
        definition["name"] = getattr(event, "name")  # noqa: B009  the class is known by its row only
    return {"objectType": "Activity", "id": _iri(event, entry), "definition": definition}


def _iri(event: Event, entry: Entry) -> str:
    """The object's IRI: its own, or one of ours made from its code."""
    thing = getattr(event, entry.thing)
    if isinstance(thing, Activity):
        return thing.id
    if places_of(entry).by_iri:
        return str(thing)
    if entry.thing == "programme":
        return _programme_iri(thing)
    code = thing.number if entry.thing == "certificate" else str(thing)
    owner = vars(event).get("issuer") or event.speaks_for
    return f"{iris.BASE}{_last(entry.type or '')}/{_quoted(owner)}/{quote(code, safe='')}"


@lru_cache(4096)  # the same few are quoted for every event
def _quoted(code: str) -> str:
    return quote(code, safe="")


def _programme_iri(code: str) -> str:
    return _PROGRAMMES + _quoted(code)


def _context(event: Event, entry: Entry, name_of: NameOf) -> dict[str, _Json]:
    places = places_of(entry)
    activities: dict[str, _Json] = {"category": [{"id": iris.PROFILE_VERSION}]}
    extensions: dict[str, _Json] = {EVENT: entry.name}
    context: dict[str, _Json] = {"contextActivities": activities, "extensions": extensions}
    if places.programme and (programme := getattr(event, "programme")):  # noqa: B009
        activities["grouping"] = [{"id": _programme_iri(programme)}]
    if places.offering and (offering := getattr(event, "offering")):  # noqa: B009
        activities["parent"] = [{"id": offering}]
    if places.target:
        target = str(getattr(event, "target"))  # noqa: B009
        context["statement"] = {"objectType": "StatementRef", "id": target}
    said = vars(event)
    if registration := said.get("registration"):
        context["registration"] = str(registration)
    if places.agents:
        _add_agents(context, said, places.agents, name_of)
    for name, iri, default in places.extensions:
        if (value := said[name]) is not default and value != default:
            extensions[iri] = _json(value)
    return context


def _add_agents(
    context: dict[str, _Json], said: dict[str, Any], roles: tuple[str, ...], name_of: NameOf
) -> None:
    """Persons who neither act nor are acted upon, each with the role they play."""
    people = {role: person for role in roles if (person := said[role]) is not None}
    agents = {role: _agent(iris.PERSON_HOME, name_of(one)) for role, one in people.items()}
    if agents:
        context["contextAgents"] = [
            {"objectType": "contextAgent", "agent": agent, "relevantTypes": [iris.own_type(role)]}
            for role, agent in agents.items()
        ]
    if "learner" in agents:
        context["extensions"][iris.TLA_LEARNER] = agents["learner"]


def _result(event: Event) -> dict[str, _Json]:
    said = vars(event)
    result: dict[str, _Json] = dict(RESULTS.get(type(event).__name__, {}))
    score: Score | None = said.get("score")
    if score is not None:
        result["score"] = {name: value / _SCALE[name] for name, value in score if value is not None}
    duration: int | None = said.get("duration")
    if duration is not None:
        result["duration"] = f"PT{duration}S"
    return result


def _told(part: Part) -> dict[str, _Json]:
    """The fields of a part as JSON values, those left at their defaults aside."""
    defaults = _defaults(type(part))
    return {name: _json(value) for name, value in part if value != defaults[name]}


@cache
def _defaults(part: type[Part]) -> dict[str, object]:
    """The default of each field; of a required one a value that equals none."""
    return {name: field.default for name, field in part.model_fields.items()}


def _json(value: object) -> _Json:
    if value is None or isinstance(value, str | int):
        return value
    if isinstance(value, Part):
        return _told(value)
    if isinstance(value, dict):
        return value
    if isinstance(value, tuple):
        return [_json(part) for part in value]
    if isinstance(value, datetime):
        return rfc3339(value)
    return value.isoformat() if isinstance(value, date) else str(value)


def _last(iri: str) -> str:
    return iri.rsplit("/", 1)[-1]


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
        return {"programme": _programme(thing)}
    return {entry.thing: thing["id"], **names}


def _programme(activity: dict[str, _Json]) -> str:
    return unquote(activity["id"].removeprefix(_PROGRAMMES))


def _from_context(context: dict[str, _Json], entry: Entry) -> dict[str, _Json]:
    fields: dict[str, _Json] = {}
    activities = context["contextActivities"]
    for group in _listed(activities.get("grouping", [])):
        if group["id"].startswith(_PROGRAMMES):
            fields["programme"] = _programme(group)
    if "parent" in activities:
        fields["offering"] = _listed(activities["parent"])[0]["id"]
    if "statement" in context:
        fields["target"] = context["statement"]["id"]
    if "registration" in context:
        fields["registration"] = context["registration"]
    for one in context.get("contextAgents", ()):
        role = _last(one["relevantTypes"][0])
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
            name: round(value * _SCALE[name]) for name, value in result["score"].items()
        }
    if "duration" in result:
        fields["duration"] = _seconds(result["duration"])
    return fields


def _seconds(duration: str) -> int:
    """Of a duration in hours, minutes and whole seconds; ValueError of any other."""
    found = _DURATION.fullmatch(duration)
    if found is None:
        raise ValueError("is no duration in hours, minutes and whole seconds")
    return sum(int(part or 0) * size for part, size in zip(found.groups(), _SIZES, strict=True))
