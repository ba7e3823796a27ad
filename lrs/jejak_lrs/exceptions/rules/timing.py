"""Rules on time: at two places at once, too much of it, too fast, too late."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final

from jejak_lrs.exceptions.rules.odd import DAY, HOUR, MINUTE, SECOND, Odd
from jejak_lrs.exceptions.sightings import POSTINGS, SEPARATED, Sighting
from jejak_schemas.clock import day_of, days_of, jakarta_day_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from jejak_lrs.exceptions.rules.odd import Known

_AHEAD: Final = 7 * HOUR  # Jakarta's midnight is seven hours before UTC's

_Presence = tuple[int, int, Sighting]  # from when to when somebody was at something


def overlapping(sighted: Sequence[Sighting], known: Known) -> Iterator[Odd]:
    """Two things at two places at the same time: two sessions, or two whole-day classes."""
    limit = known.thresholds.overlapping.minutes * MINUTE
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


def _sessions(sighted: Iterable[Sighting], known: Known) -> Iterator[_Presence]:
    for one in sighted:
        if one.event in known.thresholds.overlapping.events and one.duration:
            yield one.occurred_at - one.duration * SECOND, one.occurred_at, one


def _classes(sighted: Iterable[Sighting], known: Known) -> Iterator[_Presence]:
    rule = known.thresholds.overlapping
    for one in sighted:
        if one.event not in rule.whole_day_events or one.form not in rule.whole_day_forms:
            continue
        if one.first_day is not None and one.last_day is not None:
            yield one.first_day * DAY - _AHEAD, (one.last_day + 1) * DAY - _AHEAD, one


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
            yield Odd("long-day", day_of(day), where, _spoken(told * SECOND))


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
            other for other in row if one.occurred_at - other.occurred_at <= rule.minutes * MINUTE
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
        if one.event in rule.events and waited > rule.days * DAY:
            yield Odd("late", one.day, (one.position,), f"{waited // DAY} d")


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


def _spoken(micros: int) -> str:
    hours, minutes = divmod(micros // MINUTE, 60)
    return f"{hours} h {minutes:02} min" if minutes else f"{hours} h"
