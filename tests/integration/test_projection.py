"""The projector on a real ledger: profile = fold(history), whatever the batches and the order."""

import random
import re
from collections.abc import Iterator
from contextlib import closing
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jejak_lrs import cursor, roles
from jejak_lrs.competency.assess import assess
from jejak_lrs.competency.days import months_later
from jejak_lrs.competency.facts import Void
from jejak_lrs.competency.lookups import levels_on
from jejak_lrs.competency.profile import canonical, digest, parse
from jejak_lrs.competency.reach import Reach
from jejak_lrs.cursor import Cursor
from jejak_lrs.database import Connection, Database, connect
from jejak_lrs.ledger import history
from jejak_lrs.projection import evidence, profiles, refolding
from jejak_lrs.projection.projecting import NAME, Projected, Projector
from jejak_lrs.replay.gathering import facts_until, fold_person
from jejak_schemas import outgoing
from jejak_schemas.events import LearningRated
from jejak_schemas.parts import PersonRef, Score
from tests import services, world
from tests.recorded import record, record_each
from tests.world import PERSON, assessed, course, erased, moved, passed, registered, usual, voided

pytestmark = pytest.mark.integration

WHO = PERSON.person_id
OTHER = PersonRef(person_id=UUID("01900000-0000-7000-8000-000000000002"))


@pytest.fixture
def projecting(database: services.Database) -> Iterator[Connection]:
    """The projector's own connection."""
    with closing(connect(database.dsn(roles.PROJECTOR))) as connection:
        yield connection


@pytest.fixture
def reading(database: services.Database) -> Iterator[Connection]:
    with closing(connect(database.dsn(roles.READER))) as connection:
        yield connection


def catch_up(connection: Connection, limit: int = 100, projector: Projector | None = None) -> None:
    own = projector or Projector()
    while own.project(connection, limit):
        pass


def stood(connection: Connection, who: UUID | None = WHO) -> profiles.Stored:
    assert who is not None
    return profiles.stored(connection, [who])[who]


def told(connection: Connection, kind: str | None = None) -> list[profiles.Change]:
    found = profiles.changes(connection, -1, 10_000)
    return [one for one in found if kind in (None, one.kind)]


def today() -> date:
    """The tests record now: on_date is the day of the test."""
    return date.today()  # noqa: DTZ011


def recent(days_ago: int = 10) -> str:
    return date.fromordinal(today().toordinal() - days_ago).isoformat()


def test_a_record_becomes_evidence_a_profile_and_changes(
    writer: Database, projecting: Connection
) -> None:
    end = record(writer, *usual(), registered(), passed(recent()))
    done = Projector().project(projecting, 100)
    assert (done.position, done.records, done.persons) == (end - 1, end, 2)
    one = stood(projecting)
    levels = levels_on(parse(one.document), today())
    assert levels[world.INTEGRITY].indicated == 3
    assert (one.version, one.home, one.working) == (2, "2060", "2060")
    assert one.digest == digest(one.document.encode())
    (change,) = told(projecting, "LevelChanged")
    assert change.content == {
        "competency": world.INTEGRITY, "standing": "indicated", "before": None, "after": 3,
        "valid_until": (months_later(date.fromisoformat(recent()), 24) - timedelta(1)).isoformat(),
    }  # fmt: skip
    assert (change.agencies, change.relations) == (["2060"], ["both"])
    assert (change.because_position, change.because_rule) == (end - 1, "levels")


def test_every_change_is_one_of_the_outgoing_classes(
    writer: Database, projecting: Connection
) -> None:
    record(
        writer, *usual(), registered(), course(recent(), form="3"), world.certificate(recent()),
        assessed(recent()), world.finished(recent()), moved(recent(1), home_agency="4011"),
    )  # fmt: skip
    catch_up(projecting)
    kinds = {one.kind for one in told(projecting)}
    assert kinds == {
        "LevelChanged", "LearningHoursChanged", "CertificateChanged", "ProgrammeChanged",
        "PersonJoined", "ProfileState",
    }  # fmt: skip
    for one in told(projecting):
        if one.kind == "ProfileState":
            continue
        sent = getattr(outgoing, one.kind).model_validate(
            one.content | {
                "epoch": OTHER.person_id, "seq": 1, "prev_seq": 0, "number": one.number,
                "change_id": one.change_id, "person_id": one.person_id,
                "relation": one.relations[0], "version": one.version,
                "changed_at": one.changed_at,
                "because": {
                    "position": one.because_position, "statement_id": one.because_statement,
                    "rule": one.because_rule,
                },
            }
        )  # fmt: skip
        assert sent.person_id == WHO


