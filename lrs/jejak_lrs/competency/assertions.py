"""Asserted levels of one competency (rule 6), and where they contradict each other (rule 9).

The ruleset here is the one in force on the date asked about, so its boundaries are intervals'
boundaries.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from heapq import heappop, heappush
from itertools import combinations, pairwise, product

from msgspec import Struct

from jejak_lrs.competency.days import closing, end_of, merged, months_later
from jejak_lrs.competency.pieces import Piece, Stated
from jejak_lrs.competency.profile import Asserted, Disputed
from jejak_lrs.competency.registry import Registry, Reign
from jejak_lrs.competency.ruleset import Ruleset


def assessed_end(piece: Piece | Stated, rules: Ruleset) -> date:
    """Until which day an assessor's word counts, if nothing revokes it."""
    if piece.valid_until is not None:
        return end_of(piece.valid_until)
    return months_later(piece.origin.day, rules.assessment.valid_months)


class _Valid(Struct, frozen=True, gc=False):
    """An assertion in its days under one ruleset."""

    stated: Stated
    starts: date
    ends: date


def _valid(assertions: Sequence[Stated], reign: Reign) -> list[_Valid]:
    start, end, rules = reign
    found = []
    for stated in assertions:
        first = max(stated.origin.day, stated.under_since, start)
        last = min(assessed_end(stated, rules), stated.revoked, end)
        if first < last:
            found.append(_Valid(stated, first, last))
    return found


def asserted(assertions: Sequence[Stated], registry: Registry) -> tuple[Asserted, ...]:
    """Rule 6: on each day the greatest (occurred_at, statement_id) then valid."""
    if not assertions:
        return ()
    spans: list[Asserted] = []
    for reign in registry.rulesets():
        for latest, first, last in _latest_of(_valid(assertions, reign)):
            _extend(spans, latest.stated, first, last)
    return tuple(spans)


def _latest_of(valid: Sequence[_Valid]) -> Iterator[tuple[_Valid, date, date]]:
    """The latest assertion that is valid between two turns; where none is, nothing."""
    ranked = sorted(valid, key=lambda one: one.stated.origin.order, reverse=True)
    beginning: dict[date, list[int]] = defaultdict(list)
    for rank, one in enumerate(ranked):
        beginning[one.starts].append(rank)
    live: list[int] = []  # a heap: the latest first, some of them over
    for first, last in pairwise(sorted({*beginning, *(one.ends for one in valid)})):
        for rank in beginning[first]:
            heappush(live, rank)
        while live and ranked[live[0]].ends <= first:
            heappop(live)
        if live:
            yield ranked[live[0]], first, last


def _extend(spans: list[Asserted], stated: Stated, start: date, end: date) -> None:
    """Add a span, or lengthen the last one where the same statement goes on."""
    statement = stated.origin.statement_id
    last = spans[-1] if spans else None
    if last is not None and last.ends == start and last.statement == statement:
        start = spans.pop().starts
    spans.append(
        Asserted(
            starts=start,
            ends=closing(end),
            level=stated.level,
            by=stated.origin.provider,
            statement=statement,
        )
    )


def disputed(assertions: Sequence[Stated], registry: Registry) -> tuple[Disputed, ...]:
    """Rule 9: the overlaps of assertions of different bodies that contradict each other."""
    if len(assertions) <= 1:
        return ()
    overlaps: list[tuple[date, date]] = []
    for reign in registry.rulesets():
        rules = reign[2]
        for one, other in _of_different_bodies(_valid(assertions, reign)):
            start, end = max(one.starts, other.starts), min(one.ends, other.ends)
            if start < end and _contradict(one.stated, other.stated, rules):
                overlaps.append((start, end))
    return tuple(Disputed(starts=start, ends=closing(end)) for start, end in merged(overlaps))


def _of_different_bodies(valid: Iterable[_Valid]) -> Iterator[tuple[_Valid, _Valid]]:
    """Each pair of assertions that two bodies have made, of different levels."""
    alike: dict[tuple[str, int], list[_Valid]] = defaultdict(list)
    for one in valid:
        alike[one.stated.origin.provider, one.stated.level].append(one)
    for (body, level), (other, another) in combinations(alike, 2):
        if body != other and level != another:
            yield from product(alike[body, level], alike[other, another])


def _contradict(one: Stated, other: Stated, rules: Ruleset) -> bool:
    apart = abs((one.origin.day - other.origin.day).days)
    return (
        one.origin.provider != other.origin.provider
        and apart <= rules.disputes.within_days
        and abs(one.level - other.level) >= rules.disputes.levels_apart
    )
