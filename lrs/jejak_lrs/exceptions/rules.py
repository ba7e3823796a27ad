"""The rules of the exceptions report: pure, each from the sightings of one group to what is odd.

docs/exceptions.md says for people what each finds, what it leaves alone, and why it is asked.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import combinations, pairwise
from typing import TYPE_CHECKING, Final
from uuid import UUID

from jejak_lrs.competency.facts import Activity, Origin
from jejak_lrs.competency.jp import hours
from jejak_lrs.competency.registry import OUTSIDE
from jejak_lrs.exceptions.sightings import (
    POSTINGS,
    ROSTER,
    SEPARATED,
    VOID,
    Sighting,
)
from jejak_schemas.clock import day_of, days_of, jakarta_day_of, moment_of

if TYPE_CHECKING:
    from jejak_lrs.competency.registry import Registry
    from jejak_lrs.exceptions.thresholds import Thresholds

_SECOND: Final = 1_000_000
_MINUTE: Final = 60 * _SECOND
_HOUR: Final = 60 * _MINUTE
_DAY: Final = 24 * _HOUR
_AHEAD: Final = 7 * _HOUR  # Jakarta's midnight is seven hours before UTC's
_LAN: Final = "lan"  # may void anyone's statement
_ENROLS: Final = "LearnerRegistered"


@dataclass(frozen=True, slots=True)
class Known:
    """What a rule may ask beside its group. `now`: when the last record was stored, in micros."""

    thresholds: Thresholds
    registry: Registry
    now: int


@dataclass(frozen=True, slots=True)
class Odd:
    """One finding: which rule, on which day, in which records, and how much of it."""

    rule: str
    day: date
    positions: tuple[int, ...]
    measure: str


Rule = Callable[[Sequence[Sighting], Known], Iterator[Odd]]


def judged(group: str, sighted: Sequence[Sighting], known: Known) -> Iterator[Odd]:
    """Everything that is odd in a group, whose sightings are in the order of occurred_at."""
    if not group.startswith("v"):
        sighted = _standing(sighted, known)
    for rule in RULES[group[0]]:
        yield from rule(sighted, known)


def _standing(sighted: Sequence[Sighting], known: Known) -> Sequence[Sighting]:
    """Without what was taken back, and without voids."""
    gone = {one.target for one in sighted if one.event == VOID and works(one, known)}
    if not gone:
        return [one for one in sighted if one.event != VOID]
    return [one for one in sighted if one.event != VOID and one.statement_id not in gone]


def works(void: Sighting, known: Known) -> bool:
    """Whether the voider emitted the target, or is LAN (competency.md, rule 10)."""
    if void.of is None or void.of == VOID:
        return False
    return void.of == void.provider or _LAN in known.registry.roles_on(void.provider, void.day)


# -- time -----------------------------------------------------------------------------------


def overlapping(sighted: Sequence[Sighting], known: Known) -> Iterator[Odd]:
    """Two things at two places at the same time: two sessions, or two whole-day classes."""
    limit = known.thresholds.overlapping.minutes * _MINUTE
    for presences in (_sessions(sighted, known), _classes(sighted, known)):
        present = sorted(presences, key=lambda one: one[:2])
        for at, (_, end, one) in enumerate(present):
            for start, other_end, other in present[at + 1 :]:
                if end - start <= limit:
                    break
                shared = min(end, other_end) - start
                if shared > limit and _elsewhere(one, other):
                    positions = tuple(sorted((one.position, other.position)))
                    yield Odd("overlapping", jakarta_day_of(start), positions, _spoken(shared))


_Presence = tuple[int, int, Sighting]  # from when to when somebody was at something


def _sessions(sighted: Iterable[Sighting], known: Known) -> Iterator[_Presence]:
    for one in sighted:
        if one.event in known.thresholds.overlapping.events and one.duration:
            yield one.occurred_at - one.duration * _SECOND, one.occurred_at, one


def _classes(sighted: Iterable[Sighting], known: Known) -> Iterator[_Presence]:
    rule = known.thresholds.overlapping
    for one in sighted:
        if one.event not in rule.whole_day_events or one.form not in rule.whole_day_forms:
            continue
        if one.first_day is not None and one.last_day is not None:
            yield one.first_day * _DAY - _AHEAD, (one.last_day + 1) * _DAY - _AHEAD, one


def _elsewhere(one: Sighting, other: Sighting) -> bool:
    """Whether two are of different things; one registration is one thing."""
    if one.registration is not None and one.registration == other.registration:
        return False
    return (one.offering or one.activity) != (other.offering or other.activity)


def long_day(sighted: Sequence[Sighting], known: Known) -> Iterator[Odd]:
    """More hours of learning in a day than a day has."""
    rule = known.thresholds.long_day
    seconds: dict[int, int] = defaultdict(int)
    positions: dict[int, list[int]] = defaultdict(list)
    for one in sighted:
        days = _days_of(one, one.event in rule.events)
        for day in days:
            seconds[day] += (one.duration or 0) // len(days)
            positions[day].append(one.position)
    for day, told in sorted(seconds.items()):
        if told > rule.hours * 3_600:
            where = tuple(sorted(positions[day]))
            yield Odd("long-day", day_of(day), where, _spoken(told * _SECOND))


def _days_of(one: Sighting, of_one_day: bool) -> Sequence[int]:
    """The days over which a duration is spread; none where that is not said."""
    if not one.duration:
        return ()
    if one.first_day is not None and one.last_day is not None:
        return range(one.first_day, max(one.first_day, one.last_day) + 1)
    return (days_of(one.day),) if of_one_day else ()


def burst(sighted: Sequence[Sighting], known: Known) -> Iterator[Odd]:
    """More things finished in a while than anybody could; the longest row is told once."""
    rule = known.thresholds.burst
    done = [one for one in sighted if one.event in rule.events]
    row: list[Sighting] = []
    told = False
    for one in done:
        fresh = [
            other for other in row if one.occurred_at - other.occurred_at <= rule.minutes * _MINUTE
        ]
        if told and not fresh:
            told = False
        row = [*fresh, one]
        things = {other.offering or other.activity for other in row}
        if len(things) >= rule.count and not told:
            told = True
            positions = tuple(sorted(other.position for other in row))
            yield Odd("burst", one.day, positions, f"{len(things)}")


def late(sighted: Sequence[Sighting], known: Known) -> Iterator[Odd]:
    """Stored long after it happened."""
    rule = known.thresholds.late
    for one in sighted:
        waited = one.stored - one.occurred_at
        if one.event in rule.events and waited > rule.days * _DAY:
            yield Odd("late", one.day, (one.position,), f"{waited // _DAY} d")


def after_separation(sighted: Sequence[Sighting], known: Known) -> Iterator[Odd]:
    """What somebody did who had left the service, and had not come back."""
    rule = known.thresholds.after_separation
    turns = sorted(
        (one.first_day, one.event == SEPARATED)
        for one in sighted
        if one.first_day is not None and one.event in {SEPARATED, *POSTINGS}
    )
    for one in sighted:
        if one.event not in rule.events:
            continue
        day = days_of(one.day)
        before = [turn for turn in turns if turn[0] <= day]
        if before and before[-1][1] and day - before[-1][0] >= rule.days:
            gone = f"{day - before[-1][0]} d"
            yield Odd("after-separation", one.day, (one.position,), gone)


# -- what rests on something ------------------------------------------------------------------


def unregistered(sighted: Sequence[Sighting], known: Known) -> Iterator[Odd]:
    """A completion for which nobody was enrolled before."""
    enrolled = [one for one in sighted if one.event == _ENROLS]
    registrations = {one.registration for one in enrolled if one.registration is not None}
    for one in sighted:
        if one.event not in known.thresholds.unregistered.events:
            continue
        if one.registration in registrations or any(_enrols(each, one) for each in enrolled):
            continue
        yield Odd("unregistered", one.day, (one.position,), one.offering or one.activity or "-")


def _enrols(enrolment: Sighting, done: Sighting) -> bool:
    """Whether an enrolment without the same registration is one for this."""
    if days_of(enrolment.day) > days_of(done.day):
        return False
    return _same(enrolment.offering, done.offering) or _same(enrolment.activity, done.activity)


def _same(one: str | None, other: str | None) -> bool:
    return one is not None and one == other


def outside_accreditation(sighted: Sequence[Sighting], known: Known) -> Iterator[Odd]:
    """Said by a provider that was not accredited for it then."""
    for one in sighted:
        if one.event in known.thresholds.outside_accreditation.events:
            origin = _origin(one)
            if known.registry.bar_of(origin) == OUTSIDE:
                yield Odd("outside-accreditation", one.day, (one.position,), one.provider)


def jp_claimed(sighted: Sequence[Sighting], known: Known) -> Iterator[Odd]:
    """More JP claimed for something than the rules credit for it alone."""
    rule = known.thresholds.jp_claimed
    for one in sighted:
        if one.event not in rule.events or not one.jp_claimed:
            continue
        alone = hours([_activity(one)], (), (), known.registry).credits
        credited = sum(each.jp for each in alone)
        if alone and one.jp_claimed > credited + rule.hundredths:
            measure = f"{one.jp_claimed / 100:.2f} > {credited / 100:.2f}"
            yield Odd("jp-claimed", one.day, (one.position,), measure)


def _origin(one: Sighting) -> Origin:
    return Origin(
        statement_id=UUID(one.statement_id),
        position=one.position,
        occurred_at=moment_of(one.occurred_at),
        event=one.event,
        party=one.party,
        on_behalf_of=one.provider if one.provider != one.party else None,
        offering=one.offering,
        form=one.form,
    )


def _activity(one: Sighting) -> Activity:
    return Activity(
        origin=_origin(one),
        activity=one.activity or one.programme or "",
        registration=UUID(one.registration) if one.registration else None,
        ended_on=day_of(one.last_day) if one.last_day is not None else None,
        international=one.international,
        jp_claimed=one.jp_claimed,
    )


# -- who says so ------------------------------------------------------------------------------


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


_FOREVER: Final = days_of(date(9999, 12, 31))


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
            if known.now - void.stored <= known.thresholds.void_without_effect.days * _DAY:
                continue
            why = "no such statement"
        else:
            why = "of a void" if void.of == VOID else f"of {void.of}'s"
        yield Odd("void-without-effect", void.day, (void.position,), why)


def _spoken(micros: int) -> str:
    hours, minutes = divmod(micros // _MINUTE, 60)
    return f"{hours} h {minutes:02} min" if minutes else f"{hours} h"


RULES: Final[Mapping[str, tuple[Rule, ...]]] = {
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