def test_numbers_have_no_gaps_and_versions_only_grow(
    writer: Database, projecting: Connection
) -> None:
    record(
        writer, *usual(), registered(), course(recent(9)), passed(recent(8)), assessed(recent(7))
    )
    catch_up(projecting, limit=3)
    changes = told(projecting)
    assert [one.number for one in changes] == list(range(len(changes)))
    versions = [one.version for one in changes]
    assert versions == sorted(versions)
    assert stood(projecting).version == max(versions)


def test_a_record_that_changes_nothing_makes_no_version(
    writer: Database, projecting: Connection
) -> None:
    record(writer, *usual(), registered(), passed(recent()))
    catch_up(projecting)
    before, said = stood(projecting), told(projecting)
    end = record(writer, course(recent(), None))
    catch_up(projecting)
    after = stood(projecting)
    # Not credited, and said so: the JP ledger names it. So use one that says nothing at all.
    assert after.assessed_to == end - 1
    assert after.version == before.version + 1
    quiet = record(writer, world.joined(recent(), None))
    catch_up(projecting)
    assert stood(projecting).version == after.version
    assert stood(projecting).assessed_to == quiet - 1
    assert len(told(projecting)) == len(said) + 1  # the state, once


@pytest.mark.parametrize("limit", [1, 2, 7, 1000])
def test_batches_of_any_size_give_the_same_profiles_versions_and_changes(
    writer: Database, projecting: Connection, limit: int
) -> None:
    tested = passed(recent(9))
    record(
        writer, *usual(), registered(), tested, course(recent(8), "c", party="lain"),
        voided(tested, recent(1)), assessed(recent(3), 4), moved(recent(2), working_agency="4011"),
    )  # fmt: skip
    catch_up(projecting, limit)
    one = stood(projecting)
    assert (one.version, one.home, one.working) == (6, "2060", "4011")
    assert [(c.kind, c.content.get("after"), c.version) for c in told(projecting)] == [
        ("PersonJoined", "2060", 1), ("ProfileState", None, 1),
        ("LevelChanged", 3, 2), ("ProfileState", None, 2),
        ("ProfileState", None, 3),
        ("LevelChanged", 2, 4), ("ProfileState", None, 4),
        ("LevelChanged", 4, 5), ("LevelChanged", 3, 5), ("ProfileState", None, 5),
        ("PersonJoined", "4011", 6), ("ProfileState", None, 6),
    ]  # fmt: skip
    assert told(projecting)[5].because_rule == "rule-10"


def test_replay_equals_live(writer: Database, projecting: Connection, reading: Connection) -> None:
    record(writer, *usual(), registered(), passed(recent()), assessed(recent()))
    catch_up(projecting)
    one = stood(reading)
    replayed = canonical(fold_person(reading, one.person_id, one.assessed_to))
    assert replayed.decode() == one.document


def test_a_void_before_its_target_waits_for_it(
    writer: Database, projecting: Connection, reading: Connection
) -> None:
    tested = passed(recent())
    record(writer, *usual(), registered(), voided(tested, recent()))
    catch_up(projecting)
    assert evidence.of_people(projecting, 1, [PERSON.person_id], 10**9)
    end = record(writer, tested)
    catch_up(projecting)
    one = stood(projecting)
    assert levels_on(parse(one.document), today()) == {}
    assert one.assessed_to == end - 1
    replayed = fold_person(reading, one.person_id, one.assessed_to)
    assert canonical(replayed).decode() == one.document


def rated(on: str) -> Any:
    return world.event(LearningRated, on, activity=world.ACTIVITY, score=Score(raw=4))


def test_a_void_of_what_says_nothing_is_kept_wherever_it_stands(
    writer: Database, projecting: Connection, reading: Connection
) -> None:
    first, second = (rated(recent(2)) for _ in range(2))
    record(writer, *usual(), registered(), voided(first, recent()), first)
    record(writer, second, voided(second, recent()))
    catch_up(projecting)
    one = stood(reading)
    kept = evidence.of_people(projecting, 1, [one.person_id], 10**9)[one.person_id]
    assert {fact.target for fact in kept if isinstance(fact, Void)} == {
        first.event_id,
        second.event_id,
    }
    assert set(kept) == set(facts_until(reading, one.person_id, one.assessed_to))


def test_known_at_a_position_is_the_profile_of_then(
    writer: Database, projecting: Connection, reading: Connection
) -> None:
    tested = passed(recent())
    before = record(writer, *usual(), registered(), tested) - 1
    after = record(writer, voided(tested, recent())) - 1
    catch_up(projecting)
    who = stood(reading).person_id
    known = [levels_on(fold_person(reading, who, at), today()) for at in (before, after)]
    assert [set(levels) for levels in known] == [{world.INTEGRITY}, set()]


