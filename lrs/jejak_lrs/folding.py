"""Folding persons within one transaction: profile before and after, and what agencies are told."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID, uuid5

from jejak_lrs import evidence, kinship, profiles
from jejak_lrs.competency.assess import assess
from jejak_lrs.competency.diff import (
    Difference,
    PersonJoined,
    PersonLeft,
    Seen,
    between,
    moves,
)
from jejak_lrs.competency.persons import Merge, Persons, named_in
from jejak_lrs.competency.profile import EMPTY, Profile, canonical, digest, parse
from jejak_lrs.competency.routing import NOWHERE, Agencies, agencies_on
from jejak_lrs.competency.turns import next_turn, seen
from jejak_lrs.profiles import Change, Stored
from jejak_schemas.clock import JAKARTA

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from jejak_lrs.competency.facts import Fact
    from jejak_lrs.competency.persons import Split
    from jejak_lrs.competency.registry import Registry
    from jejak_lrs.database import Connection

STATE: Final = "ProfileState"  # the kind of a change that only the profile topic is told
# What a record itself changes, whatever it is that differs then.
_RULES: Final = {"StatementVoided": "rule-10", "PersonMerged": "rule-13", "PersonSplit": "rule-13"}
_ERASURE: Final = "ErasureOrdered"
_MOVES: Final = ("PersonJoined", "PersonLeft")


@dataclass(frozen=True, slots=True)
class Cause:
    """The record by which a person is folded. `event_type` matters where it is in _RULES."""

    position: int
    statement_id: UUID
    stored: datetime
    event_type: str = ""


@dataclass(frozen=True, slots=True)
class _Told:
    """What makes changes: a record, or a day that came; `mark` tells apart changes of one kind."""

    mark: str
    changed_at: datetime
    record: Cause | None = None


@dataclass(slots=True)
class _Person:
    """One person in the transaction: facts so far, and how their profile stands."""

    facts: list[Fact]
    stood: Stored | None
    profile: Profile | None = None  # of `stood`, once parsed

    def before(self) -> Profile:
        if self.profile is None:
            self.profile = parse(self.stood.document) if self.stood else EMPTY
        return self.profile


@dataclass(slots=True)
class Folding:
    """The persons folded in one transaction. `load` them first, `write` at the end.

    `day` is the clock's: agencies are told of profiles as they are on it.
    """

    connection: Connection
    generation: int
    registry: Registry
    day: date
    folded: int = 0
    persons: Persons = field(default_factory=Persons)
    _people: dict[UUID, _Person] = field(default_factory=dict)
    _changes: list[Change] = field(default_factory=list)

    def load(self, people: Iterable[UUID], upto: int, coming: Iterable[Fact] = ()) -> None:
        """Read what had arrived about persons by a position, and their profiles; four queries.

        Of whoever is, or was ever, one with them as well: a record may join or part them. Whoever
        is named in facts, those that are coming as well, is known under the id that stays.
        """
        every, told = set(people), self._kin(people, upto)
        every |= {one for word in told if isinstance(word, Merge) for one in word.both}
        wanted = [person_id for person_id in every if person_id not in self._people]
        if not wanted:
            return
        facts = evidence.of_people(self.connection, self.generation, wanted, upto)
        stood = profiles.stored(self.connection, wanted, self.generation)
        for person_id in wanted:
            self._people[person_id] = _Person(facts.get(person_id, []), stood.get(person_id))
        named = named_in([*coming, *(fact for each in facts.values() for fact in each)])
        self.persons.add(*told, *self._kin(named - every, upto))

    def _kin(self, people: Iterable[UUID], upto: int) -> list[Merge | Split]:
        return kinship.words_about(self.connection, self.generation, people, upto)

    def stand(self, people: Sequence[UUID]) -> None:
        """Read how the profiles of persons stand, for `turn`; one query."""
        stood = profiles.stored(self.connection, people, self.generation)
        self._people |= {one: _Person([], stood.get(one)) for one in people}

    def arrive(self, person_id: UUID, facts: Sequence[Fact], cause: Cause) -> None:
        """Fold a loaded person with more facts."""
        self._people[person_id].facts.extend(facts)
        self.fold(self.persons.stays(person_id), cause.position, cause)

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
        self._changes = [
            _silenced(one) if one.person_id in people else one for one in self._changes
        ]
        for person_id in people:
            person = self._people[person_id]
            person.facts = [fact for fact in person.facts if fact.origin.position not in positions]
        for person_id in sorted({self.persons.stays(one) for one in people}):
            self.fold(person_id, cause.position, cause)

    def fold(self, person_id: UUID, assessed_to: int, cause: Cause, *, anew: bool = False) -> None:
        """Assess a loaded person by facts and registry as they are now.

        Args:
            person_id: who; one who was absorbed has an empty profile.
            assessed_to: the position of those.
            cause: why.
            anew: whether it is a new version even where nothing differs.
        """
        person = self._people[person_id]
        facts = self._facts_of(person_id)
        if not facts and person.stood is None:
            return
        after = assess(facts, self.registry)
        told = person.stood.told if person.stood else NOWHERE
        now = agencies_on(after, self.day)
        document = canonical(after)
        stored = Stored(
            person_id=person_id,
            version=person.stood.version if person.stood else 0,
            digest=digest(document),
            document=document.decode(),
            assessed_to=assessed_to,
            home=now.home,
            working=now.working,
            turns_on=next_turn(after, self.day, self.registry),
        )
        known = person.stood
        if anew or known is None or known.digest != stored.digest or told != now:
            stored = replace(stored, version=stored.version + 1)
            differences: list[Difference] = [*moves(told, now)]
            if cause.event_type != _ERASURE:
                before, seen = person.before(), self._seen(after, self.day)
                differences += between(self._seen(before, self.day), seen)
            self._tell(stored, told, differences, _Told(str(stored.version), cause.stored, cause))
        person.stood, person.profile = stored, after
        self.folded += 1

    def turn(self, person_id: UUID) -> None:
        """Tell what begins and ends in a loaded person's profile on this day. Nothing is assessed.

        What has been told already is not told again.
        """
        person = self._people[person_id]
        if person.stood is None:
            return
        profile, told = person.before(), person.stood.told
        now = agencies_on(profile, self.day)
        differences = [
            *moves(told, now),
            *between(self._seen(profile, self.day - timedelta(1)), self._seen(profile, self.day)),
        ]
        person.stood = replace(
            person.stood,
            version=person.stood.version + bool(differences),
            home=now.home,
            working=now.working,
            turns_on=next_turn(profile, self.day, self.registry),
        )
        if differences:
            midnight = datetime.combine(self.day, time(), JAKARTA)
            self._tell(person.stood, told, differences, _Told(f"on {self.day}", midnight))
        self.folded += 1

    def _seen(self, profile: Profile, day: date) -> Seen:
        return seen(profile, day, self.registry)

    def _facts_of(self, person_id: UUID) -> list[Fact]:
        ids = self.persons.one_with(person_id)
        return [self.persons.known(fact) for one in ids for fact in self._people[one].facts]

    def _tell(
        self, stored: Stored, told: Agencies, differences: Sequence[Difference], by: _Told
    ) -> None:
        for one in differences:
            self._add(stored, one.kind, one.subject, one.content(), one.rule,
                      _routes(one, told, stored.told), by)  # fmt: skip
        self._add(stored, STATE, "", {}, "profile", stored.told.relations, by)

    def _add(
        self,
        stored: Stored,
        kind: str,
        subject: str,
        content: dict[str, object],
        rule: str,
        routes: Mapping[str, str],
        by: _Told,
    ) -> None:
        """A change, if anybody is to be told. The same change always has the same id."""
        if not routes:
            return
        record = by.record
        self._changes.append(
            Change(
                number=len(self._changes),
                change_id=uuid5(stored.person_id, f"{kind} {subject} {by.mark}"),
                person_id=stored.person_id,
                kind=kind,
                version=stored.version,
                changed_at=by.changed_at,
                agencies=list(routes),
                relations=list(routes.values()),
                content=content,
                because_position=record.position if record else None,
                because_statement=record.statement_id if record else None,
                because_rule=_RULES.get(record.event_type, rule) if record else rule,
            )
        )

    def write(self, *, tell: bool = True) -> int:
        """Write the profiles, and the changes with their numbers; how many changes.

        Args:
            tell: whether agencies are told; not by a generation that is not read yet.
        """
        stood = (person.stood for person in self._people.values())
        profiles.write(self.connection, self.generation, [one for one in stood if one is not None])
        changes, self._changes = self._untold() if tell else [], []
        if changes:
            first = profiles.take_numbers(self.connection, len(changes))
            numbered = [replace(one, number=first + one.number) for one in changes]
            profiles.write_changes(self.connection, numbered)
        return len(changes)

    def _untold(self) -> list[Change]:
        """The changes, without what a day brought and was told before, by another generation."""
        by_day = [one.change_id for one in self._changes if one.because_position is None]
        told = profiles.told_already(self.connection, by_day) if by_day else set()
        new = [one for one in self._changes if one.change_id not in told]
        return [replace(one, number=number) for number, one in enumerate(new)] if told else new


def _silenced(change: Change) -> Change:
    """A change that says no more than that the person's state is another."""
    if change.kind in _MOVES:
        return change
    return replace(change, kind=STATE, content={})


def _routes(one: Difference, told: Agencies, now: Agencies) -> Mapping[str, str]:
    """Who hears of a difference: those who have the person now; of a leaving, who lost them."""
    if isinstance(one, PersonLeft):
        return {one.before: told.relations[one.before]}
    if isinstance(one, PersonJoined):
        return {one.after: now.relations[one.after]}
    return now.relations
