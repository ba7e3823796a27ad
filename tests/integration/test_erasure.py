"""Erasure: what an agency and the archive approved is gone everywhere, and only that."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from uuid import UUID

import psycopg
import pytest
from kafka import KafkaProducer
from psycopg import sql
from psycopg.errors import InsufficientPrivilege, RestrictViolation

from jejak import cli
from jejak.cli import erasing
from jejak.errors import Refuse
from jejak.home import Home
from jejak.kafka_admin import Topic, connected
from jejak.loops import finisher
from jejak.services import Services
from jejak_consumers import system
from jejak_lrs import database, dictionaries, errors
from jejak_lrs.audit.check import Report, check
from jejak_lrs.competency.profile import EMPTY, canonical
from jejak_lrs.database import Connection
from jejak_lrs.erasure import act, approval, retention, selection
from jejak_lrs.erasure.approval import Choice
from jejak_lrs.ledger import history
from jejak_lrs.projection import profiles
from jejak_lrs.projection.projecting import Projector
from jejak_lrs.replay.gathering import fold_person
from jejak_schemas import kafka_python, topics
from jejak_schemas.events import (
    AssessmentFailed,
    CertificateEarned,
    DestructionApproved,
    RetentionPublished,
    StatementVoided,
)
from jejak_schemas.parts import Certificate, Institution, PersonRef
from tests import services
from tests.integration.test_audit import THIRD_NIP
from tests.integration.test_recorder import NIP, NOW, OTHER_NIP, House, completed, registered

pytestmark = pytest.mark.integration

AGENCY = Institution(code="2060", name="Setneg", roles=("agency",))
ARCHIVE = Institution(code="anri", name="ANRI", roles=("anri",))
RIVAL = Institution(code="4011", name="Kemenkeu", roles=("agency",))
SECRET = "Rahasia Negara 7731"  # what must be nowhere in the end
COMPETENCY = "https://panrb.go.id/M.01"
DECISION = "KEP-12/2026"


def secret_course(nip: str = NIP, **more: object) -> object:
    activity = {"id": "https://pusdiklat.go.id/k/rahasia-7731", "name": {"id": SECRET}}
    return completed(nip, activity=activity, **more)


def certificate(nip: str = NIP) -> CertificateEarned:
    return CertificateEarned(
        occurred_at=NOW - timedelta(days=2),
        party="pusdiklat",
        learner=PersonRef(nip=nip),
        certificate=Certificate(number=SECRET, issued_on=NOW.date()),
    )


def approve(house: House, party: str = AGENCY.code, **chosen: object) -> None:
    house.send(
        DestructionApproved.model_validate(
            {
                "occurred_at": NOW, "party": party, "decision": DECISION,
                "decided_on": NOW.date(), "anri_consent": "B-77/ANRI/2026", "basis": "request",
            } | chosen
        )
    )  # fmt: skip
    house.settle()


@pytest.fixture
def house(database: services.Database) -> Iterator[House]:
    """One person of the agency, with a secret course and an open one; another person."""
    made = House(database, [AGENCY, RIVAL, ARCHIVE])
    for sent in (registered(NIP), registered(OTHER_NIP)):
        made.send(sent)
    made.settle()
    first = secret_course()
    for sent in (first, completed(), certificate(), completed(OTHER_NIP)):
        made.send(sent)
    made.settle()
    made.send(secret_course(event_id=first.event_id, duration=7))  # a conflict: kept in quarantine
    made.inbox.deliver("pusdiklat", b"rusak", NIP.encode())  # nobody's record: it stays
    made.settle()
    yield made
    made.ledger.close()


@pytest.fixture
def reading(house: House) -> Iterator[Connection]:
    with closing(database.connect(house.own.dsn("jejak_reader"))) as connection:
        yield connection


@pytest.fixture
def eraser(house: House) -> Iterator[Connection]:
    with closing(database.connect(house.own.dsn("jejak_eraser"))) as connection:
        yield connection


def project(house: House) -> None:
    with closing(database.connect(house.own.dsn("jejak_projector"))) as connection:
        projector = Projector()
        while projector.project(connection, 3):
            pass


def audited(house: House) -> Report:
    with closing(database.connect(house.own.dsn("jejak_auditor"))) as connection:
        return check(connection)


def chosen(reading: Connection, within: Choice = Choice()) -> selection.Selection:  # noqa: B008
    [approved] = approval.approvals(reading, DECISION)
    return selection.select(reading, approved, within)


def order(house: House, reading: Connection, positions: list[int]) -> int:
    [approved] = approval.approvals(reading, DECISION)
    system.order_erasure(
        house.ledger, finisher(), approved.statement_id, positions, AGENCY.code, NOW
    )
    return act.orders(reading)[-1].position


def person_of(reading: Connection, nip: str) -> UUID:
    found = reading.execute("SELECT person_id FROM person_alias WHERE value = %s", [nip]).fetchone()
    assert found is not None
    return UUID(str(found[0]))


def positions_of(reading: Connection, nip: str, *types: str) -> list[int]:
    records = history.records_of_person(reading, person_of(reading, nip), -1, 100)
    return [one.position for one in records if one.event_type in types]


LEARNT = ("CourseCompleted", "CertificateEarned")


def dump(own: services.Database) -> bytes:
    """Every table of the database, unpacked statements included."""
    unpack, found = dictionaries.unpacker().unpack, []
    with closing(psycopg.connect(own.superuser_dsn, autocommit=True)) as connection:
        tables = connection.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace "
            "AND relkind = 'r'"
        ).fetchall()
        for (table,) in tables:
            query = sql.SQL("COPY {} TO STDOUT (FORMAT binary)").format(sql.Identifier(table))
            with connection.cursor().copy(query) as copy:
                found += [bytes(row) for row in copy]
        packed = connection.execute("SELECT payload FROM record WHERE payload IS NOT NULL")
        found += [unpack(payload) for (payload,) in packed]
    return b"\n".join(found)


def test_what_is_approved_is_chosen_and_nobody_elses(house: House, reading: Connection) -> None:
    approve(house, person=PersonRef(nip=NIP))
    found = chosen(reading)
    assert found.positions == positions_of(reading, NIP, *LEARNT)
    assert found.whole
    assert sum(found.classes.values()) == len(found.positions)
    assert chosen(reading, Choice(types=frozenset({"CertificateEarned"}))).positions == (
        positions_of(reading, NIP, "CertificateEarned")
    )


def test_a_schedule_chooses_by_type_and_days(house: House, reading: Connection) -> None:
    day = (NOW - timedelta(days=3)).date()
    approve(house, types=("CourseCompleted",), since=day, until=day)
    assert chosen(reading).positions == sorted(
        positions_of(reading, NIP, "CourseCompleted")
        + positions_of(reading, OTHER_NIP, "CourseCompleted")
    )


def test_another_agencys_approval_chooses_nothing(house: House, reading: Connection) -> None:
    wanted = history.records(house.ledger.connection, -1, 100)
    secret = [one.statement_id for one in wanted if one.event_type == "CertificateEarned"]
    approve(house, RIVAL.code, person=PersonRef(nip=NIP))
    found = chosen(reading, Choice(statements=frozenset(secret)))
    assert found.positions == []
    assert found.foreign == positions_of(reading, NIP, "CertificateEarned")
    assert not found.whole


def test_who_is_no_agency_approves_nothing(house: House, reading: Connection) -> None:
    approve(house, "pusdiklat", person=PersonRef(nip=NIP))
    assert approval.approvals(reading, DECISION) == []


@pytest.mark.parametrize("end", ["target", "acting"])
def test_a_void_and_its_target_go_together_or_not_at_all(
    house: House, reading: Connection, end: str
) -> None:
    target = completed()
    void = StatementVoided(
        occurred_at=NOW, party="pusdiklat", target=target.event_id, reason="salah"
    )
    for sent in (target, void):
        house.send(sent)
        house.settle()
    ids = {"target": target.event_id, "acting": void.event_id}
    approve(house, statements=(ids[end],))
    found = chosen(reading)
    places = history.whereabouts(reading, ids.values())
    assert found.positions == [places[ids[end]][0]]
    assert [(tie.acting, tie.target) for tie in found.torn] == [
        (places[void.event_id][0], places[target.event_id][0])
    ]
    approve(house, decision="lengkap", statements=tuple(ids.values()))
    [whole] = approval.approvals(reading, "lengkap")
    assert selection.select(reading, whole, Choice()).whole


def test_a_failure_goes_with_what_it_closed(house: House, reading: Connection) -> None:
    named = ({"id": COMPETENCY, "claimed_level": 3},)
    before = completed(competencies=named)
    failed = AssessmentFailed.model_validate(
        {
            "occurred_at": NOW, "party": "pusdiklat", "learner": PersonRef(nip=NIP),
            "activity": before.activity, "competencies": named,
        }
    )  # fmt: skip
    for sent in (before, failed):
        house.send(sent)
        house.settle()
    approve(house, statements=(failed.event_id,))
    assert len(chosen(reading).torn) == 1


def test_the_erased_text_is_nowhere_in_a_full_dump(
    house: House, reading: Connection, eraser: Connection
) -> None:
    project(house)
    approve(house, person=PersonRef(nip=NIP))
    positions = chosen(reading).positions
    assert SECRET.encode() in dump(house.own)
    ordered = order(house, reading, positions)
    project(house)
    assert act.erase(eraser, ordered) == len(positions)
    found = dump(house.own)
    assert SECRET.encode() not in found
    assert b"rahasia-7731" not in found
    assert b"rusak" in found
    assert audited(house).differences == ()


def test_everything_else_stands_as_it_did(
    house: House, reading: Connection, eraser: Connection
) -> None:
    project(house)
    approve(house, person=PersonRef(nip=NIP))
    before = {one.position: one for one in history.records(reading, -1, 100)}
    positions = chosen(reading).positions
    act.erase(eraser, order(house, reading, positions))
    for position, record in before.items():
        now = history.record_at(reading, position)
        assert now is not None
        if position not in positions:
            assert now == record
            continue
        assert now.payload is now.salt is now.content_tag is now.person_id is now.activity is None
        for kept in ("statement_id", "stored", "occurred_at", "event_type", "commitment", "source"):
            assert getattr(now, kept) == getattr(record, kept)


def test_profiles_are_folded_anew_and_equal_a_replay(
    house: House, reading: Connection, eraser: Connection
) -> None:
    project(house)
    person = person_of(reading, NIP)
    approve(house, person=PersonRef(nip=NIP))
    ordered = order(house, reading, chosen(reading).positions)
    project(house)
    stood = profiles.stored(reading, [person])[person]
    for _ in range(2):  # between the order and the act, and after it
        replayed = fold_person(reading, person, stood.assessed_to)
        assert canonical(replayed).decode() == stood.document
        act.erase(eraser, ordered)
    kinds = {one.kind for one in profiles.changes(reading, -1, 1_000) if one.person_id == person}
    assert kinds <= {"ProfileState", "PersonJoined", "PersonLeft"}


def test_an_order_is_carried_out_once_however_often_it_is_asked(
    house: House, reading: Connection, eraser: Connection
) -> None:
    approve(house, person=PersonRef(nip=NIP))
    positions = chosen(reading).positions
    ordered = order(house, reading, positions)
    assert [(one.position, one.named, one.left) for one in act.orders(reading)] == [
        (ordered, len(positions), len(positions))
    ]
    assert audited(house).sound  # ordered and not done yet: a crash between the two
    assert [act.erase(eraser, ordered) for _ in range(2)] == [len(positions), 0]
    assert act.orders(reading)[0].left == 0
    assert chosen(reading).positions == []


def test_a_message_sent_again_after_erasure_is_a_duplicate_and_kept_nowhere(
    house: House, reading: Connection, eraser: Connection
) -> None:
    sent = secret_course()
    house.send(sent)
    house.settle()
    approve(house, person=PersonRef(nip=NIP))
    act.erase(eraser, order(house, reading, chosen(reading).positions))
    again = house.send(sent)
    house.settle()
    assert house.outcome(again)[0] == "duplicate"


def test_nobody_but_the_eraser_erases_and_the_eraser_only_what_is_ordered(
    house: House, reading: Connection, eraser: Connection
) -> None:
    approve(house, person=PersonRef(nip=NIP))
    ordered = order(house, reading, chosen(reading).positions)
    for role in ("writer", "reader", "auditor", "projector", "publisher", "migrator"):
        with (
            closing(database.connect(house.own.dsn(f"jejak_{role}"))) as connection,
            pytest.raises((errors.Broken, InsufficientPrivilege)),
        ):
            act.erase(connection, ordered)
    with pytest.raises(errors.Broken):
        act.erase(eraser, 3)  # no order stands there
    with pytest.raises(InsufficientPrivilege):
        eraser.execute("UPDATE record SET payload = NULL")
    with closing(psycopg.connect(house.own.superuser_dsn, autocommit=True)) as superuser:
        with pytest.raises(RestrictViolation):
            superuser.execute("UPDATE record SET payload = NULL WHERE position = 9")
        # Even the owner's rights do not give the eraser more than what is ordered.
        superuser.execute("GRANT UPDATE ON record TO jejak_eraser")
        superuser.execute("ALTER FUNCTION ledger_is_erasing() SET search_path = pg_catalog")
        superuser.execute(
            "CREATE OR REPLACE FUNCTION ledger_is_erasing() RETURNS boolean RETURN true"
        )
    for change in ("party = 'x'", "payload = NULL", "payload = NULL, salt = NULL"):
        with pytest.raises(RestrictViolation):
            eraser.execute(f"UPDATE record SET {change} WHERE position = {ordered - 1}")


def test_what_a_superuser_erases_without_an_order_is_found(house: House) -> None:
    with closing(psycopg.connect(house.own.superuser_dsn, autocommit=True)) as superuser:
        superuser.execute("ALTER TABLE erasure DISABLE TRIGGER ALL")
        superuser.execute("INSERT INTO erasure VALUES (9, 10)")
        superuser.execute("ALTER TABLE erasure ENABLE ALWAYS TRIGGER append_only")
    assert [one.where for one in audited(house).differences] == ["erasure of record 9"]


_ORDER_AND_DIE = """
import sys
from datetime import UTC, datetime
from uuid import UUID
from jejak import cli
from jejak.cli import erasing
from jejak.errors import Refuse
from jejak.kafka_admin import Topic, connected
from jejak.loops import finisher
from jejak.services import Services
from jejak_consumers import system
from jejak_lrs import database, failpoint
failpoint.arm(failpoint.parse("append.after-commit"))
writer = database.Database(sys.stdin.readline().strip())
target, *positions = sys.argv[1:]
system.order_erasure(writer, finisher(), UUID(target), [int(p) for p in positions], "2060",
                     datetime.now(UTC))