def test_who_moves_leaves_one_agency_and_joins_the_other(
    writer: Database, projecting: Connection
) -> None:
    record(writer, *usual(), registered())
    catch_up(projecting)
    said = len(told(projecting))
    record(writer, moved(recent(), home_agency="4011", working_agency="4011"))
    catch_up(projecting)
    left, joined, state = told(projecting)[said:]
    assert (left.kind, left.agencies, left.relations) == ("PersonLeft", ["2060"], ["both"])
    assert left.content == {"before": "2060", "after": "4011"}
    assert (joined.kind, joined.agencies) == ("PersonJoined", ["4011"])
    assert joined.content == {"before": "2060", "after": "4011"}
    assert (state.kind, state.agencies, state.version) == ("ProfileState", ["4011"], left.version)


def test_nobody_is_told_of_a_person_bkn_has_not_registered(
    writer: Database, projecting: Connection
) -> None:
    record(writer, *usual(), passed(recent()))
    catch_up(projecting)
    assert stood(projecting).version == 1
    assert told(projecting) == []
    record(writer, registered())
    catch_up(projecting)
    assert [one.kind for one in told(projecting)] == ["PersonJoined", "ProfileState"]


def test_registry_records_that_come_late_fold_again_whom_they_touch(
    writer: Database, projecting: Connection, reading: Connection
) -> None:
    decreed = usual()
    late = [one for one in decreed if type(one).__name__ != "FrameworkPublished"]
    record(writer, *late, registered(), passed(recent()), registered(person=OTHER))
    catch_up(projecting)
    assert levels_on(parse(stood(projecting).document), today()) == {}
    untouched = stood(projecting, OTHER.person_id)
    published = record(writer, world.framework()) - 1
    catch_up(projecting)
    one = stood(projecting)
    assert levels_on(parse(one.document), today())[world.INTEGRITY].indicated == 3
    assert told(projecting, "LevelChanged")[-1].because_position == published
    assert canonical(fold_person(reading, one.person_id, one.assessed_to)).decode() == (
        one.document
    )
    assert stood(projecting, OTHER.person_id) == untouched


@pytest.mark.parametrize(
    "kind",
    [
        "RulesetPublished", "OfferingPublished", "AlignmentPublished", "AlignmentCountersigned",
        "ProviderAccredited", "AssessorAccredited", "FrameworkPublished",
    ],
)  # fmt: skip
def test_any_registry_record_may_come_last(
    writer: Database, projecting: Connection, reading: Connection, kind: str
) -> None:
    decreed = usual()
    late = [one for one in decreed if type(one).__name__ == kind]
    record(writer, *(one for one in decreed if one not in late))
    record(writer, registered(), passed(recent()), assessed(recent()))
    catch_up(projecting)
    early = stood(projecting)
    record_each(writer, late)
    catch_up(projecting, 1)
    one = stood(projecting)
    assert one.digest != early.digest
    whole = assess(facts_until(reading, one.person_id, one.assessed_to), world.registry(decreed))
    assert canonical(whole).decode() == one.document
    assert refolding.backlog(reading, 1) == 0


