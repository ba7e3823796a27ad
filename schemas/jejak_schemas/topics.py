"""Names of the Kafka topics; what travels on each stands in documents/channels.py."""

from typing import Final

INBOX_PREFIX: Final = "jejak.inbox."
RECEIPTS_PREFIX: Final = "jejak.receipts."
AGENCY_PREFIX: Final = "jejak.agency."
CHECKPOINTS: Final = "jejak.checkpoints"


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
