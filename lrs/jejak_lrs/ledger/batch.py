"""What `append` takes and gives: finished rows, what was refused, and where they came from.

Everything that holds a person's number, or from which one could be guessed, hides it in its repr.
"""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field as of
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol, TypeAlias

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime
    from uuid import UUID

SourceKind = Literal["inbox", "redrive", "http", "system"]


class Hidden:
    """Shows no more than its repr says; rich would ask a Struct for all of its fields."""

    __slots__ = ()

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return []


class Source(Struct, frozen=True, gc=False):
    """Where a message came from. `inbox` has all three; a `redrive` keeps its inbox's three."""

    kind: SourceKind
    topic_id: UUID | None = None
    partition: int | None = None
    offset: int | None = None


SYSTEM = Source("system")


class Original(Protocol):
    """A message as it was delivered, for quarantine. Its repr must hide key, value and headers."""

    @property
    def key(self) -> bytes | None:
        """Its key."""
        ...

    @property
    def value(self) -> bytes | None:
        """Its value."""
        ...

    @property
    def headers(self) -> Sequence[tuple[str, bytes | None]]:
        """Its headers, in order."""
        ...


class Delivered(NamedTuple):
    """An original alone. Its repr shows nothing: it may hold a NIP."""

    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...] = ()

    def __repr__(self) -> str:
        return "Delivered()"


class Alias(Hidden, Struct, frozen=True, gc=False):
    """An alias to be inserted: (kind, value) names `person_id` from `since` on.

    `statement_id` is the record that keeps its commitment (seal.alias_commitment).
    """

    kind: str
    value: str
    person_id: UUID
    salt: bytes
    since: date
    statement_id: UUID

    def __repr__(self) -> str:
        return f"Alias({self.kind} of {self.person_id})"

    @property
    def reference(self) -> tuple[str, str]:
        """(kind, value), the primary key. Not to be logged."""
        return self.kind, self.value


@dataclass(frozen=True, slots=True)
class PartyChange:
    """What a registry record says about who may speak; becomes a row of `party`.

    Dates are Asia/Jakarta, `valid_until` inclusive; `forms` empty means every form.
    """

    code: str
    event_type: str
    valid_from: date
    valid_until: date | None = None
    roles: tuple[str, ...] = ()
    senders: tuple[str, ...] = ()
    forms: tuple[str, ...] = ()


class Row(Hidden, Struct, gc=False):
    """A message at the end of its walk: everything a record holds but position and stored.

    `digest` is what a resend is compared by; it lives in memory only. `original` is needed where
    the message may meet a conflict or turn out to be unstorable: quarantine keeps it.
    """

    statement_id: UUID
    occurred_at: datetime
    event_type: str
    party: str
    on_behalf_of: str | None
    person_id: UUID | None
    agency: str | None
    verb: str
    activity: str | None
    source: Source
    mapping_version: int
    payload: bytes
    salt: bytes
    tag_salt: bytes
    content_tag: bytes
    digest: bytes
    commitment: bytes = b""  # once it is sealed
    warnings: tuple[str, ...] = ()
    needs: tuple[Alias, ...] = ()
    target: UUID | None = None
    party_change: PartyChange | None = None
    registers: UUID | None = None
    erases: tuple[int, ...] = ()
    original: Original | None = None

    def __repr__(self) -> str:
        return f"Row({self.statement_id})"


class Refused(Hidden, Struct, frozen=True, gc=False):
    """A message that must not become a record. `party` None: the inbox's owner."""

    source: Source
    event_id: UUID | None
    reason: str
    field: str | None
    detail: str | None
    original: Original
    trace: str | None = None
    party: str | None = None

    def __repr__(self) -> str:
        return f"Refused({self.reason}: {self.field})"


Item: TypeAlias = Row | Refused


class NewPerson(Struct, frozen=True, gc=False):
    """A person seen for the first time: its first alias and its finished PersonSeen row."""

    person_id: UUID
    alias: Alias
    row: Row


@dataclass(frozen=True, slots=True)
class Span:
    """The offsets [start, end) of one inbox partition that a batch covers.

    `start` is what this consumer believes to be stored; `end` is the last message's offset + 1.
    """

    topic_id: UUID
    topic: str
    partition: int
    start: int
    end: int

    def __post_init__(self) -> None:
        if self.end <= self.start:
            raise ValueError(f"an empty span: {self.topic}-{self.partition} [{self.start})")

    @property
    def key(self) -> tuple[UUID, int]:
        """(topic id, partition), the primary key of inbox_offset."""
        return self.topic_id, self.partition


@dataclass(frozen=True, slots=True)
class Redrive:
    """Whose second delivery a batch of one item is: a message in quarantine, and who asked."""

    number: int
    who: str


@dataclass(frozen=True, slots=True)
class Batch:
    """What one append takes.

    Args:
        items: rows and refusals; those of one partition in offset order.
        spans: one for each partition that an item's source names; empty for other callers.
        newcomers: by person id, every new person that some row `needs` an alias of.
        registry_version: what the items were walked against (parties.load).
        redrive: the message in quarantine that the only item is; it settles it or changes nothing.
    """

    items: Sequence[Item]
    registry_version: int
    spans: Sequence[Span] = ()
    newcomers: Mapping[UUID, NewPerson] = of(default_factory=dict)
    redrive: Redrive | None = None


@dataclass(frozen=True, slots=True)
class Appended:
    """What an append did. Positions [first_position, next_position) include PersonSeen records.

    Of a batch that had to be halved, other writers' records may lie between. `winners` are the
    new persons that are now in the ledger.
    """

    first_position: int
    next_position: int
    recorded: int
    duplicates: int
    conflicts: int
    refused: int
    winners: frozenset[UUID]

    def then(self, later: Appended) -> Appended:
        """This append and the one that followed it, as one."""
        return Appended(
            self.first_position,
            later.next_position,
            self.recorded + later.recorded,
            self.duplicates + later.duplicates,
            self.conflicts + later.conflicts,
            self.refused + later.refused,
            self.winners | later.winners,
        )
