"""Records that say nothing a projection keeps are passed over by type and bytes, and no others."""

from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from uuid_utils.compat import uuid7

from jejak_lrs.competency.extraction import facts_of
from jejak_lrs.competency.facts import Milestone
from jejak_lrs.competency.gist import Gist
from jejak_lrs.competency.persons import word_of
from jejak_lrs.competency.registry import Registry
from jejak_lrs.ledger.effects import erased_by
from jejak_lrs.ledger.history import Record
from jejak_lrs.ledger.statements import Statements
from jejak_schemas import events
from jejak_schemas.catalogue import CATALOGUE
from jejak_schemas.events import Event, StatementSubmitted
from jejak_schemas.resolve import Resolved, references, resolve
from tests.events import any_event
from tests.recorded import row_of
from tests.world import PERSON, event

STATEMENTS = Statements()


def record_of(said: Event) -> Record:
    """As far as reading it goes, a record is its row."""
    return cast("Record", row_of(said))


@pytest.mark.parametrize(
    "model", [one.event for one in CATALOGUE if one.event is not StatementSubmitted]
)
@settings(max_examples=3, deadline=None)
@given(data=st.data())
def test_what_is_passed_over_says_nothing(model: type[Event], data: st.DataObject) -> None:
    drawn = data.draw(any_event(model))
    said = resolve(drawn, {ref: Resolved(uuid7(), "ab" * 32) for ref in references(drawn)})
    record = record_of(said)
    read = STATEMENTS.event_of(record)
    assert read is not None
    folded = STATEMENTS.folded_of(record)
    if folded is None or isinstance(folded, Gist):
        assert not Registry().add(read, 0)
        assert (word_of(read), erased_by(read)) == (None, ())
    if folded is None:
        assert facts_of(read, 0, record.statement_id) == ()


def test_an_enrolment_counts_only_in_a_programme() -> None:
    enrolled: dict[str, Any] = {"activity": {"id": "https://contoh.id/k", "name": {"id": "K"}}}
    alone = event(events.LearnerRegistered, "2026-01-01", learner=PERSON, **enrolled)
    within = event(
        events.LearnerRegistered, "2026-01-01", learner=PERSON, programme="reformer-academy",
        **enrolled,
    )  # fmt: skip
    assert STATEMENTS.folded_of(record_of(alone)) is None
    folded = STATEMENTS.folded_of(record_of(within))
    assert folded is not None
    (milestone,) = facts_of(folded, 0, within.event_id)
    assert isinstance(milestone, Milestone)
    assert (milestone.programme, milestone.about) == ("reformer-academy", "course")
