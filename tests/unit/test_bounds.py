"""What a short message can take of memory and time is bounded by its length."""

import json
from typing import Any

import fastavro
import pytest

from jejak_schemas import avro, bounds

INNER = {"type": "record", "name": "a.Inner", "fields": [{"name": "nothing", "type": "null"}]}
WITHIN_ITSELF = {
    "type": "record", "name": "a.Node", "fields": [{"name": "next", "type": ["null", "a.Node"]}]
}  # fmt: skip


def record(*types: Any) -> dict[str, Any]:
    fields = [{"name": f"f{number}", "type": one} for number, one in enumerate(types)]
    return {"type": "record", "name": "a.Outer", "fields": fields}


def array(of: Any) -> dict[str, Any]:
    return {"type": "array", "items": of}


@pytest.mark.parametrize(
    "schema",
    [
        array("null"),
        array({"type": "record", "name": "a.Empty", "fields": []}),
        array({"type": "fixed", "name": "a.None", "size": 0}),
        record(INNER, array("a.Inner")),
        record(["null", {"type": "map", "values": array("null")}]),
        WITHIN_ITSELF,
        record(array(WITHIN_ITSELF)),
    ],
    ids=json.dumps,
)
def test_a_schema_of_which_few_bytes_can_ask_for_more_is_unbounded(schema: Any) -> None:
    with pytest.raises(bounds.Unbounded):
        bounds.check(fastavro.parse_schema(schema))


@pytest.mark.parametrize(
    "schema",
    [
        array(["null"]),
        record({"type": "enum", "name": "a.E", "symbols": ["x"]}, array("a.E"), array("double")),
        record(INNER, {"type": "map", "values": "a.Inner"}),
    ],
    ids=json.dumps,
)
def test_a_schema_whose_every_item_takes_a_byte_is_bounded(schema: Any) -> None:
    bounds.check(fastavro.parse_schema(schema))


def test_every_schema_of_ours_is_bounded() -> None:
    for schema in avro.by_header().values():
        bounds.check(schema.reader)


@pytest.mark.parametrize("hidden", [array("null"), ["null", WITHIN_ITSELF]], ids=json.dumps)
def test_a_foreign_schema_that_is_not_is_unusable(hidden: Any) -> None:
    plain = json.loads(avro.released_text("Receipt"))
    plain["fields"].append({"name": "more", "type": hidden})
    with pytest.raises(avro.Unusable, match=r"Receipt has"):
        avro.foreign(json.dumps(plain))
