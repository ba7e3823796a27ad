"""Bad input, field by field: every class, every field, every fault gets its reason and its place.

The cases are made from the models (tests/matrix.py) and judged by the contract's word stated as
data (tests/faults.py), through three doors: JSON as `jejak validate` and the SDK read it, Avro as
the codec does, and the recorder's walk.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Final

import pytest
from pydantic import BaseModel, ValidationError
from rich.pretty import pretty_repr

from jejak_lrs.ledger.batch import Refused
from jejak_producers.errors import BadEvent
from jejak_producers.jsonlines import JsonLine
from jejak_schemas import codec
from jejak_schemas.avro import MODELS
from jejak_schemas.codec import Refusal
from jejak_schemas.events import Event, SystemEvent
from jejak_schemas.reasons import REASONS
from tests import door, matrix
from tests.faults import EDGES, FIXED, GROUPED, NIP, RULES, WIRE, Fault
from tests.matrix import Slot, planted, without

every_class = pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
_RAW: Final = ("QZQZ", b"\xff\xc3\xed\xa0")  # a text, and the bytes that then stand for it
Told = tuple[str, str | None, str]  # reason, field, every word that was said


@dataclass(frozen=True, slots=True)
class Case:
    """One event with one fault, and what must be said of it; reason None: it is taken."""

    name: str
    event: Mapping[str, Any]
    reason: str | None
    where: str | None
    value: Any = None


# -- JSON -------------------------------------------------------------------------------


@every_class
def test_a_bad_field_of_json_is_refused_by_name(model: type[BaseModel]) -> None:
    told = _as_an_event if _may_be_sent(model) else _as_a_model
    assert not [said for case in _of_json(model) if (said := _amiss(case, told(model, case.event)))]


def _of_json(model: type[BaseModel]) -> Iterator[Case]:
    for slot in matrix.slots(model):
        for fault in slot.faults():
            yield _case(slot, fault, slot.put(fault.value))
        if slot.required:
            yield Case(
                f"{slot.where}: missing", without(slot.example, slot.path), "missing", slot.where
            )
    yield from _more(model)
    yield from _contradictions(model)


def _more(model: type[BaseModel]) -> Iterator[Case]:
    """A field that no class has, in each part."""
    for _, path, example in matrix.parts(model):
        for name, shown in (("kanari", "kanari"), (NIP, "(a name that holds a NIP)")):
            event = planted(example, path, {**matrix.at(example, path), name: 7})
            where = f"{matrix.named(path)}.{shown}".removeprefix(".")
            yield Case(f"{where}: unknown", event, "unknown-field", where)


def _contradictions(model: type[BaseModel]) -> Iterator[Case]:
    for part, path, example in matrix.parts(model):
        for rule in (rule for rule in RULES if issubclass(part, rule.of)):
            where = f"{matrix.named(path)}.{rule.field}".strip(".")
            event = planted(example, path, {**matrix.at(example, path), **rule.change})
            yield Case(
                f"{where} {rule.of.__name__}: {rule.name}", event, rule.reason, where or None
            )


def _case(slot: Slot, fault: Fault, event: Mapping[str, Any]) -> Case:
    where = matrix.named(slot.path[:-1]) if fault.of_part or slot.kind == "key" else slot.where
    name = f"{slot.where} ({slot.kind}): {fault.name}"
    return Case(name, event, fault.reason, where + fault.below, fault.value)


def _may_be_sent(model: type[BaseModel]) -> bool:
    return issubclass(model, Event) and not issubclass(model, SystemEvent)


def _as_an_event(model: type[BaseModel], event: Mapping[str, Any]) -> Told | None:
    """What `jejak validate` says of a line."""
    line = JsonLine(1, json.dumps({"event": model.__name__, **event}).encode())
    try:
        line.event()
    except BadEvent as bad:
        return bad.reason, bad.field, f"{bad} {bad!r} {bad.detail}"
    return None


def _as_a_model(model: type[BaseModel], event: Mapping[str, Any]) -> Told | None:
    try:
        model.model_validate(json.loads(json.dumps(event)))
    except ValidationError as error:
        refusal = codec.refusal_of(error)
        words = f"{refusal} {refusal!r}"
        unnamed = refusal.reason != "unknown-field"  # pydantic's own text names that one
        return refusal.reason, refusal.field, f"{words} {error}" if unnamed else words
    return None


@every_class
def test_a_list_is_read_to_its_first_bad_item(model: type[BaseModel]) -> None:
    for slot in (slot for slot in matrix.slots(model) if slot.kind == "list"):
        with pytest.raises(ValidationError) as caught:
            model.model_validate(slot.put([None] * 1_000))
        assert caught.value.error_count() <= 2, slot.where  # of either form of an alias


# -- Avro -------------------------------------------------------------------------------


@every_class
def test_a_bad_field_of_a_message_is_refused_by_name(model: type[BaseModel]) -> None:
    cases = list(_of_avro(model))
    assert cases
    assert not [
        said for case, message in cases if (said := _amiss(case, _as_a_message(model, message)))
    ]


@every_class
def test_the_recorder_refuses_it_with_the_same_words(model: type[BaseModel]) -> None:
    walk = door.open_door()
    for case, message in _of_avro(model):
        if case.reason is None or not issubclass(model, Event):
            continue
        item = walk.carry(door.message(message))
        assert isinstance(item, Refused), case.name
        assert (item.reason, item.field) == (case.reason, case.where), case.name
        assert NIP not in repr(item) + pretty_repr(item)
        assert not _shows(case.value, f"{item.field} {item.detail} {item.trace}"), case.name
        assert "pattern" not in (item.detail or ""), f"{case.name}: no words of `wire.FORMS`"


@cache
def _of_avro(model: type[BaseModel]) -> tuple[tuple[Case, bytes], ...]:
    return tuple(_encoded(model))


def _encoded(model: type[BaseModel]) -> Iterator[tuple[Case, bytes]]:
    plain = {id(slot.example): matrix.plain(model, slot.example) for slot in matrix.slots(model)}
    for slot in matrix.slots(model):
        wire = replace(slot, example=plain[id(slot.example)])
        for fault in (*_carried(slot, wire), *WIRE.get(slot.kind, ())):
            value = [wire.sample[0]] * len(fault.value) if slot.kind == "list" else fault.value
            case = _case(slot, fault, wire.put(value))
            yield case, matrix.encoded(model, case.event)
        if isinstance(wire.sample, str) or slot.kind == "key":
            case = Case(f"{slot.where}: no UTF-8", wire.put(_RAW[0]), "invalid-utf8", None)
            yield case, matrix.encoded(model, case.event).replace(_RAW[0].encode(), _RAW[1])
    for case in _contradictions(model):
        yield case, matrix.encoded(model, matrix.plain(model, case.event))


def _carried(slot: Slot, wire: Slot) -> Iterator[Fault]:
    """The faults of JSON that an Avro body can have too: of the type that its schema says."""
    for fault in slot.faults():
        of_type = type(fault.value) is (str if slot.kind == "key" else type(wire.sample))
        if slot.kind in WIRE or not of_type or slot.kind == "part":
            continue
        if isinstance(fault.value, str) and not _is_utf8(fault.value):
            continue
        if not isinstance(fault.value, int) or -(2**63) <= fault.value < 2**63:
            yield fault


def _as_a_message(model: type[BaseModel], message: bytes) -> Told | None:
    try:
        if issubclass(model, Event):
            codec.read(message)
        else:
            codec.read_as(model, message)
    except Refusal as refusal:
        return refusal.reason, refusal.field, f"{refusal} {refusal!r} {refusal.detail}"
    return None


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


# -- the verdict ------------------------------------------------------------------------


def _amiss(case: Case, told: Told | None) -> str | None:
    """What is wrong with what was said of a case; None: nothing."""
    if told is None:
        return f"{case.name}: taken" if case.reason else None
    reason, field, words = told
    if (reason, field) != (case.reason, case.where):
        return f"{case.name}: {reason} of {field}, not {case.reason} of {case.where}"
    return f"{case.name}: its value is told" if _shows(case.value, words) else None


def _shows(value: object, words: str) -> bool:
    secret = [NIP, GROUPED, *([value] if isinstance(value, str) and len(value) > 5 else [])]
    return any(text in words or repr(text)[1:-1] in words for text in secret)


# -- nothing is left out ------------------------------------------------------------------


def test_every_field_of_every_class_has_its_cases() -> None:
    reachable = {pair for model in MODELS for pair in matrix.reachable(model)}
    tested = {(s.owner.__name__, s.name) for model in MODELS for s in matrix.slots(model)}
    assert reachable == tested


def test_every_rule_between_fields_has_its_cases() -> None:
    classes = {
        cls for model in MODELS for part, _, _ in matrix.parts(model) for cls in part.__mro__
    }
    ruled = {cls for cls in classes if _has_rules(cls)}
    assert {cls.__name__ for cls in ruled} == {rule.of.__name__ for rule in RULES}


def _has_rules(cls: type) -> bool:
    decorators = getattr(cls, "__pydantic_decorators__", None)
    if decorators is None:
        return False
    names = {*decorators.model_validators, *decorators.field_validators}
    return bool(names & set(vars(cls)))


def test_every_fault_has_a_documented_reason() -> None:
    named = {fault.reason for row in (*FIXED.values(), *WIRE.values()) for fault in row}
    named |= {rule.reason for rule in RULES} | {
        reason for pair in EDGES.values() for reason in pair
    }
    assert named - {""} <= set(REASONS)
