"""A numbered chain: what makes a topic readable without a gap or a duplicate. Pure.

Every message of a changes or receipts topic carries (epoch, seq, prev_seq): a `Link`. `judge` is
the reader's whole rule, part of the contract: whoever reads such a topic follows it, our own SDK
and subscriber too. docs/agency.md states it in words for plain clients.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Protocol
from uuid import UUID


class Numbered(Protocol):
    """What carries the numbers: a `Link`, or any message of `jejak_schemas.outgoing.Chained`."""

    @property
    def epoch(self) -> UUID: ...  # noqa: D102  the ledger's

    @property
    def seq(self) -> int: ...  # noqa: D102  its number in the topic, from 1

    @property
    def prev_seq(self) -> int: ...  # noqa: D102  the number of the one before it; 0: none


@dataclass(frozen=True, slots=True)
class Place:
    """The last message of a topic that was given or accepted; seq 0 is before the first."""

    epoch: UUID
    seq: int


@dataclass(frozen=True, slots=True)
class Link:
    """The numbers that one message carries."""

    epoch: UUID
    seq: int
    prev_seq: int

    @property
    def place(self) -> Place:
        """Where a reader stands once it has accepted this."""
        return Place(self.epoch, self.seq)


class Verdict(Enum):
    """What a reader does with a message."""

    ACCEPT = "accept"  # it is the next one
    DROP = "drop"  # seen before: a republication
    WAIT = "wait"  # something is missing and will be republished, this message too
    RELOAD = "reload"  # something is missing for good: begin again from the profiles


def judge(last: Place | None, link: Numbered, *, truncated: bool) -> Verdict:
    """The reader's rule.

    Args:
        last: the last message accepted; None for a reader without a place of its own.
        link: the message, or its numbers.
        truncated: the topic no longer keeps every message after `last`.
    """
    if last is None:
        return Verdict.ACCEPT
    if link.epoch != last.epoch:
        return Verdict.RELOAD
    if link.seq <= last.seq:
        return Verdict.DROP
    if link.prev_seq == last.seq:
        return Verdict.ACCEPT
    return Verdict.RELOAD if truncated else Verdict.WAIT
