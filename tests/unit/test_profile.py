"""The published Profile: as its specification wants it, and true of our statements.

Source: the xAPI Profiles specification 1.0, parts 4 and 6 to 8.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jejak_schemas import iris
from jejak_schemas.catalogue import BY_NAME, CATALOGUE, Entry
from jejak_schemas.documents import material, profile
from jejak_schemas.resolve import Resolved, references, resolve
from jejak_schemas.statement import to_statement
from tests.events import any_event

MADE = profile.made()
WORDS = material.table("profile")
# Of each kind of object: what it must have, and what it may have besides.
CONCEPT = {"id", "type", "inScheme", "prefLabel", "definition"}
PROPERTIES: dict[str, tuple[set[str], set[str]]] = {
    "Profile": (
        {"id", "@context", "type", "conformsTo", "prefLabel", "definition", "versions", "author"},
        {"seeAlso", "concepts", "templates", "patterns"},
    ),
    "Organization": ({"type", "name"}, {"url"}),
    "Verb": (CONCEPT, {"deprecated", "broader", "broadMatch", "relatedMatch"}),
    "ActivityType": (CONCEPT, {"deprecated", "broader", "broadMatch", "relatedMatch"}),
    "ContextExtension": (CONCEPT, {"deprecated", "recommendedVerbs", "schema", "inlineSchema"}),
    "StatementTemplate": (CONCEPT, {"verb", "objectActivityType", "rules"}),
}
RULE = ({"location"}, {"presence", "any", "all", "none", "scopeNote"})
VERSION = ({"id", "generatedAtTime"}, {"wasRevisionOf"})
LOCATION = re.compile(r"\$(\.[A-Za-z]+|\['[^']+'\]|\[\*\])+")


def objects() -> list[dict[str, Any]]:
    return [MADE, MADE["author"], *MADE["concepts"], *MADE["templates"]]


def test_every_object_has_the_properties_of_its_type() -> None:
    for one in objects():
        _has(one, PROPERTIES[one["type"]])
    for version in MADE["versions"]:
        _has(version, VERSION)
    for template in MADE["templates"]:
        for rule in template["rules"]:
            _has(rule, RULE)
            assert LOCATION.fullmatch(rule["location"])
            assert rule.keys() & {"presence", "any", "all", "none"}


def _has(one: dict[str, Any], properties: tuple[set[str], set[str]]) -> None:
    needed, allowed = properties
    assert needed <= one.keys() <= needed | allowed, one


def test_nothing_in_it_is_empty() -> None:
    assert not [value for value in _values(MADE) if value in (None, "", [], {})]


def _values(value: Any) -> Iterator[Any]:
    yield value
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for item in inner:
        yield from _values(item)


def test_it_is_named_versioned_and_described_as_the_specification_wants() -> None:
    assert MADE["@context"] == "https://w3id.org/xapi/profiles/context"
    assert MADE["conformsTo"] == "https://w3id.org/xapi/profiles#1.0"
    assert MADE["versions"][0]["id"] == iris.PROFILE_VERSION
    for one in [MADE, *MADE["concepts"], *MADE["templates"]]:
        assert one["prefLabel"].keys() == one["definition"].keys() == {"en", "id"}
        assert one.get("inScheme", iris.PROFILE_VERSION) == iris.PROFILE_VERSION
    ids = [one["id"] for one in [MADE, *MADE["versions"], *MADE["concepts"], *MADE["templates"]]]
    assert len(ids) == len(set(ids))


def test_only_our_own_words_are_concepts_and_none_is_described_in_vain() -> None:
    assert all(one["id"].startswith(iris.BASE) for one in MADE["concepts"])
    for table, kind in (("verbs", "verbs/"), ("types", "types/"), ("roles", "types/")):
        told = {iris.BASE + kind + name for name in WORDS[table]}
        assert told <= {one["id"] for one in MADE["concepts"]}


def test_every_verb_of_ours_has_a_broader_one_of_somebody_else() -> None:
    verbs = [one for one in MADE["concepts"] if one["type"] == "Verb"]
    assert verbs
    for verb in verbs:
        assert verb["broadMatch"]
        assert not any(match.startswith(iris.BASE) for match in verb["broadMatch"])


def test_every_class_but_the_submitted_statement_has_its_template() -> None:
    named = [template["prefLabel"]["en"] for template in MADE["templates"]]
    assert named == [entry.name for entry in CATALOGUE if entry.name != "StatementSubmitted"]


@pytest.mark.parametrize("template", MADE["templates"], ids=lambda one: one["prefLabel"]["en"])
@settings(max_examples=5, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(data=st.data())
def test_a_statement_follows_its_template(template: dict[str, Any], data: st.DataObject) -> None:
    entry: Entry = BY_NAME[template["prefLabel"]["en"]]
    event = data.draw(any_event(entry.event))
    people = {ref: Resolved(event.event_id, "ab" * 32) for ref in references(event)}
    statement = to_statement(resolve(event, people))
    assert statement["verb"]["id"] == template["verb"]
    if "objectActivityType" in template:
        assert statement["object"]["definition"]["type"] == template["objectActivityType"]
    for rule in template["rules"]:
        _follows(rule, statement)
    assert _own_words(statement) <= {one["id"] for one in MADE["concepts"]}


def _follows(rule: dict[str, Any], statement: dict[str, Any]) -> None:
    found = list(_at(rule["location"], statement))
    assert found or rule["presence"] != "included", rule
    assert "any" not in rule or any(value in rule["any"] for value in found), rule
    assert "all" not in rule or all(value in rule["all"] for value in found), rule


def _at(location: str, statement: Any) -> Iterator[Any]:
    """What a JSONPath finds: members by name, and every item of a list."""
    found = [statement]
    for quoted, plain in re.findall(r"\['([^']+)'\]|\.?([A-Za-z]+|\[\*\])", location[1:]):
        if plain == "[*]":
            found = [item for one in found for item in one]
        else:
            found = [one[quoted or plain] for one in found if (quoted or plain) in one]
    yield from found


def _own_words(statement: dict[str, Any]) -> set[str]:
    """The verbs, types and extension keys of ours in a statement."""
    text = json.dumps(statement)
    return set(re.findall(rf"{iris.BASE}(?:verbs|types|ext)/[a-z_-]+(?=\")", text))
