"""What records say beside themselves, against the tables that append keeps of it.

Who may speak (`party`), and what records act on (`statement_reference`).
"""

from __future__ import annotations

from dataclasses import astuple
from typing import TYPE_CHECKING, Any

from jejak_lrs.audit.difference import Difference
from jejak_lrs.effects import party_change, target_of

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterator, Sequence
    from uuid import UUID

    from jejak_lrs.arriving import Said
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

    def end(self) -> Iterator[Difference]:
        """That nobody is said to speak by a record that is not there."""
        for (position,) in self._connection.execute(
            "SELECT position FROM party WHERE position < 0 "
            "OR position >= (SELECT next_position FROM ledger_head) ORDER BY position"
        ):
            yield Difference(f"party of record {position}", "there is no such record")

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


def _row(said: Said) -> tuple[Any, ...] | None:
    change = party_change(said.event)
    if change is None:
        return None
    code, event_type, valid_from, valid_until, roles, senders, forms = astuple(change)
    until = None if valid_until is None else valid_until.isoformat()
    return (
        code, event_type, valid_from.isoformat(), until, list(roles), list(senders), list(forms)
    )  # fmt: skip
