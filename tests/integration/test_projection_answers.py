"""Answers from a real ledger and its projection."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from contextlib import closing
from uuid import UUID

import pytest

from jejak_lrs import roles
from jejak_lrs.answers import individuals
from jejak_lrs.competency.lookups import levels_on
from jejak_lrs.database import Connection, Database, connect
from jejak_lrs.ledger import history
from jejak_lrs.projection.projecting import Projector
from jejak_schemas.parts import PersonRef
from tests import services, world
from tests.recorded import record
from tests.world import (
    INTEGRITY,
    PERSON,
    assessed,
    course,
    day,
    moved,
    passed,
    registered,
    usual,
    voided,
)

pytestmark = pytest.mark.integration

WHO = UUID(str(PERSON.person_id))
OTHER = PersonRef(person_id=UUID("01900000-0000-7000-8000-000000000002"))
DAY = day("2024-06-01")


@pytest.fixture
def reading(writer: Database, database: services.Database) -> Iterator[Connection]:
    """A small agency, projected, seen by a reader."""
    tested = passed("2024-01-01")
    record(
        writer, *usual(), registered(), tested, assessed("2024-01-05", 2),
        course("2024-02-01", form="3"), registered(person=OTHER, kind="PPPK"),
        moved("2024-05-01", person=OTHER, kind="PPPK", contract_start=day("2024-05-01"),
              position_class="pelaksana", unit="TU"),
        assessed("2024-01-05", 3, learner=OTHER),
        course("2024-05-02", form="3", learner=OTHER),
        course("2024-05-03", form="3", learner=OTHER),
        voided(tested),
    )  # fmt: skip
    with (
        closing(connect(database.dsn(roles.PROJECTOR))) as projecting,
        closing(connect(database.dsn(roles.READER))) as connection,
    ):
        while Projector().project(projecting, 100):
            pass
        yield connection


def test_a_profile_as_it_stands_and_as_it_was_known(reading: Connection) -> None:
    head = history.head(reading).next_position - 1
    now, then = (individuals.profile_of(reading, WHO, at) for at in (None, head - 1))
    assert now is not None
    assert then is not None
    assert levels_on(now.profile, DAY)[INTEGRITY].indicated == 2
    assert levels_on(then.profile, DAY)[INTEGRITY].indicated == 3
    assert (now.version, now.pending, then.version) == (5, False, None)
    assert individuals.profile_of(reading, UUID(int=1)) is None


def test_an_explanation_comes_from_the_ledger(reading: Connection) -> None:
    head = history.head(reading).next_position - 1
    now = individuals.explain(reading, WHO, INTEGRITY, DAY)
    then = individuals.explain(reading, WHO, INTEGRITY, DAY, known_at=head - 1)
    assert [one.reason for one in now.counts_not] == ["voided"]
    reasons = [one.reason for one in then.counts_not]
    assert reasons == ["level-too-low", "weaker-of-its-source"]
    assert [one.event for one in then.counts] == ["AssessmentPassed"]
    assert now.inputs != then.inputs


def test_the_moment_known_at_is_a_position(reading: Connection) -> None:
    head = history.head(reading)
    assert history.last_position_by(reading, head.last_stored) == head.next_position - 1
    assert history.last_position_by(reading, world.moment("2020-01-01")) == -1
    moments = [one.stored for one in history.records(reading, -1, 10_000)]
    for moment in moments:
        by, before = bisect_right(moments, moment) - 1, bisect_left(moments, moment) - 1
        assert history.last_position_by(reading, moment) == by
        assert history.last_stored_before(reading, moment) == before
