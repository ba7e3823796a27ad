"""Rules on who says so: two agencies, a certificate used twice, a void without effect."""

from __future__ import annotations

from datetime import date
from itertools import combinations, pairwise
from typing import TYPE_CHECKING, Final

from jejak_lrs.exceptions.rules.odd import DAY, Odd
from jejak_lrs.exceptions.sightings import POSTINGS, ROSTER, VOID
from jejak_schemas.clock import day_of, days_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from jejak_lrs.exceptions.rules.odd import Known
    from jejak_lrs.exceptions.sightings import Sighting

_LAN: Final = "lan"  # may void anyone's statement
_FOREVER: Final = days_of(date(9999, 12, 31))


def two_agencies(sighted: Sequence[Sighting], known: Known) -> Iterator[Odd]:
    """Two agencies' rosters hold a person at once; BKN's later word ends a roster elsewhere."""
    words = [one for one in sighted if one.event in POSTINGS and one.first_day is not None]
    claims = [(one, _held(one, words)) for one in sighted if one.event == ROSTER]
    for (one, held), (other, also) in combinations(claims, 2):
        if one.provider == other.provider:
            continue
        shared = min(held.stop, also.stop) - max(held.start, also.start)
        if shared > known.thresholds.two_agencies.days:
            positions = tuple(sorted((one.position, other.position)))
            measure = "+".join(sorted((one.provider, other.provider)))
            yield Odd("two-agencies", day_of(max(held.start, also.start)), positions, measure)


def _held(roster: Sighting, words: Iterable[Sighting]) -> range:
    """The days for which a roster claims a person."""
    first = roster.first_day if roster.first_day is not None else days_of(roster.day)
    end = _FOREVER if roster.last_day is None else roster.last_day + 1
    ends = [
        word.first_day
        for word in words
        if word.first_day is not None
        and word.first_day > first
        and roster.provider not in (word.home_agency, word.working_agency)
    ]
    return range(first, max(first, min([end, *ends])))


def certificate_twice(sighted: Sequence[Sighting], known: Known) -> Iterator[Odd]:
    """One number of one issuer on two statements that stand; each with the one before."""
    rule = known.thresholds.certificate_twice
    issued = sorted((one for one in sighted if one.event in rule.events), key=lambda o: o.position)
    for one, other in pairwise(issued):
        yield Odd(
            "certificate-twice", other.day, (one.position, other.position), other.number or "-"
        )


def void_without_effect(sighted: Sequence[Sighting], known: Known) -> Iterator[Odd]:
    """A void that takes nothing back: of another's statement, of a void, or of none."""
    for void in sighted:
        if works(void, known):
            continue
        if void.of is None:
            if known.now - void.stored <= known.thresholds.void_without_effect.days * DAY:
                continue
            why = "no such statement"
        else:
            why = "of a void" if void.of == VOID else f"of {void.of}'s"
        yield Odd("void-without-effect", void.day, (void.position,), why)


def works(void: Sighting, known: Known) -> bool:
    """Whether the voider emitted the target, or is LAN (competency.md, rule 10)."""
    if void.of is None or void.of == VOID:
        return False
    return void.of == void.provider or _LAN in known.registry.roles_on(void.provider, void.day)
