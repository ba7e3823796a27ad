"""The recorder on a real ledger: every message ends as exactly one outcome, and none delays others.

Kafka's side is a fake inbox that keeps the port's promises; the e2e tests use the broker.
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from uuid_utils.compat import uuid7

from jejak.loops import door_rules, finisher
from jejak_consumers import system
from jejak_consumers.messages import InboxReader, Message, Reported, TopicPartition
from jejak_consumers.recorder import Recorder
from jejak_lrs import database, dictionaries
from jejak_lrs import errors as ledger_errors
from jejak_lrs.ledger import books, history, inboxes
from jejak_lrs.ledger.people import People
from jejak_schemas import codec, topics
from jejak_schemas.catalogue import entry_of
from jejak_schemas.events import (
    CoachingHeld,
    CourseCompleted,
    Event,
    PersonRegistered,
    ProviderAccredited,
    StatementVoided,
)
from jejak_schemas.parts import Activity, Alias, Institution, PersonRef
from jejak_schemas.statement import from_statement
from tests import services

NOW = datetime(2026, 11, 24, 3, tzinfo=UTC)
NIP = "198503122010011002"
OTHER_NIP = "199001152015022001"
PARTIES = [  # in the order in which their inboxes are read
    Institution(code="bkn", name="BKN", roles=("bkn",)),
    Institution(code="pusdiklat", name="Pusdiklat", roles=("provider",)),
    Institution(code="vendor", name="Vendor LMS", roles=("marketplace",)),
    Institution(code="lan", name="LAN", roles=("lan",)),
]


Told = Callable[[Iterable[TopicPartition]], None]


class FakeInbox(InboxReader):
    """Partitions in memory; topic ids that a test may change."""

    def __init__(self) -> None:
        self.logs: dict[TopicPartition, list[Message]] = {}
        self.ids: dict[str, UUID] = {}
        self.places: dict[TopicPartition, int] = {}
        self.paused: set[TopicPartition] = set()
        self.holes: list[Message] = []  # offsets that hold nothing
        self.told: dict[TopicPartition, Reported] = {}
        self._assigned: Told = lambda _: None

    def deliver(
        self,
        party: str,
        value: bytes | None,
        key: bytes | None = None,
        headers: tuple[tuple[str, bytes], ...] = (),
    ) -> Message:
        where = TopicPartition(topics.inbox(party), 0)
        log = self.logs.setdefault(where, [])
        message = Message(where.topic, 0, len(log), key, value, headers)
        log.append(message)
        return message

    def assign(self) -> None:
        self._assigned(list(self.logs))

    def subscribe(self, on_assigned: Told, on_lost: Told) -> None:
        self._assigned = on_assigned

    def poll(self, seconds: float, most: int) -> Mapping[TopicPartition, Sequence[Message]]:
        del seconds
        found = {}
        for where, log in self.logs.items():
            if where not in self.paused and (new := log[self.places[where] :][:most]):
                found[where] = [message for message in new if message not in self.holes]
                self.places[where] += len(new)
        return found

    def seek(self, where: TopicPartition, offset: int) -> None:
        self.places[where] = offset

    def pause(self, where: TopicPartition) -> None:
        self.paused.add(where)

    def resume(self, where: TopicPartition) -> None:
        self.paused.discard(where)

    def bounds(self, asked: Iterable[TopicPartition]) -> Mapping[TopicPartition, tuple[int, int]]:
        return {where: (0, len(self.logs[where])) for where in asked}

    def topic_ids(self, topics: Iterable[str]) -> Mapping[str, UUID]:
        return {topic: self.ids[topic] for topic in topics if topic in self.ids}

    def report(self, recorded: Mapping[TopicPartition, Reported]) -> None:
        self.told.update(recorded)

    def reported(self) -> Mapping[TopicPartition, Reported]:
        return self.told

    def close(self) -> None:
        pass


class House:
    """A recorder on a ledger of its own, with four parties, and more if wanted."""

    def __init__(self, own: services.Database, more: Sequence[Institution] = ()) -> None:
        institutions = [*PARTIES, *more]
        self.own = own
        self.inbox = FakeInbox()
        self.ledger = database.Database(own.dsn("jejak_writer"))
        system.begin(self.ledger, finisher(), institutions, NOW - timedelta(days=900))
        system.declare(self.ledger, finisher(), institutions, NOW - timedelta(days=900))
        for party in institutions:
            topic = topics.inbox(party.code)
            self.inbox.ids[topic] = uuid4()
            self.inbox.logs[TopicPartition(topic, 0)] = []
            inboxes.open_inbox(
                self.ledger.connection,
                topic_id=self.inbox.ids[topic],
                topic=topic,
                partitions=1,
                party=party.code,
            )
        self.recorder = self.new_recorder()

    def new_recorder(self) -> Recorder:
        recorder = Recorder(
            self.inbox, self.ledger, People(), finisher(), door_rules(), clock=lambda: NOW
        )
        self.inbox.subscribe(recorder.partitions.assigned, recorder.partitions.lost)
        self.inbox.assign()
        return recorder

    def send(self, event: Event, party: str | None = None) -> Message:
        key = entry_of(event).key_of(event).encode()
        return self.inbox.deliver(party or event.party, codec.encode(event), key)

    def settle(self) -> None:
        while self.recorder.turn():
            pass

    def look_again(self) -> None:
        """As if a second had passed."""
        self.recorder.partitions._looked = 0.0
        self.settle()

    def stopped(self, party: str) -> str | None:
        """Why the party's inbox is stopped."""
        found = inboxes.all_inboxes(self.ledger.connection)
        (why,) = (inbox.stopped for inbox in found if inbox.party == party)
        return why

    def outcome(self, message: Message) -> tuple[str, str | None, str | None]:
        """(outcome, reason, field) of the one thing that became of a message."""
        (one,) = self.became(message)
        return one

    def became(self, message: Message) -> list[tuple[str, str | None, str | None]]:
        """Everything that became of a message."""
        source = (self.inbox.ids[message.topic], message.partition, message.offset)
        with closing(database.connect(self.own.dsn("jejak_reader"))) as connection:
            return connection.execute(
                "SELECT 'recorded', NULL, NULL FROM record WHERE (source_topic, source_partition,"
                " source_offset) = (%s, %s, %s) UNION ALL SELECT kind, reason, field FROM outcome"
                " WHERE (source_topic, source_partition, source_offset) = (%s, %s, %s)",
                [*source, *source],
            ).fetchall()

    def records(self) -> list[history.Record]:
        return history.records(self.ledger.connection, -1, 10_000)

    def event(self, record: history.Record) -> Event:
        import orjson  # noqa: PLC0415

        assert record.payload is not None
        return from_statement(orjson.loads(dictionaries.unpacker().unpack(record.payload)))

    def balanced(self) -> bool:
        return all(each.balanced for each in books.balance(self.ledger.connection))


