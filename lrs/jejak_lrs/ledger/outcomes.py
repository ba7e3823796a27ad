"""What append says of a message that did not become a record: an outcome, and its quarantine."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from jejak_lrs import tables
from jejak_lrs.ledger import seal
from jejak_lrs.ledger.copying import copy
from jejak_lrs.ledger.sorting import Repeat, kind_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from jejak_lrs.database import Connection
    from jejak_lrs.ledger.batch import Original, Refused


def copy_outcomes(
    connection: Connection,
    others: Sequence[Repeat | Refused],
    *,
    first_number: int,
    at_position: int,
    first_survivor: int,
    stored: datetime,
    owners: Mapping[tuple[UUID, int], str],
) -> list[bytes]:
    """Outcomes, numbered from `first_number`, and their messages into quarantine.

    Returns the outcomes' commitments.
    """
    told = [
        _Told(other, number, at_position, first_survivor, stored, owners)
        for number, other in enumerate(others, first_number)
    ]
    copy(connection, tables.outcome, (outcome.row() for outcome in told))
    copy(
        connection,
        tables.quarantine,
        (outcome.quarantine_row() for outcome in told if outcome.kind != "duplicate"),
        without=("status",),
    )
    return [outcome.commitment for outcome in told]


class _Told:
    """One outcome, and its row in `outcome` and in `quarantine`."""

    def __init__(
        self,
        other: Repeat | Refused,
        number: int,
        at_position: int,
        first_survivor: int,
        stored: datetime,
        owners: Mapping[tuple[UUID, int], str],
    ) -> None:
        self.kind = kind_of(other)
        self.number = number
        self.at_position = at_position
        self.stored = stored
        self.of_position: int | None = None
        self.reason: str | None = None
        self.field: str | None = None
        self.detail: str | None = None
        self.trace: str | None = None
        self.original: Original | None
        if isinstance(other, Repeat):
            self.source = other.row.source
            self.event_id: UUID | None = other.row.statement_id
            self.party: str | None = other.row.party
            self.of_position = other.of_position(first_survivor)
            self.original = other.row.original
        else:
            self.source = other.source
            self.event_id = other.event_id
            self.party = other.party or owners.get(_inbox(other))
            self.reason = other.reason
            self.field = _storable(other.field)
            self.detail = _storable(other.detail)
            self.trace = _storable(other.trace)
            self.original = other.original

        self.salt = seal.salt()
        self.commitment = seal.outcome_commitment(
            self.salt,
            kind=self.kind,
            party=self.party,
            event_id=self.event_id,
            source=self.source,
            at_position=self.at_position,
            of_position=self.of_position,
            reason=self.reason,
            field=self.field,
        )

    def row(self) -> tuple[object, ...]:
        """In the order of tables.outcome."""
        return (
            self.number, self.at_position, self.stored, self.kind, self.party, self.event_id,
            *self._source(), self.of_position, self.reason, self.field, self.detail, self.salt,
            self.commitment,
        )  # fmt: skip

    def quarantine_row(self) -> tuple[object, ...]:
        """In the order of tables.quarantine, without the status."""
        key, value, headers = (
            (self.original.key, self.original.value, self.original.headers)
            if self.original
            else (None, None, ())
        )
        return (
            self.number, self.stored, self.kind, self.party, self.event_id, *self._source(),
            self.reason or "conflict", self.field, self.detail, self.trace, key, value,
            [name.encode() for name, _ in headers], [content for _, content in headers],
        )  # fmt: skip

    def _source(self) -> tuple[object, ...]:
        return self.source.kind, self.source.topic_id, self.source.partition, self.source.offset


def _inbox(refused: Refused) -> tuple[UUID, int]:
    return cast("tuple[UUID, int]", (refused.source.topic_id, refused.source.partition))


def _storable(text: str | None) -> str | None:
    """Our own words about a bad message must not be bad themselves."""
    if text is None:
        return None
    return text.replace("\x00", "\\x00").encode("utf-8", "backslashreplace").decode()
