"""A numbered chain: what makes a topic readable without a gap or a duplicate. Pure.

Every message carries (epoch, seq, prev_seq). The writer numbers a topic from its stored place, so
that a restart gives every message the number it had; the reader's whole rule is `judge`. Source:
ledger.md, "Followers"; docs/agency.md states the same rule for plain clients.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from uuid import UUID


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


def judge(last: Place | None, link: Link, *, truncated: bool) -> Verdict:
    """The reader's rule.

    Args:
        last: the last message accepted; None for a reader without a place of its own.
        link: the message's numbers.
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


@dataclass(slots=True)
class Numbering:
    """The writer's side: the next link of each topic. A new epoch numbers every topic anew.

    Args:
        epoch: the ledger's.
        stored: where each topic stood after the last batch that was acknowledged.
    """

    epoch: UUID
    stored: Mapping[str, Place]
    given: dict[str, Place] = field(default_factory=dict)

    def next(self, topic: str) -> Link:
        """The link of the next message of a topic."""
        last = self.given.get(topic) or self.stored.get(topic)
        prev = last.seq if last is not None and last.epoch == self.epoch else 0
        link = Link(self.epoch, prev + 1, prev)
        self.given[topic] = link.place
        return link