def completed(nip: str = NIP, **more: object) -> CourseCompleted:
    said: dict[str, object] = {
        "occurred_at": NOW - timedelta(days=3),
        "party": "pusdiklat",
        "learner": PersonRef(nip=nip),
        "activity": Activity(id="https://pusdiklat.go.id/k/1", name={"id": "Analisis Kebijakan"}),
    }
    return CourseCompleted.model_validate(said | more)


def registered(nip: str = NIP, *others: str) -> PersonRegistered:
    return PersonRegistered(
        occurred_at=NOW - timedelta(days=30),
        party="bkn",
        person=PersonRef(nip=nip),
        aliases=tuple(Alias(kind="nip", value=other) for other in (nip, *others)),
        home_agency="2060",
        working_agency="2060",
        position_class="pengawas",
        kind="PNS",
        valid_from=(NOW - timedelta(days=30)).date(),
    )


def test_an_event_becomes_one_record_and_reads_back_as_the_same_event(house: House) -> None:
    message = house.send(event := completed())
    house.settle()
    assert house.outcome(message)[0] == "recorded"
    record = house.records()[-1]
    read = house.event(record)
    assert read.event_id == event.event_id
    assert isinstance(read, CourseCompleted)
    assert read.learner == PersonRef(person_id=record.person_id)
    assert read.activity.name == event.activity.name
    assert house.balanced()


