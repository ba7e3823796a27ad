"""A class makes of a caller's values what pydantic alone makes of them, or refuses them alike."""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta, timezone
from functools import cache
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from pydantic import BaseModel, ValidationError

from jejak_schemas import avro, sure
from jejak_schemas.events import CourseCompleted
from jejak_schemas.parts import PersonRef
from tests import faults, matrix

every_class = pytest.mark.parametrize("model", avro.MODELS, ids=lambda model: model.__name__)


class Text(str):
    __slots__ = ()


class Number(int):
    pass


class Day(date):
    pass


class Moment(datetime):
    pass


class Id(UUID):
    pass


AT: Final = datetime(2026, 3, 9, 2, 15, tzinfo=UTC)
# What callers' values may be beside those that JSON can hold (tests/faults.py has these).
ODD: Final[tuple[Any, ...]] = (
    None, True, 1, 1.0, -1, 2**63, b"a", "", "a", (), [], {}, object,
    Text("a"), Text("2026-03-09"), Text(faults.ID), Number(1), faults.HALF,
    faults.NIP, faults.GROUPED,
    date(2026, 3, 9), Day(2026, 3, 9), date(1949, 12, 31), date(1950, 1, 1), date(2199, 12, 31),
    date(2200, 1, 1), date.min, date.max,
    AT, AT.replace(tzinfo=None), AT.replace(fold=1), AT.replace(year=1949), AT.replace(year=2200),
    datetime(1950, 1, 1, tzinfo=UTC), datetime(2199, 12, 31, 23, 59, 59, 999_999, UTC),
    AT.astimezone(timezone(timedelta(hours=7))), AT.replace(tzinfo=ZoneInfo("UTC")),
    AT.replace(tzinfo=timezone(timedelta(0))), AT.replace(tzinfo=ZoneInfo("Asia/Jakarta")),
    datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=timezone(-timedelta(hours=1))),
    Moment(2026, 3, 9, tzinfo=UTC), Moment(2026, 3, 9),
    UUID(faults.ID), UUID(faults.UUID4), UUID(int=0), UUID(int=7 << 76), Id(faults.ID),
    PersonRef(nip=faults.NIP), {"nip": faults.NIP}, {"nip": faults.NIP, "nrp": "31990045"},
)  # fmt: skip


@every_class
def test_a_class_is_as_strict_as_pydantic_alone(model: type[BaseModel]) -> None:
    assert not [
        values for values in _values(model) if _made(model, values) != _by_pydantic(model, values)
    ]


@every_class
def test_usual_values_are_taken_quickly(model: type[BaseModel]) -> None:
    assert sure.maker_of(model).validate_python(_good(model)) == model(**_good(model))


def test_a_bad_value_is_explained_without_a_word_of_the_quick_way() -> None:
    with pytest.raises(ValidationError) as caught:
        CourseCompleted(**_good(CourseCompleted) | {"party": "Bukan Kode"})
    assert caught.value.__context__ is None
    assert caught.value.title == "CourseCompleted"


def _values(model: type[BaseModel]) -> Iterator[Mapping[str, Any]]:
    """The class's usual values with one odd one, at any depth."""
    good = _good(model)
    for slot in matrix.slots(model):
        bad = (fault.value for fault in slot.faults())
        for value in (*ODD, *bad) if len(slot.path) == 1 else bad:
            field = slot.path[0]
            yield {**good, field: slot.put(value)[field]}
    for field in good:
        yield {name: value for name, value in good.items() if name != field}
    yield {**good, "kanari": 1}


@cache
def _good(model: type[BaseModel]) -> Mapping[str, Any]:
    return dict(model.model_validate(matrix.example(model)))


def _made(model: type[BaseModel], values: Mapping[str, Any]) -> Any:
    try:
        return _exactly(model(**values))
    except ValidationError as error:
        return error.errors(include_url=False, include_context=False)


def _by_pydantic(model: type[BaseModel], values: Mapping[str, Any]) -> Any:
    try:
        return _exactly(model.__pydantic_validator__.validate_python(dict(values)))
    except ValidationError as error:
        return error.errors(include_url=False, include_context=False)


def _exactly(value: Any) -> Any:
    """A value with the types of all that it holds; an id that was made for it aside."""
    if isinstance(value, BaseModel):
        held = {name: _exactly(one) for name, one in value if name in value.model_fields_set}
        return type(value), held
    if isinstance(value, tuple):
        return tuple(_exactly(one) for one in value)
    zone = value.tzinfo if isinstance(value, datetime) else None
    return type(value), value, zone
