"""A replay into a topic of its own: one message a record, each once, also after a stop.

Key: the statement's id. Value: the line of the record (jejak_lrs.replay.lines). Headers say its
position and whose replay it is, so that a replay that was stopped goes on behind the last message
that readers can see. The topic has one partition.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import Final
from uuid import UUID

import orjson

from jejak_consumers.errors import Refuse
from jejak_consumers.messages import Feed, Message, Outbox, Post
from jejak_lrs.replay.lines import Found, Part
from jejak_lrs.replay.selection import Selection

WRITER: Final = "jejak-replay"  # with the topic's name behind it, the transactional id
POSITION: Final = "jejak_position"
REPLAY: Final = "jejak_replay"
_AT_ONCE: Final = 1_000  # messages of a transaction
_BACK: Final = 2 * _AT_ONCE + 10  # offsets that hold at least one message, markers among them
_PATIENCE: Final = 0.5  # seconds


@dataclass(frozen=True, slots=True)
class Stopped:
    """How far a replay's topic is: the position of its last message, and whose it is."""

    position: int
    replay: bytes


def said_of(epoch: UUID, selection: Selection) -> bytes:
    """Whose messages these are, as a header says it. `selection` has an end."""
    return orjson.dumps({"epoch": str(epoch), "selection": selection.document()})


def end_of(stopped: Stopped, epoch: UUID, selection: Selection) -> int:
    """The last position of the same selection's replay that was stopped.

    Raises:
        Refuse: the topic's messages are of another replay.
    """
    end: int = orjson.loads(stopped.replay)["selection"]["to_position"]
    same = stopped.replay == said_of(epoch, replace(selection, to_position=end))
    if not same or selection.to_position not in (None, end):
        raise Refuse("the topic holds the messages of another replay: name another topic")
    return end


def stopped_at(feed: Feed) -> Stopped | None:
    """How far a topic is; None: nothing is there.

    Raises:
        Refuse: its messages are of no replay.
    """
    first, end = feed.bounds()
    if first == end:
        return None
    feed.seek(max(first, end - _BACK))
    last: Message | None = None
    while feed.position() < end:
        for message in feed.poll(_PATIENCE):
            last = message
    if last is None:
        return None
    headers = dict(last.headers)
    position, replay = headers.get(POSITION), headers.get(REPLAY)
    if position is None or replay is None:
        raise Refuse("the topic holds messages that are of no replay: name another topic")
    return Stopped(int(position), replay)


def send(
    outbox: Outbox, topic: str, replay: bytes, parts: Iterable[Part], after: int
) -> tuple[Found, str]:
    """Send what is behind position `after`; what all of the replay is, and its digest."""
    found, digest = Found(), hashlib.sha256()
    for part in parts:
        coming = _posts(part, topic, replay, after)
        while few := list(islice(coming, _AT_ONCE)):
            outbox.send(few)
            outbox.commit()
        digest.update(part.lines)
        found = found.and_then(part.found)
    return found, digest.hexdigest()


def _posts(part: Part, topic: str, replay: bytes, after: int) -> Iterator[Post]:
    for line in part.lines.splitlines():
        said = orjson.loads(line)
        if said["position"] > after:
            headers = ((POSITION, str(said["position"]).encode()), (REPLAY, replay))
            yield Post(topic, said["statement_id"].encode(), line, headers)