"""


def test_a_crash_between_order_and_act_is_made_good_later(
    house: House, reading: Connection, eraser: Connection
) -> None:
    approve(house, person=PersonRef(nip=NIP))
    positions = chosen(reading).positions
    [approved] = approval.approvals(reading, DECISION)
    died = subprocess.run(
        [sys.executable, "-c", _ORDER_AND_DIE, str(approved.statement_id), *map(str, positions)],
        input=house.own.dsn("jejak_writer") + "\n", text=True, check=False,
    )  # fmt: skip
    assert died.returncode == -9
    [left] = [one for one in act.orders(reading) if one.left]
    assert act.erase(eraser, left.position) == len(positions)
    assert audited(house).sound


def test_the_command_chooses_orders_erases_and_says_what(
    house: House, front: Services, reading: Connection, capsys: pytest.CaptureFixture[str]
) -> None:
    approve(house, person=PersonRef(nip=NIP))
    capsys.readouterr()
    for dry_run in (True, False):
        erasing.erase_by(front, reading, DECISION, Choice(), erasing.Manner(dry_run=dry_run))
        said = json.loads(capsys.readouterr().out)
        assert said["chosen"] == len(said["positions"]) == 3
        assert said["erased"] == (0 if dry_run else 3)
    assert audited(house).sound
    with pytest.raises(Refuse, match="no approvals"):
        erasing.erase_by(front, reading, "KEP-0", Choice(), erasing.Manner())


def test_somebody_at_the_command_line_is_told_asked_and_obeyed(
    house: House, external_home: Home, reading: Connection, capsys: pytest.CaptureFixture[str]
) -> None:
    approve(house, person=PersonRef(nip=NIP))
    before = history.head(reading).next_position
    move(external_home, house)

    def erase(*words: str, code: int = 0) -> str:
        capsys.readouterr()
        asked = ["audit", "erase", *words, "--home", str(external_home.path)]
        assert cli.run(asked, debug=False) == code
        return capsys.readouterr().out

    assert "CourseCompleted" in erase(DECISION, "--dry-run")
    assert history.head(reading).next_position == before
    erase("KEP-0", "--yes", code=1)
    assert NIP not in erase(DECISION, "--yes")
    assert erase(DECISION, "--yes").endswith("0 records are erased\n")
    assert [(one.named, one.left) for one in act.orders(reading)] == [(3, 0)]
    assert audited(house).sound


def test_what_was_ordered_and_not_done_is_counted_then_done(
    house: House, external_home: Home, reading: Connection, capsys: pytest.CaptureFixture[str]
) -> None:
    approve(house, person=PersonRef(nip=NIP))
    order(house, reading, chosen(reading).positions)
    move(external_home, house)
    for words, told in ((["--dry-run"], "would be"), ([], "are"), ([], None)):
        asked = ["audit", "erase", *words, "--home", str(external_home.path)]
        assert cli.run(asked, debug=False) == 0
        left = f"3 records that were ordered before {told} erased" if told else "nothing that was"
        assert left in capsys.readouterr().err


def test_topics_that_cannot_be_cut_are_told_and_cut_by_the_next_run(
    house: House, external_home: Home, kafka: services.Kafka, capsys: pytest.CaptureFixture[str]
) -> None:
    approve(house, person=PersonRef(nip=NIP))
    topic = topics.receipts(AGENCY.code)
    with (
        connected(kafka.operator) as admin,
        closing(KafkaProducer(**kafka_python.settings(kafka.operator))) as producer,
    ):
        admin.create_topics([Topic(topic, 1, {"retention.ms": "-1"})])
        old = int((datetime.now(UTC) - topics.INBOX_STAYS).timestamp() * 1000) - 1
        at = producer.send(topic, b"x", timestamp_ms=old).get(30).offset
        erase = ["audit", "erase", DECISION, "--yes", "--home", str(external_home.path)]
        move(external_home, house, "127.0.0.1:1")
        assert cli.run(erase, debug=False) == 3
        said = capsys.readouterr()
        assert said.out.endswith("3 records are erased\n")
        assert "run `jejak audit erase` again" in said.err
        assert admin.logs([topic])[topic].bounds[0][0] <= at
        move(external_home, house, kafka.operator.bootstrap_servers)
        del erase[2:4]
        assert cli.run(erase, debug=False) == 0
        assert admin.logs([topic])[topic].bounds[0][0] > at


def move(home: Home, house: House, brokers: str | None = None) -> None:
    """Let a home's commands work on the house's database, and on other brokers if they are said."""
    kafka = home.settings_file.read_text("utf-8").split("\n")[0]
    if brokers is not None:
        kafka = f'kafka_bootstrap_servers = "{brokers}"'
    server = house.own.server
    url = server.address.dsn(server.user, "", house.own.name).replace(":@", "@")
    home.settings_file.write_text(f'{kafka}\ndatabase_url = "{url}"\n', "utf-8")


def test_who_was_nobodys_and_of_whom_nothing_is_left_is_told_of_to_nobody(
    house: House, reading: Connection, eraser: Connection
) -> None:
    """Agencies are those of registrations and rosters, which are never erased: so whoever has an
    agency keeps a profile there, and no tombstone is needed.
    """  # noqa: D205
    house.send(completed(THIRD_NIP))
    house.settle()
    person = person_of(reading, THIRD_NIP)
    project(house)
    history_of = positions_of(reading, THIRD_NIP, "CourseCompleted")
    approve(house, person=PersonRef(nip=THIRD_NIP))
    act.erase(eraser, order(house, reading, history_of))
    project(house)
    assert profiles.stored(reading, [person])[person].document == canonical(EMPTY).decode()
    told = [one for one in profiles.changes(reading, -1, 1_000) if one.person_id == person]
    assert [one.agencies for one in told if one.agencies] == []


def test_the_command_refuses_what_would_be_torn_and_names_the_positions(
    house: House, front: Services, reading: Connection
) -> None:
    target = completed()
    void = StatementVoided(occurred_at=NOW, party="pusdiklat", target=target.event_id, reason="x")
    for sent in (target, void):
        house.send(sent)
        house.settle()
    approve(house, statements=(target.event_id,))
    place = history.whereabouts(reading, [void.event_id])[void.event_id][0]
    with pytest.raises(Refuse, match=f"{place} acts on "):
        erasing.erase_by(front, reading, DECISION, Choice(), erasing.Manner())


def test_a_schedule_lets_go_by_class_and_year_and_erases_nothing(
    house: House, reading: Connection
) -> None:
    day = NOW.date()
    assert retention.due(reading, day) == (None, [])
    for number, years in enumerate((10, 0)):
        document = (
            f'[[class]]\ncode = "KP.02"\nname = "x"\ntypes = ["CourseCompleted"]\nyears = {years}'
        )
        house.send(
            RetentionPublished(
                occurred_at=NOW, party="anri", version=str(number), document=document,
                valid_from=day + timedelta(days=number),
            )
        )  # fmt: skip
    house.settle()
    assert retention.due(reading, day) == ("0", [])
    version, found = retention.due(reading, day.replace(year=day.year + 1))
    assert version == "1"
    assert [(one.code, one.event_type, one.year, one.records) for one in found] == [
        ("KP.02", "CourseCompleted", day.year, 3)
    ]


def test_a_topic_is_cut_down_to_what_is_young_enough(kafka: services.Kafka) -> None:
    name, now = "jejak.test.cut", datetime.now(UTC)
    access = kafka.operator
    with connected(access) as admin:
        admin.create_topics([Topic(name, 1, {"retention.ms": "-1"})])
        assert admin.cut([name], now) == {}
        with closing(KafkaProducer(**kafka_python.settings(access))) as producer:
            for days in (40, 20, 1):
                written = int((now - timedelta(days=days)).timestamp() * 1000)
                producer.send(name, b"x", timestamp_ms=written).get(30)
        assert admin.cut([name], now - timedelta(days=14)) == {(name, 0): 2}
        assert admin.logs([name])[name].bounds == {0: (2, 3)}
        assert admin.cut([name], now - timedelta(days=14)) == {}
