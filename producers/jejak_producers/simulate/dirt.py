"""Honest dirt: what goes wrong between a training centre and a national record, planted on purpose.

Every kind is counted beforehand (`plan`), so that whoever reads the record afterwards can compare.
Messages that no model can build are made from good bytes by replacing text of the same length.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from heapq import heappop, heappush
from random import Random
from typing import Any, Final, Literal

from jejak_producers.simulate.delivery import Delivery, delivery_of
from jejak_producers.simulate.identifiers import source, uuid7_at
from jejak_producers.simulate.population import Population
from jejak_producers.simulate.registry import Course
from jejak_producers.simulate.samples import row_of
from jejak_schemas import codec
from jejak_schemas.catalogue import entry_of
from jejak_schemas.events import CompetencyAssessed, CourseCompleted, Event, StatementVoided
from jejak_schemas.parts import Activity, PersonRef

Outcome = Literal["recorded", "duplicate", "conflict", "refused"]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of dirt: how often, what the ledger makes of it, and with which reason or warning."""

    name: str
    per_10_000: int
    outcome: Outcome
    reason: str | None = None
    warning: str | None = None


_KINDS: Final = (  # late ones first: `_spots` gives them the earliest events
    Kind("late", 50, "recorded", warning="late"),
    Kind("duplicate", 80, "duplicate"),
    Kind("void-before-target", 10, "recorded"),
    Kind("conflict", 10, "conflict"),
    Kind("unregistered-person", 20, "recorded", warning="person-unconfirmed"),
    Kind("unaccredited-provider", 24, "recorded", warning="outside-accreditation"),
    Kind("bad-nip", 16, "refused", "nip-impossible"),
    Kind("nip-in-text", 6, "refused", "personal-data-in-text"),
    Kind("future-date", 6, "refused", "occurred-in-future"),
    Kind("role-not-allowed", 8, "refused", "role-not-allowed"),
    Kind("wrong-party", 4, "refused", "wrong-party"),
    Kind("truncated", 6, "refused", "truncated"),
    Kind("unknown-schema", 4, "refused", "unknown-schema"),
    Kind("trailing-bytes", 2, "refused", "trailing-bytes"),
    Kind("invalid-utf8", 4, "refused", "invalid-utf8"),
    Kind("nul-character", 4, "refused", "nul-character"),
    Kind("too-large", 2, "refused", "too-large"),
)
KINDS: Final = {kind.name: kind for kind in _KINDS}
_MOST: Final = 1_000  # of a kind: enough for any comparison, and the plan fits in memory
_SCALE: Final = 10_000
_SOON: Final = 40  # a resend comes at most so many messages later
_PLACEHOLDER: Final = "0" * 18  # stands in a name until a NIP takes its place
_MARK: Final = "[bita]"  # stands in a name until a bad byte takes its place
_PLACES: Final = {"nip-in-text": _PLACEHOLDER, "nul-character": _MARK, "invalid-utf8": _MARK}
_OVERSIZE: Final = 70_000  # bytes added, over the 64 KiB that are allowed


