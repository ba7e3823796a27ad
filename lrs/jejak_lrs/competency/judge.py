"""What each fact counts for: rules 0, 1, 2, 6 (accreditation), 8, 10 and 12.

From facts and registry to pieces of evidence and valid assertions, with a reason for whatever
does not count. Strengths and days here are of the ruleset in force on occurred_at's date.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any, Final, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from jejak_lrs.competency.acts import Acts, Voids
from jejak_lrs.competency.days import FOREVER
from jejak_lrs.competency.facts import (
    ACTS,
    BKNS,
    Activity,
    Assertion,
    Award,
    CertificateRevoked,
    Claim,
    Evidence,
    Fact,
    LevelRevoked,
    Milestone,
    Order,
    Origin,
    Verification,
    Void,
)
from jejak_lrs.competency.pieces import Discounted, Failure, Piece, Source, Stated
from jejak_lrs.competency.postings import Word, posting_on
from jejak_lrs.competency.registry import SUSPENDED, Registry
from jejak_lrs.competency.ruleset import EvidenceClass, Ruleset

# Why a fact does not count; each has words in wording.py.
VOIDED: Final = "voided"
NO_RULESET: Final = "no-ruleset"
UNKNOWN_CLASS: Final = "unknown-class"
NO_SERIES: Final = "no-series"
NOT_ALIGNED: Final = "not-aligned"
COMPETENCY_UNKNOWN: Final = "competency-unknown"
POSITION_UNKNOWN: Final = "position-unknown"
ASSESSOR_NOT_ACCREDITED: Final = "assessor-not-accredited"
WITHOUT_LEVEL: Final = "failure-without-level"
UNVERIFIED: Final = "not-verified"

F = TypeVar("F", bound=Fact)
_ACTING: Final = frozenset(ACTS)
_BEARING: Final = frozenset((*ACTS, *BKNS))  # on other facts


class Judged(Struct, frozen=True, gc=False):
    """What stands of one person's facts."""

    pieces: tuple[Piece, ...]
    failures: tuple[Failure, ...]
    assertions: tuple[Stated, ...]
    activities: tuple[Activity, ...]
    awards: tuple[Award, ...]
    milestones: tuple[Milestone, ...]
    words: tuple[Word, ...]
    claims: tuple[Claim, ...]
    acts: Acts
    discounted: tuple[Discounted, ...]

    def followed_by(self, later: "Judged") -> "Judged":
        """With later facts, none of which is BKN's word, a failure or an act on another."""
        return Judged(
            pieces=self.pieces + later.pieces,
            failures=self.failures,
            assertions=self.assertions + later.assertions,
            activities=self.activities + later.activities,
            awards=self.awards + later.awards,
            milestones=self.milestones + later.milestones,
            words=self.words,
            claims=self.claims + later.claims,
            acts=self.acts,
            discounted=self.discounted + later.discounted,
        )


def judge(facts: Iterable[Fact], registry: Registry) -> Judged:
    """Judge every fact; the order and repetition of `facts` do not matter."""
    return _judged(_ordered(facts), registry)


def _judged(ordered: list[Fact], registry: Registry) -> Judged:
    words = tuple([fact for fact in ordered if isinstance(fact, BKNS)])
    return _Judgement(ordered, words, registry).result()


class Judging:
    """What one person's facts were last judged to be: where later ones come, only they are judged.

    For one thread. Says what `judge` says, but for the order of what is discounted.
    """

    def __init__(self) -> None:
        self._facts: list[Fact] = []
        self._edition: object = None  # of the registry
        self._judged: Judged | None = None
        self._last: Order | None = None  # of the facts; None: what comes may bear on any of them

    def judge(self, facts: list[Fact], registry: Registry) -> Judged:
        """Judge every fact, in any order."""
        judged = self._with_later(facts, registry)
        if judged is None:
            ordered = _ordered(facts)
            judged = _judged(ordered, registry)
            settled = ordered and _ACTING.isdisjoint(map(type, ordered))
            self._last = ordered[-1].origin.order if settled else None
        self._facts, self._edition, self._judged = facts, registry.edition, judged
        return judged

    def _with_later(self, facts: list[Fact], registry: Registry) -> Judged | None:
        """By what the facts of last time were; None where those that came may change it."""
        held, known = self._judged, len(self._facts)
        if (
            held is None
            or self._last is None
            or self._edition is not registry.edition
            or self._facts != facts[:known]
        ):
            return None
        coming = _ordered(facts[known:])
        if not coming:
            return held
        if coming[0].origin.order <= self._last or not _BEARING.isdisjoint(map(type, coming)):
            return None
        later = _Judgement(coming, held.words, registry, held.acts).result()
        if later.failures:
            return None
        self._last = coming[-1].origin.order
        return held.followed_by(later)


