"""append against a real PostgreSQL: what becomes of each message, and of the books."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from msgspec.structs import replace
from uuid_utils.compat import uuid7

from jejak_lrs import errors
from jejak_lrs.database import Connection, Database
from jejak_lrs.ledger import appending, books, history, inboxes, parties, people, quarantine, seal
from jejak_lrs.ledger.batch import SYSTEM, Alias, Batch, PartyChange, Source, Span
from jejak_lrs.ledger.payload import Unpacker
from tests import rows

pytestmark = pytest.mark.integration


def next_offset(writer: Database) -> int:
    return inboxes.stored_offsets(writer.connection, [(rows.TOPIC, 0)])[rows.TOPIC, 0].next_offset


def test_a_row_becomes_the_record_it_was(writer: Database) -> None:
    said = rows.row(0, said=b'{"verb":"completed"}')

    appended = appending.append(writer, rows.batch([said]))

    record = history.record_of(writer.connection, said.statement_id)
    assert record is not None
    assert (appended.first_position, appended.next_position, appended.recorded) == (0, 1, 1)
    assert record.position == 0
    assert record.source == said.source
    assert record.commitment == said.commitment
    assert record.occurred_at == said.occurred_at
    assert record.warnings is None
    assert record.payload is not None
    assert Unpacker({}).unpack(record.payload) == b'{"verb":"completed"}'
    assert next_offset(writer) == 1


def test_a_verb_stands_in_the_record_only_where_its_event_type_does_not_say_it(
    writer: Database,
) -> None:
    other = "https://contoh.id/verbs/mencoba"
    appending.append(writer, rows.batch([rows.row(0), rows.row(1, verb=other)]))

    kept = writer.connection.execute("SELECT verb FROM record ORDER BY position").fetchall()
    read = [record.verb for record in history.records(writer.connection, -1, 9)]

    assert kept == [(None,), (other,)]
    assert read == ["http://adlnet.gov/expapi/verbs/completed", other]


def test_positions_have_no_gaps_over_appends(writer: Database) -> None:
    for start in (0, 3, 6):
        appending.append(writer, rows.batch([rows.row(start + n) for n in range(3)], start=start))

    positions = [record.position for record in history.records(writer.connection, -1, 100)]

    assert positions == list(range(9))


def test_stored_never_goes_back_when_the_clock_does(
    writer: Database, superuser: Connection
) -> None:
    ahead = datetime.now(UTC) + timedelta(days=1)
    superuser.execute("UPDATE ledger_head SET last_stored = %s", [ahead])

    appending.append(writer, rows.batch([rows.row(0), rows.row(1)]))

    assert [r.stored for r in history.records(writer.connection, -1, 9)] == [ahead, ahead]


def test_the_same_message_again_is_a_duplicate(writer: Database) -> None:
    first = rows.row(0)
    appending.append(writer, rows.batch([first]))

    again = rows.row(1, statement_id=first.statement_id)
    appended = appending.append(writer, rows.batch([again], start=1))

    (outcome,) = history.outcomes(writer.connection, -1, 9)
    assert (appended.recorded, appended.duplicates) == (0, 1)
    assert (outcome.kind, outcome.of_position, outcome.at_position) == ("duplicate", 0, 1)
    assert outcome.event_id == first.statement_id
    assert outcome.party == "lan"
    assert quarantine.find(writer.connection) == []


def test_the_same_id_with_other_content_is_a_conflict_and_kept(writer: Database) -> None:
    first = rows.row(0)
    appending.append(writer, rows.batch([first]))

    other = rows.row(1, statement_id=first.statement_id, said=b"failed")
    appended = appending.append(writer, rows.batch([other], start=1))

    (kept,) = quarantine.find(writer.connection)
    record = history.record_at(writer.connection, 0)
    assert appended.conflicts == 1
    assert kept.original == other.original
    assert kept.kind == "conflict"
    assert record is not None
    assert record.commitment == first.commitment


def test_repeats_inside_a_batch_are_told_apart(writer: Database) -> None:
    first = rows.row(1)
    items = [
        rows.row(0),
        first,
        rows.row(2, statement_id=first.statement_id),
        rows.row(3, statement_id=first.statement_id, said=b"failed"),
    ]

    appended = appending.append(writer, rows.batch(items))

    told = [(o.kind, o.of_position) for o in history.outcomes(writer.connection, -1, 9)]
    assert (appended.recorded, appended.next_position) == (2, 2)
    assert told == [("duplicate", 1), ("conflict", 1)]


def test_a_resend_of_an_erased_record_is_a_duplicate(
    writer: Database, superuser: Connection
) -> None:
    first = rows.row(0)
    appending.append(writer, rows.batch([first]))
    with superuser.transaction():
        superuser.execute("ALTER TABLE record_p0 DISABLE TRIGGER append_only")
        superuser.execute(
            "UPDATE record_p0 SET payload = NULL, tag_salt = NULL, content_tag = NULL"
        )

    other = rows.row(1, statement_id=first.statement_id, said=b"failed")

    assert appending.append(writer, rows.batch([other], start=1)).duplicates == 1
    assert quarantine.find(writer.connection) == []


def test_a_refusal_is_an_outcome_and_quarantined_whole(writer: Database) -> None:
    refused = rows.refused(0)

    appended = appending.append(writer, rows.batch([refused, rows.row(1)]))

    (kept,) = quarantine.find(writer.connection, quarantine.Selection(party="lan"))
    assert (appended.refused, appended.recorded) == (1, 1)
    assert kept.original == refused.original
    assert (kept.reason, kept.field, kept.status) == ("nip-impossible", "learner.nip", "waiting")
    assert quarantine.show(writer.connection, kept.number) == kept


def test_commitments_can_be_computed_again_from_what_is_stored(writer: Database) -> None:
    first = replace(rows.row(0), warnings=("late", "nip-pattern"), agency="4012")
    first = replace(first, commitment=rows.commitment_of(first, b"completed"))
    items = [first, rows.row(1, statement_id=first.statement_id), rows.refused(2), rows.row(3)]
    appending.append(writer, rows.batch(items))

    for record in history.records(writer.connection, -1, 9):
        assert record.commitment == commitment_of_record(record)
    for outcome in history.outcomes(writer.connection, -1, 9):
        assert outcome.commitment == commitment_of_outcome(outcome)


def commitment_of_record(record: history.Record) -> bytes:
    assert record.salt
    assert record.payload
    assert record.content_tag
    return seal.record_commitment(record, Unpacker({}).unpack(record.payload))


def commitment_of_outcome(outcome: history.Outcome) -> bytes:
    assert outcome.salt
    return seal.outcome_commitment(
        outcome.salt,
        kind=outcome.kind,
        party=outcome.party,
        event_id=outcome.event_id,
        source=outcome.source,
        at_position=outcome.at_position,
        of_position=outcome.of_position,
        reason=outcome.reason,
        field=outcome.field,
    )


def test_words_about_a_bad_message_are_made_storable(writer: Database) -> None:
    refused = replace(rows.refused(0), detail="a\x00b", trace="\ud800", field="x\x00")

    appending.append(writer, rows.batch([refused]))

    (kept,) = quarantine.find(writer.connection)
    assert (kept.detail, kept.trace, kept.field) == ("a\\x00b", "\\ud800", "x\\x00")


@pytest.mark.parametrize("poison", [{"verb": "nul \x00"}, {"verb": "\ud800"}, {"activity": "\x00"}])
def test_a_value_that_cannot_be_stored_stops_itself_only(
    writer: Database, poison: dict[str, str]
) -> None:
    items = [rows.row(n) for n in range(7)]
    items[4] = replace(items[4], **poison)  # type: ignore[arg-type]

    appended = appending.append(writer, rows.batch(items))

    recorded = [r.source.offset for r in history.records(writer.connection, -1, 99)]
    (kept,) = quarantine.find(writer.connection)
    assert recorded == [0, 1, 2, 3, 5, 6]
    assert (appended.recorded, appended.refused, appended.next_position) == (6, 1, 6)
    assert (kept.source, kept.reason) == (items[4].source, "internal")
    assert kept.original == items[4].original
    assert next_offset(writer) == 7
    assert all(balance.balanced for balance in books.balance(writer.connection))


def test_a_halved_batch_makes_each_new_person_once(writer: Database) -> None:
    seen = rows.newcomer("199001012015031001")
    items = [rows.needing(rows.row(n), seen) for n in range(4)]
    items[2] = replace(items[2], verb="\x00")

    appended = appending.append(writer, rows.batch(items, newcomers=[seen]))

    types = [record.event_type for record in history.records(writer.connection, -1, 9)]
    assert types == ["PersonSeen", *["CourseCompleted"] * 3]
    assert appended.winners == {seen.person_id}


def test_a_batch_overtaken_between_its_halves_goes_on_from_the_stored_offset(
    writer: Database,
) -> None:
    items = [rows.row(n) for n in range(4)]
    items[0] = replace(items[0], party_change=PartyChange("x", "PartyDeclared", rows.DAY))
    items[3] = replace(items[3], verb="\x00")

    with pytest.raises(errors.HalfAppended):  # the first half has moved the registry itself
        appending.append(writer, rows.batch(items))

    assert next_offset(writer) == 2
    appending.append(writer, rows.batch(items[2:], start=2, registry_version=1))
    assert next_offset(writer) == 4
    assert all(balance.balanced for balance in books.balance(writer.connection))


def test_a_zombie_is_fenced_and_writes_nothing(writer: Database) -> None:
    appending.append(writer, rows.batch([rows.row(0)]))

    with pytest.raises(errors.Fenced, match="stands at 1, not 0"):
        appending.append(writer, rows.batch([rows.row(0)]))

    assert history.head(writer.connection).next_position == 1


def test_a_partition_nobody_opened_is_not_consumed(writer: Database) -> None:
    source = Source("inbox", rows.TOPIC, 7, 0)
    span = Span(rows.TOPIC, rows.TOPIC_NAME, 7, 0, 1)
    batch = Batch([rows.row(0, source=source)], registry_version=0, spans=[span])

    with pytest.raises(errors.NotConsumed):
        appending.append(writer, batch)


def test_an_item_outside_its_span_is_a_programming_error(writer: Database) -> None:
    with pytest.raises(ValueError, match="lies in no span"):
        appending.append(writer, rows.batch([rows.row(5)], end=5))


def test_a_batch_walked_with_another_registry_is_walked_again(writer: Database) -> None:
    with pytest.raises(errors.RegistryMoved) as caught:
        appending.append(writer, rows.batch([rows.row(0)], registry_version=3))

    assert (caught.value.walked, caught.value.current) == (3, 0)
    assert next_offset(writer) == 0


def test_a_party_change_moves_the_registry_by_one(writer: Database) -> None:
    declared = replace(
        rows.row(0, source=SYSTEM),
        event_type="PartyDeclared",
        party_change=PartyChange("lan", "PartyDeclared", rows.DAY, roles=("lan", "provider")),
    )

    appending.append(writer, rows.batch([declared]))

    version, known = parties.load(writer.connection)
    assert history.head(writer.connection).registry_version == version == 1
    assert known.roles_of("lan", rows.DAY) == {"lan", "provider"}


def test_a_first_sight_makes_a_person_before_the_record_that_brought_it(writer: Database) -> None:
    seen = rows.newcomer("199001012015031001")
    first = rows.needing(rows.row(0), seen)

    appended = appending.append(writer, rows.batch([first], newcomers=[seen]))

    records = history.records(writer.connection, -1, 9)
    known = people.resolve_many(writer.connection, [seen.alias.reference])
    assert [record.event_type for record in records] == ["PersonSeen", "CourseCompleted"]
    assert [record.person_id for record in records] == [seen.person_id, seen.person_id]
    assert known[seen.alias.reference] == people.Known(seen.person_id, seen.alias.salt, False)  # noqa: FBT003
    assert appended.winners == {seen.person_id}
    assert people.aliases_of(writer.connection, seen.person_id) == [seen.alias]


def test_neither_a_refused_nor_a_repeated_event_makes_a_person(writer: Database) -> None:
    first = rows.row(0)
    appending.append(writer, rows.batch([first]))
    seen = rows.newcomer("199001012015031001")
    again = rows.needing(rows.row(1, statement_id=first.statement_id), seen)

    appended = appending.append(
        writer, rows.batch([again, rows.refused(2)], start=1, newcomers=[seen])
    )

    assert appended.winners == frozenset()
    assert people.resolve_many(writer.connection, [seen.alias.reference]) == {}
    assert history.head(writer.connection).next_position == 1


def test_an_alias_lost_to_another_writer_writes_nothing(writer: Database) -> None:
    winner, loser = rows.newcomer("199001012015031001"), rows.newcomer("199001012015031001")
    appending.append(writer, rows.batch([rows.needing(rows.row(0), winner)], newcomers=[winner]))

    with pytest.raises(errors.AliasesLost) as caught:
        appending.append(
            writer,
            rows.batch([rows.needing(rows.row(1), loser)], start=1, newcomers=[loser]),
        )

    assert caught.value.aliases == (loser.alias,)
    assert "1990" not in f"{caught.value} {caught.value!r} {loser!r}"
    assert history.head(writer.connection).next_position == 2
    assert next_offset(writer) == 1


def test_an_alias_stated_elsewhere_with_another_salt_is_walked_again(writer: Database) -> None:
    seen = rows.newcomer("199001012015031001")
    appending.append(writer, rows.batch([rows.needing(rows.row(0), seen)], newcomers=[seen]))
    again = replace(seen.alias, salt=b"\x07" * 16)  # of a record that commits to this salt

    with pytest.raises(errors.AliasesLost):
        appending.append(writer, rows.batch([replace(rows.row(1), needs=(again,))], start=1))

    assert next_offset(writer) == 1


def test_a_registration_confirms_a_person_and_adds_its_aliases(writer: Database) -> None:
    seen = rows.newcomer("199001012015031001")
    posting = rows.needing(rows.row(0), seen)
    old = Alias(
        "old-nip", "130000001", seen.person_id, b"\x01" * 16, rows.DAY, posting.statement_id
    )
    posting = replace(posting, needs=(*posting.needs, old), registers=seen.person_id)

    appending.append(writer, rows.batch([posting], newcomers=[seen]))
    appending.append(writer, rows.batch([replace(rows.row(1), registers=seen.person_id)], start=1))

    known = people.resolve_many(writer.connection, [seen.alias.reference, old.reference])
    assert {person.person_id for person in known.values()} == {seen.person_id}
    assert all(person.registered for person in known.values())


def test_a_void_is_found_by_its_target_before_the_target_comes(writer: Database) -> None:
    target = uuid7()
    void = replace(rows.row(0), target=target)

    appending.append(writer, rows.batch([void]))

    assert [r.statement_id for r in history.acting_on(writer.connection, target)] == [
        void.statement_id
    ]


def test_the_books_balance_and_say_when_they_do_not(
    writer: Database, superuser: Connection
) -> None:
    first = rows.row(0)
    items = [first, rows.row(1, statement_id=first.statement_id), rows.refused(2), rows.row(3)]
    appending.append(writer, rows.batch(items))

    full, empty = books.balance(writer.connection, step=2)
    superuser.execute("UPDATE inbox_offset SET delivered = 5 WHERE partition = 0")
    cooked, _ = books.balance(writer.connection)

    assert (full.recorded, full.duplicates, full.refused, full.inbox.delivered) == (2, 1, 1, 4)
    assert full.balanced
    assert empty.balanced
    assert not cooked.balanced


def test_two_partitions_in_one_batch_are_halved_by_their_own_offsets(writer: Database) -> None:
    items = [
        rows.row(0, partition=1),
        rows.row(1, partition=1),
        replace(rows.row(0), verb="\x00"),
        rows.row(2, partition=1),
        rows.row(1),
    ]
    spans = [Span(rows.TOPIC, rows.TOPIC_NAME, p, 0, end) for p, end in ((0, 2), (1, 3))]

    appended = appending.append(writer, Batch(items, registry_version=0, spans=spans))

    assert (appended.recorded, appended.refused) == (4, 1)
    assert all(balance.balanced for balance in books.balance(writer.connection))


def test_partitions_are_made_before_they_are_needed(
    writer: Database, superuser: Connection
) -> None:
    superuser.execute("UPDATE ledger_head SET partition_width = 4")
    superuser.execute("ALTER TABLE record DETACH PARTITION record_p0")
    superuser.execute("DROP TABLE record_p0")
    superuser.execute("UPDATE ledger_head SET partitioned_to = 0")

    appending.append(writer, rows.batch([rows.row(n) for n in range(10)]))

    names = superuser.execute(
        "SELECT inhrelid::regclass::text FROM pg_inherits "
        "WHERE inhparent = 'record'::regclass ORDER BY inhrelid"
    ).fetchall()
    assert [name for (name,) in names] == ["record_p0", "record_p4", "record_p8"]
    assert [r.position for r in history.records(writer.connection, 6, 9)] == [7, 8, 9]


def test_opening_an_inbox_again_changes_nothing(writer: Database) -> None:
    appending.append(writer, rows.batch([rows.row(0)]))

    opened = inboxes.open_inbox(
        writer.connection,
        topic_id=rows.TOPIC,
        topic=rows.TOPIC_NAME,
        partitions=3,
        party="lan",
    )

    assert opened == 1
    assert [inbox.next_offset for inbox in inboxes.all_inboxes(writer.connection)] == [1, 0, 0]


def test_an_unknown_person_id_is_not_found(writer: Database) -> None:
    asked = [("person_id", str(UUID(int=1))), ("person_id", "not a uuid"), ("nip", "1")]

    assert people.resolve_many(writer.connection, asked) == {}
