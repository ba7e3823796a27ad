"""The quick way of validating is sure: what it takes, the ordinary way takes, as the same."""

from datetime import date
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from jejak_schemas import avro, checking, codec, sure
from jejak_schemas.events import CourseCompleted, PartySuspended
from jejak_schemas.parts import Certificate, PersonRef, Score
from jejak_schemas.plain import values_of
from jejak_schemas.wire import FROM_WIRE
from tests import golden
from tests.events import any_event

quick = settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow], deadline=None)
every_class = pytest.mark.parametrize("model", avro.MODELS, ids=lambda model: model.__name__)
SERVANT = "199104122015032003"


def plain(message: BaseModel) -> dict[str, Any]:
    """What an Avro body says, as it is decoded."""
    schema = avro.released()[type(message).__name__]
    return codec._decode(schema, codec.body_of(codec.encode(message)))


def taken(model: type[BaseModel], said: dict[str, Any]) -> BaseModel | None:
    try:
        made: BaseModel = sure.reader_of(model).validate_python(said, context=FROM_WIRE)
    except ValidationError:
        return None
    return made


def passed(model: type[BaseModel], said: dict[str, Any]) -> bool:
    try:
        checking.checker_of(model).validate_python(said, context=FROM_WIRE)
    except ValidationError:
        return False
    return True


@every_class
@quick
@given(data=st.data())
def test_what_is_taken_is_what_the_model_makes_of_it(
    model: type[BaseModel], data: st.DataObject
) -> None:
    said = plain(data.draw(any_event(model)))  # type: ignore[type-var]
    made = taken(model, said)
    assert made is None or made == model.model_validate(said, context=FROM_WIRE)
    assert made is None or type(made) is model


@every_class
@quick
@given(data=st.data())
def test_what_passes_is_what_the_model_says_itself(
    model: type[BaseModel], data: st.DataObject
) -> None:
    said = plain(data.draw(any_event(model)))  # type: ignore[type-var]
    if passed(model, said):
        assert values_of(model.model_validate(said, context=FROM_WIRE)) == said


FIRST_DAY, LEARNER = 0, {"nip": SERVANT, "nrp": None, "person_id": None}  # 1970-01-01


@pytest.mark.parametrize(
    ("model", "changes"),
    [
        (CourseCompleted, {"started_on": FIRST_DAY + 1, "ended_on": FIRST_DAY}),
        (CourseCompleted, {"started_on": FIRST_DAY, "ended_on": FIRST_DAY - 1}),
        (CourseCompleted, {"event_id": "019D2E85-9680-7BFB-BE81-58EADB8D70EB"}),
        (CourseCompleted, {"registration": "019D2E85-9680-7BFB-BE81-58EADB8D70EB"}),
        (CourseCompleted, {"learner": LEARNER | {"nrp": "AB12345"}}),
        (CourseCompleted, {"learner": LEARNER | {"nip": None}}),
        (CourseCompleted, {"learner": LEARNER | {"nip": None, "nrp": SERVANT}}),
        (CourseCompleted, {"occurred_at": True}),
        (CourseCompleted, {"host": "x\x00"}),
        (CourseCompleted, {"host": f"a {SERVANT} b"}),
        (CourseCompleted, {"unknown": 1}),
        (PartySuspended, {"valid_from": FIRST_DAY + 5, "valid_until": FIRST_DAY}),
        (Certificate, {"issued_on": FIRST_DAY + 5, "valid_until": FIRST_DAY}),
        (Score, {"min": 0, "max": 0}),
        (Score, {"min": 0, "raw": -1}),
    ],
)  # fmt: skip
def test_what_does_not_pass(model: type[BaseModel], changes: dict[str, Any]) -> None:
    said = _usual(model)
    assert passed(model, said)
    assert not passed(model, said | changes)


def _usual(model: type[BaseModel]) -> dict[str, Any]:
    if model is Certificate:
        return values_of(Certificate(number="1", issued_on=date(2026, 3, 9)))
    if model is Score:
        return values_of(Score(raw=5))
    schema = avro.released()[model.__name__]
    return plain(model.model_validate(golden.held(schema)["said"]))


@every_class
def test_a_field_that_is_missing_does_not_pass(model: type[BaseModel]) -> None:
    said = _usual(model)
    for name in said:
        assert not passed(model, {one: value for one, value in said.items() if one != name})


@pytest.mark.parametrize(
    "schema", golden.every_version(), ids=lambda schema: f"{schema.name}.v{schema.version}"
)
def test_a_usual_message_is_taken(schema: avro.Schema) -> None:
    said = plain(schema.model.model_validate(golden.held(schema)["said"]))
    assert taken(schema.model, said) is not None
    assert passed(schema.model, said)


@pytest.mark.parametrize(
    "nip",
    [
        SERVANT[:17], SERVANT + "0", "199102302015032003", "199113012015032003",
        "199104312015032003", "18990412201503200x", "189904122015032003", "220004122015032003",
        "1991O4122015032003", "\u0661" * 18, SERVANT[:17] + "\n", SERVANT + "\n",
    ],
)  # fmt: skip
def test_no_impossible_nip_is_taken(nip: str) -> None:
    said = {"nip": nip, "nrp": None, "person_id": None}
    with pytest.raises(ValidationError):
        PersonRef.model_validate(said, context=FROM_WIRE)
    assert taken(PersonRef, said) is None
    assert not passed(PersonRef, said)


@given(born=st.dates(), rest=st.integers(0, 10**10 - 1))
def test_a_nip_is_taken_where_its_birth_date_can_be(born: Any, rest: int) -> None:
    said = {"nip": f"{born:%Y%m%d}".rjust(8, "0") + f"{rest:010}", "nrp": None, "person_id": None}
    possible = 1900 <= born.year < 2200
    leap_day = (born.month, born.day) == (2, 29)
    assert (taken(PersonRef, said) is not None) == (possible and not leap_day)
    assert passed(PersonRef, said) == (possible and not leap_day)
