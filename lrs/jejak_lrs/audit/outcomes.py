"""What did not become a record: each outcome by itself, its place, its message in quarantine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from jejak_lrs.audit import reading
from jejak_lrs.audit.difference import Difference
from jejak_lrs.audit.order import Order
from jejak_lrs.audit.sealed import outcome_wrong
from jejak_lrs.ledger.books import Run

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from jejak_lrs.audit.findings import Findings
    from jejak_lrs.database import Connection
    from jejak_lrs.ledger.books import Key
    from jejak_lrs.ledger.history import Outcome, Record


class Outcomes:
    """Checks stretches of outcomes."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def check(self, findings: Findings) -> None:
        """Check the outcomes with the numbers of `findings`, and put there what differs."""
        order = Order("outcome", findings.start)
        for batch in reading.outcomes(self._connection, findings.start, findings.end):
            findings.add(self._batch(batch, order, findings))
        findings.add(order.expect(findings.end))
        findings.first_stored, findings.last_stored = order.first_stored, order.last_stored

    def _batch(
        self, batch: Iterable[Outcome | Difference], order: Order, findings: Findings
    ) -> Iterator[Difference]:
        found = list(batch)
        numbers = [one.number for one in found if not isinstance(one, Difference)]
        altered = self._numbers(_QUARANTINE_ALTERED, numbers)
        misplaced = self._numbers(_MISPLACED, numbers)
        for one in found:
            if isinstance(one, Difference):
                order.skip(one)
                yield one
                continue
            where = f"outcome {one.number}"
            yield from order.follow(one.number, one.stored)
            findings.runs += inbox_run(one, one.kind)
            if (wrong := outcome_wrong(one)) is not None:
                yield Difference(where, wrong)
            if one.number in altered:
                yield Difference(where, "its message in quarantine is missing or says otherwise")
            if one.number in misplaced:
                what = f"it is not stored between the records around position {one.at_position}"
                yield Difference(where, what)

    def _numbers(self, query: str, numbers: list[int]) -> set[int]:
        found = self._connection.execute(query.encode(), {"numbers": numbers}) if numbers else ()
        return {number for (number,) in found}


def inbox_run(one: Record | Outcome, kind: str) -> list[tuple[Key, Run]]:
    """What the books must know of a record or outcome: nothing, where it is of no inbox."""
    topic_id, partition, offset = one.source_topic, one.source_partition, one.source_offset
    if one.source_kind != "inbox" or topic_id is None or partition is None or offset is None:
        return []
    return [((topic_id, partition), Run(kind, one.party, offset, offset + 1))]


# A refusal or conflict has its message in quarantine, whose other columns repeat the outcome's.
_QUARANTINE_ALTERED: Final = (
    "SELECT number FROM outcome o "
    "LEFT JOIN (SELECT * FROM quarantine WHERE number = ANY(%(numbers)s)) q USING (number) "
    "WHERE number = ANY(%(numbers)s) AND CASE o.kind WHEN 'duplicate' THEN "
    "q.status IS NOT NULL OR o.detail IS NOT NULL ELSE "
    "(q.status IS NULL OR (q.stored, q.kind, q.party, q.event_id, q.source_kind, q.source_topic, "
    "q.source_partition, q.source_offset, q.reason, q.field, q.detail) IS DISTINCT FROM "
    "(o.stored, o.kind, o.party, o.event_id, o.source_kind, o.source_topic, o.source_partition, "
    "o.source_offset, coalesce(o.reason, 'conflict'), o.field, o.detail)) END"
)
# An append stores its outcomes with its records: after what came before, not after what follows.
_MISPLACED: Final = (
    "SELECT number FROM outcome o WHERE number = ANY(%(numbers)s) AND ("
    "EXISTS (SELECT FROM record r WHERE r.position = o.at_position - 1 AND r.stored > o.stored) OR "
    "EXISTS (SELECT FROM record r WHERE r.position = o.at_position AND r.stored < o.stored))"
)
