"""A recalled event is the one that the ordinary way reads; where in doubt, that way is gone."""

import pickle

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from jejak_schemas import avro
from jejak_schemas.catalogue import CATALOGUE, Entry, entry_of
from jejak_schemas.events import Event, StatementSubmitted
from jejak_schemas.mapping import statement_of
from jejak_schemas.plain import values_of
from jejak_schemas.recalling import recall_of, recalled
from jejak_schemas.resolve import references, resolve
from jejak_schemas.statement import from_statement
from tests import golden
from tests.documents import NO_COURSE_OF_OURS, example
from tests.events import any_event, least_event

STATED = [entry for entry in CATALOGUE if entry.event is not StatementSubmitted]
NAMES = {entry.name for entry in STATED}
GOLDEN = [one for one in golden.every_version() if one.name in NAMES]


def resolved(event: BaseModel) -> Event:
    assert isinstance(event, Event)
    return resolve(event, {ref: golden.person(ref) for ref in references(event)})


def kept(event: Event) -> bytes:
    return statement_of(entry_of(event), values_of(event)).plain


def typed(value: object) -> object:
    """A value with the types of all that is in it, in order."""
    if isinstance(value, BaseModel):
        return type(value), [(name, typed(one)) for name, one in vars(value).items()]
    if isinstance(value, tuple):
        return [typed(one) for one in value]
    return type(value), value


@pytest.mark.parametrize("entry", STATED, ids=lambda row: row.name)
@settings(
    max_examples=15,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.large_base_example],
    deadline=None,
)
@given(data=st.data())
def test_every_event_is_recalled_as_it_was_said(entry: Entry, data: st.DataObject) -> None:
    for drawn in (
        least_event(entry.event),
        any_event(entry.event),
        any_event(entry.event, whole=True),
    ):
        event = resolved(data.draw(drawn))
        plain = kept(event)
        found = recall_of(entry)(orjson.loads(plain))
        assert typed(found) == typed(from_statement(orjson.loads(plain)))
        assert found == event
        assert kept(found) == plain


@pytest.mark.parametrize("schema", GOLDEN, ids=lambda one: f"{one.name}.v{one.version}")
def test_every_golden_statement_is_recalled(schema: avro.Schema) -> None:
    file = golden.held(schema)
    event = resolved(schema.model.model_validate(file["said"]))
    assert recall_of(entry_of(event))(file["statement"]) == event


def test_a_recalled_event_is_copied_and_pickled_as_any() -> None:
    event = resolved(example("CourseCompleted"))
    found = recalled(orjson.loads(kept(event)))
    assert pickle.loads(pickle.dumps(found)) == event  # noqa: S301  our own
    assert found.model_copy(update={"party": "lain"}) == event.model_copy(update={"party": "lain"})
    assert found.model_dump_json() == event.model_dump_json()


@pytest.mark.parametrize(
    ("told", "instead"),
    [
        *NO_COURSE_OF_OURS,
        ('"PT108000S"', '"P1D"'),
        ('"019d2e85-9680-79bb-ac17-e29f56a4a8db"', '"satu"'),
    ],
)  # fmt: skip
def test_what_no_record_of_ours_says_is_refused_as_ever(told: str, instead: str) -> None:
    plain = kept(resolved(example("CourseCompleted"))).decode()
    changed = orjson.loads(plain.replace(told, instead))
    with pytest.raises((KeyError, ValueError)) as refused:
        from_statement(changed)
    with pytest.raises((KeyError, ValueError)) as again:
        recalled(changed)
    assert str(again.value) == str(refused.value)


def test_a_statement_laid_out_otherwise_is_read_the_ordinary_way() -> None:
    event = resolved(example("CourseCompleted"))
    statement = orjson.loads(kept(event))
    parent = statement["context"]["contextActivities"]
    (parent["parent"],) = parent["parent"]  # as xAPI lets one stand without its list
    assert recalled(statement) == event
