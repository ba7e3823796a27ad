"""What is left of facts once they are judged: pieces of evidence, failures, valid assertions.

Source: competency.md, rules 1, 2, 6 and 8.
"""

from datetime import date
from uuid import UUID

from msgspec import Struct

from jejak_lrs.competency.days import FOREVER, end_of
from jejak_lrs.competency.facts import Fact, Origin
from jejak_lrs.competency.ruleset import Ruleset


class Source(Struct, frozen=True, gc=False):
    """Rule 2: (provider, series); of an assessment centre (party, assessor)."""

    institution: str
    series: str

    def differs(self, other: "Source") -> bool:
        """Whether both halves differ (rule 5)."""
        return self.institution != other.institution and self.series != other.series


class Piece(Struct, frozen=True, gc=False):
    """Evidence that counts, for one competency at one level, in days [starts, ends).

    `strength` is the class's, before recency. `closed` is the day from which a failure closes it,
    `revoked` that from which it is revoked, or counts under this competency no more; `under_since`
    is the first day on which it does (rule 12).
    """

    origin: Origin
    competency: str
    level: int
    evidence_class: str
    strength: int
    source: Source
    assessed: bool
    valid_until: date | None = None
    closed: date = FOREVER
    revoked: date = FOREVER
    under_since: date = date.min
    alignment: UUID | None = None

    @property
    def starts(self) -> date:
        """The first day that counts."""
        return max(self.origin.day, self.under_since)

    @property
    def ends(self) -> date:
        """The first day that no longer counts, but for recency and default validity."""
        return min(end_of(self.valid_until), self.closed, self.revoked)


class Failure(Struct, frozen=True, gc=False):
    """Rule 8: closes earlier evidence of a level >= `level` from its own day."""

    origin: Origin
    competency: str
    level: int
    strength: int
    rules: Ruleset

    def closes(self, piece: Piece) -> bool:
        """Whether it closes this piece of the same competency."""
        known = self.rules.classes.of.get(piece.evidence_class)
        return (
            piece.competency == self.competency
            and piece.level >= self.level
            and piece.origin.occurred_at < self.origin.occurred_at
            and (known.strength if known else 0) <= self.strength
        )


class Stated(Struct, frozen=True, gc=False):
    """A valid assertion, under one competency."""

    origin: Origin
    competency: str
    level: int
    valid_until: date | None
    under_since: date = date.min
    revoked: date = FOREVER


class Discounted(Struct, frozen=True, gc=False):
    """A fact that does not count, and why."""

    fact: Fact
    reason: str
    competency: str | None = None
