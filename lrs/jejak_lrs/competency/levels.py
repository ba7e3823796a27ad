"""Indicated levels of one competency: what evidence adds up to (rules 3 to 5).

The ruleset here is the one in force on the date asked about, so its boundaries are intervals'
boundaries. Strengths in 1/10000. Asserted levels, beside them: `assertions`.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import date
from itertools import combinations, pairwise
from typing import Final

from msgspec import Struct

from jejak_lrs.competency.assertions import assessed_end
from jejak_lrs.competency.days import closing, merged
from jejak_lrs.competency.pieces import Piece, Source
from jejak_lrs.competency.profile import Indicated
from jejak_lrs.competency.registry import Registry, Reign
from jejak_lrs.competency.ruleset import Ruleset

_WHOLE: Final = 10_000  # basis points
_PIECES: Final = 3  # at most, where what evidence like it indicated is held
_WEIGHTS: Final = 8  # at most, where the level of weights like these is held

# All that a level depends on: strength, level, whether assessed, class; its source in numbers.
Weight = tuple[int, int, bool, str, int, int]
Days = tuple[date, date]


class Counted(Struct, frozen=True, gc=False):
    """A piece on a day, with what is left of its strength."""

    piece: Piece
    strength: int


# -- recency ------------------------------------------------------------------------------


def counted_in(piece: Piece, rules: Ruleset) -> Iterator[tuple[date, date, int]]:
    """Rule 3: strength x recency // 10000, band by band; only where something is left."""
    starts, ends = piece.starts, piece.ends
    for until, basis_points in _bands(piece, rules):
        end = min(ends, until)
        strength = piece.strength * basis_points // _WHOLE
        if starts < end and strength > 0:
            yield starts, end, strength
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
    """The indicated level of one competency, as intervals without gaps between equal levels.

    Few pieces come alike again and again, so what those indicate is held.
    """
    if not pieces:
        return ()
    if len(pieces) > _PIECES:
        return _indicated(pieces, registry)
    pattern = _pattern(pieces)
    held = registry.indicated.get(pattern)
    return registry.indicated.keep(pattern, _indicated(pieces, registry)) if held is None else held


def _pattern(pieces: Sequence[Piece]) -> tuple[tuple[object, ...], ...]:
    """All of pieces that their levels depend on, of whomever they are; sources in numbers."""
    institutions: dict[str, int] = {}
    series: dict[str, int] = {}
    return tuple([
        (
            piece.origin.day, piece.level, piece.evidence_class, piece.strength, piece.assessed,
            piece.valid_until, piece.closed, piece.revoked, piece.under_since,
            institutions.setdefault(piece.source.institution, len(institutions)),
            series.setdefault(piece.source.series, len(series)),
        )
        for piece in pieces
    ])  # fmt: skip


def _indicated(pieces: Sequence[Piece], registry: Registry) -> tuple[Indicated, ...]:
    steps = [step for reign in registry.rulesets() for step in _steps(pieces, reign)]
    return tuple(
        Indicated(starts=start, ends=closing(end), level=level)
        for start, end, level in _joined(steps)
        if level is not None
    )


def _steps(pieces: Sequence[Piece], reign: Reign) -> Iterator[tuple[date, date, int | None]]:
    """The level between two turns: days on which some weight begins or ends to count."""
    start, end, rules = reign
    weights = _weights(pieces, rules)
    turns: dict[date, list[Weight]] = {start: [], end: []}
    for weight, (_, spans) in weights.items():
        for first, last in spans if len(spans) == 1 else merged(spans):
            turns.setdefault(first, []).append(weight)
            turns.setdefault(last, []).append(weight)
    live: set[Weight] = set()
    for first, last in pairwise(sorted(turns)):
        live.symmetric_difference_update(turns[first])
        if start <= first < end:
            yield first, last, _level(live, weights, rules) if live else None


def _weights(pieces: Iterable[Piece], rules: Ruleset) -> dict[Weight, tuple[Piece, list[Days]]]:
    """Each weight with its days, and a piece that has it: of a source the strongest counts.

    So what a flood about one person costs does not grow with the square of it.
    """
    institutions: dict[str, int] = {}
    series: dict[str, int] = {}
    found: dict[Weight, tuple[Piece, list[Days]]] = {}
    for piece in pieces:
        level, evidence_class, assessed = piece.level, piece.evidence_class, piece.assessed
        institution = institutions.setdefault(piece.source.institution, len(institutions))
        number = series.setdefault(piece.source.series, len(series))
        for starts, ends, strength in counted_in(piece, rules):
            weight = (strength, level, assessed, evidence_class, institution, number)
            if weight in found:
                found[weight][1].append((starts, ends))
            else:
                found[weight] = (piece, [(starts, ends)])
    return found


def _level(
    live: AbstractSet[Weight], weights: Mapping[Weight, tuple[Piece, object]], rules: Ruleset
) -> int | None:
    """The greatest level that holds; of the few weights that come again and again, held.

    Whatever holds for some weights holds for any others like them, of whomever they are.
    """
    like = frozenset(live)
    if like in rules.weighed:
        return rules.weighed[like]
    level = level_of(_by_strength(Counted(weights[one][0], one[0]) for one in live), rules)
    return rules.weighed.keep(like, level) if len(like) <= _WEIGHTS else level


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


def live_on(pieces: Sequence[Piece], day: date, rules: Ruleset) -> list[Counted]:
    """The pieces whose counted strength is above 0 on a day, the strongest first."""
    return _by_strength(
        Counted(piece, strength)
        for piece in pieces
        for starts, ends, strength in counted_in(piece, rules)
        if starts <= day < ends
    )


def level_of(live: Sequence[Counted], rules: Ruleset) -> int | None:
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


def holds(level: int, live: Sequence[Counted], rules: Ruleset) -> bool:
    """Whether a level's sum reaches its threshold, and its gate."""
    taken = [one for one in live if one.piece.level >= level]
    reached = sum(one.applied for one in contributions(taken, rules))
    return reached >= rules.levels.threshold(level) and gate_holds(level, taken, rules)


def gate_holds(level: int, taken: Sequence[Counted], rules: Ruleset) -> bool:
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


class Contribution(Struct, frozen=True, gc=False):
    """The strongest piece of a source, and what is left of it under its provider's cap."""

    piece: Piece
    strength: int
    applied: int


def contributions(taken: Sequence[Counted], rules: Ruleset) -> list[Contribution]:
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


def _by_strength(spans: Iterable[Counted]) -> list[Counted]:
    """The strongest first; of equals the earliest, then the higher level."""
    return sorted(spans, key=_rank)


def _rank(one: Counted) -> tuple[object, ...]:
    return (-one.strength, *one.piece.origin.order, -one.piece.level)
