"""Feeding generations of the projection: from records to evidence, profiles and changes.

Each record is folded at its own position, with the registry of that position, so the changes that a
person's own records make do not depend on batching. Registry records that may touch people put them
into `refold`; some of them are folded anew in each transaction, so after these the versions and
changes on the way do depend on it. Profiles never do.
Source: docs/architecture.md, "follower"; docs/competency.md.
"""

from __future__ import annotations

import time
from collections import defaultdict
from dataclasses import dataclass, field
from itertools import chain, groupby
from typing import TYPE_CHECKING, Final

from jejak_lrs.competency.persons import word_of
from jejak_lrs.competency.reach import Reach, reach_of
from jejak_lrs.ledger import history
from jejak_lrs.ledger.effects import ACTING, erased_by
from jejak_lrs.ledger.statements import Statements
from jejak_lrs.projection import clock, evidence, kinship, profiles, refolding
from jejak_lrs.projection.arriving import Said, arrivals, of_voids, owned, said_in
from jejak_lrs.projection.evidence import Arrival
from jejak_lrs.projection.folding import Folding
from jejak_lrs.projection.held import Held
from jejak_lrs.projection.pacing import Pace
from jejak_lrs.projection.telling import Cause
from jejak_lrs.replay.gathering import registry_at

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date
    from uuid import UUID

    from jejak_lrs.competency.registry import Registry
    from jejak_lrs.database import Connection
    from jejak_lrs.ledger.history import Entry
    from jejak_lrs.projection.generations import Feed
    from jejak_schemas.events import Event

CHUNK: Final = 1_000  # persons folded anew, or told of a day, per transaction; at most
SOME: Final = 100  # records folded while those before are written: no more than a socket takes in


@dataclass(frozen=True, slots=True)
class Slice:
    """What one transaction is to do: the records that follow `after`, all of one day or earlier.

    `turning`: profiles turn on that day; that comes first, and no records with it.
    """

    after: int
    records: Sequence[Entry]
    day: date
    turning: bool = False

    @property
    def to(self) -> int:
        """The last of its positions."""
        return self.records[-1].position if self.records else self.after


@dataclass(frozen=True, slots=True)
class Projected:
    """What one transaction did. `position` is the cursor's new place, -1 before any record.

    `looked`: for whom a registry record touches, maybe without finding anybody.
    """

    position: int
    records: int
    persons: int
    changes: int
    looked: bool = False

    def __bool__(self) -> bool:
        """Whether anything came."""
        return self.records > 0 or self.persons > 0 or self.looked


@dataclass(slots=True)
class _Known:
    """What is known as of a position: the registry, and of each generation whoever came last."""

    at: int
    registry: Registry
    held: dict[int, Held] = field(default_factory=lambda: defaultdict(Held))


