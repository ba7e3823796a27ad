"""From event to statement and back: valid xAPI, nothing lost, and nobody made to act who does not.

Source: docs/xapi.md, "From an event to its statement".
"""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import hypothesis
import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from pydantic_core import SchemaValidator, core_schema
from uuid_utils.compat import uuid7

from jejak_schemas import clock, iris, sure, wire, xapi
from jejak_schemas.catalogue import CATALOGUE, Actor, Entry, entry_of
from jejak_schemas.events import CourseCompleted, Event, LearningRated, StatementSubmitted
from jejak_schemas.mapping import activity_of, statement_of
from jejak_schemas.parts import Score
from jejak_schemas.places import types_of
from jejak_schemas.plain import id_of, values_of
from jejak_schemas.resolve import Resolved, references, resolve
from jejak_schemas.statement import fields_of, from_statement, to_statement
from tests.documents import example
from tests.events import any_event, least_event

STATED = tuple(entry for entry in CATALOGUE if entry.event is not StatementSubmitted)
quick = settings(
    max_examples=6,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.large_base_example],
    deadline=None,
)
every_row = pytest.mark.parametrize("entry", STATED, ids=lambda row: row.name)
INSTITUTIONS_DO = {"void", "approv", "evaluat", "assess", "assert", "revok", "verif", "select"}


def usual(name: str) -> Event:
    event = example(name)
    assert isinstance(event, Event)
    return resolved(event)


def resolved(event: Event) -> Event:
    people = {ref: Resolved(uuid7(), "ab" * 32) for ref in references(event)}
    return resolve(event, people)


def kept(event: Event) -> dict[str, Any]:
    """The statement as the record's bytes give it back: as orjson writes, no member twice."""
    plain = statement_of(entry_of(event), values_of(event)).plain
    statement: dict[str, Any] = orjson.loads(plain)
    assert orjson.dumps(statement) == plain
    return statement


@every_row
@quick
@given(data=st.data())
def test_every_class_is_valid_xapi_and_comes_back_whole(entry: Entry, data: st.DataObject) -> None:
    for strategy in (
        least_event(entry.event),
        any_event(entry.event),
        any_event(entry.event, whole=True),
    ):
        event = resolved(data.draw(strategy))
        statement = kept(event)
        assert list(xapi.faults(statement)) == []
        assert from_statement(statement) == event
        assert entry.event.model_validate(fields_of(statement)[1]) == event
        assert activity_of(statement)
        _check_people(entry, event, statement)


@every_row
def test_a_usual_statement_is_read_the_quick_way(entry: Entry) -> None:
    event = usual(entry.name)
    read = sure.keeper_of(entry.event).validate_python(fields_of(kept(event))[1])
    assert read == event
    assert type(read) is entry.event


@pytest.mark.parametrize(
    "changed",
    [
        {"occurred_at": "1949-12-31T23:59:59.999999Z"},
        {"occurred_at": "2200-01-01T00:00:00.000000Z"},
        {"occurred_at": "2026-02-30T00:00:00.000000Z"},
        {"occurred_at": "2026-03-09T02:15:00.000000+07:00"},
        {"occurred_at": 0},
        {"ended_on": "2026-02-30"},
        {"ended_on": "2026-03-09T00:00:00"},
        {"ended_on": 20_000},
        {"ended_on": "1949-12-31"},
        {"event_id": "019d2e85-9680-4bfb-be81-58eadb8d70eb"},
        {"offering": "urn:jejak:199104122015032003"},
        {"offering": "urn:jejak:\x00"},
        {"unknown": 1},
    ],
    ids=str,
)
def test_what_no_statement_of_ours_holds_is_not_read_so(changed: dict[str, Any]) -> None:
    event = usual("CourseCompleted")
    _, fields = fields_of(kept(event))
    with pytest.raises(ValidationError):
        sure.keeper_of(CourseCompleted).validate_python(fields | changed)