def plan(events: int) -> dict[str, int]:
    """How many of each kind go with `events` good ones: at least one, at most 1,000."""
    return {kind.name: min(_MOST, max(1, events * kind.per_10_000 // _SCALE)) for kind in _KINDS}


@dataclass(frozen=True, slots=True)
class Planter:
    """What the dirt is made from: people, courses of good providers and of an unaccredited one."""

    seed: str
    courses: tuple[Course, ...]
    unaccredited: tuple[Course, ...]
    population: Population
    first: int  # the people before this number belong to the stories
    people: int  # those that BKN has registered

    def plant(self, clean: Iterator[Event], count: int) -> Iterator[Delivery]:
        """The deliveries of `count` clean events with the dirt of `plan(count)` among them.

        ValueError where `count` is too small to hold it. Late ones are held back to the end.
        """
        random = source(self.seed, "dirt")
        spots = _spots(plan(count), count, random)
        resends: list[tuple[int, int, Delivery]] = []
        held: list[Delivery] = []
        for number, event in enumerate(clean):
            yield from _due(resends, number)
            kind = spots.get(number, "")
            if kind == "late":
                held.append(delivery_of(event, kind))
            elif kind in ("duplicate", "conflict"):
                first = delivery_of(event)
                yield first
                due = number + random.randrange(1, _SOON)
                heappush(resends, (due, number, _resend(first, kind)))
            elif kind == "void-before-target":
                yield delivery_of(_void(event, random), kind)
                yield delivery_of(event)
            else:
                yield delivery_of(event)
                if kind:
                    yield self._made(kind, event, random)
        yield from _due(resends, count + _SOON)
        yield from held

    def _made(self, kind: str, beside: Event, random: Random) -> Delivery:
        """One bad delivery at the time of a good event."""
        person = self.population.person(random.randrange(self.first, self.people))
        if kind == "unregistered-person":
            person = self.population.person(self.people + random.randrange(_SCALE))
        pool = self.unaccredited if kind == "unaccredited-provider" else self.courses
        course = random.choice(pool)
        event = _completed(course, person.nip, beside, random, _PLACES.get(kind, ""))
        if kind in ("unregistered-person", "unaccredited-provider"):
            return delivery_of(event, kind)
        if kind == "future-date":
            return delivery_of(_moved(event, 3_650, random), kind)
        if kind == "role-not-allowed":
            return delivery_of(_assessed_by_provider(event, course, random), kind)
        if kind == "wrong-party":
            others = [c.offering.party for c in self.courses if c.offering.party != event.party]
            return delivery_of(event, kind, to=random.choice(others))
        return _broken(kind, event, random)


def _spots(planned: dict[str, int], count: int, random: Random) -> dict[int, str]:
    """Which good event each piece of dirt goes with; late reports are of early events."""
    names = [name for name, number in planned.items() for _ in range(number)]
    if len(names) > count:
        raise ValueError(f"{count} events are too few to plant {len(names)} pieces of dirt in")
    numbers = sorted(random.sample(range(count), len(names)))
    late = planned["late"]
    others = names[late:]
    random.shuffle(others)
    return dict(zip(numbers, ["late"] * late + others, strict=True))


def _due(resends: list[tuple[int, int, Delivery]], number: int) -> Iterator[Delivery]:
    while resends and resends[0][0] <= number:
        yield heappop(resends)[2]


def _resend(first: Delivery, kind: str) -> Delivery:
    """The same bytes again, or the same id over other content."""
    if kind == "duplicate" or first.event is None:
        return Delivery(first.party, first.key, first.value, kind, first.event)
    moved = first.event.occurred_at + timedelta(minutes=30)
    return delivery_of(_with(first.event, occurred_at=moved), kind)


def _with(event: Event, **changes: Any) -> Event:
    return type(event).model_validate(dict(event) | changes)


def _moved(event: Event, days: int, random: Random) -> Event:
    moment = event.occurred_at + timedelta(days)
    return _with(event, occurred_at=moment, event_id=uuid7_at(moment, random))


def _void(target: Event, random: Random) -> StatementVoided:
    moment = target.occurred_at + timedelta(hours=2)
    return StatementVoided(
        event_id=uuid7_at(moment, random),
        occurred_at=moment,
        party=target.party,
        on_behalf_of=target.on_behalf_of,
        target=target.event_id,
        reason="entered-twice",
    )


def _completed(
    course: Course, nip: str, beside: Event, random: Random, place: str
) -> CourseCompleted:
    """A course completed, whose name holds the place that `_broken` fills."""
    offering = course.offering
    name = f"{offering.name['id']} {place}".strip()
    return CourseCompleted(
        event_id=uuid7_at(beside.occurred_at, random),
        occurred_at=beside.occurred_at,
        party=offering.party,
        learner=PersonRef(nip=nip),
        activity=Activity(id=offering.series, name={"id": name}),
        offering=offering.offering,
        form=offering.form,
        jp_claimed=offering.jp,
    )


def _assessed_by_provider(event: CourseCompleted, course: Course, random: Random) -> Event:
    """A training provider that states a level, which only an assessor may."""
    return CompetencyAssessed(
        event_id=uuid7_at(event.occurred_at, random),
        occurred_at=event.occurred_at,
        party=event.party,
        learner=event.learner,
        competency=course.offering.competencies[0].id,
        level=course.level,
        method="interview",
    )


def _broken(kind: str, event: CourseCompleted, random: Random) -> Delivery:
    key = entry_of(event).key_of(event)
    value = codec.encode(event)
    if kind == "bad-nip":  # 31 February
        return _swapped(kind, event, key, key[:4] + "0231" + key[8:])
    if kind == "nip-in-text":
        return _swapped(kind, event, _PLACEHOLDER, key)
    if kind == "nul-character":
        return _swapped(kind, event, _MARK, "[bi\0a]")
    broken = {
        "truncated": value[:-5],
        "unknown-schema": value[:2] + random.randbytes(8) + value[10:],
        "trailing-bytes": value + bytes(3),
        "invalid-utf8": value.replace(_MARK.encode(), b"[bi\xffa]"),
        "too-large": value + bytes(_OVERSIZE),
    }[kind]
    return Delivery(event.party, key.encode(), broken, kind)


def _swapped(kind: str, event: CourseCompleted, good: str, bad: str) -> Delivery:
    """The event's bytes and its line with one text replaced by a bad one of the same length."""
    key = entry_of(event).key_of(event).replace(good, bad)
    value = codec.encode(event).replace(good.encode(), bad.encode())
    row = row_of(event).replace(good, bad.replace("\0", "\\u0000"))
    return Delivery(event.party, key.encode(), value, kind, row=row)
