"""Facts by the gist of a statement are those of its event, and what is in doubt has none."""

from typing import cast
from uuid import UUID

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from jejak_lrs import dictionaries
from jejak_lrs.competency.extraction import SAYING, facts_of
from jejak_lrs.competency.facts import to_document
from jejak_lrs.competency.gist import Gist, reader_of
from jejak_lrs.ledger.history import Record
from jejak_lrs.ledger.statements import WHOLE, Statements
from jejak_schemas.catalogue import BY_NAME, CATALOGUE, entry_of
from jejak_schemas.events import Event, LearningEvent
from jejak_schemas.mapping import statement_of
from jejak_schemas.plain import values_of
from jejak_schemas.recalling import recalled
from jejak_schemas.resolve import references, resolve
from jejak_schemas.statement import from_statement
from tests import golden
from tests.documents import NO_COURSE_OF_OURS, example
from tests.events import any_event, least_event
from tests.recorded import row_of

STATEMENT = UUID(int=7)
STATEMENTS = Statements()
LEARNING = {row.name for row in CATALOGUE if issubclass(row.event, LearningEvent)}
BRIEF = (SAYING | LEARNING) - WHOLE - {
    "PlanApproved", "CandidateNominated", "LearningWaived", "ClaimVerified",
    "ProjectEvaluated", "CompetencyAssessed", "CompetencyAsserted", "ImpactEvaluated",
}  # fmt: skip


def resolved(event: Event) -> Event:
    return resolve(event, {ref: golden.person(ref) for ref in references(event)})


def kept(event: Event) -> bytes:
    return statement_of(entry_of(event), values_of(event)).plain


def documents(event: Event | Gist) -> list[str]:
    return [to_document(fact) for fact in facts_of(event, 3, STATEMENT)]


@pytest.mark.parametrize("name", sorted(BRIEF))
@settings(
    max_examples=15,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.large_base_example],
    deadline=None,
)
@given(data=st.data())
def test_a_gist_says_the_facts_of_its_event(name: str, data: st.DataObject) -> None:
    read, model = reader_of(name), BY_NAME[name].event
    assert read is not None
    for drawn in (
        least_event(model),
        any_event(model),
        any_event(model, whole=True),
    ):
        event = resolved(data.draw(drawn))
        plain = kept(event)
        facts = facts_of(read(plain), 3, STATEMENT)
        assert facts == facts_of(recalled(orjson.loads(plain)), 3, STATEMENT)
        assert facts == facts_of(from_statement(orjson.loads(plain)), 3, STATEMENT)
        assert documents(read(plain)) == documents(event)


@pytest.mark.parametrize("name", sorted((SAYING | LEARNING) - WHOLE - BRIEF))
def test_a_person_beside_the_learner_asks_for_the_event(name: str) -> None:
    assert reader_of(name) is None


# -- what reads records ----------------------------------------------------------------------


def recorded(event: Event, told: str = "", instead: str = "") -> Record:
    """As far as reading it goes, a record is its row; here with something said otherwise."""
    plain = kept(event).decode()
    if told:
        assert told in plain
    payload = dictionaries.packer().pack(plain.replace(told, instead).encode())
    return cast("Record", replace(row_of(event), payload=payload))


def test_what_a_projection_reads_of_a_course_is_its_gist() -> None:
    event = resolved(example("CourseCompleted"))
    found = STATEMENTS.folded_of(recorded(event))
    assert isinstance(found, Gist)
    assert documents(found) == documents(event)


def test_a_statement_laid_out_otherwise_is_read_the_ordinary_way() -> None:
    event = resolved(example("CourseCompleted"))
    (parent,) = orjson.loads(kept(event))["context"]["contextActivities"]["parent"]
    alone = orjson.dumps(parent).decode()  # as xAPI lets one stand without its list
    assert STATEMENTS.folded_of(recorded(event, f"[{alone}]", alone)) == event


@pytest.mark.parametrize(
    ("told", "instead"),
    [
        *NO_COURSE_OF_OURS,
        ('"https://w3id.org/jejak/ext/form":"', '"https://w3id.org/jejak/ext/form":7,"":"'),
    ],
)  # fmt: skip
def test_what_no_record_of_ours_says_is_refused_as_ever(told: str, instead: str) -> None:
    record = recorded(resolved(example("CourseCompleted")), told, instead)
    with pytest.raises((KeyError, ValueError)) as refused:
        STATEMENTS.event_of(record)
    with pytest.raises((KeyError, ValueError)) as again:
        STATEMENTS.folded_of(record)
    assert str(again.value) == str(refused.value)
