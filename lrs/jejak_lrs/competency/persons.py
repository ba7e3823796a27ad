"""Who is one with whom: BKN's merges that no split has undone. Source: competency.md, rule 13.

A function of a *set* of words: a merge may come before or after what was said about either
person, a split before its merge, and either twice. Standing merges are taken in the order of
(occurred_at, statement_id); each makes one person of two and of all who are one with them already.
The id that stays is the one that the merge names, or the one that stays for it.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from msgspec.structs import replace

from jejak_lrs.competency.facts import Evidence, Fact, Verification
from jejak_schemas.events import Event, PersonMerged, PersonSplit
from jejak_schemas.parts import PersonRef


@dataclass(frozen=True, slots=True)
class Merge:
    """Two ids of one person, by the statement that says so."""

    statement_id: UUID
    occurred_at: datetime
    stays: UUID
    absorbed: UUID

    @property
    def both(self) -> tuple[UUID, UUID]:
        """The two ids."""
        return self.stays, self.absorbed


@dataclass(frozen=True, slots=True)
class Split:
    """A merge is undone: its statement."""

    target: UUID


def word_of(event: Event) -> Merge | Split | None:
    """What a resolved event says of who is one with whom; None for nearly all."""
    if isinstance(event, PersonMerged):
        stays, absorbed = _id(event.person), _id(event.absorbed)
        return Merge(event.event_id, event.occurred_at, stays, absorbed)
    return Split(event.target) if isinstance(event, PersonSplit) else None


def _id(person: PersonRef) -> UUID:
    if person.person_id is None:
        raise ValueError("a merge that was not resolved")
    return person.person_id


class Persons:
    """Everyone who was ever merged. Grows by `add`; for one thread."""

    def __init__(self, words: Iterable[Merge | Split] = ()) -> None:
        self._merges: dict[UUID, Merge] = {}
        self._undone: set[UUID] = set()
        self._stays: dict[UUID, UUID] = {}  # each person who was absorbed, and who stays
        self._one: dict[UUID, tuple[UUID, ...]] = {}  # each person who stays for another
        self.add(*words)

    def add(self, *words: Merge | Split) -> set[UUID]:
        """Take in words; everybody for whom they change who they are one with."""
        if not words:
            return set()
        before = self._groups()
        for word in words:
            if isinstance(word, Merge):
                self._merges[word.statement_id] = word
            else:
                self._undone.add(word.target)
        self._join()
        after = self._groups()
        return {one for one in {*before, *after} if before.get(one) != after.get(one)}

    def _groups(self) -> dict[UUID, tuple[UUID, ...]]:
        return {one: everyone for everyone in self._one.values() for one in everyone}

    def _join(self) -> None:
        self._stays = {}
        standing = (one for one in self._merges.values() if one.statement_id not in self._undone)
        for merge in sorted(standing, key=lambda one: (one.occurred_at, one.statement_id)):
            into, gone = self.stays(merge.stays), self.stays(merge.absorbed)
            if into != gone:
                self._stays[gone] = into
        groups: dict[UUID, list[UUID]] = defaultdict(list)
        for gone in sorted(self._stays):
            groups[self.stays(gone)].append(gone)
        self._one = {stays: (stays, *others) for stays, others in groups.items()}

    def stays(self, person_id: UUID) -> UUID:
        """The id under which a person is known: their own unless they were absorbed."""
        while (other := self._stays.get(person_id)) is not None:
            person_id = other
        return person_id

    def one_with(self, person_id: UUID) -> tuple[UUID, ...]:
        """Every id of the person who stays under this one, their own first; none if absorbed."""
        if person_id in self._stays:
            return ()
        return self._one.get(person_id, (person_id,))

    def known(self, fact: Fact) -> Fact:
        """A fact with the persons whom it names under the ids that stay."""
        if not self._stays:
            return fact
        match fact:
            case Evidence(assessor=UUID() as assessor):
                return replace(fact, assessor=self.stays(assessor))
            case Verification(learner=UUID() as learner, verifier=UUID() as verifier):
                return replace(fact, learner=self.stays(learner), verifier=self.stays(verifier))
            case _:
                return fact


def named_in(facts: Iterable[Fact]) -> set[UUID]:
    """Everybody whom facts name beside their own person."""
    return {one for fact in facts for one in _named(fact) if one is not None}


def _named(fact: Fact) -> tuple[UUID | None, ...]:
    match fact:
        case Evidence():
            return (fact.assessor,)
        case Verification():
            return (fact.learner, fact.verifier)
        case _:
            return ()
