"""The writer's side of numbered chains: the publisher numbers what it sends. Pure.

A topic is numbered on from its stored place, so that a restart gives every message the number it
had. The reader's rule is `jejak_schemas.chain`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from jejak_schemas.chain import Link, Place


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
