"""Whether a statement is xAPI 2.0: each rule has a statement that breaks it, and is named for it.

The statements are data: tests/data/xapi/bases.json, and what is changed in one of them.
"""

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jejak_schemas import xapi
from jejak_schemas.xapi import Fault

DATA = Path(__file__).parents[1] / "data/xapi"
BASES: dict[str, Any] = json.loads((DATA / "bases.json").read_text("utf-8"))
OURS = {  # what the functions themselves say, beside the rules of the table
    "is missing",
    "is null, which only an extension may be",
    "is not an object",
    "is not a list",
    "is empty",
    "names two the same",
    "has a member that xAPI does not know",
}


def rows(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (DATA / name).read_text("utf-8").splitlines()]


BAD, GOOD = rows("bad.jsonl"), rows("good.jsonl")


def changed(row: dict[str, Any]) -> Any:
    """The base statement with the row's value put, or taken away, at its place."""
    statement = copy.deepcopy(BASES[row["of"]])
    *way, last = (int(step) if step.isdigit() else step for step in row["at"].split("."))
    place = statement
    for step in way:
        place = place.setdefault(step, {}) if isinstance(step, str) else place[step]
    if "put" in row:
        place[last] = row["put"]
    else:
        del place[last]
    return statement


@pytest.mark.parametrize("name", BASES)
def test_a_good_statement_has_no_fault(name: str) -> None:
    assert list(xapi.faults(BASES[name])) == []


def test_what_the_standard_allows_is_no_fault() -> None:
    found = {json.dumps(row): list(xapi.faults(changed(row))) for row in GOOD}
    assert {row: faults for row, faults in found.items() if faults} == {}


@pytest.mark.parametrize("of", BASES)
def test_what_the_standard_forbids_is_named(of: str) -> None:
    for row in BAD:
        if row["of"] == of:
            expected = Fault(row["fault"], row["rule"])
            assert expected in list(xapi.faults(changed(row))), row


def test_the_bad_statements_are_many_and_break_every_rule() -> None:
    assert len(BAD) >= 150
    assert _rules() <= {row["rule"] for row in BAD}


def _rules() -> set[str]:
    table = xapi.rules()
    rows = [*table["formats"].values()]
    rows += [row for family in ("counts", "lengths", "orders", "wheres") for row in table[family]]
    choices = {f"is none of {', '.join(row['of'])}" for row in table["choices"].values()}
    return OURS | choices | {row["rule"] for row in rows} - _UNREACHABLE


# The choice by objectType has read it before the shape does.
_UNREACHABLE = {"is not SubStatement"}


@pytest.mark.parametrize("name", BASES)
def test_a_null_a_strange_name_or_a_name_in_another_case_is_a_fault_anywhere(name: str) -> None:
    for way in _objects(BASES[name]):
        tags = bool(way) and way[-1] in ("name", "display", "description")  # may be in any case
        for change in ("null", "strange", "case")[: 2 if tags else 3]:
            statement = copy.deepcopy(BASES[name])
            place = statement
            for step in way:
                place = place[step]
            key = next(iter(place))
            if change == "null":
                place[key] = None
            elif change == "strange":
                place["keterangan"] = "x"
            else:
                place[key.swapcase()] = place.pop(key)
            assert list(xapi.faults(statement)), (way, change)


def _objects(value: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The ways to every object that has members, inside extensions aside."""
    if isinstance(value, dict) and value:
        yield way
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    for step, item in inner:
        if step != "extensions" and isinstance(item, dict | list):
            yield from _objects(item, (*way, step))


_keys = st.text(max_size=10) | st.sampled_from(
    sorted({name for shape in xapi.rules()["shapes"].values() for name in shape["members"]})
)
_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_keys, inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None)
@given(_json)
def test_any_json_is_judged_never_raised(value: Any) -> None:
    assert all(isinstance(fault, Fault) for fault in xapi.faults(value))


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(BAD), _json)
def test_any_json_at_any_place_is_judged_never_raised(row: dict[str, Any], value: Any) -> None:
    assert all(isinstance(fault, Fault) for fault in xapi.faults(changed(row | {"put": value})))


SECRET = "rahasia-17"


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(BAD), st.sampled_from([SECRET, {SECRET: SECRET}, [SECRET]]))
def test_a_fault_repeats_nothing_of_the_statement(row: dict[str, Any], value: Any) -> None:
    told = str(list(xapi.faults(changed(row | {"put": value}))))
    assert SECRET not in told
