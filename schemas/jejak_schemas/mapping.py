"""From what an event says to its xAPI 2.0 statement: each field to its one place (places.py).

It takes plain values, so that the recorder need not make a model of what it has just checked.
Source: IEEE 9274.1.1 (xAPI 2.0); docs/xapi.md, "From an event to its statement".
"""

import json
from collections.abc import Callable
from functools import cache, lru_cache
from typing import Any, Final, TypeAlias
from urllib.parse import quote

from jejak_schemas import iris
from jejak_schemas.catalogue import Actor, Entry
from jejak_schemas.clock import text_of
from jejak_schemas.parts import Activity, PersonRef
from jejak_schemas.places import EVENT, places_of
from jejak_schemas.plain import Said

MAPPING_VERSION: Final = 1
PROGRAMMES: Final = iris.BASE + "programmes/"
RESULTS: Final[dict[str, dict[str, bool]]] = {
    "AssessmentPassed": {"success": True},
    "AssessmentFailed": {"success": False},
    "CourseCompleted": {"completion": True},
    "ProgrammeCompleted": {"completion": True},
    "ProgrammeFailed": {"success": False},
    "SecondmentCompleted": {"completion": True},
}
SCALE: Final = {"scaled": 10_000, "raw": 100, "min": 100, "max": 100}
_Json: TypeAlias = Any
NameOf: TypeAlias = Callable[[Said], str]  # who is behind a PersonRef's values: a person_id
_Form: TypeAlias = Callable[[Entry, Said, NameOf], dict[str, _Json]]
_OURS: Final = {"id": iris.PROFILE_VERSION}


def own_name(person: Said) -> str:
    """The person_id of a resolved reference."""
    return str(person["person_id"])


def statement_of(entry: Entry, said: Said, name_of: NameOf = own_name) -> dict[str, _Json]:
    """The statement of an event of this row: JSON values only, to be read and not changed.

    `name_of` says who is behind each PersonRef; by default the event is resolved. A submitted
    statement is its own; its exact text is what is kept.
    """
    if entry.actor is Actor.STATED:
        submitted: dict[str, _Json] = json.loads(said["statement"])
        return submitted
    actor, verb, thing = _parts(entry)
    statement = {
        "id": said["event_id"],
        "actor": _agent(iris.PERSON_HOME, name_of(said[actor])) if actor else _party(said),
        "verb": verb,
        "object": thing(entry, said, name_of),
        "timestamp": text_of(said["occurred_at"]),
        "context": _context(entry, said, name_of),
    }
    if result := _result(entry, said):
        statement["result"] = result
    return statement


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


@cache
def _parts(entry: Entry) -> tuple[str | None, dict[str, _Json], _Form]:
    """What all statements of a row share: the person who acts (None: the party), verb, object."""
    actor = None if entry.actor is Actor.INSTITUTION else entry.actor.value
    verb = {"id": entry.verb, "display": {"en": places_of(entry).verb}}
    return actor, verb, _object_form(entry)


def _party(said: Said) -> dict[str, _Json]:
    return _agent(iris.PARTY_HOME, said["party"])


def _agent(home: str, name: str) -> dict[str, _Json]:
    return {"objectType": "Agent", "account": {"homePage": home, "name": name}}


# -- the object --------------------------------------------------------------------------


def _object_form(entry: Entry) -> _Form:
    """What kind of thing the events of a row are about."""
    thing = entry.event.model_fields[entry.thing].annotation
    if thing is PersonRef:
        return _person
    if entry.type is None:
        return _statement_ref
    return _activity if thing is Activity else _own_thing


def _person(entry: Entry, said: Said, name_of: NameOf) -> dict[str, _Json]:
    return _agent(iris.PERSON_HOME, name_of(said[entry.thing]))


def _statement_ref(entry: Entry, said: Said, _name_of: NameOf) -> dict[str, _Json]:
    return {"objectType": "StatementRef", "id": said[entry.thing]}


def _activity(entry: Entry, said: Said, _name_of: NameOf) -> dict[str, _Json]:
    thing = said[entry.thing]
    definition = {"type": thing["type"] or entry.type, "name": thing["name"]}
    return {"objectType": "Activity", "id": thing["id"], "definition": definition}


def _own_thing(entry: Entry, said: Said, _name_of: NameOf) -> dict[str, _Json]:
    """Something that the event names by its code or IRI only."""
    definition: dict[str, _Json] = {"type": entry.type}
    if places_of(entry).named:
        definition["name"] = said["name"]
    return {"objectType": "Activity", "id": _iri(entry, said), "definition": definition}


def _iri(entry: Entry, said: Said) -> str:
    """The object's IRI: its own, or one of ours made from its code."""
    thing = said[entry.thing]
    if places_of(entry).by_iri:
        return str(thing)
    if entry.thing == "programme":
        return programme_iri(thing)
    code = thing["number"] if entry.thing == "certificate" else str(thing)
    owner = said.get("issuer") or said["on_behalf_of"] or said["party"]
    return f"{_things(entry)}{_quoted(owner)}/{quote(code, safe='')}"


@cache
def _things(entry: Entry) -> str:
    return f"{iris.BASE}{(entry.type or '').rpartition('/')[2]}/"


@lru_cache(4096)  # the same few are quoted for every event
def _quoted(code: str) -> str:
    return quote(code, safe="")


def programme_iri(code: str) -> str:
    """The IRI of a programme."""
    return PROGRAMMES + _quoted(code)


# -- context and result ------------------------------------------------------------------


def _context(entry: Entry, said: Said, name_of: NameOf) -> dict[str, _Json]:
    places = places_of(entry)
    activities: dict[str, _Json] = {"category": [_OURS]}
    extensions: dict[str, _Json] = {EVENT: entry.name}
    context: dict[str, _Json] = {"contextActivities": activities, "extensions": extensions}
    if places.programme and (programme := said["programme"]):
        activities["grouping"] = [{"id": programme_iri(programme)}]
    if places.offering and (offering := said["offering"]):
        activities["parent"] = [{"id": offering}]
    if places.target:
        context["statement"] = {"objectType": "StatementRef", "id": said["target"]}
    if registration := said.get("registration"):
        context["registration"] = registration
    if places.agents:
        _add_agents(context, said, places.agents, name_of)
    for field, iri, default, show in places.extensions:
        value = said[field]
        if value is not default and value != default:
            extensions[iri] = value if show is None else show(value)
    return context


def _add_agents(
    context: dict[str, _Json], said: Said, roles: tuple[str, ...], name_of: NameOf
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


def _result(entry: Entry, said: Said) -> dict[str, _Json]:
    result: dict[str, _Json] = dict(RESULTS.get(entry.name, {}))
    score: Said | None = said.get("score")
    if score is not None:
        result["score"] = {
            name: value / SCALE[name] for name, value in score.items() if value is not None
        }
    duration: int | None = said.get("duration")
    if duration is not None:
        result["duration"] = f"PT{duration}S"
    return result