def test_a_person_is_seen_once_however_often_named(house: House) -> None:
    for _ in range(3):
        house.send(completed())
    house.settle()
    house.send(completed())
    house.settle()
    seen = [record for record in house.records() if record.event_type == "PersonSeen"]
    told = [record for record in house.records() if record.event_type == "CourseCompleted"]
    assert len(seen) == 1
    assert {record.person_id for record in told} == {seen[0].person_id}
    assert seen[0].position < told[0].position


def test_a_resend_is_a_duplicate_and_other_content_a_conflict(house: House) -> None:
    event = completed()
    first, again = house.send(event), house.send(event)
    house.settle()
    later = house.send(event)
    changed = house.send(completed(event_id=event.event_id, duration=3600))
    house.settle()
    outcomes = [house.outcome(message)[0] for message in (first, again, later, changed)]
    assert outcomes == ["recorded", "duplicate", "duplicate", "conflict"]
    assert house.balanced()


def test_no_number_of_a_person_stands_in_any_record(house: House) -> None:
    house.send(registered(NIP, OTHER_NIP))
    house.send(completed())
    house.settle()
    for record in house.records():
        assert record.payload is not None
        plain = dictionaries.unpacker().unpack(record.payload)
        assert NIP.encode() not in plain
        assert OTHER_NIP.encode() not in plain


def test_a_second_number_given_by_bkn_names_the_same_person_at_once(house: House) -> None:
    house.send(registered(NIP, OTHER_NIP))
    house.send(completed(OTHER_NIP))
    house.settle()
    people = {
        record.person_id for record in house.records() if record.event_type != "PartyDeclared"
    } - {None}
    assert len(people) == 1


def test_a_number_of_somebody_else_stays_where_it_is_with_a_warning(house: House) -> None:
    house.send(completed(OTHER_NIP))
    house.settle()
    house.send(registered(NIP, OTHER_NIP))
    house.settle()
    record = house.records()[-1]
    assert record.warnings is not None
    assert "alias-held-elsewhere" in record.warnings
    seen = [each for each in house.records() if each.event_type == "PersonSeen"]
    assert len({each.person_id for each in seen}) == 2


def test_warnings_say_what_is_odd_but_recorded(house: House) -> None:
    house.send(completed(occurred_at=NOW - timedelta(days=800)))
    house.send(StatementVoided(occurred_at=NOW, party="pusdiklat", target=uuid7(), reason="error"))
    house.settle()
    learned, voided = house.records()[-2:]
    assert learned.warnings == ["late", "outside-accreditation", "person-unconfirmed"]
    assert voided.warnings == ["target-unknown-yet"]


def test_an_accreditation_counts_for_what_follows_it_in_the_same_poll(house: House) -> None:
    house.send(registered())
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
    house.send(completed())
    spoken = house.send(completed(party="vendor", on_behalf_of="pusdiklat"))
    house.settle()
    assert house.outcome(spoken)[0] == "recorded"
    assert [record.warnings for record in house.records()[-2:]] == [None, None]


def test_a_coach_unknown_until_now_is_looked_up_and_recorded_too(house: House) -> None:
    said = {"party": "lan", "occurred_at": NOW, "learner": PersonRef(nip=NIP)}
    house.send(CoachingHeld.model_validate({**said, "coach": PersonRef(nip=OTHER_NIP)}))
    house.settle()
    coaching = house.event(house.records()[-1])
    assert isinstance(coaching, CoachingHeld)
    assert coaching.coach.person_id not in {None, coaching.learner.person_id}


