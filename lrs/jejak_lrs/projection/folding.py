"""Folding persons within one transaction: profile before and after, and how the two differ."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from jejak_lrs.competency.assess import assess
from jejak_lrs.competency.diff import ProfileRestated, Seen, between, moves
from jejak_lrs.competency.persons import Merge, Persons, named_in
from jejak_lrs.competency.profile import EMPTY, Profile, canonical, digest
from jejak_lrs.competency.routing import NOWHERE, agencies_on
from jejak_lrs.competency.turns import next_turn, seen
from jejak_lrs.projection import evidence, kinship, profiles
from jejak_lrs.projection.held import Held, Person
from jejak_lrs.projection.profiles import Stored
from jejak_lrs.projection.telling import By, Cause, Telling
from jejak_schemas.clock import JAKARTA

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from collections.abc import Set as AbstractSet
    from uuid import UUID

    from jejak_lrs.competency.facts import Fact
    from jejak_lrs.competency.persons import Split
    from jejak_lrs.competency.registry import Registry
    from jejak_lrs.database import Connection
    from jejak_lrs.projection.generations import Feed

_ERASURE: Final = "ErasureOrdered"
_NOTHING: Final = canonical(EMPTY)


@dataclass(slots=True)
class Folding:
    """The persons folded in one transaction. `load` first, `put` and `tell` some, `write` at last.

    `day` is the clock's: agencies are told of profiles as they are on it. Where they are not told,
    a version stays as it is. `held` are persons of the same generation, with all facts so far.
    """

    connection: Connection
    registry: Registry
    day: date
    feed: Feed
    held: Held = field(default_factory=Held)
    folded: int = 0
    persons: Persons = field(default_factory=Persons)
    _telling: Telling = field(default_factory=Telling)
    _people: dict[UUID, Person] = field(default_factory=dict)

    def load(self, people: Iterable[UUID], upto: int, coming: Iterable[Fact] = ()) -> None:
        """Read what had arrived about persons by a position, and their profiles.

        Of whoever is, or was ever, one with them as well: a record may join or part them. Whoever
        is named in facts, those that are coming as well, is known under the id that stays.
        """
        every, told = set(people), self._kin(people, upto)
        every |= {one for word in told if isinstance(word, Merge) for one in word.both}
        wanted = [person_id for person_id in every if person_id not in self._people]
        if not wanted:
            return
        self._read([one for one in wanted if self.held.take(one) is None], upto)
        self.stand(wanted)
        facts = (fact for one in wanted for fact in self._people[one].facts)
        named = named_in([*coming, *facts])
        self.persons.add(*told, *self._kin(named - every, upto))

    def _read(self, people: Sequence[UUID], upto: int) -> None:
        """Hold what had arrived about persons."""
        if people:
            facts = evidence.of_people(self.connection, self.feed.generation, people, upto)
            for person_id in people:
                self.held.put(person_id, facts.get(person_id, []))

    def _kin(self, people: Iterable[UUID], upto: int) -> list[Merge | Split]:
        return kinship.words_about(self.connection, self.feed.generation, people, upto)

    def stand(self, people: Sequence[UUID]) -> None:
        """Read how the profiles of persons stand.

        Where agencies were told of another generation's, they are told now what differs.
        """
        stood = profiles.stored(self.connection, people, self.feed.generation)
        for person_id in people:
            person = self._people[person_id] = self.held.take(person_id) or Person()
            person.stand(stood.get(person_id))
        if self.feed.instead_of is not None:
            told = profiles.stored(self.connection, people, self.feed.instead_of)
            for person_id in people:
                self._restate(person_id, told.get(person_id))

    def arrive(self, person_id: UUID, facts: Sequence[Fact], cause: Cause) -> None:
        """Fold a loaded person with more facts."""
        self.hear(person_id, facts)
        self.fold(self.persons.stays(person_id), cause.position, cause)

    def hear(self, person_id: UUID, facts: Iterable[Fact]) -> None:
        """Take in facts of a loaded person."""
        self._people[person_id].facts.extend(facts)

    def rejoin(self, word: Merge | Split, cause: Cause) -> set[UUID]:
        """Fold all whom a merge or a split touches, first those who are nobody any more.

        Each gets a new version, also where the profile is as it was: agencies are told anew by
        which references they know the person.
        """
        touched = self.persons.add(word)
        for person_id in sorted(touched, key=lambda one: (bool(self.persons.one_with(one)), one)):
            if person_id in self._people:
                self.fold(person_id, cause.position, cause, anew=True)
        return touched

    def erase(self, people: Sequence[UUID], positions: AbstractSet[int], cause: Cause) -> None:
        """Fold persons without what was said at some positions. What differs by it says what is
        erased, so agencies are told the state that is left, and nothing else.
        """  # noqa: D205
        self.load(people, cause.position)
        self._telling.silence(people)
        for person_id in people:
            person = self._people[person_id]
            person.facts = [fact for fact in person.facts if fact.origin.position not in positions]
        for person_id in sorted({self.persons.stays(one) for one in people}):
            self.fold(person_id, cause.position, cause)

    def fold(
        self,
        person_id: UUID,
        assessed_to: int,
        cause: Cause | None = None,
        *,
        anew: bool = False,
    ) -> None:
        """Assess a loaded person by facts and registry as they are now.

        Args:
            person_id: who; one who was absorbed has an empty profile.
            assessed_to: the position of those.
            cause: why; needed where agencies are told.
            anew: whether it is a new version even where nothing differs.
        """
        person = self._people[person_id]
        facts = self.facts_of(person_id)
        if not facts and person.stood is None:
            return
        after = assess(facts, self.registry, person.parts)
        stood, stored = person.stood, self._stored(person, person_id, after, assessed_to)
        differs = stood is None or stood.digest != stored.digest or stood.told != stored.told
        if self.feed.tell and cause is not None and (differs or anew):
            stored = replace(stored, version=stored.version + 1)
            told = stood.told if stood else NOWHERE
            differences = moves(told, stored.told)
            if cause.event_type != _ERASURE:
                differences += between(self._seen(person.before()), self._seen(after))
            by = By(str(stored.version), cause.stored, cause)
            self._telling.tell(stored, told, differences, by)
        person.stood, person.profile, person.moved = stored, after, True
        self.folded += 1

    def facts_of(self, person_id: UUID) -> list[Fact]:
        """All that is said of a loaded person; nothing of one who was absorbed."""
        ids = self.persons.one_with(person_id)
        return [self.persons.known(fact) for one in ids for fact in self._people[one].facts]

    def _stored(self, person: Person, person_id: UUID, after: Profile, assessed_to: int) -> Stored:
        """The profile as it is kept, of the version that it had."""
        now = agencies_on(after, self.day)
        document = canonical(after)
        return Stored(
            person_id=person_id,
            version=person.stood.version if person.stood else 0,
            digest=digest(document),
            document=document.decode(),
            assessed_to=assessed_to,
            home=now.home,
            working=now.working,
            turns_on=next_turn(after, self.day, self.registry),
        )

    def turn(self, person_id: UUID) -> None:
        """Tell what begins and ends in a person's profile on this day. Nothing is assessed."""
        person = self._people[person_id]
        if person.stood is None:
            return
        profile, stood = person.before(), person.stood
        now = agencies_on(profile, self.day)
        turns_on = next_turn(profile, self.day, self.registry)
        turned = replace(stood, home=now.home, working=now.working, turns_on=turns_on)
        yesterday = self._seen(profile, self.day - timedelta(1))
        differences = [*moves(stood.told, now), *between(yesterday, self._seen(profile))]
        if self.feed.tell and differences:
            turned = replace(turned, version=stood.version + 1)
            by = By(f"on {self.day}", datetime.combine(self.day, time(), JAKARTA))
            self._telling.tell(turned, stood.told, differences, by)
        person.stood, person.moved = turned, True
        self.folded += 1

    def _restate(self, person_id: UUID, was: Stored | None) -> None:
        """Tell where a person stands other than agencies were told by another generation.

        Once: after that the version is greater than the other's, whether they differ or not.
        """
        person = self._people[person_id]
        stood = person.stood or (_emptied(was) if was else None)
        version = was.version if was else 0
        if stood is None or stood.version > version:
            return
        person.stood = stood = replace(stood, version=version + 1)
        person.moved = True
        told = was.told if was else NOWHERE
        before = was.digest if was else digest(_NOTHING)
        differences = moves(told, stood.told)
        if before != stood.digest:
            differences.append(ProfileRestated(before, stood.digest))
        if differences and self.feed.since is not None:
            by = By(f"{self.feed.generation} {stood.version}", self.feed.since)
            self._telling.tell(stood, told, differences, by)

    def _seen(self, profile: Profile, day: date | None = None) -> Seen:
        return seen(profile, day or self.day, self.registry)

    def put(self) -> None:
        """Write the profiles that moved since the last time."""
        moved = [person for person in self._people.values() if person.moved]
        stood = [person.stood for person in moved if person.stood is not None]
        profiles.write(self.connection, self.feed.generation, stood)
        for person in moved:
            person.moved = False

    def tell(self) -> None:
        """Write the changes since the last time."""
        self._telling.write(self.connection)

    def write(self) -> int:
        """Write all that is left; how many changes there were."""
        self.put()
        self.tell()
        self.held.shrink()
        return self._telling.written


def _emptied(was: Stored) -> Stored:
    """The profile of someone of whom a generation holds nothing, and another held something."""
    return Stored(
        person_id=was.person_id,
        version=0,
        digest=digest(_NOTHING),
        document=_NOTHING.decode(),
        assessed_to=was.assessed_to,
        home=None,
        working=None,
    )
