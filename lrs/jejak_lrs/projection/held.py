"""Persons as the last transactions left them, so that whoever comes again is not read again.

What is held belongs to one generation at one position (`feeding` sees to it), may be dropped at any
time, and is never trusted over the ledger: how a profile stands is read in every transaction.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from jejak_lrs.competency.parts import Parts
from jejak_lrs.competency.profile import EMPTY, Profile, parse

if TYPE_CHECKING:
    from uuid import UUID

    from jejak_lrs.competency.facts import Fact
    from jejak_lrs.projection.profiles import Stored

FACTS: Final = 50_000  # 1.3 kB each, with what was made of them (measured)


@dataclass(slots=True)
class Person:
    """One person: facts so far, and how their profile stands in this transaction."""

    facts: list[Fact] = field(default_factory=list)
    stood: Stored | None = None
    profile: Profile | None = None  # of `stood`, once it is known
    moved: bool = False  # whether `stood` is to be written
    parts: Parts = field(default_factory=Parts)
    counted: int = 0  # of the facts, in what is held

    def stand(self, stood: Stored | None) -> None:
        """A transaction begins, in which the profile stands so."""
        if self.stood is None or stood is None or self.stood.digest != stood.digest:
            self.profile = None
        self.stood, self.moved = stood, False

    def before(self) -> Profile:
        """The profile as it stands."""
        if self.profile is None:
            self.profile = parse(self.stood.document) if self.stood else EMPTY
        return self.profile


class Held:
    """The persons that came last, by so many facts."""

    def __init__(self, facts: int = FACTS) -> None:
        self._most = facts
        self._count = 0
        self._people: dict[UUID, Person] = {}
        self._came: list[Person] = []  # since they were counted

    def take(self, person_id: UUID) -> Person | None:
        """A person with all facts so far, who thereby came last; None: is not held."""
        person = self._people.pop(person_id, None)
        if person is not None:
            self._hold(person_id, person)
        return person

    def put(self, person_id: UUID, facts: list[Fact]) -> Person:
        """Hold a person, who is not held yet, of whom these are all facts so far."""
        person = Person(facts)
        self._hold(person_id, person)
        return person

    def _hold(self, person_id: UUID, person: Person) -> None:
        self._people[person_id] = person
        self._came.append(person)

    def shrink(self) -> None:
        """Let go of those who came first, where too much is held."""
        for person in self._came:
            self._count += len(person.facts) - person.counted
            person.counted = len(person.facts)
        self._came.clear()
        while self._count > self._most:
            self._count -= self._people.pop(next(iter(self._people))).counted