def bad_messages() -> list[tuple[str, bytes | None, bytes | None, str, str | None]]:
    """(what, value, key, expected reason, expected field)."""
    good = completed()
    encoded, key = codec.encode(good), NIP.encode()

    def bent(**more: object) -> bytes:
        return codec.encode(good.model_copy(update=more))

    learner = PersonRef.model_construct(nip="198513122010011002", nrp=None, person_id=None)
    activity = good.activity
    return [
        ("nothing", None, key, "unreadable", None),
        ("empty", b"", key, "unreadable", None),
        ("text", b'{"event": "CourseCompleted"}', key, "unreadable", None),
        ("truncated", encoded[:-7], key, "truncated", None),
        ("longer", encoded + b"\x00", key, "trailing-bytes", None),
        ("unknown schema", encoded[:2] + b"\x00" * 8 + encoded[10:], key, "unknown-schema", None),
        ("a megabyte", encoded + b"\x00" * 1_000_000, key, "too-large", None),
        ("bad UTF-8", encoded.replace(b"Kebijakan", b"Kebija\xff\xfen"), key, "invalid-utf8", None),
        ("U+0000", encoded.replace(b"Kebijakan", b"Kebija\x00\x00n"), key,
         "nul-character", "activity.name.id"),
        ("impossible NIP", bent(learner=learner), b"198513122010011002",
         "nip-impossible", "learner.nip"),
        ("NIP in a text", bent(activity=activity.model_copy(update={"name": {"id": f"a {NIP}"}})),
         key, "personal-data-in-text", "activity.name.id"),
        ("future", bent(occurred_at=NOW + timedelta(days=2)), key,
         "occurred-in-future", "occurred_at"),
        ("other party", bent(party="lan"), key, "wrong-party", "party"),
        ("no grant", bent(on_behalf_of="lan"), key, "on-behalf-not-granted", "on_behalf_of"),
        ("unknown person", bent(learner=PersonRef(person_id=uuid7())), None,
         "key-mismatch", None),
        ("no key", encoded, None, "key-mismatch", None),
    ]  # fmt: skip


@pytest.mark.parametrize("case", bad_messages(), ids=lambda case: case[0])
def test_a_bad_message_is_refused_quarantined_whole_and_delays_nobody(
    house: House, case: tuple[str, bytes | None, bytes | None, str, str | None]
) -> None:
    _, value, key, reason, field = case
    bad = house.inbox.deliver("pusdiklat", value, key)
    good = house.send(completed())
    house.settle()
    assert house.outcome(bad) == ("refused", reason, field)
    assert house.outcome(good)[0] == "recorded"
    kept = house.ledger.connection.execute(
        "SELECT original_key, original_value FROM quarantine WHERE reason = %s", [reason]
    ).fetchall()
    assert kept == [(key, value)]
    assert house.balanced()


def test_a_person_id_that_nobody_has_is_refused(house: House) -> None:
    message = house.send(completed().model_copy(update={"learner": PersonRef(person_id=uuid7())}))
    house.settle()
    assert house.outcome(message)[:2] == ("refused", "person-unknown")


def test_a_role_that_is_not_allowed_is_refused(house: House) -> None:
    message = house.send(completed(party="bkn"))
    house.settle()
    assert house.outcome(message) == ("refused", "role-not-allowed", "party")


def test_a_header_that_contradicts_the_body_is_refused(house: House) -> None:
    event = completed()
    value, key = codec.encode(event), NIP.encode()
    agreeing = house.inbox.deliver(
        "pusdiklat", value, key, (("ce_id", str(event.event_id).encode()), ("x", b"y"))
    )
    wrong = house.inbox.deliver("pusdiklat", value, key, (("ce_id", b"another"),))
    house.settle()
    assert house.outcome(agreeing)[0] == "recorded"
    assert house.outcome(wrong) == ("refused", "header-mismatch", "ce_id")


def test_a_topic_made_anew_is_not_read_on(house: House) -> None:
    house.send(completed())
    house.settle()
    topic = topics.inbox("pusdiklat")
    old, house.inbox.ids[topic] = house.inbox.ids[topic], uuid4()
    before = len(house.records())
    house.send(completed())
    house.settle()
    assert len(house.records()) == before
    assert house.stopped("pusdiklat") == (
        f"its topic was replaced: the ledger reads the topic with id {old}, "
        f"Kafka has {house.inbox.ids[topic]}"
    )


def test_a_topic_that_is_not_seen_for_a_moment_is_not_stopped(house: House) -> None:
    house.send(completed())
    house.settle()
    topic = topics.inbox("pusdiklat")
    kept = house.inbox.ids.pop(topic)
    message = house.send(completed())
    house.settle()
    house.inbox.ids[topic] = kept
    house.look_again()
    assert house.outcome(message)[0] == "recorded"
    assert house.stopped("pusdiklat") is None


def deliver_with_a_gap(house: House) -> tuple[Message, Message]:
    """A message, a number that nobody has, and a message."""
    before = house.send(completed())
    log = house.inbox.logs[before.where]
    hole = Message(before.topic, 0, before.offset + 1, None, None)
    beyond = Message(before.topic, 0, before.offset + 2, NIP.encode(), codec.encode(completed()))
    log += [hole, beyond]
    house.inbox.holes.append(hole)
    return before, beyond


