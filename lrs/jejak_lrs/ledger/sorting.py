"""Which items of a batch become records, and what the others are. Pure.

The first of several with one id wins, in the order of the batch. A known id with the same content
is a duplicate, with other content a conflict; of an erased record always a duplicate.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from jejak_lrs.ledger import seal
from jejak_lrs.ledger.batch import Row

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from uuid import UUID

    from jejak_lrs.ledger.batch import Item, Refused

Kind: TypeAlias = Literal["duplicate", "conflict", "refused"]


@dataclass(frozen=True, slots=True)
class Stored:
    """A recorded statement; salt and tag are None once it is erased."""

    position: int
    tag_salt: bytes | None
    content_tag: bytes | None


@dataclass(frozen=True, slots=True)
class Repeat:
    """A row whose id is known: from a position, or from the batch's own n-th survivor."""

    row: Row
    kind: Literal["duplicate", "conflict"]
    position: int | None = None
    survivor: int | None = None

    def of_position(self, first_survivor: int) -> int:
        """The position of the record it repeats, once the survivors are numbered."""
        if self.position is not None:
            return self.position
        return first_survivor + (self.survivor or 0)


@dataclass(frozen=True, slots=True)
class Sorted:
    """A batch sorted out, each part in the batch's order."""

    survivors: list[Row]
    others: list[Repeat | Refused]

    def count(self, kind: Kind) -> int:
        """How many of the others are of a kind."""
        return sum(kind_of(other) == kind for other in self.others)


def kind_of(other: Repeat | Refused) -> Kind:
    """What an item that is no record is called in `outcome`."""
    return other.kind if isinstance(other, Repeat) else "refused"


def sort(items: Iterable[Item], known: Mapping[UUID, Stored]) -> Sorted:
    """Sort items out against the records that have one of their ids already."""
    survivors: list[Row] = []
    others: list[Repeat | Refused] = []
    seen: dict[int, int] = {}  # statement id -> index of the survivor; an int is hashed faster
    for item in items:
        if not isinstance(item, Row):
            others.append(item)
        elif known and (stored := known.get(item.statement_id)) is not None:
            others.append(Repeat(item, _against_record(item, stored), position=stored.position))
        elif (index := seen.setdefault(item.statement_id.int, len(survivors))) < len(survivors):
            others.append(Repeat(item, _against_row(item, survivors[index]), survivor=index))
        else:
            survivors.append(item)
    return Sorted(survivors, others)


def _against_record(row: Row, stored: Stored) -> Literal["duplicate", "conflict"]:
    if stored.tag_salt is None or stored.content_tag is None:
        return "duplicate"
    same = seal.content_tag(stored.tag_salt, row.digest) == stored.content_tag
    return "duplicate" if same else "conflict"


def _against_row(row: Row, first: Row) -> Literal["duplicate", "conflict"]:
    return "duplicate" if row.digest == first.digest else "conflict"
