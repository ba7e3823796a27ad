"""Our xAPI Profile as it is published: JSON-LD, made from the catalogue.

Concepts for the verbs, activity types and extensions that are ours, and a statement template
for every class. What they mean stands in profile.toml and, for fields and classes, in the
tables beside it. `jejak schema docs` writes it to docs/contract/ and finds it stale.
Source: the xAPI Profiles specification 1.0, parts 6 to 8.
"""

import json
from collections.abc import Iterator
from typing import Any, Final

from jejak_schemas import iris
from jejak_schemas.catalogue import CATALOGUE, Actor, Entry
from jejak_schemas.documents.material import table, word_of
from jejak_schemas.events import StatementSubmitted
from jejak_schemas.parts import PersonRef
from jejak_schemas.places import ELSEWHERE, EVENT, Places, is_activity, places_of, types_of
from jejak_schemas.wording import RESULTS

_CONTEXT: Final = "https://w3id.org/xapi/profiles/context"
_CONFORMS_TO: Final = "https://w3id.org/xapi/profiles#1.0"
_TEMPLATES: Final = iris.PROFILE_VERSION + "/templates/"
_Json = dict[str, Any]
# A statement that a provider wrote follows the template of the event that it states, or none.
TEMPLATED: Final = tuple(row for row in CATALOGUE if row.event is not StatementSubmitted)


def text() -> str:
    """The Profile as published: JSON, two spaces deep, a line feed at the end."""
    return json.dumps(made(), ensure_ascii=False, indent=2) + "\n"


def made() -> _Json:
    """The Profile object."""
    said = table("profile")
    return {
        "@context": _CONTEXT,
        "id": iris.PROFILE,
        "type": "Profile",
        "conformsTo": _CONFORMS_TO,
        "prefLabel": said["name"],
        "definition": said["definition"],
        "author": {"type": "Organization", "name": said["author"]},
        "versions": said["versions"],
        "concepts": [*_verbs(), *_types(), *_roles(), *_extensions()],
        "templates": [_template(entry) for entry in TEMPLATED],
    }


# -- concepts ---------------------------------------------------------------------------


def _verbs() -> Iterator[_Json]:
    ours = sorted({entry.verb for entry in CATALOGUE if entry.verb.startswith(iris.BASE)})
    for verb in ours:
        yield _concept(verb, "Verb", word_of("profile", "verbs", _last(verb)))


def _types() -> Iterator[_Json]:
    used = {kind for entry in CATALOGUE for kind in types_of(entry)}
    for kind in sorted(kind for kind in used if kind.startswith(iris.BASE)):
        yield _concept(kind, "ActivityType", word_of("profile", "types", _last(kind)))


def _roles() -> Iterator[_Json]:
    for role in sorted({role for entry in CATALOGUE for role in places_of(entry).agents}):
        said = word_of("profile", "roles", role)
        yield _concept(iris.own_type(role), "ActivityType", said)


def _concept(iri: str, kind: str, said: _Json) -> _Json:
    broader = {"broadMatch": [said["broad"]]} if "broad" in said else {}
    labels = {"en": said["en"], "id": said["id"]}
    return _entry(iri, kind, labels, said["means"]) | broader


def _extensions() -> Iterator[_Json]:
    verbs: dict[str, set[str]] = {"event": {entry.verb for entry in TEMPLATED}}
    for entry in TEMPLATED:
        for name, _ in places_of(entry).extensions:
            verbs.setdefault(name, set()).add(entry.verb)
    own = table("profile")["extensions"]
    for name in sorted(verbs):
        labels = {"en": name, "id": name}
        meaning = own.get(name) or word_of("fields", "every", name)
        made = _entry(iris.EXTENSION + name, "ContextExtension", labels, meaning)
        yield made | {"recommendedVerbs": sorted(verbs[name])}


def _entry(iri: str, kind: str, labels: _Json, meaning: _Json) -> _Json:
    return {
        "id": iri,
        "type": kind,
        "inScheme": iris.PROFILE_VERSION,
        "prefLabel": labels,
        "definition": {language: meaning[language] for language in ("en", "id")},
    }


# -- templates --------------------------------------------------------------------------


def _template(entry: Entry) -> _Json:
    meaning = {
        "en": (entry.event.__doc__ or "").partition("\n")[0],
        "id": table("classes")[entry.name]["id"],
    }
    labels = {"en": entry.name, "id": entry.name}
    made = _entry(_TEMPLATES + entry.name, "StatementTemplate", labels, meaning)
    kinds = types_of(entry)
    one = {"objectActivityType": kinds[0]} if len(kinds) == 1 else {}
    return made | {"verb": entry.verb} | one | {"rules": list(_rules(entry))}


def _rules(entry: Entry) -> Iterator[_Json]:
    yield _included("$.id")
    yield _included("$.timestamp")
    yield _any("$.context.contextActivities.category[*].id", iris.PROFILE_VERSION)
    yield _any(_extension(EVENT), entry.name)
    institution = entry.actor is Actor.INSTITUTION
    yield _all("$.actor.account.homePage", iris.PARTY_HOME if institution else iris.PERSON_HOME)
    yield from _of_object(entry)
    for name, value in RESULTS.get(entry.name, {}).items():
        yield _all(f"$.result.{name}", value)
    yield from _of_fields(entry)
    yield from _of_people(entry)


def _of_object(entry: Entry) -> Iterator[_Json]:
    kinds = types_of(entry)
    if len(kinds) > 1:
        yield _all("$.object.definition.type", *kinds)
    if entry.type is None and entry.event.model_fields[entry.thing].annotation is PersonRef:
        yield _all("$.object.account.homePage", iris.PERSON_HOME)
    elif entry.type is None:
        yield _all("$.object.objectType", "StatementRef")
    if is_activity(entry):
        yield _included("$.object.definition.name")


def _of_fields(entry: Entry) -> Iterator[_Json]:
    """Where each required field stands that is neither the actor, the object nor a person."""
    fields = entry.event.model_fields
    for name, location in _locations(places_of(entry)).items():
        if name in fields and fields[name].is_required():
            yield _included(location)


def _locations(places: Places) -> dict[str, str]:
    locations = {"score": "$.result.score", "duration": "$.result.duration"}
    if places.named:
        locations["name"] = "$.object.definition.name"
    locations |= {name: at for name, at in ELSEWHERE.items() if name in places.elsewhere}
    return locations | {name: _extension(iri) for name, iri in places.extensions}


def _of_people(entry: Entry) -> Iterator[_Json]:
    for role in places_of(entry).agents:
        if entry.event.model_fields[role].is_required():
            yield _any("$.context.contextAgents[*].relevantTypes[*]", iris.own_type(role))
        if role == "learner":
            yield _included(_extension(iris.TLA_LEARNER))


def _extension(iri: str) -> str:
    return f"$.context.extensions['{iri}']"


def _included(location: str) -> _Json:
    return {"location": location, "presence": "included"}


def _any(location: str, *values: Any) -> _Json:
    return _included(location) | {"any": list(values)}


def _all(location: str, *values: Any) -> _Json:
    return _included(location) | {"all": list(values)}


def _last(iri: str) -> str:
    return iri.rsplit("/", 1)[-1]
