"""What begins or ends on a day is told on that day, once, whatever the projector did meanwhile."""

from collections.abc import Iterator
from contextlib import closing
from datetime import date, timedelta
from uuid import UUID

import pytest

from jejak_lrs import roles
from jejak_lrs.competency.days import months_later
from jejak_lrs.database import Connection, Database, connect
from jejak_lrs.projection import clock, profiles
from jejak_lrs.projection.profiles import Change
from jejak_lrs.projection.projecting import Projector
from jejak_schemas.clock import JAKARTA
from jejak_schemas.parts import PersonRef
from tests import services, world
from tests.recorded import record
from tests.world import PERSON, assessed, certificate, moved, passed, registered, usual

pytestmark = pytest.mark.integration

TODAY = date.today()  # noqa: DTZ011  tests record now
A_DAY = timedelta(1)
WHO = PERSON.person_id or UUID(int=0)
STARTED = TODAY - timedelta(10)  # of what is recorded


@pytest.fixture
def projecting(database: services.Database) -> Iterator[Connection]:
    with closing(connect(database.dsn(roles.PROJECTOR))) as connection:
        yield connection


def until(connection: Connection, today: date | None = None) -> list[Change]:
    """Project, as a projector that starts now, until nothing is to be done; what that told."""
    before = profiles.last_change(connection)
    projector = Projector()
    while projector.project(connection, 100, today):
        pass
    return [one for one in profiles.changes(connection, before, 1_000)
            if one.kind != "ProfileState"]  # fmt: skip


def said(changes: list[Change]) -> list[tuple[str, object, object]]:
    return [(one.kind, one.content["before"], one.content["after"]) for one in changes]


def test_a_level_ends_on_its_day(writer: Database, projecting: Connection) -> None:
    record(writer, *usual(), registered(), passed(STARTED.isoformat()))
    until(projecting)
    weaker = months_later(STARTED, 24)  # 6000 of 10000 become 4200: no more than level 2
    assert until(projecting, weaker - A_DAY) == []
    (one,) = until(projecting, weaker)
    assert said([one]) == [("LevelChanged", 3, 2)]
    assert (one.because_position, one.because_statement) == (None, None)
    assert one.changed_at.astimezone(JAKARTA).isoformat() == f"{weaker}T00:00:00+07:00"
    assert one.agencies == ["2060"]


def test_whoever_was_away_for_years_is_told_of_every_day_in_order(
    writer: Database, projecting: Connection
) -> None:
    record(writer, *usual(), registered(), passed(STARTED.isoformat()))
    until(projecting)
    told = until(projecting, months_later(STARTED, 90))
    assert said(told) == [
        ("LevelChanged", 3, 2), ("LevelChanged", 2, 1), ("LevelChanged", 1, None)
    ]  # fmt: skip
    assert [one.changed_at.astimezone(JAKARTA).date() for one in told] == [
        months_later(STARTED, months) for months in (24, 36, 60)
    ]
    assert [one.version for one in told] == [3, 4, 5]
    assert profiles.stored(projecting, [who := told[0].person_id])[who].version == 5


def test_a_day_that_came_is_told_once(writer: Database, projecting: Connection) -> None:
    record(writer, *usual(), registered(), passed(STARTED.isoformat()))
    until(projecting)
    day = months_later(STARTED, 24)
    assert len(until(projecting, day)) == 1
    stood = profiles.stored(projecting, [WHO])
    for again in (day, day - A_DAY, day + A_DAY, None):
        assert until(projecting, again) == []
    assert profiles.stored(projecting, [WHO]) == stood
    assert clock.day(projecting) == day + A_DAY


def test_a_repeat_after_its_memory_was_lost_is_a_no_op(
    writer: Database, projecting: Connection, superuser: Connection
) -> None:
    record(writer, *usual(), registered(), passed(STARTED.isoformat()))
    until(projecting)
    day = months_later(STARTED, 24)
    assert len(until(projecting, day)) == 1
    superuser.execute("UPDATE profile SET turns_on = %s", [day])
    superuser.execute("UPDATE clock SET day = %s", [TODAY])
    assert until(projecting, day) == []


def test_a_certificate_is_expiring_then_expired(writer: Database, projecting: Connection) -> None:
    last = TODAY + timedelta(200)
    record(
        writer, *usual(), registered(),
        certificate(STARTED.isoformat(), None, None, None, until=last.isoformat()),
    )  # fmt: skip
    until(projecting)
    assert said(until(projecting, last + A_DAY)) == [
        ("CertificateChanged", "earned", "expiring"), ("CertificateChanged", "expiring", "expired")
    ]  # fmt: skip
    days = {one.changed_at.astimezone(JAKARTA).date() for one in profiles.changes(projecting, 0, 99)
            if one.because_position is None}  # fmt: skip
    assert days == {last + A_DAY - timedelta(90), last + A_DAY}


def test_an_asserted_level_ends_the_day_after_its_last(
    writer: Database, projecting: Connection
) -> None:
    last = TODAY + timedelta(30)
    record(writer, *usual(), registered(), assessed(STARTED.isoformat(), until=last.isoformat()))
    until(projecting)
    assert until(projecting, last) == []
    told = until(projecting, last + A_DAY)
    assert {(one.content["standing"], one.content["after"]) for one in told} == {
        ("asserted", None), ("indicated", None)
    }  # fmt: skip


def test_a_move_dated_ahead_is_routed_on_its_day(writer: Database, projecting: Connection) -> None:
    day = TODAY + timedelta(40)
    elsewhere = moved(TODAY.isoformat(), valid_from=day, home_agency="4011", working_agency="4011")
    record(writer, *usual(), registered(), elsewhere)
    until(projecting)
    assert profiles.of_agency(projecting, "4011") == []
    assert until(projecting, day - A_DAY) == []
    left, joined = until(projecting, day)
    assert (left.kind, left.agencies, left.content) == (
        "PersonLeft", ["2060"], {"before": "2060", "after": "4011"}
    )  # fmt: skip
    assert (joined.kind, joined.agencies) == ("PersonJoined", ["4011"])
    (state,) = profiles.of_agency(projecting, "4011")
    assert state.version == left.version
    assert profiles.of_agency(projecting, "2060") == []


def test_what_is_recorded_late_on_a_day_is_told_after_the_day_began(
    writer: Database, projecting: Connection
) -> None:
    """A record folds as of the day that it is: on it the level is 2, on the record's own 3."""
    record(writer, *usual(), registered(), passed(STARTED.isoformat()))
    until(projecting)
    until(projecting, months_later(STARTED, 24))
    record(writer, world.course(STARTED.isoformat(), "c", party="lain", form="3"))
    told = until(projecting)
    assert said(told) == [("LevelChanged", 2, 3), ("LearningHoursChanged", 0, 2000)]


def test_many_turn_on_one_day_in_chunks(
    writer: Database, projecting: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jejak_lrs.projection.feeding.CHUNK", 2)
    people = [PersonRef(person_id=UUID(int=WHO.int + n)) for n in range(5)]
    record(
        writer, *usual(),
        *(registered(person=one) for one in people),
        *(passed(STARTED.isoformat(), learner=one) for one in people),
    )  # fmt: skip
    until(projecting)
    projector, day = Projector(), months_later(STARTED, 24)
    done = [projector.project(projecting, 100, day).persons for _ in range(4)]
    assert done == [2, 2, 1, 0]
    assert [one.person_id for one in profiles.changes(projecting, 0, 999)
            if one.because_position is None and one.kind == "LevelChanged"] == [
        one.person_id for one in people
    ]  # fmt: skip
