"""The notary's loop: signs what the ledger has committed, and announces it on `jejak.checkpoints`.

Notarising has the truth of its effect in the log's folder; Announcing follows the table of
checkpoints by their numbers. docs/transparency-log.md says what stands in the log.
"""

import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from jejak_consumers.errors import BrokersAway
from jejak_consumers.follower import Batch
from jejak_consumers.messages import Feed, Message, Post
from jejak_consumers.publisher import Mailing, Parcel
from jejak_consumers.vitals import Vitals
from jejak_consumers.witnesses import NONE, Witnesses
from jejak_lrs.cursor import Cursor
from jejak_lrs.database import Connection
from jejak_lrs.errors import Inconsistent
from jejak_lrs.ledger import standing
from jejak_lrs.notary import checkpoints
from jejak_lrs.notary.checkpoints import OUTCOMES, RECORDS, TREES, Stored
from jejak_lrs.notary.notary import MOST, Growth, Notary
from jejak_lrs.notary.publishedlog import Signed
from jejak_schemas import codec, topics
from jejak_schemas.framing import SINGLE_OBJECT, Framing
from jejak_schemas.outgoing import Checkpoint
from jejak_schemas.traces import Step

EVERY: Final = 2.0  # seconds between two signatures, while little comes
_ANNOUNCED: Final = 500  # at once
_LOOK_BACK: Final = 256  # messages of the topic; then eight times as many
_POLL_SECONDS: Final = 1.0
_TOPIC_PATIENCE: Final = 30.0

Announced = Callable[[UUID, Collection[str]], Mapping[str, str]]
"""The largest checkpoint that the topic holds of each of these logs of an epoch, as a note."""


@dataclass(slots=True)
class Round:
    """One turn: what is to be added and, once that is done, what was signed."""

    growth: Growth | None
    signed: list[Signed]


@dataclass(slots=True)
class Notarising:
    """Grows the logs, signs their heads, and lets witnesses sign them too."""

    notary: Notary
    announced: Announced
    witnesses: Witnesses = NONE
    every: float = EVERY
    clock: Callable[[], float] = time.monotonic
    name: str = field(default="notary", init=False)
    _open: bool = field(default=False, init=False)
    _due: float = field(default=0.0, init=False)

    def read(self, connection: Connection, after: Cursor) -> Batch[Round] | None:
        """The next entries, or what was published and not kept. The folder says where it stands."""
        del after
        goal = checkpoints.goal(connection)
        if not self._open or goal.epoch != self.notary.epoch:
            self._begin(connection)
        for answer in self.witnesses.answers():
            self.notary.cosign(connection, answer.tree, answer.size, answer.line)
        if self.notary.unkept:
            return Batch(Round(None, self.notary.unkept), self.notary.stands)
        waiting = self.notary.waiting(goal)
        if not waiting or (waiting < MOST and self.clock() < self._due):
            return None
        growth = self.notary.read(connection, goal)
        records, outcomes = self.notary.stands
        records += len(growth.coming[RECORDS])
        outcomes += len(growth.coming[OUTCOMES])
        return Batch(Round(growth, []), Cursor(records, outcomes))

    def act(self, items: Round) -> None:
        """Write them, and sign where the trees stand where one head stood."""
        if items.growth is not None:
            items.signed = self.notary.grow(items.growth)
        if items.signed:
            self._due = self.clock() + self.every

    def keep(self, connection: Connection, items: Round) -> None:
        """Put what was signed into the table. Witnesses get it now: it is on disk and in order."""
        self.notary.keep(connection, items.signed, datetime.now(UTC))
        self.notary.unkept = []
        self.witnesses.offer(items.signed)

    def rest(self) -> None:
        """Believe nothing any more: the folder is read again."""
        self._open = False
        self.witnesses.rest()

    def numbers(self, items: Round) -> Mapping[str, int]:
        """How many records, outcomes and looks were added, and checkpoints signed."""
        coming = items.growth.coming if items.growth else {}
        added: dict[str, int] = {tree: len(coming.get(tree, ())) for tree in TREES}
        return added | {"checkpoints": len(items.signed)}

    def steps(self, items: Round) -> Iterable[Step]:
        """A checkpoint is about no single event."""
        del items
        return ()

    def look(self, connection: Connection, at: Cursor, vitals: Vitals) -> None:
        """Note what is not in the logs yet."""
        vitals.lags(self.name, standing.fates_behind(connection, at))

    def _begin(self, connection: Connection) -> None:
        """Read where the logs stand, and hold them against every copy that can be had."""
        self.notary.open(connection)
        if self.notary.epoch is None:
            raise Inconsistent("the ledger has no epoch")
        told = self.announced(self.notary.epoch, [log.origin for log in self.notary.logs.values()])
        for tree, log in self.notary.logs.items():
            if log.origin in told:
                self.notary.compare(tree, told[log.origin], f"the topic {topics.CHECKPOINTS}")
        self.witnesses.begin(self.notary.heads(), self.notary.logs)
        self._open = True


