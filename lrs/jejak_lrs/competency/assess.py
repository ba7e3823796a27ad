"""The fold: `profile = assess(facts, registry)`.

No clock, no randomness, no I/O, integers only. `facts` is a set: order and repetition do not
matter. Any order, batching or repetition of the same records gives the same bytes.
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import TYPE_CHECKING

from jejak_lrs.competency.facts import Fact
from jejak_lrs.competency.jp import hours
from jejak_lrs.competency.judge import Judged, judge
from jejak_lrs.competency.levels import asserted, disputed, indicated
from jejak_lrs.competency.milestones import certificates, programmes
from jejak_lrs.competency.postings import claimed, separated, served
from jejak_lrs.competency.profile import Profile, Standing
from jejak_lrs.competency.registry import Registry

if TYPE_CHECKING:
    from jejak_lrs.competency.pieces import Piece, Stated


def assess(facts: Iterable[Fact], registry: Registry) -> Profile:
    """Everything that the facts support, by the registry given."""
    judged = judge(facts, registry)
    return Profile(
        competencies=_competencies(judged, registry),
        hours=hours(judged.activities, judged.awards, judged.words, registry),
        certificates=certificates(judged.awards, judged.acts),
        programmes=programmes(judged.milestones, registry),
        postings=served(judged.words, registry.succession),
        claims=claimed(judged.claims, judged.words, registry.succession),
        separations=separated(judged.words),
    )


def _competencies(judged: Judged, registry: Registry) -> tuple[Standing, ...]:
    pieces: dict[str, list[Piece]] = defaultdict(list)
    for piece in judged.pieces:
        pieces[piece.competency].append(piece)
    assertions: dict[str, list[Stated]] = defaultdict(list)
    for stated in judged.assertions:
        assertions[stated.competency].append(stated)
    every = (
        Standing(
            competency=competency,
            asserted=asserted(assertions[competency], registry),
            indicated=indicated(pieces[competency], registry),
            disputed=disputed(assertions[competency], registry),
        )
        for competency in sorted({*pieces, *assertions})
    )
    return tuple(one for one in every if one.asserted or one.indicated)
