"""One record or outcome against its commitment. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from jejak_lrs.errors import BadPayload
from jejak_lrs.ledger import seal

if TYPE_CHECKING:
    from jejak_lrs.ledger.history import Outcome, Record
    from jejak_lrs.ledger.payload import Unpacker

# What erasure nulls; an auditor cannot read the tag_salt.
ERASED: Final = ("payload", "salt", "content_tag", "person_id", "agency", "activity")

_ALTERED = "its commitment is not that of its content"


def record_wrong(record: Record, unpacker: Unpacker, *, ordered: bool) -> str | None:
    """What is wrong with a record by itself; None if it is as it was sealed.

    `ordered`: its erasure is. Of what is erased only the log's leaf still speaks.
    """
    if record.payload is None and ordered:
        left = [name for name in ERASED if getattr(record, name) is not None]
        return f"it is erased but for {', '.join(left)}" if left else None
    if record.payload is None or record.salt is None or record.content_tag is None:
        return "its content is gone, and nothing ordered its erasure"
    if len(record.salt) != seal.SALT_BYTES:
        return f"its salt has {len(record.salt)} bytes"
    if record.warnings == []:
        return "its warnings are an empty text, where there are none or some"
    try:
        plain = unpacker.unpack(record.payload)
    except BadPayload as exc:
        return str(exc)
    sealed = seal.record_commitment(record, plain)
    return None if sealed == record.commitment else _ALTERED


def outcome_wrong(outcome: Outcome) -> str | None:
    """What is wrong with an outcome by itself; None if it is as it was sealed."""
    if outcome.salt is None or len(outcome.salt) != seal.SALT_BYTES:
        return "its salt is gone or has another length"
    sealed = seal.outcome_commitment(
        outcome.salt,
        kind=outcome.kind,
        party=outcome.party,
        event_id=outcome.event_id,
        source=outcome.source,
        at_position=outcome.at_position,
        of_position=outcome.of_position,
        reason=outcome.reason,
        field=outcome.field,
    )
    return None if sealed == outcome.commitment else _ALTERED