class Feeder:
    """Feeds generations within the caller's transactions. For one thread.

    Keeps what it knows between transactions; after a failed one it is read again.
    """

    def __init__(self) -> None:
        self._statements = Statements()
        self._known: _Known | None = None
        self._pace = Pace(CHUNK)

    def feed(self, connection: Connection, feeds: Sequence[Feed], coming: Slice) -> Projected:
        """Fold a slice into generations, the first before the others; the numbers are the first's.

        Also folds waiting persons anew, up to CHUNK, so it has work even without records.
        """
        known = self._take_known(connection, coming.after)
        said = list(said_in(coming.records, self._statements))
        arriving = arrivals(connection, coming.records, said, self._statements)

        def folding(feed: Feed) -> Folding:
            held = known.held[feed.generation]
            return Folding(connection, known.registry, coming.day, feed, held)

        done = [self._fold(folding(feed), said, arriving, coming) for feed in feeds]
        looked = [refolding.look_on(connection, feed.generation) for feed in feeds]
        anew = [self._anew(folding(feed), coming, feeds[0]) for feed in feeds]
        for feed in feeds:
            if not feed.tell:
                self._look_up(folding(feed))
        known.at, self._known = coming.to, known
        (persons, changes), (more, told) = done[0], anew[0]
        persons, changes = persons + more, changes + told
        return Projected(coming.to, len(coming.records), persons, changes, any(looked))

    def turn(self, connection: Connection, feed: Feed, coming: Slice) -> Projected:
        """Tell what begins and ends on a day, for up to CHUNK persons."""
        known = self._take_known(connection, coming.after)
        held = known.held[feed.generation]
        folding = Folding(connection, known.registry, coming.day, feed, held)
        people = profiles.turning(connection, feed.generation, coming.day, CHUNK)
        folding.stand(people)
        for person_id in people:
            folding.turn(person_id)
        self._known = known
        return Projected(coming.after, 0, folding.folded, folding.write())

    def extract(
        self, connection: Connection, feed: Feed, records: Sequence[Entry], upto: int
    ) -> None:
        """Keep what records say, in any order of records; nobody is folded.

        Nothing of what was ordered to be erased by position `upto`.
        """
        gone = history.ordered_erased(connection, [one.position for one in records], upto)
        kept = [one for one in records if one.position not in gone]
        acting = [one for one in kept if one.event_type in ACTING]
        saying = [one for one in kept if one.event_type not in ACTING]
        said = list(said_in(acting, self._statements))
        voids = of_voids(connection, kept, said, self._statements)
        # One by one from its bytes into the COPY, while it is in the caches.
        others = owned(said_in(saying, self._statements))
        evidence.insert(connection, feed.generation, chain(others, voids))
        kinship.insert(connection, feed.generation, said)

    def assess(self, connection: Connection, feed: Feed, low: UUID, high: UUID, upto: int) -> None:
        """Fold persons, from one to another, by what was extracted: all up to a position."""
        day = clock.day(connection)
        if day is None:
            return  # nothing was ever folded
        known = self._take_known(connection, upto)
        folding = Folding(connection, known.registry, day, feed)
        facts = evidence.of_people_between(connection, feed.generation, low, high, upto)
        for person_id, own in facts.items():
            folding.held.put(person_id, own)
        folding.load(facts, upto)
        for person_id in facts:
            folding.fold(person_id, upto)
        folding.write()
        self._known = known

    def forget(self) -> None:
        """Believe nothing any more: read all of it again."""
        self._known = None

    def _take_known(self, connection: Connection, at: int) -> _Known:
        """What is known as of a position. It grows with the batch, so it is kept at its end only:
        if the batch fails, or its commit, the next one starts elsewhere and reads it again.
        """  # noqa: D205
        known, self._known = self._known, None
        if known is not None and known.at == at:
            return known
        return _Known(at, registry_at(connection, at))

    @staticmethod
    def _fold(
        folding: Folding, said: Sequence[Said], arriving: Sequence[Arrival], coming: Slice
    ) -> tuple[int, int]:
        """Record by record: the registry first, then the persons whom it is about.

        How many folds, and changes.
        """
        connection, generation = folding.connection, folding.feed.generation
        kinship.insert(connection, generation, said)
        facts = [fact for one in arriving for fact in one.facts]
        folding.load(_concerned(connection, generation, said, arriving), coming.after, facts)
        at_position = defaultdict[int, list[Arrival]](list)
        for one in arriving:
            at_position[one.position].append(one)
        reached: list[tuple[Reach, Entry]] = []
        # PostgreSQL writes some while the next are folded: profiles and changes by turns, or the
        # socket would hold both, and we would wait.
        with connection.pipeline():
            evidence.insert_beside(connection, generation, arriving)
            for number, each in enumerate(said, 1):
                reaches = _take(folding, each, at_position.pop(each.record.position, []))
                reached += [(reach, each.record) for reach in reaches if reach]
                if number % SOME == 0:
                    folding.put()
                elif number % SOME == SOME // 2:
                    folding.tell()
            for one in chain.from_iterable(at_position.values()):  # voids of what says nothing
                folding.hear(one.person_id, one.facts)
            changes = folding.write()
        refolding.mark(connection, generation, reached)
        return folding.folded, changes

    def _anew(self, folding: Folding, coming: Slice, active: Feed) -> tuple[int, int]:
        """Fold waiting persons by everything so far: how many, and their changes.

        Nobody before all are in the generation that is read, so that the two may be compared. As
        many as take little time: the live stream waits for them.
        """
        connection, feed, began = folding.connection, folding.feed, time.perf_counter()
        if feed is not active and refolding.is_anyone_waiting(connection, active.generation):
            return 0, 0
        waiting = refolding.take(connection, feed.generation, self._pace.count)
        folding.load([one.person_id for one in waiting], coming.to)
        stays = folding.persons.stays
        each = {who: one for one in waiting for who in (one.person_id, stays(one.person_id))}
        for person_id, one in each.items():
            cause = Cause(one.position, one.statement_id, one.stored)
            folding.fold(person_id, coming.to, cause)
        changes = folding.write()
        self._pace.took(len(waiting), time.perf_counter() - began)
        return folding.folded, changes

    @staticmethod
    def _look_up(folding: Folding) -> None:
        """Of a generation that is not read: who serves where on this day, which nobody is told."""
        people = profiles.turned(folding.connection, folding.feed.generation, folding.day, CHUNK)
        folding.stand(people)
        for person_id in people:
            folding.turn(person_id)
        folding.write()


def _take(folding: Folding, said: Said, arriving: Iterable[Arrival]) -> list[Reach]:
    """One record: into the registry, then the persons whom it is about. Whom else it reaches."""
    record = said.record
    cause = Cause(record.position, record.statement_id, record.stored, record.event_type)
    reaches = _bear(folding, said.event, cause) if said.event is not None else []
    for person_id, group in groupby(arriving, key=lambda one: one.person_id):
        folding.arrive(person_id, [fact for one in group for fact in one.facts], cause)
    return reaches


def _bear(folding: Folding, event: Event, cause: Cause) -> list[Reach]:
    """What an event says beside facts of its person. Whom it reaches."""
    reaches = []
    if folding.registry.add(event, cause.position):
        reaches.append(reach_of(event, folding.registry))
    if (word := word_of(event)) is not None:
        touched = folding.rejoin(word, cause)
        reaches.append(Reach(persons=frozenset(touched)))
    if gone := erased_by(event):
        people = evidence.erase(folding.connection, folding.feed.generation, cause.position)
        folding.erase(people, set(gone), cause)
    return reaches


def _concerned(
    connection: Connection, generation: int, said: Sequence[Said], arriving: Sequence[Arrival]
) -> set[UUID]:
    """Whom a batch is about, joins or parts."""
    events = (each.event for each in said if each.event is not None)
    words = [word for event in events if (word := word_of(event)) is not None]
    joined = kinship.touched(connection, generation, words) if words else set()
    return {one.person_id for one in arriving} | joined
