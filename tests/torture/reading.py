"""What the checker sees: plain psycopg, plain kafka-python, SQL of its own."""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import Any
from uuid import UUID

import psycopg
from kafka import KafkaConsumer
from kafka.structs import TopicPartition

from jejak_lrs.competency.profile import canonical, digest
from jejak_lrs.projection import profiles
from jejak_lrs.replay import gathering
from jejak_schemas import codec, kafka_python, topics
from jejak_schemas.credentials import KafkaAccess
from jejak_schemas.outgoing import Change, Receipt
from tests.torture.checker import Link, Place, Seen

Rows = list[tuple[Any, ...]]


def messages(access: KafkaAccess, topic: str) -> Iterator[tuple[Place, bytes]]:
    """Every committed message of a topic, partition by partition in order."""
    with closing(
        KafkaConsumer(
            **kafka_python.settings(access),
            enable_auto_commit=False,
            isolation_level="read_committed",
        )
    ) as consumer:
        for number in sorted(consumer.partitions_for_topic(topic) or ()):
            where = TopicPartition(topic, number)
            consumer.assign([where])
            consumer.seek_to_beginning(where)
            end = consumer.end_offsets([where])[where]
            while consumer.position(where) < end:
                for record in consumer.poll(timeout_ms=500).get(where, ()):
                    yield (topic, number, record.offset), record.value


def see(
    connection: psycopg.Connection[Any], access: KafkaAccess, parties: list[str], agency: str
) -> Seen:
    """Everything of a system at rest."""
    inboxes = [topics.inbox(party) for party in parties]
    return Seen(
        inbox={
            place: hashlib.sha256(value).digest()
            for inbox in inboxes
            for place, value in messages(access, inbox)
        },
        **_ledger(connection),
        receipts={topics.inbox(party): _receipts(access, party) for party in parties},
        changes=[
            Link(change.seq, change.prev_seq, change.change_id)
            for _, value in messages(access, topics.changes(agency))
            for change in [codec.read_as(Change, value)]
        ],
        told=_told(connection, agency),
        unlike=_unlike(connection),
    )


def _receipts(access: KafkaAccess, party: str) -> list[Link]:
    return [
        Link(receipt.seq, receipt.prev_seq, (receipt.topic, receipt.partition, receipt.offset))
        for _, value in messages(access, topics.receipts(party))
        for receipt in [codec.read_as(Receipt, value)]
    ]


def _ledger(connection: psycopg.Connection[Any]) -> dict[str, Any]:
    """Records, keys, outcomes, head and offsets, as of one moment."""
    with connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        names = dict(connection.execute("SELECT topic_id, topic FROM inbox_offset").fetchall())
        records = connection.execute(
            "SELECT position, statement_id, source_kind, source_topic, source_partition,"
            " source_offset FROM record ORDER BY position"
        ).fetchall()
        outcomes = connection.execute(
            "SELECT number, kind, source_kind, source_topic, source_partition, source_offset"
            " FROM outcome ORDER BY number"
        ).fetchall()
        keys = connection.execute("SELECT statement_id, position FROM statement_key").fetchall()
        (head,) = connection.execute("SELECT next_position, next_outcome FROM ledger_head")
        offsets = connection.execute(
            "SELECT topic, partition, next_offset, delivered FROM inbox_offset"
        ).fetchall()
    return {
        "records": _placed(records, names),
        "outcomes": _placed(outcomes, names),
        "keys": dict(keys),
        "head": head,
        "offsets": {(topic, number): (past, told) for topic, number, past, told in offsets},
    }


def _placed(rows: Rows, names: Mapping[UUID, str]) -> Rows:
    """Two columns, and the inbox message that a row comes from."""
    return [
        (first, second, (names[topic], partition, offset) if kind == "inbox" else None)
        for first, second, kind, topic, partition, offset in rows
    ]


def _told(connection: psycopg.Connection[Any], agency: str) -> list[UUID]:
    found = connection.execute(
        "SELECT change_id FROM change WHERE kind <> 'ProfileState' AND %s = ANY(agencies)"
        " ORDER BY number",
        [agency],
    )
    return [row[0] for row in found]


def _unlike(connection: psycopg.Connection[Any]) -> list[UUID]:
    """Here alone the product judges: the same fold over the records, as `jejak replay` does it."""
    unlike = []
    for (person,) in connection.execute("SELECT person_id FROM profile").fetchall():
        stood = profiles.stored(connection, [person])[person]
        folded = gathering.fold_person(connection, person, stood.assessed_to)
        if digest(canonical(folded)) != stood.digest:
            unlike.append(person)
    return unlike


def ends(access: KafkaAccess, inboxes: list[str]) -> dict[tuple[str, int], int]:
    """The next offset of every partition, as the broker says now."""
    with closing(
        KafkaConsumer(**kafka_python.settings(access), enable_auto_commit=False)
    ) as consumer:
        places = [
            TopicPartition(inbox, number)
            for inbox in inboxes
            for number in consumer.partitions_for_topic(inbox) or ()
        ]
        found = consumer.end_offsets(places)
        return {(place.topic, place.partition): past for place, past in found.items()}