def test_a_chunk_of_waiting_persons_at_a_time(
    writer: Database, projecting: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jejak_lrs.projection.feeding.CHUNK", 2)
    monkeypatch.setattr("jejak_lrs.projection.pacing.SECONDS", 60.0)
    people = [PersonRef(person_id=UUID(f"01900000-0000-7000-8000-{n:012x}")) for n in range(1, 6)]
    decreed = usual()
    record(writer, *decreed[1:], *(passed(recent(), learner=one) for one in people))
    catch_up(projecting)
    record(writer, decreed[0])
    projector = Projector()
    done = [projector.project(projecting, 100) for _ in range(4)]
    assert [one.persons for one in done] == [1, 2, 2, 0]  # few at first
    assert done[-1] == Projected(done[0].position, 0, 0, 0)


@pytest.mark.parametrize("page", [1, 4, 10_000])
def test_many_who_are_touched_are_looked_up_in_pages(
    writer: Database, projecting: Connection, reading: Connection, page: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr("jejak_lrs.projection.refolding.FEW", 1)
    monkeypatch.setattr("jejak_lrs.projection.refolding.PAGE", page)
    people = [PersonRef(person_id=UUID(f"01900000-0000-7000-8000-{n:012x}")) for n in range(1, 6)]
    record(
        writer, *usual()[1:], *(registered(person=one) for one in people),
        *(passed(recent(), learner=one) for one in people[:3]),
        *(passed(recent(), "c", party="lain", learner=one) for one in people[3:]),
    )  # fmt: skip
    catch_up(projecting)
    record(writer, usual()[0], world.accredited("prov", until=recent(30)))
    projector = Projector()
    while done := projector.project(projecting, 100):
        waits = refolding.is_pending(projecting, 1, people[-1].person_id or UUID(int=0))
        assert waits or done.persons or not refolding.is_anyone_waiting(projecting, 1)
    for one in people:
        stored = stood(projecting, one.person_id)
        levels = levels_on(parse(stored.document), today())
        assert set(levels) == ({world.INTEGRITY} if one in people[3:] else set())
        replayed = canonical(fold_person(reading, stored.person_id, stored.assessed_to))
        assert replayed.decode() == stored.document


@pytest.mark.parametrize("few", [1, 2, 4, 2_000])
def test_records_are_marked_together_as_one_by_one(
    writer: Database, projecting: Connection, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    monkeypatch.setattr("jejak_lrs.projection.refolding.FEW", few)
    people = [PersonRef(person_id=UUID(f"01900000-0000-7000-8000-{n:012x}")) for n in range(1, 6)]
    said = [registered(person=one) for one in people[:2]]
    said += [passed(recent(), learner=one) for one in people[:3]]
    said += [passed(recent(), "c", party="lain", learner=one) for one in people[1:]]
    record(writer, *said, *usual()[:4])
    catch_up(projecting)
    offering, other = projecting.execute(
        "SELECT min(offering), max(offering) FROM evidence"
    ).fetchone() or ("", "")
    reaches = [
        Reach(institutions=frozenset({"prov"})), Reach(institutions=frozenset({"lain", "x"})),
        Reach(agencies=frozenset({"2060"})), Reach(persons=frozenset({UUID(int=7)})),
        Reach(offerings=frozenset({offering}), institutions=frozenset({"prov"})),
        Reach(offerings=frozenset({offering, other})), Reach(everyone=True),
    ]  # fmt: skip
    causes = history.entries(projecting, -1, 100)
    drawn = random.Random(few)  # noqa: S311
    for _ in range(20):
        some = sorted(drawn.sample(range(len(causes)), drawn.randrange(8)))
        reached = [(drawn.choice(reaches), causes[one]) for one in some]
        assert marked(projecting, [reached]) == marked(projecting, [[one] for one in reached])


def marked(
    connection: Connection, turns: list[list[tuple[Reach, history.Entry]]]
) -> list[list[tuple[Any, ...]]]:
    """Who waits, and which records are looked through, after some were marked in turns."""
    tables = ("refold", "refold_reach")
    with connection.transaction(force_rollback=True):
        for reached in turns:
            refolding.mark(connection, 1, reached)
        return [connection.execute(f"TABLE {one} ORDER BY 2").fetchall() for one in tables]


@pytest.mark.parametrize("some", [2, 100])
def test_what_was_told_before_an_erasure_in_the_same_transaction_is_told_no_more(
    writer: Database, projecting: Connection, monkeypatch: pytest.MonkeyPatch, some: int
) -> None:
    """Written already, or not yet."""
    monkeypatch.setattr("jejak_lrs.projection.feeding.SOME", some)
    at = record(writer, *usual(), registered(), registered(person=OTHER))
    later = passed(recent(8), "c", party="lain", learner=OTHER)
    record(writer, passed(recent()), later, erased(at), assessed(recent(), 4))
    assert Projector().project(projecting, 100).changes == len(told(projecting))
    mine = [(one.kind, one.version) for one in told(projecting) if one.person_id == WHO]
    assert mine == [
        ("PersonJoined", 1), ("ProfileState", 1),
        ("ProfileState", 2), ("ProfileState", 2), ("ProfileState", 3),
        ("LevelChanged", 4), ("LevelChanged", 4), ("ProfileState", 4),
    ]  # fmt: skip
    assert [one.number for one in told(projecting)] == [*range(len(told(projecting)))]


def test_an_aborted_transaction_leaves_nothing_behind(
    writer: Database, projecting: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    record(writer, *usual(), registered(), passed(recent()))
    projector = Projector()

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("jejak_lrs.projection.profiles.write_changes", stop)
        with pytest.raises(KeyboardInterrupt):
            projector.project(projecting, 100)
    assert cursor.read(projecting, NAME) == cursor.START
    catch_up(projecting, 100, projector)
    assert stood(projecting).version == 2
    assert [one.number for one in told(projecting)] == [0, 1, 2, 3]


def test_two_projectors_take_turns_and_never_repeat(
    writer: Database, projecting: Connection, database: services.Database
) -> None:
    record(writer, *usual(), registered(), passed(recent()), assessed(recent()))
    one, other = Projector(), Projector()
    with closing(connect(database.dsn(roles.PROJECTOR))) as second:
        while one.project(projecting, 2) or other.project(second, 3):
            pass
    assert stood(projecting).version == 3
    assert len({change.change_id for change in told(projecting)}) == len(told(projecting))


def test_an_erased_record_is_passed_over(
    writer: Database, projecting: Connection, superuser: Connection
) -> None:
    record(writer, *usual(), registered(), passed(recent()))
    superuser.execute("ALTER TABLE record_p0 DISABLE TRIGGER append_only")
    superuser.execute(
        "UPDATE record_p0 SET payload = NULL, person_id = NULL "
        "WHERE event_type = 'AssessmentPassed'"
    )
    catch_up(projecting)
    assert levels_on(parse(stood(projecting).document), today()) == {}


def test_an_agency_reads_its_own_people_only(
    writer: Database, projecting: Connection, superuser: Connection, database: services.Database
) -> None:
    record(writer, *usual(), registered(), registered(person=OTHER, home_agency="4011",
                                                      working_agency="4011"))  # fmt: skip
    catch_up(projecting)
    role = roles.create_agency_role(superuser, "2060", "secret")
    try:
        dsn = database.server.address.dsn(role, "secret", database.name)
        with closing(connect(dsn)) as agency:
            seen = agency.execute("SELECT person_id FROM agency_profile").fetchall()
            heard = agency.execute("SELECT DISTINCT person_id FROM agency_change").fetchall()
            assert seen == heard == [(PERSON.person_id,)]
            assert agency.execute("SELECT person_id FROM profile").fetchall() == seen
            for table in ("evidence", "refold", "person_alias", "record"):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    agency.execute(f"SELECT * FROM {table}")  # type: ignore[arg-type]
    finally:
        superuser.execute("DROP OWNED BY jejak_agency_2060")
        superuser.execute("DROP ROLE jejak_agency_2060")


def test_what_an_agency_sees_is_found_without_looking_at_every_row(superuser: Connection) -> None:
    superuser.execute("SET ROLE jejak_agency")
    superuser.execute("SET enable_seqscan = off")  # tables are small here: where there is a choice
    grows = "profile|change|served|standing|learning_year|certified|enrolled"
    looks = re.compile(rf"(own_agency|jakarta_today)\(\)|Seq Scan on ({grows})\b")
    views = superuser.execute(
        "SELECT oid::regclass::text FROM pg_class "
        "WHERE relkind = 'v' AND relnamespace = 'public'::regnamespace"
    ).fetchall()
    for (view,) in views:
        plan = superuser.execute(f"EXPLAIN SELECT * FROM {view}").fetchall()
        assert [step for (step,) in plan if looks.search(step)] == [], view
    assert len(views) > 1


def test_nobody_but_the_projector_writes_projections(database: services.Database) -> None:
    for role in (roles.WRITER, roles.PUBLISHER, roles.READER, roles.AUDITOR):
        with closing(connect(database.dsn(role))) as connection:
            for table in ("evidence", "profile", "change", "refold", "change_head"):
                with pytest.raises(psycopg.Error):
                    connection.execute(f"DELETE FROM {table}")  # type: ignore[arg-type]


class TestAnyOrder:
    """Records in any order and any batches give the profile that one fold of all gives."""

    @given(st.randoms(use_true_random=False), st.integers(1, 9))
    @settings(
        max_examples=8, deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )  # fmt: skip
    def test_of_arrival(
        self, template: services.Database, chance: random.Random, limit: int
    ) -> None:
        tested, failed = passed(recent(9)), world.evaluated(recent(5), outcome="failed", level=2)
        said: list[Any] = [
            *usual(), registered(), tested, failed, course(recent(8), form="3"),
            assessed(recent(7)), voided(failed, recent(1)), voided(tested, recent(1), party="lan"),
            moved(recent(6), home_agency="4011", working_agency="4011"),
        ]  # fmt: skip
        whole = canonical(assess(world.facts(said), world.registry(said)))
        chance.shuffle(said)
        with (
            services.copied(template) as own,
            closing(Database(own.dsn(roles.WRITER))) as writer,
            closing(connect(own.dsn(roles.PROJECTOR))) as connection,
        ):
            record(writer, *said)
            catch_up(connection, limit)
            assert stood(connection).document.encode() == whole
            assert cursor.read(connection, NAME) == Cursor(len(said) - 1, -1)
            assert history.head(connection).next_position == len(said)
