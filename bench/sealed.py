"""A ledger that is sound to the last byte, of any size: what an audit reads, record by record.

Its records are rows of the real walk, of the demo's mix, appended as a recorder does, over and
over, each time with ids, offsets and a seal of their own. They say nothing beside themselves: no
registrations, parties or voids.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from typing import Final
from uuid import UUID, uuid4

from msgspec.structs import replace
from uuid_utils.compat import uuid7

from bench import mix, walk
from jejak_consumers.recorder import MOST_MESSAGES
from jejak_lrs import dictionaries
from jejak_lrs.database import Database
from jejak_lrs.ledger import history, inboxes, seal
from jejak_lrs.ledger.appending import append
from jejak_lrs.ledger.batch import Batch, Row, Source, Span
from jejak_lrs.ledger.effects import WITH_EFFECTS
from jejak_schemas import topics

_SEEDS: Final = 20_000


def append_sealed(writer: Database, records: int) -> int:
    """Append at least so many records; the next position then."""
    rows = walked()
    places = _open_inboxes(writer, rows)
    version = history.head(writer.connection).registry_version
    unpack = dictionaries.unpacker().unpack
    appended = 0
    while appended < records:
        for batch in mix.batches(rows, MOST_MESSAGES):
            fresh = [_anew(row, places, unpack(row.payload)) for row in batch]
            append(writer, Batch(fresh, version, spans=list(_spans(fresh))))
            appended += len(fresh)
    return history.head(writer.connection).next_position


def walked() -> list[Row]:
    """Rows as the recorder makes them, but those that say something beside themselves."""
    rows = walk.rows_of(_SEEDS)
    return [row for row in rows if row.event_type not in WITH_EFFECTS and row.registers is None]


_Places = Mapping[str, tuple[UUID, Iterator[int]]]


def _open_inboxes(writer: Database, rows: Sequence[Row]) -> _Places:
    """The topic id of each party's inbox, and its offsets to come."""
    places = {party: (uuid4(), count()) for party in {row.party for row in rows}}
    for party, (topic_id, _) in places.items():
        inboxes.open_inbox(
            writer.connection,
            topic_id=topic_id,
            topic=topics.inbox(party),
            partitions=1,
            party=party,
        )
    return places


def _anew(row: Row, places: _Places, plain: bytes) -> Row:
    topic_id, offsets = places[row.party]
    source = Source("inbox", topic_id, 0, next(offsets))
    made = replace(row, statement_id=uuid7(), source=source, needs=())
    made.commitment = seal.record_commitment(made, plain)
    return made


def _spans(rows: Sequence[Row]) -> Iterator[Span]:
    taken: dict[UUID, list[Row]] = {}
    for row in rows:
        if row.source.topic_id is not None:
            taken.setdefault(row.source.topic_id, []).append(row)
    for topic_id, of_one in taken.items():
        offsets = [row.source.offset or 0 for row in of_one]
        topic = topics.inbox(of_one[0].party)
        yield Span(topic_id, topic, 0, offsets[0], offsets[-1] + 1)
