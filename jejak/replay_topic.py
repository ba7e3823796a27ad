"""Replay into a topic: made if it is not there, written as the operator."""

import re
from contextlib import closing

from jejak import kafka_admin
from jejak.errors import Misuse
from jejak.kafka_admin import Topic
from jejak.services import Services
from jejak_consumers import replaying
from jejak_consumers.kafka import KafkaFeed, KafkaOutbox
from jejak_lrs.replay.replays import Replay, Replayed
from jejak_lrs.replay.selection import Selection
from jejak_schemas import topics
from jejak_schemas.wire import holds_nip

_NAME = re.compile(r"(?!\.{1,2}$)[A-Za-z0-9._-]+")  # as Kafka's brokers take it
_LONGEST = 249
_OURS = "jejak."  # inboxes, receipts, changes, profiles, checkpoints


def check_name(name: str) -> None:
    """Misuse unless a replay may be written to a topic of this name."""
    if name.startswith(_OURS):
        raise Misuse(f"--to topic:{name}: name a topic of your own, not one of Jejak's")
    if len(name) > _LONGEST or not _NAME.fullmatch(name) or holds_nip(name):
        raise Misuse(f"--to topic:{name}: no such name for a topic")


def to_topic(services: Services, how: Replay, selection: Selection, name: str) -> Replayed:
    """Send a selection's records to a topic, going on where the same replay was stopped.

    Raises:
        Misuse: the name is none for this.
        Refuse: the topic holds other messages.
    """
    check_name(name)
    access = services.kafka(services.operator)
    with kafka_admin.connected(access) as admin:
        if name not in admin.topic_ids([name]):
            admin.create_topics([Topic(name, 1, topics.CHECKPOINTS_KEPT)])
    with closing(KafkaFeed(access, name)) as feed:
        stopped = replaying.stopped_at(feed)
    if stopped is not None:
        end = replaying.end_of(stopped, how.epoch(), selection)
        selection = selection.up_to(end)
    epoch, selected = how.choose(selection)
    said = replaying.said_of(epoch, selected.selection)
    after = -1 if stopped is None else stopped.position
    with closing(KafkaOutbox(access, writer=f"{replaying.WRITER}-{name}")) as outbox:
        found, digest = replaying.send(outbox, name, said, how.parts(selected), after)
    return Replayed(epoch, selected.selection, found, digest)