def test_a_gap_in_an_inbox_stops_its_partition_and_no_other(house: House) -> None:
    first = house.send(completed())
    house.settle()
    before, beyond = deliver_with_a_gap(house)
    other = house.send(registered())
    house.settle()
    house.look_again()
    assert [house.outcome(each)[0] for each in (first, before, other)] == ["recorded"] * 3
    assert house.became(beyond) == []
    assert house.stopped("pusdiklat") == "offset 3 came where 2 was expected"
    assert house.stopped("bkn") is None
    assert house.balanced()


def test_a_partition_stays_stopped_for_every_later_recorder_whatever_its_log_says(
    house: House,
) -> None:
    _, beyond = deliver_with_a_gap(house)
    house.settle()
    house.look_again()
    house.inbox.holes.clear()
    house.recorder = house.new_recorder()
    house.settle()
    assert house.became(beyond) == []
    assert house.stopped("pusdiklat") == "offset 2 came where 1 was expected"


def test_a_log_that_lost_its_end_is_not_read_when_it_has_grown_again(house: House) -> None:
    lost = [house.send(completed()) for _ in range(3)]
    house.settle()
    log = house.inbox.logs[lost[0].where]
    del log[1:]
    house.recorder = house.new_recorder()
    house.settle()
    again = [house.send(completed()) for _ in range(5)]
    house.recorder = house.new_recorder()
    house.settle()
    assert house.became(again[-1]) == []
    assert house.stopped("pusdiklat") == "the ledger stands at 3, the log holds [0, 1)"


def test_why_a_partition_is_not_read_is_said_once(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    deliver_with_a_gap(house)
    house.settle()
    for _ in range(5):
        house.look_again()
    assert capsys.readouterr().out.count("partition stopped") == 1


def test_who_is_not_the_consumer_stops_nothing(house: House) -> None:
    message = house.send(completed())
    house.settle()
    key, connection = (house.inbox.ids[message.topic], 0), house.ledger.connection
    assert not inboxes.stop(connection, key, at=0, why="a zombie's view")
    assert house.stopped("pusdiklat") is None
    assert inboxes.stop(connection, key, at=1, why="first")
    assert inboxes.stop(connection, key, at=1, why="second")
    assert house.stopped("pusdiklat") == "first"
    house.send(completed())
    with pytest.raises(ledger_errors.Fenced, match="is stopped: first"):
        house.settle()


def test_a_new_recorder_goes_on_where_the_ledger_stands(house: House) -> None:
    house.send(completed())
    house.settle()
    house.recorder = house.new_recorder()
    house.send(completed())
    house.settle()
    told = [record for record in house.records() if record.event_type == "CourseCompleted"]
    assert len(told) == 2
    assert house.balanced()


class AddsWhileAsked(FakeInbox):
    """A party is added at the very moment at which the recorder looks at topics."""

    add: Callable[[], object] = staticmethod(lambda: None)

    def topic_ids(self, topics: Iterable[str]) -> Mapping[str, UUID]:
        self.add()
        return super().topic_ids(topics)


def test_an_inbox_added_while_the_recorder_looks_is_read(database: services.Database) -> None:
    house = House(database)
    house.inbox = inbox = AddsWhileAsked()
    topic = topics.inbox("late")
    house.inbox.ids[topic] = uuid4()
    message = house.inbox.deliver("late", b"hello", b"key")
    inbox.add = lambda: inboxes.open_inbox(
        house.ledger.connection,
        topic_id=house.inbox.ids[topic],
        topic=topic,
        partitions=1,
        party="late",
    )
    house.recorder = house.new_recorder()
    house.settle()
    assert house.outcome(message) == ("refused", "unreadable", None)
    house.ledger.close()


def test_the_group_is_told_of_all_inboxes_at_first_and_then_of_what_moved(house: House) -> None:
    house.send(completed())
    house.settle()
    assert house.inbox.told.keys() == house.inbox.logs.keys()
    house.inbox.told.clear()
    house.recorder.partitions._told_all = time.monotonic()  # as if no time passed
    where = house.send(completed()).where
    house.settle()
    assert {at: told.next_offset for at, told in house.inbox.told.items()} == {where: 2}
