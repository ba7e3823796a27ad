"""The recorder where messages meet each other, and where the world goes wrong around it."""

import io
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from datetime import timedelta
from typing import Any

import fastavro
import pytest
from structlog.testing import capture_logs

from jejak.loops import finisher
from jejak_consumers import errors, system
from jejak_consumers.messages import Message, TopicPartition
from jejak_lrs import errors as ledger_errors
from jejak_lrs.database import Connection, Database
from jejak_lrs.ledger import appending, history
from jejak_lrs.ledger.batch import Appended, Batch
from jejak_schemas import avro, codec, iris, topics
from jejak_schemas.events import (
    CoachingHeld,
    Event,
    LearnerRegistered,
    ProviderAccredited,
    StatementVoided,
)
from jejak_schemas.parts import Activity, Institution, PersonRef
from jejak_schemas.registry import SchemaRegistry, client
from tests import services
from tests.integration.test_recorder import (
    NIP,
    NOW,
    OTHER_NIP,
    PARTIES,
    FakeInbox,
    House,
    completed,
    registered,
)
from tests.schema_registry import Answer, Registry, serving

COACH = "197001011990011001"


@pytest.fixture
def house(database: services.Database) -> Iterator[House]:
    made = House(database)
    yield made
    made.ledger.close()


def before_bkn(house: House) -> None:
    """Let the provider's inbox be read before BKN's."""
    logs = house.inbox.logs
    house.inbox.logs = dict(sorted(logs.items(), key=lambda item: "bkn" in item[0].topic))


def coached(nip: str) -> CoachingHeld:
    """An event whose key is known to be asked for, and whose coach is not."""
    return CoachingHeld(
        occurred_at=NOW, party="lan", learner=PersonRef(nip=nip), coach=PersonRef(nip=COACH)
    )


def bent(event: Event, **fields: Any) -> bytes:
    """The event encoded with other plain values, however bad."""
    schema = avro.released()[type(event).__name__]
    body = io.BytesIO(codec.body_of(codec.encode(event)))
    plain: Any = fastavro.schemaless_reader(body, schema.reader, None)
    out = io.BytesIO()
    out.write(schema.header)
    fastavro.schemaless_writer(out, schema.reader, plain | fields)
    return out.getvalue()


def test_who_names_a_number_before_bkn_gives_it_away_is_a_person_of_their_own(
    house: House,
) -> None:
    before_bkn(house)
    first = house.send(coached(OTHER_NIP))
    posting = house.send(registered(NIP, OTHER_NIP))
    after = house.send(completed(OTHER_NIP))
    house.settle()
    assert [house.outcome(each)[0] for each in (first, posting, after)] == ["recorded"] * 3
    (moved,) = [one for one in house.records() if one.event_type == "PersonRegistered"]
    assert "alias-held-elsewhere" in (moved.warnings or ())
    learners = {
        one.person_id
        for one in house.records()
        if one.event_type in {"CoachingHeld", "CourseCompleted"}
    }
    assert len(learners) == 1
    assert house.balanced()


def test_two_postings_that_state_one_number_are_told_apart(house: House) -> None:
    house.send(registered(NIP, COACH))
    house.send(registered(OTHER_NIP, COACH))
    house.settle()
    warned = [
        "alias-held-elsewhere" in (one.warnings or ())
        for one in house.records()
        if one.event_type == "PersonRegistered"
    ]
    assert warned == [False, True]


@pytest.mark.parametrize(
    "key", [b"----" + b"a" * 32, b"urn:" + b"a" * 32, b"+" + b"a" * 31 + b"----", b"A" * 36]
)
def test_a_key_that_only_python_reads_as_a_uuid_delays_nobody(house: House, key: bytes) -> None:
    bad = house.inbox.deliver("pusdiklat", codec.encode(completed()), key)
    good = house.send(completed())
    house.settle()
    assert house.outcome(bad) == ("refused", "key-mismatch", None)
    assert house.outcome(good)[0] == "recorded"


def test_a_bad_language_tag_is_refused_without_being_repeated(house: House) -> None:
    activity = {"id": "https://pusdiklat.go.id/k/1", "name": {NIP: "Kebijakan"}, "type": None}
    message = house.inbox.deliver("pusdiklat", bent(completed(), activity=activity), NIP.encode())
    house.settle()
    assert house.outcome(message) == ("refused", "bad-format", "activity.name")


@pytest.mark.parametrize(
    ("alias", "reason"),
    [
        ({"kind": "nip", "value": "199913012010011002"}, "nip-impossible"),
        ({"kind": "nrp", "value": "abcdef"}, "bad-format"),
    ],
)
def test_an_impossible_number_that_bkn_states_is_named_as_such(
    house: House, alias: Mapping[str, str], reason: str
) -> None:
    message = house.inbox.deliver("bkn", bent(registered(), aliases=[alias]), NIP.encode())
    house.settle()
    assert house.outcome(message) == ("refused", reason, "aliases[0].value")


def test_a_void_knows_the_statements_that_stand_before_it_in_its_batch(house: House) -> None:
    earlier, later = completed(), completed()
    said = {"occurred_at": NOW, "party": "pusdiklat", "reason": "error"}
    house.send(earlier)
    house.send(StatementVoided.model_validate({**said, "target": earlier.event_id}))
    house.send(StatementVoided.model_validate({**said, "target": later.event_id}))
    house.send(later)
    house.settle()
    voids = [one for one in house.records() if one.event_type == "StatementVoided"]
    assert [one.warnings for one in voids] == [None, ["target-unknown-yet"]]


