"""A generation made anew beside the live one: the same profiles, a switch, one change each."""

import multiprocessing
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import date, timedelta
from uuid import UUID

import pytest
from psycopg.errors import ObjectInUse

from jejak.rebuilding import Rebuilding
from jejak_lrs import roles
from jejak_lrs.audit import catalogue
from jejak_lrs.competency.days import months_later
from jejak_lrs.competency.profile import EMPTY, canonical, digest
from jejak_lrs.database import Connection, Database, connect
from jejak_lrs.errors import Busy, Retry, Unready
from jejak_lrs.ledger import history
from jejak_lrs.projection import clock, evidence, generations, profiles, rebuild, rebuilt, switching
from jejak_lrs.projection.projecting import Projector
from jejak_lrs.projection.rebuild import Rebuild, Worker
from jejak_lrs.projection.switching import Following
from jejak_lrs.replay.gathering import fold_person
from jejak_schemas.events import Event
from jejak_schemas.parts import PersonRef
from tests import services, world
from tests.recorded import record
from tests.world import (
    PERSON,
    assessed,
    course,
    erased,
    merged,
    moved,
    passed,
    registered,
    split,
    usual,
    voided,
)

pytestmark = pytest.mark.integration

TODAY = date.today()  # noqa: DTZ011  tests record now
DAY = (TODAY - timedelta(10)).isoformat()
WHO = PERSON.person_id or UUID(int=0)
PEOPLE = [PersonRef(person_id=UUID(int=WHO.int + n)) for n in range(6)]


@pytest.fixture
def projecting(database: services.Database) -> Iterator[Connection]:
    with closing(connect(database.dsn(roles.PROJECTOR))) as connection:
        yield connection


@pytest.fixture
def rebuilding(database: services.Database) -> Iterator[Connection]:
    with closing(connect(database.dsn(roles.PROJECTOR))) as connection:
        yield connection


def catch_up(connection: Connection, today: date | None = None) -> None:
    projector = Projector()
    while projector.project(connection, 100, today):
        pass


def everybody(writer: Database) -> None:
    """A little history: people with levels and hours, a void before and one after its target."""
    tested, early = passed(DAY, learner=PEOPLE[1]), passed(DAY, learner=PEOPLE[2])
    record(
        writer, *usual(), *(registered(person=one) for one in PEOPLE), voided(early, DAY),
        *(passed(DAY, learner=one) for one in PEOPLE[3:]), tested, early,
        *(course(DAY, "c", party="lain", form="3", learner=one) for one in PEOPLE),
        voided(tested, DAY), assessed(DAY, learner=PEOPLE[0]),
    )  # fmt: skip
    writer.connection.execute(  # all but the first and the last, who are not left out for it
        "INSERT INTO person SELECT unnest(%s::uuid[]), 0", [[one.person_id for one in PEOPLE[1:-1]]]
    )


def made(connection: Connection, positions: int = 7, persons: int = 2) -> Rebuild:
    """Both phases, by one worker; it follows from now on."""
    rebuild.begin(connection, positions)
    worker = Worker(connection)
    for enter in (lambda one: rebuild.assess_next(connection, one, persons),
                  lambda one: rebuild.follow_next(connection, one)):  # fmt: skip
        while worker.work(making(connection)):
            pass
        enter(making(connection))
    return making(connection)


def making(connection: Connection) -> Rebuild:
    found = rebuild.read(connection)
    assert found is not None
    return found


def switched(connection: Connection, one: Rebuild) -> None:
    following = Following(one)
    while following.follow(connection, 3):
        pass
    assert following.switch(connection)


def restated(connection: Connection) -> None:
    while switching.restate(connection, 2) is not None:
        pass


def told(connection: Connection, after: int = -1) -> list[tuple[UUID, str, int]]:
    return [(one.person_id, one.kind, one.version)
            for one in profiles.changes(connection, after, 1_000)]  # fmt: skip


def spoil(superuser: Connection, person: UUID) -> None:
    """Let a person stand as if the projector had made a mistake: with nothing."""
    nothing = canonical(EMPTY)
    superuser.execute(
        "UPDATE profile SET document = %s, digest = %s WHERE person_id = %s",
        [nothing.decode(), digest(nothing), person],
    )


