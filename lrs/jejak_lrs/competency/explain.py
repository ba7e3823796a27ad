"""Why a person has this level in a competency on a day: contribution by contribution.

The same judgement and the same sums as the fold; nothing is reckoned a second way.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

import orjson
from msgspec.structs import replace

from jejak_lrs.competency import assertions, levels
from jejak_lrs.competency.days import closing
from jejak_lrs.competency.facts import Act, Assertion, Evidence, Fact, to_document
from jejak_lrs.competency.judge import Judged, judge
from jejak_lrs.competency.lookups import on
from jejak_lrs.competency.pieces import Discounted, Piece
from jejak_lrs.competency.profile import Asserted
from jejak_lrs.competency.registry import Registry
from jejak_lrs.competency.ruleset import Ruleset

# Why a piece that stands does not count on the day; each has words in wording.py.
CLOSED: Final = "closed-by-failure"
ENDED: Final = "ended"
TOO_OLD: Final = "too-old"
LEVEL_TOO_LOW: Final = "level-too-low"
WEAKER: Final = "weaker-of-its-source"
CAP_REACHED: Final = "provider-cap-reached"


@dataclass(frozen=True, slots=True)
class Counts:
    """A piece that counts: strengths in 1/10000; active in days [starts, ends)."""

    statement: UUID
    event: str
    evidence_class: str
    provider: str
    series: str | None
    level: int
    raw: int
    counted: int
    applied: int
    starts: date
    ends: date | None

    @property
    def capped(self) -> bool:
        """Whether the provider's cap took something away."""
        return self.applied < self.counted


@dataclass(frozen=True, slots=True)
class CountsNot:
    """What does not count, and why."""

    statement: UUID
    event: str
    on: date
    reason: str


@dataclass(frozen=True, slots=True)
class Step:
    """How far a level is reached: the sum, its threshold, and whether its gate is open."""

    level: int
    reached: int
    threshold: int
    gate: bool


@dataclass(frozen=True, slots=True)
class Explanation:
    """The level of one competency on one day, and everything that made it.

    `reached` is of the level indicated (None: none is), `missing` of the next one above it that
    evidence can indicate (None: there is none). `inputs` is a SHA-256 in hex.
    """

    competency: str
    names: tuple[tuple[str, str], ...]
    day: date
    asserted: Asserted | None
    disputed: bool
    indicated: int | None
    reached: Step | None
    missing: Step | None
    counts: tuple[Counts, ...]
    counts_not: tuple[CountsNot, ...]
    ruleset: str | None
    framework: tuple[str, str] | None
    inputs: str


def explain(facts: Iterable[Fact], registry: Registry, competency: str, day: date) -> Explanation:
    """Explain a level by what had happened by the end of a day, and by whatever acts on that."""
    happened = {fact for fact in facts if isinstance(fact, Act) or fact.origin.day <= day}
    judged = judge(happened, registry)
    pieces = [one for one in judged.pieces if one.competency == competency and one.starts <= day]
    stated = [one for one in judged.assertions if one.competency == competency]
    rules = registry.rules_on(day)
    indicated = levels.level_of(levels.live_on(pieces, day, rules), rules) if rules else None
    counts, idle = _weigh(pieces, day, rules, indicated)
    definition = registry.definition(competency, day)
    return Explanation(
        competency=competency,
        names=definition.names if definition else (),
        day=day,
        asserted=on(assertions.asserted(stated, registry), day),
        disputed=on(assertions.disputed(stated, registry), day) is not None,
        indicated=indicated,
        reached=_step(indicated, pieces, day, rules),
        missing=_step(_next(indicated, rules), pieces, day, rules),
        counts=tuple(counts),
        counts_not=tuple(sorted({*idle, *_discounted(judged, registry, competency)}, key=_order)),
        ruleset=rules.version if rules else None,
        framework=(definition.framework, definition.version) if definition else None,
        inputs=_inputs(happened, pieces, rules, registry, competency),
    )


def _next(level: int | None, rules: Ruleset | None) -> int | None:
    above = (one for one in sorted(rules.levels.thresholds if rules else ()) if one > (level or 0))
    return next(above, None)


