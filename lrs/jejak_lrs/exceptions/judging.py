"""From the sightings of one group, by every rule for such a group, to what is odd in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from jejak_lrs.exceptions.rules.claims import (
    certificate_twice,
    two_agencies,
    void_without_effect,
    works,
)
from jejak_lrs.exceptions.rules.grounds import jp_claimed, outside_accreditation, unregistered
from jejak_lrs.exceptions.rules.timing import (
    after_separation,
    burst,
    late,
    long_day,
    overlapping,
)
from jejak_lrs.exceptions.sightings import VOID

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from jejak_lrs.exceptions.rules.odd import Known, Odd, Rule
    from jejak_lrs.exceptions.sightings import Sighting

# By the letter that a group begins with: of a person, of a certificate's number, of a void.
_RULES: Final[Mapping[str, tuple[Rule, ...]]] = {
    "p": (
        overlapping, long_day, after_separation, unregistered, outside_accreditation, jp_claimed,
        two_agencies, burst, late,
    ),
    "c": (certificate_twice,),
    "v": (void_without_effect,),
}  # fmt: skip
NAMES: Final = (
    "overlapping", "long-day", "certificate-twice", "after-separation", "unregistered",
    "outside-accreditation", "void-without-effect", "jp-claimed", "two-agencies", "burst", "late",
)  # fmt: skip


def judged(group: str, sighted: Sequence[Sighting], known: Known) -> Iterator[Odd]:
    """Everything that is odd in a group, whose sightings are in the order of occurred_at."""
    if not group.startswith("v"):
        sighted = _standing(sighted, known)
    for rule in _RULES[group[0]]:
        yield from rule(sighted, known)


def _standing(sighted: Sequence[Sighting], known: Known) -> Sequence[Sighting]:
    """Without what was taken back, and without voids."""
    gone = {one.target for one in sighted if one.event == VOID and works(one, known)}
    if not gone:
        return [one for one in sighted if one.event != VOID]
    return [one for one in sighted if one.event != VOID and one.statement_id not in gone]