@pytest.mark.parametrize(("positions", "persons"), [(1, 1), (7, 2), (1000, 1000)])
def test_any_parts_give_the_profiles_of_the_live_stream(
    writer: Database, projecting: Connection, positions: int, persons: int
) -> None:
    everybody(writer)
    catch_up(projecting)
    one = made(projecting, positions, persons)
    assert one.generation == 2
    assert rebuilt.digest_of(projecting, 2) == rebuilt.digest_of(projecting, 1)
    live = profiles.stored(projecting, [each.person_id for each in PEOPLE if each.person_id], 1)
    anew = profiles.stored(projecting, live, 2)
    for who, was in live.items():
        assert (anew[who].document, anew[who].told, anew[who].turns_on) == (
            was.document, was.told, was.turns_on
        )  # fmt: skip


def test_any_number_of_workers_share_the_parts(
    writer: Database, projecting: Connection, database: services.Database
) -> None:
    everybody(writer)
    catch_up(projecting)
    rebuild.begin(projecting, 2)
    done = [0, 0, 0]

    def work(number: int) -> None:
        with closing(connect(database.dsn(roles.PROJECTOR))) as own:
            worker = Worker(own)
            while worker.work(making(own)):
                done[number] += 1

    for phase in ("extract", "assess"):
        threads = [threading.Thread(target=work, args=[number]) for number in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert rebuild.progress(projecting, making(projecting), phase) == rebuild.Progress(
            sum(done), sum(done)
        )  # fmt: skip
        done = [0, 0, 0]
        if phase == "extract":
            rebuild.assess_next(projecting, making(projecting), 1)
    assert rebuilt.digest_of(projecting, 2) == rebuilt.digest_of(projecting, 1)


def test_a_rebuild_that_was_killed_goes_on(
    writer: Database, projecting: Connection, database: services.Database
) -> None:
    everybody(writer)
    catch_up(projecting)
    rebuild.begin(projecting, 3)
    with closing(connect(database.dsn(roles.PROJECTOR))) as dying:
        worker = Worker(dying)
        assert worker.work(making(dying))
        dying.execute("BEGIN")
        assert worker.work(making(dying))
        pid = dying.info.backend_pid
    del pid  # closed without a commit, as by a kill: the part is to be done again
    progress = rebuild.progress(projecting, making(projecting), "extract")
    assert progress.done == 1
    worker = Worker(projecting)
    while worker.work(making(projecting)):
        pass
    rebuild.assess_next(projecting, making(projecting), 4)
    while worker.work(making(projecting)):
        pass
    assert rebuilt.digest_of(projecting, 2) == rebuilt.digest_of(projecting, 1)


def test_what_goes_on_goes_on_with_all_its_workers(
    writer: Database, projecting: Connection, database: services.Database
) -> None:
    everybody(writer)
    catch_up(projecting)
    rebuild.begin(projecting, 2)
    worker, beside = Worker(projecting), list[int]()
    parts = rebuild.progress(projecting, making(projecting), "extract").parts
    for _ in range(parts - 1):
        assert worker.work(making(projecting))
    running = Rebuilding(database.dsn(roles.PROJECTOR), projecting, workers=2)
    running.both_phases(lambda *_: beside.append(len(multiprocessing.active_children())))
    assert set(beside) == {1}


def test_a_worker_that_was_killed_is_told_and_the_same_again_goes_on(
    writer: Database, projecting: Connection, database: services.Database
) -> None:
    everybody(writer)
    catch_up(projecting)
    rebuild.begin(projecting, 2)
    running = Rebuilding(database.dsn(roles.PROJECTOR), projecting, workers=2)
    seen: list[rebuild.Progress] = []

    def kill(_phase: rebuild.Phase, progress: rebuild.Progress) -> None:
        seen.append(progress)
        for worker in multiprocessing.active_children():
            worker.kill()

    with pytest.raises(Retry, match="killed"):
        running.both_phases(kill)
    running.both_phases(lambda _phase, progress: seen.append(progress))
    assert seen[-1].done == seen[-1].parts
    assert making(projecting).phase == "follow"
    assert rebuilt.digest_of(projecting, 2) == rebuilt.digest_of(projecting, 1)


def test_postgresql_knows_how_much_there_is_of_what_is_made_anew(
    writer: Database, projecting: Connection, superuser: Connection
) -> None:
    everybody(writer)
    catch_up(projecting)
    made(projecting)
    counted = superuser.execute(
        "SELECT tablename FROM pg_stats JOIN pg_class ON relname = tablename "
        "WHERE tablename = ANY(%s) AND attname = 'person_id' AND reltuples > 0 ORDER BY tablename",
        [["evidence_g2", "profile_g2"]],
    ).fetchall()
    assert counted == [("evidence_g2",), ("profile_g2",)]


def of_merges(writer: Database) -> list[Event]:
    """Record a history of merges, with a split and an erasure; what is to come after it."""
    a, b, c, d, e, f = PEOPLE
    lone, bare = (PersonRef(person_id=UUID(int=WHO.int + n)) for n in (98, 99))
    wrong, right = merged(a, b), merged(c, d)
    record(writer, registered(person=lone), merged(bare, lone))  # else nothing is said of bare
    everybody(writer)
    end = record(writer, wrong, split(wrong, stays=a), right, passed(DAY, "b", learner=d))
    record(writer, erased(end - 1), voided(wrong, DAY))
    return [
        passed(DAY, "d", party="lain", learner=d), split(right, stays=c), merged(e, a),
        erased(end - 8), assessed(DAY, 2, learner=f),
        merged(b, e), erased(end - 6), moved(DAY, person=f, home_agency="4011"),
    ]  # fmt: skip


@pytest.mark.parametrize(("positions", "persons"), [(1, 1), (9, 3), (1000, 1000)])
def test_merges_splits_and_erasures_come_out_alike_with_live_traffic_meanwhile(
    writer: Database, projecting: Connection, rebuilding: Connection,
    positions: int, persons: int,
) -> None:  # fmt: skip
    """Whatever comes between the parts."""
    coming = iter(of_merges(writer))

    def live() -> bool:
        """One more event is recorded and folded by the live stream."""
        event = next(coming, None)
        if event is not None:
            record(writer, event)
            catch_up(projecting)
        return event is not None

    catch_up(projecting)
    rebuild.begin(rebuilding, positions)
    for enter in (lambda one: rebuild.assess_next(rebuilding, one, persons),
                  lambda one: rebuild.follow_next(rebuilding, one)):  # fmt: skip
        worker = Worker(rebuilding)
        while worker.work(making(rebuilding)):
            live()
        enter(making(rebuilding))
    following = Following(making(rebuilding))
    while live() or following.follow(rebuilding, 2):
        following.follow(rebuilding, 2)
    catch_up(projecting)
    before, anew = documents(projecting, 1), documents(projecting, 2)
    assert len(before) == 5
    assert anew == before
    last = profiles.last_change(projecting)
    assert following.switch(rebuilding)
    restated(rebuilding)
    assert told(projecting, last) == []
    head = len(history.records(projecting, -1, 10_000)) - 1
    for who, document in before.items():
        assert canonical(fold_person(projecting, who, head)).decode() == document


def documents(connection: Connection, generation: int) -> dict[UUID, str]:
    """Everybody's profile in a generation, without those of nothing."""
    rows = connection.execute(
        "SELECT person_id, document FROM profile WHERE generation = %s", [generation]
    ).fetchall()
    return {who: document for who, document in rows if document != canonical(EMPTY).decode()}


def test_only_one_process_leads(projecting: Connection, rebuilding: Connection) -> None:
    assert rebuild.lead(projecting)
    assert not rebuild.lead(rebuilding)


def test_it_follows_what_is_recorded_meanwhile_and_switches_at_one_place(
    writer: Database, projecting: Connection, rebuilding: Connection
) -> None:
    everybody(writer)
    catch_up(projecting)
    one = made(rebuilding)
    end = record(writer, passed(DAY, "b", learner=PEOPLE[0]), world.accredited("baru"))
    following = Following(one)
    while following.follow(rebuilding, 100):
        pass
    assert making(rebuilding).position < end - 1  # never past the projector
    catch_up(projecting)
    assert not following.switch(rebuilding)
    while following.follow(rebuilding, 100):
        pass
    assert following.switch(rebuilding)
    assert generations.read(projecting).active == 2
    assert rebuild.read(projecting) is None
    assert rebuilt.digest_of(projecting, 2) == rebuilt.digest_of(projecting, 1)


def test_nobody_is_told_of_a_rebuild_that_changes_nothing(
    writer: Database, projecting: Connection
) -> None:
    everybody(writer)
    catch_up(projecting)
    before = told(projecting)
    switched(projecting, made(projecting))
    restated(projecting)
    assert told(projecting) == before
    assert not generations.read(projecting).restating


def test_whoever_differs_is_restated_once_and_back_again_by_a_rollback(
    writer: Database,
    projecting: Connection,
    superuser: Connection,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rebuilt, "_PAGE", 1)  # so that whoever differs is not in the first one
    everybody(writer)
    catch_up(projecting)
    true = profiles.stored(projecting, [WHO])[WHO]
    spoil(superuser, WHO)
    wrong = profiles.stored(projecting, [WHO])[WHO]
    last = profiles.last_change(projecting)
    one = made(projecting)
    report = rebuilt.report(projecting, 1, 2)
    assert (report.differ, report.some[0].person_id) == (1, WHO)
    assert report.up["LevelChanged"] == 2
    assert not report.down["LevelChanged"]
    switched(projecting, one)
    assert told(projecting, last) == []
    restated(projecting)
    anew = profiles.stored(projecting, [WHO])[WHO]
    assert (anew.document, anew.version) == (true.document, wrong.version + 1)
    kinds = [(WHO, "ProfileRestated", anew.version), (WHO, "ProfileState", anew.version),
             (WHO, "PersonJoined", anew.version)]  # fmt: skip
    assert set(told(projecting, last)) <= set(kinds)
    (restating,) = [c for c in profiles.changes(projecting, last, 99) if c.kind == kinds[0][1]]
    assert restating.content == {"before": wrong.digest, "after": true.digest}
    assert restating.agencies == ["2060"]
    last = profiles.last_change(projecting)
    assert switching.roll_back(projecting) == 1
    restated(projecting)
    back = profiles.stored(projecting, [WHO])[WHO]
    assert (back.digest, back.version) == (wrong.digest, anew.version + 1)
    assert (WHO, "ProfileRestated", back.version) in told(projecting, last)


def test_whoever_is_folded_before_their_turn_is_restated_first(
    writer: Database, projecting: Connection, superuser: Connection
) -> None:
    everybody(writer)
    catch_up(projecting)
    spoil(superuser, WHO)
    switched(projecting, made(projecting))
    last = profiles.last_change(projecting)
    record(writer, world.certificate(DAY))
    catch_up(projecting)
    kinds = [kind for who, kind, _ in told(projecting, last) if who == WHO]
    assert kinds.index("ProfileRestated") < kinds.index("CertificateChanged")
    restated(projecting)
    assert [kind for _, kind, _ in told(projecting, last)].count("ProfileRestated") == 1


def test_the_kept_generation_is_fed_on_silently(writer: Database, projecting: Connection) -> None:
    everybody(writer)
    catch_up(projecting)
    switched(projecting, made(projecting))
    restated(projecting)
    record(
        writer, passed(DAY, "b", learner=PEOPLE[5]), registered(person=world.ASSESSOR),
        world.offering("e"), *world.aligned("a", 2),
    )  # fmt: skip
    catch_up(projecting)
    catch_up(projecting, months_later(TODAY, 25))
    assert rebuilt.digest_of(projecting, 2) == rebuilt.digest_of(projecting, 1)
    changes = profiles.changes(projecting, -1, 1_000)
    assert len({one.change_id for one in changes}) == len(changes)
    last = profiles.last_change(projecting)
    switching.roll_back(projecting)
    restated(projecting)
    assert told(projecting, last) == []
    versions = {}
    record(writer, course(DAY, "a", form="3", learner=PEOPLE[5]))
    catch_up(projecting)
    for who, _, version in told(projecting):
        assert version >= versions.setdefault(who, 0)
        versions[who] = version


def test_a_move_that_the_rebuild_finds_is_routed(
    writer: Database, projecting: Connection, superuser: Connection
) -> None:
    everybody(writer)
    record(writer, moved(DAY, home_agency="4011", working_agency="4011"))
    catch_up(projecting)
    superuser.execute("UPDATE profile SET home = '2060', working = '2060'")
    last = profiles.last_change(projecting)
    switched(projecting, made(projecting))
    restated(projecting)
    assert [kind for _, kind, _ in told(projecting, last)] == [
        "PersonLeft", "PersonJoined", "ProfileState"
    ]  # fmt: skip


def test_a_day_that_comes_between_is_told_once(writer: Database, projecting: Connection) -> None:
    everybody(writer)
    catch_up(projecting)
    one = made(projecting)
    catch_up(projecting, months_later(date.fromisoformat(DAY), 24))
    last = profiles.last_change(projecting)
    switched(projecting, one)
    restated(projecting)
    catch_up(projecting, clock.day(projecting))
    assert told(projecting, last) == []


def test_what_is_kept_is_dropped_and_a_rebuild_given_up(
    writer: Database, projecting: Connection
) -> None:
    everybody(writer)
    catch_up(projecting)
    switched(projecting, made(projecting))
    with pytest.raises(Unready, match="still being told"):
        switching.drop_kept(projecting)
    restated(projecting)
    switching.drop_kept(projecting)
    assert generations.read(projecting).kept is None
    assert profiles.stored(projecting, [WHO], 1) == {}
    assert evidence.of_people(projecting, 1, [WHO], 10**9) == {}
    with pytest.raises(Unready, match="no generation is kept"):
        switching.roll_back(projecting)
    one = made(projecting)
    assert one.generation == 3
    switching.give_up(projecting, one)
    assert profiles.stored(projecting, [WHO], 3) == {}
    assert rebuild.read(projecting) is None


def tables_of(connection: Connection, generation: int) -> list[bool]:
    """Whether there is a table of its evidence, and of its profiles."""
    names = [f"{whole}_g{generation}" for whole in ("evidence", "profile")]
    found = connection.execute(
        "SELECT to_regclass(name) IS NOT NULL FROM unnest(%s::text[]) AS name", [names]
    )
    return [there for (there,) in found]


def test_each_generation_has_its_tables_and_an_audit_knows_them(
    writer: Database, projecting: Connection
) -> None:
    everybody(writer)
    catch_up(projecting)
    made(projecting)
    assert [tables_of(projecting, one) for one in (1, 2, 3)] == [[True] * 2] * 2 + [[False] * 2]
    assert catalogue.compare(projecting).differences == ()
    for used in (1, 2):
        with pytest.raises(ObjectInUse):
            projecting.execute("SELECT projection_drop(%s)", [used])


def test_room_is_made_while_somebody_writes(
    writer: Database, projecting: Connection, rebuilding: Connection
) -> None:
    everybody(writer)
    catch_up(projecting)
    rebuilding.execute("SET lock_timeout = '5s'")
    with projecting.transaction():
        projecting.execute("UPDATE evidence SET kind = kind")
        projecting.execute("UPDATE profile SET version = version")
        assert rebuild.begin(rebuilding).generation == 2


def test_a_generation_goes_when_nobody_reads_for_long(
    writer: Database,
    projecting: Connection,
    rebuilding: Connection,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    everybody(writer)
    catch_up(projecting)
    one = made(projecting)
    monkeypatch.setattr(switching, "_ATTEMPTS", 1)
    monkeypatch.setattr(switching, "_PAUSE_SECONDS", 0)
    with projecting.transaction():
        projecting.execute("SELECT FROM profile")
        with pytest.raises(Busy, match="reads"):
            switching.give_up(rebuilding, one)
    switching.drop_leftovers(rebuilding)
    assert [tables_of(projecting, one) for one in (1, 2)] == [[True] * 2, [False] * 2]


def test_an_empty_ledger_is_not_rebuilt(projecting: Connection) -> None:
    with pytest.raises(Unready):
        rebuild.begin(projecting)