def _step(
    level: int | None, pieces: Sequence[Piece], day: date, rules: Ruleset | None
) -> Step | None:
    if level is None or rules is None:
        return None
    taken = [one for one in levels.live_on(pieces, day, rules) if one.piece.level >= level]
    reached = sum(one.applied for one in levels.contributions(taken, rules))
    gate = levels.gate_holds(level, taken, rules)
    return Step(level, reached, rules.levels.thresholds[level], gate)


# -- what counts --------------------------------------------------------------------------


def _weigh(
    pieces: Sequence[Piece], day: date, rules: Ruleset | None, indicated: int | None
) -> tuple[list[Counts], list[CountsNot]]:
    """What counts for the level indicated (for the lowest where none is), and what stands idle."""
    if rules is None:
        return [], []
    level = indicated or min(rules.levels.thresholds)
    live = levels.live_on(pieces, day, rules)
    given = levels.contributions([one for one in live if one.piece.level >= level], rules)
    counts = [_counts(one, rules) for one in given if one.applied]
    used = {one.piece: one.applied for one in given}
    alive = {one.piece for one in live}
    idle = [
        _counts_not(piece, reason)
        for piece in pieces
        if (reason := _idle(piece, day, level, alive, used)) is not None
    ]
    return counts, idle


def _counts(one: levels.Contribution, rules: Ruleset) -> Counts:
    piece = one.piece
    return Counts(
        statement=piece.origin.statement_id,
        event=piece.origin.event,
        evidence_class=piece.evidence_class,
        provider=piece.origin.provider,
        series=None if piece.assessed else piece.source.series,
        level=piece.level,
        raw=piece.strength,
        counted=one.strength,
        applied=one.applied,
        starts=piece.starts,
        ends=closing(min(piece.ends, levels.faded(piece, rules))),
    )


def _idle(
    piece: Piece, day: date, level: int, alive: set[Piece], used: dict[Piece, int]
) -> str | None:
    """Why a piece adds nothing; None where it does."""
    if used.get(piece):
        return None
    if piece.closed <= day:
        return CLOSED
    if piece.ends <= day:
        return ENDED
    if piece not in alive:
        return TOO_OLD
    if piece.level < level:
        return LEVEL_TOO_LOW
    return CAP_REACHED if piece in used else WEAKER


def _counts_not(piece: Piece, reason: str) -> CountsNot:
    return CountsNot(piece.origin.statement_id, piece.origin.event, piece.origin.day, reason)


def _discounted(judged: Judged, registry: Registry, competency: str) -> Iterator[CountsNot]:
    for one in judged.discounted:
        if isinstance(one.fact, Evidence | Assertion) and _is_about(one, registry, competency):
            origin = one.fact.origin
            yield CountsNot(origin.statement_id, origin.event, origin.day, one.reason)


def _is_about(one: Discounted, registry: Registry, competency: str) -> bool:
    """Whether a discounted fact might have counted for a competency."""
    named = getattr(one.fact, "competency", None)
    if named is not None:
        return any(under == competency for under, *_ in registry.counts_under(named))
    series = registry.series_of(one.fact.origin)
    return series is None or competency in registry.competencies_of(series)


def _order(one: CountsNot) -> tuple[object, ...]:
    return (one.on, one.statement, one.reason)


# -- inputs -------------------------------------------------------------------------------


def _inputs(
    facts: Iterable[Fact],
    pieces: Iterable[Piece],
    rules: Ruleset | None,
    registry: Registry,
    competency: str,
) -> str:
    """SHA-256 over what was said, the rules, the framework and the alignments used."""
    definition = registry.definition(competency)
    said = {
        "alignments": sorted(str(one.alignment) for one in pieces if one.alignment),
        "facts": sorted(to_document(_placeless(fact)) for fact in facts),
        "framework": [definition.framework, definition.version] if definition else None,
        "ruleset": rules.model_dump_json() if rules else None,
    }
    return hashlib.sha256(orjson.dumps(said, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _placeless(fact: Fact) -> Fact:
    """Without its position: two ledgers that hold the same facts have the same inputs."""
    return replace(fact, origin=replace(fact.origin, position=0))
