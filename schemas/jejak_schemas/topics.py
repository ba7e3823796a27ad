"""The Kafka topics: their names, and how long each keeps its messages, in Kafka's own words.

What travels on each stands in documents/channels.py.
"""

from datetime import timedelta
from typing import Final

INBOX_PREFIX: Final = "jejak.inbox."
RECEIPTS_PREFIX: Final = "jejak.receipts."
AGENCY_PREFIX: Final = "jejak.agency."
CHECKPOINTS: Final = "jejak.checkpoints"

INBOX_STAYS: Final = timedelta(days=14)  # receipts as long
CHANGES_STAY: Final = timedelta(days=30)
LARGEST_PROFILE: Final = 8 * 1024 * 1024  # bytes; one of many years may pass the brokers' 1 MiB


def _deleted_after(stay: timedelta) -> dict[str, str]:
    return {"cleanup.policy": "delete", "retention.ms": str(stay // timedelta(milliseconds=1))}


INBOX_KEPT: Final = _deleted_after(INBOX_STAYS)
RECEIPTS_KEPT: Final = INBOX_KEPT
CHANGES_KEPT: Final = _deleted_after(CHANGES_STAY)
PROFILES_KEPT: Final = {
    "cleanup.policy": "compact",
    # Tombstones stay as long as changes: a subscriber that was away longer reloads.
    "delete.retention.ms": CHANGES_KEPT["retention.ms"],
    "max.message.bytes": str(LARGEST_PROFILE),
}
CHECKPOINTS_KEPT: Final = {
    "cleanup.policy": "delete",
    "retention.ms": "-1",
    "retention.bytes": "-1",
}


def inbox(party: str, generation: int = 1) -> str:
    """Where `party` writes; growing partitions means a new generation, never a wider topic."""
    return INBOX_PREFIX + party + (f".{generation}" if generation > 1 else "")


def receipts(party: str) -> str:
    """Where `party` reads what became of its events."""
    return RECEIPTS_PREFIX + party


def changes(agency: str) -> str:
    """Where an agency reads the changes of its own people: a numbered chain."""
    return f"{AGENCY_PREFIX}{agency}.changes"


def profiles(agency: str) -> str:
    """Where an agency reads the current state of its own people: compacted."""
    return f"{AGENCY_PREFIX}{agency}.profiles"
