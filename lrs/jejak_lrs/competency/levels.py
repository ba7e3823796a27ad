"""Levels of one competency: indicated (rules 3 to 5), asserted (rule 6), disputed (rule 9).

The ruleset here is the one in force on the date asked about, so its boundaries are intervals'
boundaries. Strengths in 1/10000.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from heapq import heappop, heappush
from itertools import combinations, pairwise, product
from operator import itemgetter
from typing import Final, NamedTuple

from jejak_lrs.competency.days import closing, end_of, months_later
from jejak_lrs.competency.pieces import Piece, Source, Stated
from jejak_lrs.competency.profile import Asserted, Disputed, Indicated
from jejak_lrs.competency.registry import Registry, Reign
from jejak_lrs.competency.ruleset import Ruleset

_WHOLE: Final = 10_000  # basis points
_FEW: Final = 8  # spans that are sooner reckoned with than united


Likeness = tuple[int, int, bool, str, int, int]


class Span(NamedTuple):
    """Days [starts, ends) in which a piece counts with one strength, after recency."""

    starts: date
    ends: date
    piece: Piece
    strength: int


# -- recency ------------------------------------------------------------------------------


def spans_of(piece: Piece, rules: Ruleset) -> Iterator[Span]:
    """Rule 3: strength x recency // 10000, band by band; only where something is left."""
    starts, ends = piece.starts, piece.ends
    for until, basis_points in _bands(piece, rules):
        end = min(until, ends)
        strength = piece.strength * basis_points // _WHOLE
        if starts < end and strength > 0:
            yield Span(starts, end, piece, strength)
        starts = max(starts, until)


def _bands(piece: Piece, rules: Ruleset) -> Sequence[tuple[date, int]]:
    """Until which day a piece counts with how many basis points."""
    if piece.assessed:
        return ((_assessed_end(piece, rules), _WHOLE),)
    return rules.recency.fades(piece.origin.day)


def _assessed_end(piece: Piece | Stated, rules: Ruleset) -> date:
    if piece.valid_until is not None:
        return end_of(piece.valid_until)
    return months_later(piece.origin.day, rules.assessment.valid_months)


def faded(piece: Piece, rules: Ruleset) -> date:
    """The first day on which recency, or the default validity, leaves nothing."""
    return _bands(piece, rules)[-1][0]


# -- indicated ----------------------------------------------------------------------------


def indicated(pieces: Sequence[Piece], registry: Registry) -> tuple[Indicated, ...]:
    """The indicated level of one competency, as intervals without gaps between equal levels."""
    if not pieces:
        return ()
    steps = [
        (start, end, level)
        for reign in registry.rulesets()
        for start, end, level in _steps(pieces, reign)
    ]
    return tuple(
        Indicated(starts=start, ends=closing(end), level=level)
        for start, end, level in _joined(steps)
        if level is not None
    )


def _steps(pieces: Sequence[Piece], reign: Reign) -> Iterator[tuple[date, date, int | None]]:
    start, end, rules = reign
    spans = _alike(_united([span for piece in pieces for span in spans_of(piece, rules)]))
    turns = {turn for _, span in spans for turn in (span.starts, span.ends)}
    inside = sorted({start, end, *(turn for turn in turns if start < turn < end)})
    for first, last in pairwise(inside):
        live = [one for one in spans if one[1].starts <= first < one[1].ends]
        yield first, last, _level(live, rules) if live else None


def _alike(spans: Iterable[Span]) -> list[tuple[Likeness, Span]]:
    """Each span beside all of it that a level depends on, its source in numbers; strongest first.

    Whatever level holds for some spans holds for any others like them, of whomever they are.
    """
    institutions: dict[str, int] = {}
    series: dict[str, int] = {}
    found = []
    for span in spans:
        _, _, level, evidence_class, _, source, assessed, *_ = span.piece
        institution = institutions.setdefault(source.institution, len(institutions))
        number = series.setdefault(source.series, len(series))
        like = (-span.strength, level, assessed, evidence_class, institution, number)
        found.append((like, span))
    return sorted(found, key=itemgetter(0))


def _level(live: Sequence[tuple[Likeness, Span]], rules: Ruleset) -> int | None:
    """The greatest level that holds; of the few patterns that come again and again, held."""
    spans = [span for _, span in live]
    if len(live) > _FEW:
        return level_of(spans, rules)
    like = tuple([one for one, _ in live])
    if like in rules.weighed:
        return rules.weighed[like]
    return rules.weighed.keep(like, level_of(spans, rules))


def _united(spans: Sequence[Span]) -> Sequence[Span]:
    """Spans of pieces alike that touch as one: of a source the strongest counts, however many.

    So what a flood about one person costs does not grow with the square of it.
    """
    if len(spans) <= _FEW:
        return spans
    alike: dict[tuple[object, ...], list[Span]] = defaultdict(list)
    for span in spans:
        piece = span.piece
        alike[piece.source, piece.level, piece.evidence_class, span.strength].append(span)
    return [
        group[0]._replace(starts=starts, ends=ends)
        for group in alike.values()
        for starts, ends in _merged([(one.starts, one.ends) for one in group])
    ]


