"""What one statement does to another: voids, verifications, revocations.

Source: docs/competency.md, rule 10; docs/contract/ClaimVerified.md.

Judged here and not at the door, because the target may come later. What takes away works in all of
valid time; what revokes, from its day.
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING, Final

from jejak_lrs.competency.accreditation import GUARANTOR, IDENTIFIER
from jejak_lrs.competency.days import FOREVER
from jejak_lrs.competency.facts import (
    Activity,
    Assertion,
    Award,
    CertificateRevoked,
    Evidence,
    Fact,
    LevelRevoked,
    Origin,
    Posting,
    Verification,
    Void,
)
from jejak_lrs.competency.postings import Word, posting_on
from jejak_lrs.competency.registry import Registry

if TYPE_CHECKING:
    from uuid import UUID

_CLAIM: Final = "SelfLearningLogged"


class Voids:
    """Rule 10: which statements were taken back by who may."""

    def __init__(self, facts: Iterable[Fact], registry: Registry) -> None:
        self._registry = registry
        self._of: dict[UUID, list[Origin]] = defaultdict(list)
        for fact in facts:
            if isinstance(fact, Void):
                self._of[fact.target].append(fact.origin)

    def hold(self, target: Origin) -> bool:
        """Whether it was voided by the institution that it speaks for, or by LAN."""
        return bool(self._of) and any(
            by.provider == target.provider or _has(by, GUARANTOR, self._registry)
            for by in self._of.get(target.statement_id, ())
        )


class Acts:
    """Verifications and revocations that stand themselves."""

    def __init__(self, standing: Iterable[Fact], words: Iterable[Word], registry: Registry) -> None:
        self._registry = registry
        self._words = tuple(words)
        self._verified: dict[UUID, list[Verification]] = defaultdict(list)
        self._levels: dict[UUID, list[LevelRevoked]] = defaultdict(list)
        self._papers: dict[tuple[str, str], list[CertificateRevoked]] = defaultdict(list)
        self._replaced_by: dict[tuple[str, str], set[str]] = defaultdict(set)
        for fact in standing:
            self._note(fact)

    def _note(self, fact: Fact) -> None:
        match fact:
            case Verification():
                self._verified[fact.target].append(fact)
            case LevelRevoked():
                self._levels[fact.target].append(fact)
            case CertificateRevoked():
                self._papers[fact.number, fact.issuer].append(fact)
            case Award(replaces=str() as replaces):
                self._replaced_by[replaces, fact.origin.provider].add(fact.number)
            case _:
                pass

    def is_unverified(self, fact: Fact) -> bool:
        """Whether it is a claim of learning alone that the learner's agency has not confirmed."""
        if fact.origin.event != _CLAIM or not isinstance(fact, Evidence | Activity):
            return False
        claim = fact.origin
        return not any(self._verifies(one, claim) for one in self._verified[claim.statement_id])

    def _verifies(self, said: Verification, claim: Origin) -> bool:
        """By the home or working agency of the claim's day; by another person if that logged it."""
        posting = posting_on(self._words, claim.day)
        if posting is None or said.origin.provider not in self._agencies(posting, claim.day):
            return False
        return said.origin.provider != claim.provider or said.verifier != said.learner

    def _agencies(self, posting: Posting, day: date) -> set[str]:
        succession = self._registry.succession
        return {succession.agency_on(code, day) for code in (posting.home, posting.working)}

    def level_ends(self, stated: Evidence | Assertion) -> date:
        """The day from which an assessor's level is revoked, by its emitter or by BKN."""
        days = [
            one.effective_on
            for one in self._levels.get(stated.origin.statement_id, ())
            if one.competency == stated.competency and self._may_revoke(one.origin, stated.origin)
        ]
        return min(days, default=FOREVER)

    def _may_revoke(self, by: Origin, target: Origin) -> bool:
        return by.provider == target.provider or _has(by, IDENTIFIER, self._registry)

    def certificate_ends(self, number: str, issuer: str) -> date:
        """The day from which a certificate, or one that replaces it, is revoked."""
        if not self._papers:
            return FOREVER
        days, seen, asked = [], set[str](), [number]
        while asked:
            name = asked.pop()
            if name in seen:
                continue
            seen.add(name)
            asked += self._replaced_by.get((name, issuer), ())
            days += [
                one.effective_on
                for one in self._papers.get((name, issuer), ())
                if one.origin.provider == issuer or _has(one.origin, GUARANTOR, self._registry)
            ]
        return min(days, default=FOREVER)


def _has(by: Origin, role: str, registry: Registry) -> bool:
    return role in registry.roles_on(by.provider, by.day)
