"""Whether the ledger has lost its end: recorders told their group of more than it holds. Pure.

A group offset is committed after the append that it tells of. So in one life of ledger and topic
it is never ahead of the ledger, unless what was appended is gone: a backup was restored, and the
end of its archive is missing. What to do then: docs/operating.md, "A lost tail".
"""

from collections.abc import Iterable, Mapping
from uuid import UUID

from jejak_consumers.messages import Reported, TopicPartition
from jejak_lrs.ledger.inboxes import Inbox


def life(epoch: UUID, topic_id: UUID) -> str:
    """In which life of ledger and topic an offset counts."""
    return f"{epoch} {topic_id}"


def lost(
    epoch: UUID, stored: Iterable[Inbox], reported: Mapping[TopicPartition, Reported]
) -> dict[TopicPartition, str]:
    """The partitions of which more was recorded than the ledger holds, and what is wrong there."""
    found = {}
    for inbox in stored:
        where = TopicPartition(inbox.topic, inbox.partition)
        told = reported.get(where)
        if told is None or told.life != life(epoch, inbox.topic_id):
            continue
        if told.next_offset > inbox.next_offset:
            found[where] = (
                f"the ledger stands at {inbox.next_offset}, it had recorded up to "
                f"{told.next_offset}: its end is lost"
            )
    return found
