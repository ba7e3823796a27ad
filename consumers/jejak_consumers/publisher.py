"""The publisher: tells every party what became of its messages (what agencies are told: agencies).

Receipts and changes are numbered chains. A restart gives every message the number it had: what is
said is read in an order that never changes, and the chains move with the cursor, after the brokers
have acknowledged. What that promises: docs/guarantees.md, "What comes of the records".
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from jejak_consumers.chain import Numbering
from jejak_consumers.follower import Batch
from jejak_consumers.messages import Outbox, Post
from jejak_consumers.vitals import Vitals
from jejak_lrs import outbox
from jejak_lrs.cursor import Cursor
from jejak_lrs.database import Connection
from jejak_lrs.failpoint import failpoint
from jejak_lrs.ledger import history, standing
from jejak_lrs.outbox import Delivered
from jejak_schemas import codec, topics
from jejak_schemas.chain import Place
from jejak_schemas.framing import SINGLE_OBJECT, Framing
from jejak_schemas.outgoing import Receipt
from jejak_schemas.traces import OFF, Step, Traces

MOST = 1_000  # of what is read at once
_LONGEST = 1_000  # characters of a receipt's texts


@dataclass(frozen=True, slots=True)
class Parcel:
    """What one batch says, and where the chains stand after it; what that did with which events."""

    posts: Sequence[Post]
    places: Mapping[str, Place]
    steps: Sequence[Step] = ()


@dataclass(slots=True)
class Postman:
    """The publisher's one writer to Kafka, a new one after any failure, and how messages begin.

    A writer is opened before anything is read that it will send: from then on no older copy can
    send, and whoever takes over cuts this one off. Opened only at the sending, it would let a
    copy that was frozen between reading and opening send what is long past, and a profile of then
    would stand, once the topic is compacted, in place of today's or of a tombstone.
    """

    open: Callable[[], Outbox]
    framing: Framing = SINGLE_OBJECT
    traces: Traces = OFF
    _outbox: Outbox | None = None

    def sit_down(self) -> None:
        """Have a writer before anything is read: an older copy is cut off, a bad login shows."""
        if self._outbox is None:
            failpoint("publisher.before-open")
            self._outbox = self.open()

    def deliver(self, posts: Sequence[Post]) -> None:
        """Send all and wait for the brokers. Any failure ends the writer: nothing is flushed."""
        if not posts:
            return
        writer = self._outbox
        if writer is None:
            raise ValueError("what is sent was read without a writer")
        try:
            failpoint("publisher.before-send")
            writer.send(posts)
            failpoint("publisher.after-send")
            writer.commit()
            failpoint("publisher.after-commit")
        except BaseException:
            self.rest()
            raise

    def reaches_kafka(self) -> bool:
        """Whether the writer's line to the brokers stands."""
        return self._outbox is not None and self._outbox.connected()

    def rest(self) -> None:
        """End the writer at once."""
        ended, self._outbox = self._outbox, None
        if ended is not None:
            ended.close()


@dataclass(slots=True)
class Mailing:
    """What all works have in common whose effect is messages: how a parcel goes out."""

    postman: Postman

    def act(self, items: Parcel) -> None:
        """Send it."""
        self.postman.deliver(items.posts)

    def keep(self, connection: Connection, items: Parcel) -> None:
        """Move the chains to where it ends."""
        outbox.move_chains(
            connection, {topic: (place.epoch, place.seq) for topic, place in items.places.items()}
        )

    def rest(self) -> None:
        """End the writer."""
        self.postman.rest()

    def steps(self, items: Parcel) -> Iterable[Step]:
        """What sending it did with which events."""
        return items.steps


@dataclass(slots=True)
class Receipts(Mailing):
    """Tells each party what became of each of its messages."""

    name: str = field(default="publisher-receipts", init=False)
    most: int = MOST

    def read(self, connection: Connection, after: Cursor) -> Batch[Parcel] | None:
        """The next fates, as numbered receipts."""
        self.postman.sit_down()
        head = history.head(connection)
        fates, to = outbox.delivered(connection, after, head, self.most)
        if to == after:
            return None
        numbering = numbering_of(connection, head.epoch, (topics.receipts(f.party) for f in fates))
        posts = [_receipt(fate, numbering, self.postman) for fate in fates]
        steps = _steps(fates) if self.postman.traces.on else ()
        return Batch(Parcel(posts, numbering.given, steps), to)

    def numbers(self, items: Parcel) -> Mapping[str, int]:
        """How many receipts."""
        return {"receipts": len(items.posts)}

    def look(self, connection: Connection, at: Cursor, vitals: Vitals) -> None:
        """Note the records and outcomes that nobody was told of."""
        vitals.lags(self.name, standing.fates_behind(connection, at))


def numbering_of(connection: Connection, epoch: UUID, named: Iterable[str]) -> Numbering:
    """The numbering of topics from where their chains stand."""
    stored = outbox.chains(connection, named)
    return Numbering(epoch, {topic: Place(*place) for topic, place in stored.items()})


def _steps(fates: Iterable[Delivered]) -> list[Step]:
    """What was told of which events."""
    return [
        Step("jejak receipt", fate.event_id, {"jejak.outcome": fate.outcome})
        for fate in fates
        if fate.event_id is not None
    ]


def _receipt(fate: Delivered, numbering: Numbering, postman: Postman) -> Post:
    topic = topics.receipts(fate.party)
    link = numbering.next(topic)
    receipt = Receipt.model_validate(
        {
            "epoch": link.epoch,
            "seq": link.seq,
            "prev_seq": link.prev_seq,
            "outcome": fate.outcome,
            "topic": fate.topic,
            "partition": fate.partition,
            "offset": fate.offset,
            "event_id": fate.event_id,
            "position": fate.position,
            "reason": fate.reason,
            "field": fate.field and fate.field[:_LONGEST],
            "detail": fate.detail and fate.detail[:_LONGEST],
            "warnings": fate.warnings,
        }
    )
    value = codec.encode(receipt, postman.framing)
    return Post(topic, _receipt_key(fate), value, postman.traces.headers(fate.event_id))


def _receipt_key(fate: Delivered) -> bytes:
    """The event's id, or where the message stands if it could not be read."""
    if fate.event_id is None:
        return f"{fate.partition}:{fate.offset}".encode()
    return str(fate.event_id).encode()
