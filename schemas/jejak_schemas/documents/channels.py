"""Where messages travel: the topics, who writes and reads them, how long they stay.

A party sees its own topics and the checkpoints, nothing else.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic import BaseModel

from jejak_schemas import topics
from jejak_schemas.catalogue import CATALOGUE
from jejak_schemas.events import SystemEvent
from jejak_schemas.outgoing import CHANGES, Checkpoint, ProfileState, Receipt

_PARTY: Final = "{party}"
_AGENCY: Final = "{agency}"


@dataclass(frozen=True, slots=True)
class Channel:
    """One kind of topic: its address with what varies in braces, and what its messages are.

    `kept` is the topic's configuration as AsyncAPI writes it.
    """

    name: str
    title: str
    address: str
    says: str
    key: str
    messages: tuple[type[BaseModel], ...]
    partitions: int
    kept: dict[str, Any]


def _written(kept: Mapping[str, str]) -> dict[str, Any]:
    """A topic's settings as AsyncAPI's binding has them: policies in a list, numbers as numbers."""
    return {
        name: value.split(",") if name == "cleanup.policy" else int(value)
        for name, value in kept.items()
    }


INBOX: Final = Channel(
    "inbox",
    "Inbox",
    topics.inbox(_PARTY),
    "Where a party writes its events, and nobody else. An inbox that grows gets a new topic, "
    f"{topics.inbox(_PARTY, 2)}; the credentials file names the one to write to.",
    "The learner's reference (NIP, NRP or person_id) or the subject of a registry event, as "
    "plain UTF-8; the default partitioner (murmur2).",
    tuple(row.event for row in CATALOGUE if not issubclass(row.event, SystemEvent)),
    2,
    _written(topics.INBOX_KEPT),
)
RECEIPTS: Final = Channel(
    "receipts",
    "Receipts",
    topics.receipts(_PARTY),
    "What became of each message of a party's inbox; a numbered chain.",
    "The event_id, or `partition:offset` of a message that could not be read.",
    (Receipt,),
    1,
    _written(topics.RECEIPTS_KEPT),
)
CHANGED: Final = Channel(
    "changes",
    "Changes",
    topics.changes(_AGENCY),
    "The changes in the profiles of an agency's own people; a numbered chain.",
    "The person_id.",
    CHANGES,
    1,
    _written(topics.CHANGES_KEPT),
)
PROFILES: Final = Channel(
    "profiles",
    "Profiles",
    topics.profiles(_AGENCY),
    "The current profile of each of an agency's own people; a message without a value "
    "(tombstone) says that the person has left it, its headers epoch and version say since when.",
    "The person_id.",
    (ProfileState,),
    1,
    _written(topics.PROFILES_KEPT),
)
CHECKPOINTS: Final = Channel(
    "checkpoints",
    "Checkpoints",
    topics.CHECKPOINTS,
    "What the notary has signed of the ledger's logs, for everyone.",
    "The log's name.",
    (Checkpoint,),
    1,
    _written(topics.CHECKPOINTS_KEPT),
)
CHANNELS: Final = (INBOX, RECEIPTS, CHANGED, PROFILES, CHECKPOINTS)


def channel_of(model: type[BaseModel]) -> Channel | None:
    """Where messages of a class travel; None for what only the system itself says."""
    return next((one for one in CHANNELS if model in one.messages), None)
