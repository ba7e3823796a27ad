"""Merged, split, claimed, separated, restructured: what the projector makes of it on a real ledger.

What a merge is, is tested in tests/unit/test_competency_people.py.
"""

import random
from collections.abc import Iterator
from contextlib import closing
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jejak_lrs import outbox, roles
from jejak_lrs.audit import check
from jejak_lrs.competency.assess import assess
from jejak_lrs.competency.lookups import levels_on
from jejak_lrs.competency.profile import EMPTY, canonical, parse
from jejak_lrs.database import Connection, Database, connect
from jejak_lrs.ledger import references
from jejak_lrs.projection import kinship, profiles
from jejak_lrs.replay.gathering import fold_person
from jejak_schemas.events import Event, PersonMerged
from jejak_schemas.parts import PersonRef
from tests import services, world
from tests.integration import test_recorder as recording
from tests.integration.test_projection import catch_up, recent, stood, today, told
from tests.recorded import record
from tests.world import merged, passed, registered, restructured, rostered, separated, split, usual

pytestmark = pytest.mark.integration

A, B, C = (
    PersonRef(person_id=UUID(f"01900000-0000-7000-8000-00000000000{number}")) for number in "123"
)


def id_of(person: PersonRef) -> UUID:
    assert person.person_id is not None
    return person.person_id


@pytest.fixture
def projecting(database: services.Database) -> Iterator[Connection]:
    """The projector's own connection."""
    with closing(connect(database.dsn(roles.PROJECTOR))) as connection:
        yield connection


def replayed(connection: Connection, person: PersonRef) -> str:
    one = stood(connection, person.person_id)
    return canonical(fold_person(connection, one.person_id, one.assessed_to)).decode()


def of_two() -> list[Event]:
    """One person under two ids: A at 2060, B at 4011 before; a test each, of two providers."""
    return [
        registered("2020-01-01", person=B, home_agency="4011", working_agency="4011"),
        registered(recent(100), person=A),
        passed(recent(30), learner=B),
        passed(recent(20), "c", party="lain", learner=A),
    ]


def heard(connection: Connection, after: int = 0) -> list[tuple[object, ...]]:
    return [
        (one.kind, one.person_id, one.agencies, one.because_rule)
        for one in told(connection)[after:]
    ]


def test_a_merge_gives_one_profile_and_takes_the_other_away(
    writer: Database, projecting: Connection
) -> None:
    record(writer, *usual(), *of_two())
    catch_up(projecting)
    said, version = len(told(projecting)), stood(projecting, B.person_id).version
    record(writer, merged(A, B))
    catch_up(projecting)
    one, gone = stood(projecting, A.person_id), stood(projecting, B.person_id)
    profile = parse(one.document)
    assert levels_on(profile, today())[world.INTEGRITY].indicated == 4
    assert [each.home for each in profile.postings] == ["4011", "2060"]
    assert (gone.document, gone.home) == (canonical(EMPTY).decode(), None)
    assert gone.version == version + 1
    assert heard(projecting, said) == [
        ("PersonLeft", B.person_id, ["4011"], "rule-13"),
        ("ProfileState", B.person_id, [], "rule-13"),  # for figures; nobody is told
        ("LevelChanged", A.person_id, ["2060"], "rule-13"),
        ("ProfileState", A.person_id, ["2060"], "rule-13"),
    ]
    assert replayed(projecting, A) == one.document
    assert replayed(projecting, B) == gone.document


def test_a_split_gives_both_profiles_back(writer: Database, projecting: Connection) -> None:
    record(writer, *usual(), *of_two())
    catch_up(projecting)
    before = [stood(projecting, who.person_id) for who in (A, B)]
    merge = merged(A, B)
    record(writer, merge)
    catch_up(projecting)
    said = len(told(projecting))
    record(writer, split(merge, stays=A))
    catch_up(projecting)
    after = [stood(projecting, who.person_id) for who in (A, B)]
    assert [one.document for one in after] == [one.document for one in before]
    assert [one.version for one in after] == [one.version + 2 for one in before]
    assert [kind for kind, who, *_ in heard(projecting, said) if who == B.person_id] == [
        "PersonJoined", "LevelChanged", "ProfileState",
    ]  # fmt: skip
    assert [replayed(projecting, who) for who in (A, B)] == [one.document for one in after]