def test_nobody_speaks_for_a_suspended_provider(house: House) -> None:
    house.send(
        ProviderAccredited(
            occurred_at=NOW,
            party="lan",
            provider="pusdiklat",
            valid_from=(NOW - timedelta(days=100)).date(),
            technical_senders=("vendor",),
        )
    )
    house.settle()
    system.suspend(house.ledger, finisher(), "pusdiklat", "fraud", NOW)
    spoken = house.send(completed(party="vendor", on_behalf_of="pusdiklat"))
    house.settle()
    assert house.outcome(spoken) == ("refused", "party-suspended", "on_behalf_of")


# -- around it -----------------------------------------------------------------------------


def cut_off(superuser: Connection) -> None:
    """End the recorder's connection."""
    superuser.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE usename = 'jejak_writer' AND datname = current_database()"
    )


def test_a_lost_connection_is_retried_and_nothing_is_lost(
    house: House, superuser: Connection
) -> None:
    house.settle()
    cut_off(superuser)
    message = house.send(completed())
    with pytest.raises(ledger_errors.Retry):
        house.settle()
    house.recorder.partitions.go_back()
    house.settle()
    assert house.outcome(message)[0] == "recorded"


class OneTry(threading.Event):
    """Tells a loop to stop as soon as it would wait to try again."""

    def wait(self, timeout: float | None = None) -> bool:
        self.set()
        return super().wait(timeout)


def test_what_is_tried_again_is_logged_with_what_postgresql_said(
    house: House, superuser: Connection
) -> None:
    house.settle()
    cut_off(superuser)
    house.send(completed())
    with capture_logs() as said:
        house.recorder.run(OneTry())
    (line,) = [line for line in said if line["event"] == "retry"]
    assert "PostgreSQL" in line["error"]


def enrolled() -> LearnerRegistered:
    course = Activity(id="https://vendor.example/k/1", name={"id": "Kursus"}, type=iris.COURSE)
    return LearnerRegistered(
        occurred_at=NOW, party="vendor", learner=PersonRef(nip=NIP), activity=course
    )


def test_only_what_needs_a_registry_that_is_away_waits_for_it(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "_REST_SECONDS", 0.0)
    with (
        serving(Registry()) as held,
        closing(SchemaRegistry(held.url)) as framing,
        closing(SchemaRegistry(held.url, patience=0)) as house.recorder.framing,
    ):
        held.hold_all()
        framed = codec.encode(enrolled(), framing)
        held.bent = lambda _: Answer(503, b"")
        before = house.send(enrolled())
        waiting = house.inbox.deliver("vendor", framed, NIP.encode())
        after = house.send(enrolled())
        others = [house.send(coached(NIP)), house.send(completed())]
        house.settle()
        assert [house.outcome(one)[0] for one in (before, *others)] == ["recorded"] * 3
        assert [one.event_type for one in house.records()].count("LearnerRegistered") == 1
        held.bent = lambda _: None
        house.recorder.partitions._looked = 0.0
        house.settle()
        assert [house.outcome(one)[0] for one in (waiting, after)] == ["recorded"] * 2
    assert house.balanced()


class Shrunk(FakeInbox):
    """One partition's log does not hold its offset; what was fetched beside it is gone."""

    broken: TopicPartition | None = None

    def poll(self, seconds: float, most: int) -> Mapping[TopicPartition, Sequence[Message]]:
        found = super().poll(seconds, most)
        if self.broken is not None and self.broken not in self.paused:
            raise errors.OffsetOutOfRange(self.broken, "its log does not hold offset 7")
        return found

    def bounds(self, asked: Iterable[TopicPartition]) -> Mapping[TopicPartition, tuple[int, int]]:
        found = super().bounds(asked)
        return {at: (8, 9) if at == self.broken else held for at, held in found.items()}


def test_a_partition_that_cannot_be_read_on_stops_alone(database: services.Database) -> None:
    house = House(database)
    healthy = house.inbox
    house.inbox = shrunk = Shrunk()
    shrunk.ids, shrunk.logs = healthy.ids, healthy.logs
    house.recorder = house.new_recorder()
    house.settle()
    shrunk.broken = TopicPartition(topics.inbox("vendor"), 0)
    message = house.send(completed())
    house.settle()
    house.recorder.partitions._looked = 0.0
    house.settle()
    assert house.outcome(message)[0] == "recorded"
    assert shrunk.broken in shrunk.paused
    house.ledger.close()


def test_of_two_that_begin_a_ledger_at_once_one_does(
    database: services.Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = (Database(database.dsn("jejak_writer")) for _ in range(2))

    def begin(by: Database) -> bool:
        return system.begin(by, finisher(), [Institution(**dict(PARTIES[0]))], NOW)

    def meanwhile(by: Database, batch: Batch) -> Appended:
        monkeypatch.setattr(system, "append", appending.append)
        assert begin(other)
        return appending.append(by, batch)

    monkeypatch.setattr(system, "append", meanwhile)
    assert not begin(one)
    assert [each.event_type for each in history.records(one.connection, -1, 9)] == ["Genesis"]
    for each in (one, other):
        each.close()
