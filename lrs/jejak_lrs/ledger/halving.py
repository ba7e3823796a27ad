"""A batch cut in two, down to one item that cannot be stored. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from jejak_lrs.ledger.batch import Batch, Delivered, Refused, Row

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from jejak_lrs.ledger.batch import Item, Span


def halves(batch: Batch) -> tuple[Batch, Batch]:
    """Two batches that, appended in this order, are the same as the one."""
    middle = len(batch.items) // 2
    right = batch.items[middle:]
    cuts = _first_offsets(right)
    left_spans = [cut for span in batch.spans if (cut := _before(span, cuts)) is not None]
    right_spans = [cut for span in batch.spans if (cut := _from(span, cuts)) is not None]
    return (
        replace(batch, items=batch.items[:middle], spans=left_spans),
        replace(batch, items=right, spans=right_spans),
    )


def poisoned(batch: Batch, why: str) -> Batch:
    """The batch of one row with that row refused; `why` goes to quarantine only."""
    (row,) = batch.items
    if not isinstance(row, Row):
        raise TypeError("only a row can be refused instead")
    refused = Refused(
        source=row.source,
        event_id=row.statement_id,
        reason="internal",
        field=None,
        detail=None,
        original=row.original or Delivered(None, None),
        trace=why,
    )
    return replace(batch, items=[refused])


def _first_offsets(items: Sequence[Item]) -> dict[tuple[UUID, int], int]:
    first: dict[tuple[UUID, int], int] = {}
    for item in items:
        source = item.source
        if source.kind == "inbox" and source.topic_id is not None:
            first.setdefault((source.topic_id, source.partition or 0), source.offset or 0)
    return first


def _before(span: Span, cuts: dict[tuple[UUID, int], int]) -> Span | None:
    end = cuts.get(span.key, span.end)
    return replace(span, end=end) if end > span.start else None


def _from(span: Span, cuts: dict[tuple[UUID, int], int]) -> Span | None:
    cut = cuts.get(span.key)
    return None if cut is None else replace(span, start=max(cut, span.start))
