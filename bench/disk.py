"""What a record costs on disk, whole, with keys and indexes: `python -m bench.disk [EVENTS]`.

The demo's mix, walked and appended as the recorder does, every person known. Persons and their
aliases come on top, once a person. Prints bytes a record of each table, its indexes beside it.
"""

from typing import Final

from bench import mix, walk
from bench.asked import asked
from bench.ledgers import empty_ledger
from jejak_consumers.recorder import MOST_MESSAGES
from jejak_consumers.walk import Inbox
from jejak_lrs.database import Connection
from jejak_lrs.ledger import appending, history, inboxes
from jejak_lrs.ledger.batch import Batch, Span

WANTED: Final = 650  # bytes a record (docs/performance.md)
_EVENTS: Final = 100_000
_SIZES: Final = """
    SELECT c.relname, pg_total_relation_size(c.oid), pg_indexes_size(c.oid)
    FROM pg_class c WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace
    AND (c.relname LIKE 'record_p%' OR c.relname IN ('statement_key', 'statement_reference'))
    ORDER BY 2 DESC"""


def main(events: int) -> None:
    """Fill a ledger of its own, and say what it takes."""
    nation = mix.simulated(events, events // 10)
    deliveries = mix.ordinary(nation)
    house = walk.house_of(nation, deliveries)
    messages = [walk.message_of(offset, one) for offset, one in enumerate(deliveries)]
    with empty_ledger() as database:
        for topic, inbox in house.inboxes.items():
            _open(database.connection, topic, inbox)
        stored = dict.fromkeys(house.inboxes, 0)
        for batch in mix.batches(messages, MOST_MESSAGES):
            walked = house.walk()
            items = [walked.carry(message) for message in batch]
            ends = {message.topic: message.offset + 1 for message in batch}
            spans = [
                Span(house.inboxes[topic].topic_id, topic, 0, stored[topic], end)
                for topic, end in ends.items()
            ]
            stored |= ends
            version = history.head(database.connection).registry_version
            appending.append(database, Batch(items, version, spans))
        _say(database.connection)


def _open(connection: Connection, topic: str, inbox: Inbox) -> None:
    inboxes.open_inbox(
        connection, topic_id=inbox.topic_id, topic=topic, partitions=1, party=inbox.party
    )


def _say(connection: Connection) -> None:
    records = history.head(connection).next_position
    sizes = connection.execute(_SIZES).fetchall()
    for table, size, indexes in sizes:
        print(f"{table:22}{size / records:8.1f}   of it indexes {indexes / records:.1f}")
    whole = sum(size for _, size, _ in sizes) / records
    print(f"{'bytes a record':22}{whole:8.1f}   wanted {WANTED}, over {records} records")


if __name__ == "__main__":
    main(*asked(events=_EVENTS))
