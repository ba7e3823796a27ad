"""What one statement does to another: voids, verifications, revocations.

Source: docs/competency.md, rule 10; docs/contract/ClaimVerified.md.

Judged here and not at the door, because the target may come later. What takes away works in all of
valid time; what revokes, from its day.
"""

from collections.abc import Callable, Iterable
from datetime import date
from typing import Final, TypeVar

from jejak_lrs.competency.accreditation import GUARANTOR, IDENTIFIER
from jejak_lrs.competency.days import FOREVER
from jejak_lrs.competency.facts import (
    Activity,
    Assertion,
    Award,
    CertificateRevoked,
    Evidence,
    LevelRevoked,
    Origin,
    Posting,
    Verification,
    Void,
)
from jejak_lrs.competency.postings import Word, posting_on
from jejak_lrs.competency.registry import Registry

K = TypeVar("K")
T = TypeVar("T")
_CLAIM: Final = "SelfLearningLogged"


class Voids:
    """Rule 10: which statements were taken back by who may."""

    def __init__(self, voids: Iterable[Void], registry: Registry) -> None:
        self._registry = registry
        self._of = _by(voids, lambda one: one.target)

    def hold(self, target: Origin) -> bool:
        """Whether it was voided by the institution that it speaks for, or by LAN."""
        return bool(self._of) and any(
            one.origin.provider == target.provider or _has(one.origin, GUARANTOR, self._registry)
            for one in self._of.get(target.statement_id, ())
        )


class Acts:
    """Verifications and revocations that stand themselves."""

    def __init__(
        self,
        verified: Iterable[Verification],
        levels: Iterable[LevelRevoked],
        papers: Iterable[CertificateRevoked],
        awards: Iterable[Award],
        words: tuple[Word, ...],
        registry: Registry,
    ) -> None:
        self._registry = registry
        self._words = words
        self._verified = _by(verified, lambda one: one.target)
        self._levels = _by(levels, lambda one: one.target)
        self._papers = _by(papers, lambda one: (one.number, one.issuer))
        anew = [one for one in awards if one.replaces is not None]
        self._replaced_by = _by(anew, lambda one: (one.replaces, one.origin.provider))

    def is_unverified(self, fact: Evidence | Activity) -> bool:
        """Whether it is a claim of learning alone that the learner's agency has not confirmed."""
        claim = fact.origin
        return claim.event == _CLAIM and not any(
            self._verifies(one, claim) for one in self._verified.get(claim.statement_id, ())
        )

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
            asked += [one.number for one in self._replaced_by.get((name, issuer), ())]
            days += [
                one.effective_on
                for one in self._papers.get((name, issuer), ())
                if one.origin.provider == issuer or _has(one.origin, GUARANTOR, self._registry)
            ]
        return min(days, default=FOREVER)


def _has(by: Origin, role: str, registry: Registry) -> bool:
    return role in registry.roles_on(by.provider, by.day)


def _by(said: Iterable[T], key: Callable[[T], K]) -> dict[K, list[T]]:
    found: dict[K, list[T]] = {}
    for one in said:
        found.setdefault(key(one), []).append(one)
    return found
