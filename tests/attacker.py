"""Whoever has every published table and reckons: what a hidden count can be, at least and at most.

Knows sums exactly (more than is published, which is rounded), and that nothing is below zero. The
simplex method with Bland's rule; the sums are of small whole numbers, once each, so that floats
hold them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

Unknown = tuple[object, ...]
NEARLY = 1e-7


@dataclass
class Attacker:
    """Sums over unknown counts that are known."""

    names: dict[Unknown, int] = field(default_factory=dict)
    sums: list[tuple[dict[int, int], int]] = field(default_factory=list)

    def learn(self, unknowns: Mapping[Unknown, int], known: int) -> None:
        """That so many times some counts sum to a number."""
        row = {self.names.setdefault(name, len(self.names)): n for name, n in unknowns.items()}
        self.sums.append((row, known))

    def can_be(self, wanted: Sequence[Unknown], value: int) -> bool:
        """Whether some counts together could be `value`, whatever else they are."""
        row = {self.names[name]: 1 for name in wanted}
        return _feasible([*self.sums, (row, value)], len(self.names))


def _feasible(sums: Sequence[tuple[dict[int, int], int]], width: int) -> bool:
    """Whether non-negative numbers have all these sums: phase one of the simplex method."""
    rows = _independent(sums, width)
    if rows is None:
        return False
    basis = [width + at for at in range(len(rows))]
    cost = [-sum(row[at] for row in rows) for at in range(width + 1)]
    while cost[width] < -NEARLY:
        enter = next((at for at in range(width) if cost[at] < -NEARLY), None)
        if enter is None:
            return False
        ratios = [
            (row[width] / row[enter], basis[at], at)
            for at, row in enumerate(rows)
            if row[enter] > NEARLY
        ]
        _, _, leave = min(ratios)
        basis[leave] = enter
        _pivot(rows, cost, leave, enter)
    return True


def _pivot(rows: list[list[float]], cost: list[float], leave: int, enter: int) -> None:
    by = rows[leave][enter]
    pivot = rows[leave] = [cell / by for cell in rows[leave]]
    for row in (*(row for at, row in enumerate(rows) if at != leave), cost):
        if times := row[enter]:
            row[:] = [cell - times * own for cell, own in zip(row, pivot, strict=True)]


def _independent(
    sums: Sequence[tuple[dict[int, int], int]], width: int
) -> list[list[float]] | None:
    """The same sums, none following from others, with right sides of at least 0; None: absurd."""
    rows: list[list[float]] = []
    leads: list[int] = []
    for terms, known in sums:
        row = [float(terms.get(at, 0)) for at in range(width)] + [float(known)]
        for lead, other in zip(leads, rows, strict=True):
            if times := row[lead]:
                row = [cell - times * own for cell, own in zip(row, other, strict=True)]
        lead = next((at for at in range(width) if abs(row[at]) > NEARLY), None)
        if lead is None:
            if abs(row[width]) > NEARLY:
                return None
            continue
        rows.append([cell / row[lead] for cell in row])
        leads.append(lead)
    return [[-cell for cell in row] if row[width] < 0 else row for row in rows]