def test_what_is_said_of_the_absorbed_later_is_the_other_ones(
    writer: Database, projecting: Connection
) -> None:
    record(writer, *usual(), merged(A, B), registered(recent(100), person=A))
    catch_up(projecting, 1)
    record(writer, passed(recent(), learner=B))
    catch_up(projecting)
    profile = parse(stood(projecting, A.person_id).document)
    assert levels_on(profile, today())[world.INTEGRITY].indicated == 3
    assert profiles.stored(projecting, [id_of(B)]) == {}
    assert replayed(projecting, A) == stood(projecting, A.person_id).document


def test_a_merge_that_changes_no_profile_tells_the_state_anew(
    writer: Database, projecting: Connection
) -> None:
    """The agency learns by which references it knows the person."""
    record(writer, *usual(), registered(recent(100), person=A))
    catch_up(projecting)
    before, said = stood(projecting, A.person_id), len(told(projecting))
    record(writer, merged(A, B))
    catch_up(projecting)
    after = stood(projecting, A.person_id)
    assert (after.digest, after.version) == (before.digest, before.version + 1)
    assert [kind for kind, *_ in heard(projecting, said)] == ["ProfileState"]


def test_a_person_is_known_by_every_nip_of_every_id(
    writer: Database, projecting: Connection, superuser: Connection, database: services.Database
) -> None:
    record(writer, *usual(), *of_two(), merged(A, B))
    catch_up(projecting)
    first, second = "198501012009011001", "198501012009011002"
    superuser.execute("SET session_replication_role = replica")
    for nip, who in ((first, A), (second, B)):
        superuser.execute(
            "INSERT INTO person_alias (kind, value, person_id, salt, since, statement_id) "
            "VALUES ('nip', %s, %s, %s, '2020-01-01', %s)",
            [nip, who.person_id, b"0" * 16, who.person_id],
        )
    with closing(connect(database.dsn(roles.PUBLISHER))) as publisher:
        assert outbox.nips_of(publisher, [id_of(A), id_of(B)]) == {
            id_of(A): (first, second), id_of(B): (second,)
        }  # fmt: skip


def test_two_numbers_seen_apart_are_one_once_bkn_says_so_by_number(
    house: recording.House, database: services.Database
) -> None:
    """Several NIPs over a life, each first seen by itself: as a PPPK, and as a PNS after."""
    old, new = recording.OTHER_NIP, recording.NIP
    house.send(recording.completed(old))
    house.send(recording.registered(new))
    house.settle()
    merge = PersonMerged(
        occurred_at=recording.NOW, party="bkn", person=PersonRef(nip=new),
        absorbed=PersonRef(nip=old),
    )  # fmt: skip
    house.send(merge)
    house.settle()
    stays = house.records()[-1].person_id
    assert stays is not None
    with (
        closing(connect(database.dsn(roles.PROJECTOR))) as projecting,
        closing(connect(database.dsn(roles.PUBLISHER))) as publishing,
    ):
        catch_up(projecting)
        (gone,) = {one.person_id for one in house.records()} - {stays, None}
        assert kinship.persons(projecting, [gone]).stays(gone) == stays
        assert kinship.persons_at(projecting, [gone], 10**9).stays(gone) == stays
        one = stood(projecting, stays)
        assert one.home is not None
        assert set(outbox.nips_of(publishing, [stays])[stays]) == {old, new}
        assert parse(stood(projecting, gone).document) == EMPTY


def test_whom_a_merged_assessor_assessed_is_folded_anew(
    writer: Database, projecting: Connection
) -> None:
    strict = world.rules(world.document(("3 = 6000", "3 = 15000")), "2016-01-01", "2016.1")
    record(
        writer, *usual(), strict, registered(recent(100), person=A),
        world.assessed(recent(20), learner=A, assessor=B),
        world.assessed(recent(10), learner=A, assessor=C),
    )  # fmt: skip
    catch_up(projecting)
    held = parse(stood(projecting, A.person_id).document)
    assert levels_on(held, today())[world.INTEGRITY].indicated == 3
    record(writer, merged(C, B))
    catch_up(projecting)
    now = parse(stood(projecting, A.person_id).document)
    assert levels_on(now, today())[world.INTEGRITY].indicated == 2
    assert replayed(projecting, A) == stood(projecting, A.person_id).document