@dataclass(slots=True)
class Announcing(Mailing):
    """Tells everybody what was signed. Its cursor is on `checkpoint.number`."""

    most: int = _ANNOUNCED
    name: str = field(default="notary-announcer", init=False)

    def read(self, connection: Connection, after: Cursor) -> Batch[Parcel] | None:
        """The next checkpoints of the table."""
        self.postman.sit_down()
        found = checkpoints.after(connection, after.position, self.most)
        if not found:
            return None
        posts = [self._post(one) for one in found]
        return Batch(Parcel(posts, {}), Cursor(found[-1].number, after.outcome_number))

    def numbers(self, items: Parcel) -> Mapping[str, int]:
        """How many checkpoints."""
        return {"checkpoints": len(items.posts)}

    def look(self, connection: Connection, at: Cursor, vitals: Vitals) -> None:
        """It is behind where brokers are away, which is said elsewhere."""

    def _post(self, one: Stored) -> Post:
        origin = one.note.partition("\n")[0]
        message = Checkpoint(
            epoch=one.epoch, log=origin, size=one.size, root=one.root.hex(), made_at=one.stored,
            note=one.note,
        )  # fmt: skip
        return Post(
            topics.CHECKPOINTS, origin.encode(), codec.encode(message, self.postman.framing)
        )


@dataclass(frozen=True, slots=True)
class Topic:
    """The topic of checkpoints as one that is read from its end."""

    open: Callable[[], Feed]
    framing: Framing = SINGLE_OBJECT

    def __call__(self, epoch: UUID, logs: Collection[str]) -> Mapping[str, str]:
        """The largest checkpoint of each of these logs of an epoch, as a note.

        Raises:
            BrokersAway: it cannot be read now.
        """
        largest: dict[str, Checkpoint] = {}
        with closing(self.open()) as feed:
            first, end = feed.bounds()
            span, older = _LOOK_BACK, False
            while end > first and not older and len(largest) < len(logs):
                begin = max(first, end - span)
                for message in _between(feed, begin, end):
                    one = codec.read_as(Checkpoint, message.value, self.framing)
                    older |= one.epoch != epoch  # what lies before is of that epoch, or older
                    if one.log in logs and one.size >= largest.get(one.log, one).size:
                        largest[one.log] = one
                end, span = begin, span * 8
        return {log: one.note for log, one in largest.items()}


def _between(feed: Feed, begin: int, end: int) -> Iterable[Message]:
    """The messages from one offset to before another."""
    feed.seek(begin)
    patience = time.monotonic() + _TOPIC_PATIENCE
    while feed.position() < end:
        found: Sequence[Message] = feed.poll(_POLL_SECONDS)
        yield from (message for message in found if message.offset < end)
        if found:
            patience = time.monotonic() + _TOPIC_PATIENCE
        elif time.monotonic() > patience:
            raise BrokersAway(f"{topics.CHECKPOINTS} does not come")
