"""Indicated levels of one competency: what evidence adds up to (rules 3 to 5).

The ruleset here is the one in force on the date asked about, so its boundaries are intervals'
boundaries. Strengths in 1/10000. Asserted levels, beside them: `assertions`.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from itertools import combinations, pairwise
from operator import itemgetter
from typing import Final, NamedTuple

from jejak_lrs.competency.assertions import assessed_end
from jejak_lrs.competency.days import closing, merged
from jejak_lrs.competency.pieces import Piece, Source
from jejak_lrs.competency.profile import Indicated
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
        return ((assessed_end(piece, rules), _WHOLE),)
    return rules.recency.fades(piece.origin.day)


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
        for starts, ends in merged([(one.starts, one.ends) for one in group])
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