def _check_people(entry: Entry, event: Event, statement: dict[str, Any]) -> None:
    """The learner acts, is acted upon, or stands in the context and TLA's extension."""
    acts, done_to = _person(statement["actor"]), _person(statement["object"])
    if entry.actor is Actor.INSTITUTION:
        assert acts == f"{iris.PARTY_HOME} {event.party}"
    if not hasattr(event, "learner"):
        return
    learner = f"{iris.PERSON_HOME} {event.learner.person_id}"
    if learner not in (acts, done_to):
        context = statement["context"]
        roles = [(_person(one["agent"]), one["relevantTypes"]) for one in context["contextAgents"]]
        assert (learner, [iris.own_type("learner")]) in roles
        assert _person(context["extensions"][iris.TLA_LEARNER]) == learner


@settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(any_event(StatementSubmitted))
def test_a_submitted_statement_is_valid_and_kept_as_its_own(event: StatementSubmitted) -> None:
    after = resolved(event)
    assert isinstance(after, StatementSubmitted)
    assert to_statement(after) == orjson.loads(after.statement)
    assert list(xapi.faults(to_statement(after))) == []


@pytest.mark.parametrize("form", wire.FORMS)
@settings(max_examples=50, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(data=st.data())
def test_a_text_that_has_a_form_needs_no_escaping_in_json(form: str, data: st.DataObject) -> None:
    has = SchemaValidator(core_schema.str_schema(pattern=form)).isinstance_python
    text = data.draw(st.from_regex(form.replace("$", r"\Z")).filter(has))
    place = data.draw(st.integers(0, len(text)))
    assert json.dumps(text, ensure_ascii=False) == f'"{text}"'
    for escaped in ('"', "\\", *map(chr, range(32))):
        assert not has(text[:place] + escaped + text[place:])


@given(st.uuids())
def test_an_id_is_read_as_a_uuid_is(value: UUID) -> None:
    read = id_of(str(value))
    assert (read, hash(read), read.is_safe, repr(read)) == (
        value, hash(value), value.is_safe, repr(value),
    )  # fmt: skip


@given(st.datetimes(timezones=st.just(UTC)))
def test_a_moment_of_the_wire_is_written_as_any_other(moment: datetime) -> None:
    assert clock.text_of(clock.micros_of(moment)) == clock.rfc3339(moment)


_HUNDREDTHS = st.integers(-1_000_000_000, 1_000_000_000)


@settings(max_examples=500, deadline=None)
@given(_HUNDREDTHS, st.integers(-10_000, 10_000))
@hypothesis.example(1_000_000_000, 10_000)
@hypothesis.example(-1_000_000_000, -10_000)
@hypothesis.example(999_999_999, 1)
def test_no_number_is_lost_on_the_way_through_decimals(raw: int, scaled: int) -> None:
    event = RATED.model_copy(update={"score": Score(raw=raw, scaled=scaled)})
    assert from_statement(kept(event)) == event


RATED = LearningRated.model_validate(  # resolved: its activity has a type
    {
        "occurred_at": "2199-12-31T23:59:59.999999Z",
        "party": "pusdiklat",
        "learner": {"person_id": str(uuid7())},
        "activity": {"id": "https://contoh.id/a", "name": {"id": "A"}, "type": iris.COURSE},
        "score": {"raw": 1},
    }
)


@pytest.mark.parametrize("at", ["1950-01-01T00:00:00Z", "2199-12-31T23:59:59.999999Z"])
def test_the_first_and_the_last_moment_come_back(at: str) -> None:
    event = LearningRated.model_validate(RATED.model_dump() | {"occurred_at": at})
    assert from_statement(kept(event)) == event


@every_row
def test_nothing_makes_a_learner_do_what_an_institution_does(entry: Entry) -> None:
    verb = entry.verb.rsplit("/", 1)[-1]
    if any(verb.startswith(done) for done in INSTITUTIONS_DO):
        assert entry.actor is Actor.INSTITUTION


def _person(agent: dict[str, Any]) -> str:
    account = agent.get("account", {})
    return f"{account.get('homePage')} {account.get('name')}"


@every_row
def test_an_object_has_one_of_the_types_that_its_row_allows(entry: Entry) -> None:
    assert (entry.type is None) == (types_of(entry) == ())
    assert entry.type is None or types_of(entry)[0] == entry.type
