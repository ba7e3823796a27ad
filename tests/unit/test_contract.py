"""The contract: what is encoded is read back, and a statement gives the event back whole."""

import json
from datetime import UTC, date, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from uuid_utils.compat import uuid7

from jejak_schemas import avro, codec, framing
from jejak_schemas.catalogue import CATALOGUE, Entry, entry_of
from jejak_schemas.events import Event, StatementVoided
from jejak_schemas.outgoing import OUTGOING, LearningHoursChanged
from jejak_schemas.resolve import Resolved, references, resolve
from jejak_schemas.statement import to_statement
from tests.events import any_event

NOW = datetime(2026, 3, 9, 2, tzinfo=UTC)

quick = settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow], deadline=None)
every_row = pytest.mark.parametrize("entry", CATALOGUE, ids=lambda row: row.name)


@every_row
def test_released_schema_equals_the_model(entry: Entry) -> None:
    held = avro.released()[entry.name]
    derived = json.loads(avro.text_of(entry.event))
    assert held.header[:2] == framing.SINGLE_OBJECT_MAGIC
    assert json.loads(avro.released_text(entry.name)) == derived


def test_every_outgoing_class_has_a_schema() -> None:
    assert {model.__name__ for model in OUTGOING} <= set(avro.released())


@every_row
@quick
@given(data=st.data())
def test_what_is_encoded_is_read_back(entry: Entry, data: st.DataObject) -> None:
    event = data.draw(any_event(entry.event))
    assert codec.read(codec.encode(event)).event == event


@every_row
@quick
@given(data=st.data())
def test_a_statement_never_holds_a_number_of_a_person(entry: Entry, data: st.DataObject) -> None:
    event = data.draw(any_event(entry.event))
    text = json.dumps(to_statement(resolve(event, _people(event))))
    numbers = [value for kind, value in references(event) if kind in ("nip", "old-nip")]
    assert not any(number in text for number in numbers)


@every_row
@quick
@given(data=st.data(), cut=st.integers(1, 60))
def test_a_cut_message_is_refused_never_raised(entry: Entry, data: st.DataObject, cut: int) -> None:
    encoded = codec.encode(data.draw(any_event(entry.event)))
    with pytest.raises(codec.Refusal) as refused:
        codec.read(encoded[: max(0, len(encoded) - cut)])
    assert refused.value.reason in {"truncated", "unreadable", "unknown-schema"}


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_a_bent_message_is_read_or_refused(data: st.DataObject) -> None:
    entry = data.draw(st.sampled_from(CATALOGUE))
    encoded = bytearray(codec.encode(data.draw(any_event(entry.event))))
    at = data.draw(st.integers(0, len(encoded) - 1))
    encoded[at] = data.draw(st.integers(0, 255))
    try:
        read = codec.read(bytes(encoded))
    except codec.Refusal as refusal:
        assert refusal.detail  # noqa: PT017  either way is right; raising anything else is not
    else:
        assert isinstance(read.event, Event)


@every_row
@quick
@given(data=st.data())
def test_no_number_of_a_person_shows_in_what_was_read(entry: Entry, data: st.DataObject) -> None:
    event = data.draw(any_event(entry.event))
    shown = repr(codec.read(codec.encode(event)))
    assert all(value not in shown for kind, value in references(event) if kind == "nip")


def test_a_party_code_that_could_be_a_nip_is_refused() -> None:
    with pytest.raises(ValidationError) as caught:
        StatementVoided.model_validate(
            {"occurred_at": NOW, "party": "198503122010011002", "target": uuid7(), "reason": "x"}
        )
    assert codec.refusal_of(caught.value).reason == "personal-data-in-text"


def test_hours_of_a_year_may_be_more_than_one_event_can_state() -> None:
    told = LearningHoursChanged(
        epoch=uuid7(), seq=1, prev_seq=0, number=0, change_id=uuid7(), person_id=uuid7(),
        relation="home", version=1, changed_at=NOW, starts_on=date(2026, 1, 1),
        before=0, after=12_000_000,
    )  # fmt: skip
    assert codec.read_as(LearningHoursChanged, codec.encode(told)) == told


def test_who_learnt_is_the_key() -> None:
    named = {entry.key for entry in CATALOGUE if "learner" in entry.event.model_fields}
    assert named == {"learner"}  # the walk warns of the person that the key names


def test_the_key_of_a_void_is_its_target() -> None:
    event = codec.read(
        codec.encode(
            _void := StatementVoided(occurred_at=NOW, party="lan", target=uuid7(), reason="x")
        )
    ).event
    assert entry_of(event).key_of(event) == str(_void.target)


def _people(event: Event) -> dict[tuple[str, str], Resolved]:
    return {
        reference: Resolved(uuid7(), "ab" * 32)
        for reference in references(event)
        if reference[0] != "person_id"
    }