def _ordered(facts: Iterable[Fact]) -> list[Fact]:
    """The facts in order, each once."""
    ordered: list[Fact] = []
    for fact in sorted(facts, key=_order):
        if not (ordered and _repeats(fact, ordered[-1])):
            ordered.append(fact)
    return ordered


def _repeats(fact: Fact, other: Fact) -> bool:
    return fact.origin.position == other.origin.position and fact == other


def _order(fact: Fact) -> tuple[object, ...]:
    """(occurred_at, statement_id), then anything that tells facts of one record apart."""
    named, level = getattr(fact, "competency", None), getattr(fact, "level", None)
    return (*fact.origin.order, type(fact).__name__, named or "", level or 0)


class _Judgement:
    """One pass over one person's facts in order."""

    def __init__(
        self,
        facts: list[Fact],
        words: tuple[Word, ...],
        registry: Registry,
        acts: Acts | None = None,
    ) -> None:
        self.registry = registry
        self.words = words
        self.discounted: list[Discounted] = []
        self._said: dict[object, list[Any]] = defaultdict(list)
        for fact in facts:
            self._said[type(fact)].append(fact)
        self._voids = Voids(self._said[Void], registry)
        self._awards = self._heard(Award)
        self.acts = acts or Acts(
            self._heard(Verification), self._heard(LevelRevoked), self._heard(CertificateRevoked),
            self._awards, words, registry,
        )  # fmt: skip

    def result(self) -> Judged:
        pieces, failures = self._evidence()
        if failures:
            pieces = [_closed(piece, failures) for piece in pieces]
        return Judged(
            pieces=tuple(pieces),
            failures=tuple(failures),
            assertions=tuple(self._assertions()),
            activities=tuple(filter(self._is_settled, self._heard(Activity))),
            awards=tuple(self._awards),
            milestones=tuple(self._heard(Milestone)),
            words=self.words,
            claims=tuple(self._said[Claim]),
            acts=self.acts,
            discounted=tuple(self.discounted),
        )

    def _heard(self, kind: type[F]) -> list[F]:
        """The facts of a kind that are not voided and came from whom they may come."""
        said = self._said.get(kind)
        return list(filter(self._is_heard, said)) if said else []

    def _is_heard(self, fact: Fact) -> bool:
        bar = VOIDED if self._voids.hold(fact.origin) else self.registry.bar_of(fact.origin)
        if bar is not None:
            self._discount(fact, bar)
        return bar is None

    def _is_settled(self, fact: Evidence | Activity) -> bool:
        unverified = self.acts.is_unverified(fact)
        if unverified:
            self._discount(fact, UNVERIFIED)
        return not unverified

    def _discount(self, fact: Fact, reason: str, competency: str | None = None) -> None:
        self.discounted.append(Discounted(fact, reason, competency))

    # -- evidence -------------------------------------------------------------------------

    def _evidence(self) -> tuple[list[Piece], list[Failure]]:
        pieces: list[Piece] = []
        failures: list[Failure] = []
        for fact in filter(self._is_settled, self._heard(Evidence)):
            for piece, rules in self._pieces(fact):
                if fact.passed:
                    pieces.append(piece)
                else:
                    failures.extend(self._failure(fact, piece, rules))
        return pieces, failures

    def _pieces(self, fact: Evidence) -> Iterator[tuple[Piece, Ruleset]]:
        """The pieces that a fact is as a success, under each competency it counts for."""
        rules = self.registry.rules_on(fact.origin.day)
        if rules is None:
            self._discount(fact, NO_RULESET, fact.competency)
            return
        known = rules.classes.of.get(fact.evidence_class)
        if known is None:
            self._discount(fact, UNKNOWN_CLASS, fact.competency)
            return
        assessed = fact.evidence_class == rules.assessment.evidence_class
        for one in self._assessed(fact, known) if assessed else self._trained(fact, known):
            yield one, rules
            for competency, since, until in self.registry.counts_under(one.competency)[1:]:
                if fact.origin.day < until:
                    revoked = min(one.revoked, until)
                    carried = replace(
                        one, competency=competency, under_since=since, revoked=revoked
                    )
                    yield carried, rules

    def _trained(self, fact: Evidence, known: EvidenceClass) -> Iterator[Piece]:
        """Rule 1: only under a countersigned alignment of the series, in force at the time."""
        origin = fact.origin
        series, aligned = self.registry.taught(origin, fact.competency)
        if series is None:
            self._discount(fact, NO_SERIES, fact.competency)
            return
        if not aligned:
            self._discount(fact, NOT_ALIGNED, fact.competency)
        for one in aligned:
            level = one.event.level
            yield Piece(
                origin,
                one.event.competency,
                min(fact.level or level, level, known.up_to_level),
                fact.evidence_class,
                known.strength,
                Source(origin.provider, series),
                assessed=False,
                valid_until=fact.valid_until,
                revoked=self._certificate_ends(fact),
                alignment=one.statement_id,
            )

    def _certificate_ends(self, fact: Evidence) -> date:
        if fact.certificate is None:
            return FOREVER
        return self.acts.certificate_ends(fact.certificate, fact.origin.provider)

    def _assessed(self, fact: Evidence, known: EvidenceClass) -> Iterator[Piece]:
        """An assessor's evidence needs no alignment, but an accreditation (rule 6)."""
        competency, level = fact.competency, fact.level
        if competency is None or level is None:
            return
        reason = self._unassessable(fact.origin, competency)
        if reason is not None:
            self._discount(fact, reason, competency)
            return
        yield Piece(
            fact.origin,
            competency,
            min(level, known.up_to_level),
            fact.evidence_class,
            known.strength,
            Source(fact.origin.party, f"assessor {fact.assessor or ''}"),
            assessed=True,
            valid_until=fact.valid_until,
            revoked=self.acts.level_ends(fact),
        )

    def _unassessable(self, origin: Origin, competency: str) -> str | None:
        definition = self.registry.definition(competency, origin.day)
        if definition is None:
            return COMPETENCY_UNKNOWN
        posting = posting_on(self.words, origin.day)
        if posting is None:
            return POSITION_UNKNOWN
        accreditation = self.registry.accreditation
        if not accreditation.may_assess(origin, definition.kind, posting.position_class):
            return ASSESSOR_NOT_ACCREDITED
        return SUSPENDED if accreditation.is_assessor_suspended(origin) else None

    def _failure(self, fact: Evidence, piece: Piece, rules: Ruleset) -> Iterator[Failure]:
        if fact.competency is None or fact.level is None:
            self._discount(fact, WITHOUT_LEVEL, piece.competency)
            return
        yield Failure(fact.origin, piece.competency, fact.level, piece.strength, rules)

    # -- assertions -----------------------------------------------------------------------

    def _assertions(self) -> Iterator[Stated]:
        for fact in self._heard(Assertion):
            reason = self._unassessable(fact.origin, fact.competency)
            if reason is not None:
                self._discount(fact, reason, fact.competency)
                continue
            revoked = self.acts.level_ends(fact)
            for competency, since, until in self.registry.counts_under(fact.competency):
                yield Stated(
                    fact.origin, competency, fact.level, fact.valid_until, since,
                    min(revoked, until),
                )  # fmt: skip


def _closed(piece: Piece, failures: list[Failure]) -> Piece:
    days = [failure.origin.day for failure in failures if failure.closes(piece)]
    return replace(piece, closed=min(days)) if days else piece