def test_an_agency_that_claims_a_person_is_told_until_bkn_speaks(
    writer: Database, projecting: Connection
) -> None:
    record(writer, *usual(), rostered("2060", recent(50), person=A), passed(recent(9), learner=A))
    catch_up(projecting)
    assert stood(projecting, A.person_id).home == "2060"
    record(writer, rostered("4011", recent(40), person=A))
    catch_up(projecting)
    assert stood(projecting, A.person_id).home is None
    record(writer, registered(recent(30), person=A, home_agency="4011", working_agency="4011"))
    catch_up(projecting)
    assert stood(projecting, A.person_id).home == "4011"
    moves = [(one.kind, one.agencies) for one in told(projecting) if one.kind.startswith("Person")]
    assert moves == [
        ("PersonJoined", ["2060"]), ("PersonLeft", ["2060"]), ("PersonJoined", ["4011"])
    ]  # fmt: skip


def test_who_left_the_service_leaves_their_agencies(
    writer: Database, projecting: Connection
) -> None:
    record(writer, *usual(), registered(recent(50), person=A), separated(recent(5), person=A))
    catch_up(projecting)
    assert stood(projecting, A.person_id).home is None
    assert [one.kind for one in told(projecting) if one.agencies][-1] == "PersonLeft"


def test_a_restructured_agencys_people_go_to_its_successor(
    writer: Database, projecting: Connection
) -> None:
    record(
        writer, *usual(), registered(recent(50), person=A),
        registered(recent(50), person=B, home_agency="2060", working_agency="4011"),
        registered(recent(50), person=C, home_agency="4011", working_agency="4011"),
    )  # fmt: skip
    catch_up(projecting)
    untouched = stood(projecting, C.person_id)
    record(writer, restructured("2060", "2070", since=recent(5)))
    catch_up(projecting)
    homes = [(stood(projecting, who.person_id)) for who in (A, B)]
    assert [(one.home, one.working) for one in homes] == [("2070", "2070"), ("2070", "4011")]
    assert stood(projecting, C.person_id) == untouched
    assert [replayed(projecting, who) for who in (A, B)] == [one.document for one in homes]


class TestAnyOrder:
    """Records in any order and any batches give the profile of one person from the start."""

    @given(st.randoms(use_true_random=False), st.integers(1, 9))
    @settings(
        max_examples=6, deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )  # fmt: skip
    def test_of_merges(
        self, template: services.Database, chance: random.Random, limit: int
    ) -> None:
        wrong, right = merged(B, C), merged(A, B)
        said: list[Any] = [
            *usual(), *of_two(), wrong, split(wrong, stays=B), right,
            passed(recent(9), "b", learner=C), world.assessed(recent(8), learner=B, assessor=C),
        ]  # fmt: skip
        one = [_as_one(each) for each in said if getattr(each, "learner", None) != C]
        whole = canonical(assess(world.facts(one), world.registry(said))).decode()
        chance.shuffle(said)
        with (
            services.copied(template) as own,
            closing(Database(own.dsn(roles.WRITER))) as writer,
            closing(connect(own.dsn(roles.PROJECTOR))) as connection,
        ):
            record(writer, *said)
            catch_up(connection, limit)
            assert stood(connection, A.person_id).document == whole
            for who in (A, B, C):
                found = profiles.stored(connection, [id_of(who)])
                if found:
                    assert replayed(connection, who) == found[id_of(who)].document
            assert kinship.persons(connection, [id_of(B)]).stays(id_of(B)) == A.person_id


def _as_one(said: Event) -> Event:
    """What was said of B, as of A."""
    named = {name: A for name in ("learner", "person") if getattr(said, name, None) == B}
    return said.model_copy(update=named)


def test_an_audit_knows_what_merges_and_splits_act_on(
    writer: Database, database: services.Database
) -> None:
    merge = merged(A, B)
    record(writer, merge, split(merge, stays=A))
    with closing(connect(database.dsn(roles.AUDITOR))) as auditor:
        assert [one.what for one in check.check(auditor).differences] == []


def test_a_ledger_of_before_is_given_what_merges_and_splits_act_on(
    writer: Database, superuser: Connection, database: services.Database
) -> None:
    merge = merged(A, B)
    record(writer, merge, split(merge, stays=A))
    everything = "SELECT * FROM statement_reference ORDER BY position"
    kept = superuser.execute(everything).fetchall()
    superuser.execute("ALTER TABLE statement_reference DISABLE TRIGGER append_only")
    superuser.execute("DELETE FROM statement_reference")
    superuser.execute("ALTER TABLE statement_reference ENABLE ALWAYS TRIGGER append_only")
    with superuser.transaction():
        superuser.execute("SET LOCAL ROLE jejak_owner")
        assert references.complete(superuser) == len(kept) == 2
    assert superuser.execute(everything).fetchall() == kept
    with closing(connect(database.dsn(roles.AUDITOR))) as auditor:
        assert [one.what for one in check.check(auditor).differences] == []
