"""The fold: `profile = assess(facts, registry)`.

No clock, no randomness, no I/O, integers only. `facts` is a set: order and repetition do not
matter. Any order, batching or repetition of the same records gives the same bytes.
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import TYPE_CHECKING

from msgspec import Struct

from jejak_lrs.competency.assertions import asserted, disputed
from jejak_lrs.competency.facts import Fact
from jejak_lrs.competency.jp import hours, same_registrations
from jejak_lrs.competency.judge import Judged
from jejak_lrs.competency.levels import indicated
from jejak_lrs.competency.milestones import certificates, programmes
from jejak_lrs.competency.parts import Parts
from jejak_lrs.competency.postings import claimed, separated, served
from jejak_lrs.competency.profile import (
    Certified,
    Claimed,
    Enrolment,
    Hours,
    Profile,
    Separated,
    Served,
    Standing,
)
from jejak_lrs.competency.registry import Registry

if TYPE_CHECKING:
    from jejak_lrs.competency.pieces import Piece, Stated

_Service = tuple[tuple[Served, ...], tuple[Claimed, ...], tuple[Separated, ...]]


def assess(facts: Iterable[Fact], registry: Registry, parts: Parts | None = None) -> Profile:
    """Everything that the facts support, by the registry given.

    `parts` of the same person, folded before, spare work; the profile is the same without them.
    """
    parts = Parts() if parts is None else parts
    fold = _Fold(parts.judging.judge([*facts], registry), registry, parts)
    postings, claims, separations = fold.service()
    return Profile(
        competencies=fold.competencies(),
        hours=fold.hours(),
        certificates=fold.certificates(),
        programmes=fold.programmes(),
        postings=postings,
        claims=claims,
        separations=separations,
    )


class _Fold(Struct, frozen=True, gc=False):
    """One person's facts as they were judged; each part by all that it is made of."""

    judged: Judged
    registry: Registry
    parts: Parts

    def competencies(self) -> tuple[Standing, ...]:
        pieces: dict[str, list[Piece]] = defaultdict(list)
        for piece in self.judged.pieces:
            pieces[piece.competency].append(piece)
        assertions: dict[str, list[Stated]] = defaultdict(list)
        for stated in self.judged.assertions:
            assertions[stated.competency].append(stated)
        every = (
            self._standing(one, pieces.get(one, []), assertions.get(one, []))
            for one in sorted({*pieces, *assertions})
        )
        return tuple(one for one in every if one.asserted or one.indicated)

    def _standing(
        self, competency: str, pieces: list["Piece"], assertions: list["Stated"]
    ) -> Standing:
        return self.parts.take(
            competency,
            (pieces, assertions, self.registry.rulesets()),
            lambda: Standing(
                competency=competency,
                asserted=asserted(assertions, self.registry),
                indicated=indicated(pieces, self.registry),
                disputed=disputed(assertions, self.registry),
            ),
        )

    def hours(self) -> Hours:
        judged, registry = self.judged, self.registry
        done, words, same = judged.activities, judged.words, same_registrations(judged.awards)
        return self.parts.take(
            "hours",
            (done, same, words, registry.edition),
            lambda: hours(done, same, words, registry),
        )

    def certificates(self) -> tuple[Certified, ...]:
        awards, acts = self.judged.awards, self.judged.acts
        return self.parts.take("certificates", (awards, acts), lambda: certificates(awards, acts))

    def programmes(self) -> tuple[Enrolment, ...]:
        met = self.judged.milestones
        return self.parts.take(
            "programmes",
            (met, self.registry.rulesets()),
            lambda: programmes(met, self.registry),
        )

    def service(self) -> _Service:
        words, claims, succession = self.judged.words, self.judged.claims, self.registry.succession

        def make() -> _Service:
            postings = served(words, succession)
            return postings, claimed(claims, words, succession), separated(words)

        return self.parts.take("service", (words, claims, succession.steps), make)
