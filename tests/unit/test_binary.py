"""What we write by ourselves is to the byte what fastavro writes, and read back as the same."""

import io
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import fastavro
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from jejak_schemas import avro, binary, codec
from jejak_schemas.derive import schema_of
from jejak_schemas.parts import PersonRef, SealedAlias
from tests.events import any_event

quick = settings(max_examples=4, suppress_health_check=[HealthCheck.too_slow], deadline=None)
every_class = pytest.mark.parametrize("model", avro.MODELS, ids=lambda model: model.__name__)


def by_fastavro(model: BaseModel) -> bytes:
    """The model's own values, written by the library with the logical types of the schema."""
    out = io.BytesIO()
    schema = fastavro.parse_schema(schema_of(type(model)))
    fastavro.schemaless_writer(out, schema, model.model_dump())
    return out.getvalue()


@every_class
@quick
@given(data=st.data())
def test_an_event_is_written_as_fastavro_writes_it(
    model: type[BaseModel], data: st.DataObject
) -> None:
    event = data.draw(any_event(model))  # type: ignore[type-var]
    assert codec.body_of(codec.encode(event)) == by_fastavro(event)


@given(number=st.integers(-(2**63), 2**63 - 1))
def test_a_number_is_written_as_fastavro_writes_it(number: int) -> None:
    out = io.BytesIO()
    fastavro.schemaless_writer(out, "long", number)
    assert binary.writer_of("long")(number) == out.getvalue()


@pytest.mark.parametrize("number", [2**63, -(2**63) - 1])
def test_a_number_of_more_than_64_bits_has_no_form(number: int) -> None:
    with pytest.raises(ValueError, match="64 bits"):
        binary.writer_of("long")(number)


MOMENT = {"type": "long", "logicalType": "timestamp-micros"}
DAY = {"type": "int", "logicalType": "date"}
ID = {"type": "string", "logicalType": "uuid"}


@pytest.mark.parametrize(
    ("schema", "value", "written"),
    [
        ("boolean", True, b"\x01"),
        ("boolean", False, b"\x00"),
        (["null", "string"], None, b"\x00"),
        (["null", "string"], "", b"\x02\x00"),
        ("string", "é", b"\x04\xc3\xa9"),
        ({"type": "array", "items": "int"}, (), b"\x00"),
        ({"type": "map", "values": "string"}, {"a": "b"}, b"\x02\x02a\x02b\x00"),
        (MOMENT, datetime(1970, 1, 1, tzinfo=UTC), b"\x00"),
        (DAY, date(1969, 12, 31), b"\x01"),
        (ID, UUID(int=1), b"\x48" + str(UUID(int=1)).encode()),
    ],
)
def test_each_type_is_written_as_avro_says(schema: Any, value: Any, written: bytes) -> None:
    assert binary.writer_of(schema)(value) == written


def test_a_value_that_the_schema_does_not_know_is_refused() -> None:
    sealed = SealedAlias(kind="nip", commitment="0" * 64)
    with pytest.raises(KeyError):
        binary.writer_of(schema_of(PersonRef))(sealed)
