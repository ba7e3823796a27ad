"""What records say beside themselves, against the tables that append keeps of it.

Who may speak (`party`), what records act on (`statement_reference`), and whose content is to be
erased (`erasure`).
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import astuple
from typing import TYPE_CHECKING, Any

from jejak_lrs.audit.difference import Difference
from jejak_lrs.ledger import history
from jejak_lrs.ledger.effects import party_change, target_of
from jejak_schemas.events import DestructionApproved, ErasureOrdered

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterator, Sequence
    from uuid import UUID

    from jejak_lrs.audit.examiner import Said
    from jejak_lrs.database import Connection


class Effects:
    """What the records of a stretch say beside themselves."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def follow(
        self, told: Sequence[Said], start: int, end: int, confirmed: Counter[str]
    ) -> Iterator[Difference]:
        """All records at [start, end) that say anything of the kind.

        Rows that are what the records say are counted in `confirmed`, by table.
        """
        yield from self._parties(told, start, end)
        yield from self._references(told, confirmed)
        yield from self._erasures(told, start, end)

    def end(self) -> Iterator[Difference]:
        """That nothing is said by a record that is not there."""
        for (position,) in self._connection.execute(
            "SELECT position FROM party WHERE position < 0 "
            "OR position >= (SELECT next_position FROM ledger_head) ORDER BY position"
        ):
            yield Difference(f"party of record {position}", "there is no such record")
        for (position,) in self._connection.execute(
            "SELECT position FROM erasure "
            "WHERE ordered >= (SELECT next_position FROM ledger_head) ORDER BY position"
        ):
            yield Difference(f"erasure of record {position}", "no record orders it")

    def _parties(self, told: Sequence[Said], start: int, end: int) -> Iterator[Difference]:
        found: dict[int, tuple[Any, ...]] = {
            position: tuple(row)
            for position, *row in self._connection.execute(
                "SELECT position, code, event_type, valid_from::text, valid_until::text, roles, "
                "senders, forms FROM party WHERE position >= %s AND position < %s",
                [start, end],
            )
        }
        said = {one.record.position: _row(one) for one in told}
        must = {position: row for position, row in said.items() if row is not None}
        for position in sorted({*must, *found}):
            if must.get(position) != found.get(position):
                yield Difference(f"party of record {position}", "it is not what the record says")

    def _references(self, told: Sequence[Said], confirmed: Counter[str]) -> Iterator[Difference]:
        targets = {one.record.position: target_of(one.event) for one in told}
        must = {(target, at) for at, target in targets.items() if target is not None}
        if not must:
            return
        found: set[tuple[UUID, int]] = set(
            self._connection.execute(
                "SELECT target, position FROM statement_reference WHERE target = ANY(%s)",
                [[target for target, _ in must]],
            ).fetchall()
        )
        confirmed["statement_reference"] += len(must & found)
        for _, position in sorted(must - found, key=lambda pair: pair[1]):
            yield Difference(
                f"statement_reference of record {position}", "it is missing or altered"
            )

    def _erasures(self, told: Sequence[Said], start: int, end: int) -> Iterator[Difference]:
        """What is ordered to be erased: by a record, which names who approved it."""
        found = defaultdict[int, set[int]](set)
        for position, ordered in self._connection.execute(
            "SELECT position, ordered FROM erasure WHERE ordered >= %s AND ordered < %s",
            [start, end],
        ):
            found[ordered].add(position)
        orders = {
            one.record.position: one.event for one in told if isinstance(one.event, ErasureOrdered)
        }
        for ordered in sorted({*found, *orders}):
            order = orders.get(ordered)
            said = set(order.positions) if order else set()
            # What was ordered before stays with the first order.
            lacking = said - found[ordered] - self._ordered_before(said - found[ordered], ordered)
            for position in sorted((found[ordered] - said) | lacking):
                what = f"record {ordered} and this table do not say the same"
                yield Difference(f"erasure of record {position}", what)
            if order is not None and not self._is_approved(order, ordered):
                yield Difference(f"record {ordered}", "no recorded approval allows its erasure")

    def _ordered_before(self, positions: set[int], ordered: int) -> set[int]:
        if not positions:
            return set()
        query = "SELECT position FROM erasure WHERE position = ANY(%s) AND ordered < %s"
        found = self._connection.execute(query, [list(positions), ordered])
        return {position for (position,) in found}

    def _is_approved(self, order: ErasureOrdered, ordered: int) -> bool:
        approval = history.record_of(self._connection, order.target)
        return (
            approval is not None
            and approval.position < ordered
            and approval.event_type == DestructionApproved.__name__
        )


def _row(said: Said) -> tuple[Any, ...] | None:
    change = party_change(said.event)
    if change is None:
        return None
    code, event_type, valid_from, valid_until, roles, senders, forms = astuple(change)
    until = None if valid_until is None else valid_until.isoformat()
    return (
        code, event_type, valid_from.isoformat(), until, list(roles), list(senders), list(forms)
    )  # fmt: skip
