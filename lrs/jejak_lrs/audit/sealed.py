"""One record or outcome against its commitment. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jejak_lrs import seal
from jejak_lrs.errors import BadPayload

if TYPE_CHECKING:
    from jejak_lrs.history import Outcome, Record
    from jejak_lrs.payload import Unpacker

_ALTERED = "its commitment is not that of its content"


def record_wrong(record: Record, unpacker: Unpacker) -> str | None:
    """What is wrong with a record by itself; None if it is as it was sealed."""
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