def _joined(
    steps: Sequence[tuple[date, date, int | None]],
) -> Iterator[tuple[date, date, int | None]]:
    """Successive steps of the same level as one."""
    open_: tuple[date, date, int | None] | None = None
    for start, end, level in steps:
        if open_ is not None and open_[1] == start and open_[2] == level:
            open_ = (open_[0], end, level)
            continue
        if open_ is not None:
            yield open_
        open_ = (start, end, level)
    if open_ is not None:
        yield open_


def live_on(pieces: Sequence[Piece], day: date, rules: Ruleset) -> list[Span]:
    """The pieces whose counted strength is above 0 on a day, the strongest first."""
    spans = (span for piece in pieces for span in spans_of(piece, rules))
    return [span for span in _by_strength(spans) if span.starts <= day < span.ends]


def level_of(live: Sequence[Span], rules: Ruleset) -> int | None:
    """Rule 4: the greatest level that holds; None if none does. `live` as live_on gives it."""
    sums: dict[int, int] = defaultdict(int)
    for one in live:
        sums[one.piece.level] += one.strength
    most = 0  # that the sum of a level can be; spares most of the work
    for level in range(max(sums, default=0), 0, -1):
        most += sums[level]
        if most >= rules.levels.threshold(level) and holds(level, live, rules):
            return level
    return None


def holds(level: int, live: Sequence[Span], rules: Ruleset) -> bool:
    """Whether a level's sum reaches its threshold, and its gate."""
    taken = [one for one in live if one.piece.level >= level]
    reached = sum(one.applied for one in contributions(taken, rules))
    return reached >= rules.levels.threshold(level) and gate_holds(level, taken, rules)


def gate_holds(level: int, taken: Sequence[Span], rules: Ruleset) -> bool:
    """Rule 5, over all pieces taken, before the strongest of each source."""
    return all(
        _enough_sources({one.piece.source for one in taken}, gate.sources)
        and (not gate.one_of or any(one.piece.evidence_class in gate.one_of for one in taken))
        for gate in rules.gates
        if gate.level == level
    )


def _enough_sources(sources: set[Source], wanted: int) -> bool:
    if wanted <= 1:
        return len(sources) >= wanted
    return any(one.differs(other) for one, other in combinations(sources, 2))


class Contribution(NamedTuple):
    """The strongest piece of a source, and what is left of it under its provider's cap."""

    piece: Piece
    strength: int
    applied: int


def contributions(taken: Sequence[Span], rules: Ruleset) -> list[Contribution]:
    """The strongest piece per source, each provider capped; `taken` has the strongest first."""
    left: dict[str, int] = defaultdict(lambda: rules.levels.provider_cap)
    best: dict[Source, Contribution] = {}
    for one in taken:
        source = one.piece.source
        if source in best:
            continue
        applied = one.strength
        if not one.piece.assessed:
            applied = min(applied, left[source.institution])
            left[source.institution] -= applied
        best[source] = Contribution(one.piece, one.strength, applied)
    return list(best.values())


def _by_strength(spans: Iterable[Span]) -> list[Span]:
    """The strongest first; of equals the earliest, then the higher level."""
    return sorted(spans, key=_rank)


def _rank(span: Span) -> tuple[object, ...]:
    return (-span.strength, *span.piece.origin.order, -span.piece.level)


# -- asserted -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Valid:
    """An assertion in its days under one ruleset."""

    stated: Stated
    starts: date
    ends: date


def _valid(assertions: Sequence[Stated], reign: Reign) -> list[_Valid]:
    start, end, rules = reign
    found = []
    for stated in assertions:
        first = max(stated.origin.day, stated.under_since, start)
        last = min(_assessed_end(stated, rules), stated.revoked, end)
        if first < last:
            found.append(_Valid(stated, first, last))
    return found


def asserted(assertions: Sequence[Stated], registry: Registry) -> tuple[Asserted, ...]:
    """Rule 6: on each day the greatest (occurred_at, statement_id) then valid."""
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
    overlaps: list[tuple[date, date]] = []
    for reign in registry.rulesets():
        rules = reign[2]
        for one, other in _of_different_bodies(_valid(assertions, reign)):
            start, end = max(one.starts, other.starts), min(one.ends, other.ends)
            if start < end and _contradict(one.stated, other.stated, rules):
                overlaps.append((start, end))
    return tuple(Disputed(starts=start, ends=closing(end)) for start, end in _merged(overlaps))


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


def _merged(spans: Sequence[tuple[date, date]]) -> list[tuple[date, date]]:
    merged: list[tuple[date, date]] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged
