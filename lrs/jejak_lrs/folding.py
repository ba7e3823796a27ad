"""Folding persons within one transaction: profile before and after, and what agencies are told."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final
from uuid import UUID, uuid5

from jejak_lrs import evidence, profiles
from jejak_lrs.competency.assess import assess
from jejak_lrs.competency.diff import Difference, PersonJoined, PersonLeft, diff, moves
from jejak_lrs.competency.profile import EMPTY, Profile, canonical, digest, parse, serving_on
from jejak_lrs.competency.routing import NOWHERE, Agencies, agencies_of
from jejak_lrs.profiles import Change, Stored
from jejak_schemas.clock import jakarta_date

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from jejak_lrs.competency.facts import Fact
    from jejak_lrs.competency.registry import Registry
    from jejak_lrs.database import Connection

STATE: Final = "ProfileState"  # the kind of a change that only the profile topic is told
_VOIDED: Final = "StatementVoided"
_RULE_OF_VOIDS: Final = "rule-10"


@dataclass(frozen=True, slots=True)
class Cause:
    """The record by which a person is folded. `event_type` matters for voids only."""

    position: int
    statement_id: UUID
    stored: datetime
    event_type: str = ""


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
    """The persons folded in one transaction. `load` them first, `write` at the end."""

    connection: Connection
    generation: int
    registry: Registry
    folded: int = 0
    _people: dict[UUID, _Person] = field(default_factory=dict)
    _changes: list[Change] = field(default_factory=list)

    def load(self, people: Iterable[UUID], upto: int) -> None:
        """Read what had arrived about persons by a position, and their profiles; two queries."""
        wanted = [person_id for person_id in people if person_id not in self._people]
        if not wanted:
            return
        facts = evidence.of_people(self.connection, self.generation, wanted, upto)
        stood = profiles.stored(self.connection, wanted, self.generation)
        for person_id in wanted:
            self._people[person_id] = _Person(facts.get(person_id, []), stood.get(person_id))

    def arrive(self, person_id: UUID, facts: Sequence[Fact], cause: Cause) -> None:
        """Fold a loaded person with more facts."""
        self._people[person_id].facts.extend(facts)
        self.fold(person_id, cause.position, cause)

    def fold(self, person_id: UUID, assessed_to: int, cause: Cause) -> None:
        """Assess a loaded person by facts and registry as they are now."""
        person = self._people[person_id]
        after = assess(person.facts, self.registry)
        on_date = jakarta_date(cause.stored)
        told = person.stood.told if person.stood else NOWHERE
        now = agencies_of(serving_on(after, on_date))
        document = canonical(after)
        stored = Stored(
            person_id=person_id,
            version=person.stood.version if person.stood else 0,
            digest=digest(document),
            document=document.decode(),
            assessed_to=assessed_to,
            home=now.home,
            working=now.working,
        )
        if person.stood is None or person.stood.digest != stored.digest or told != now:
            stored = replace(stored, version=stored.version + 1)
            differences = [*moves(told, now), *diff(person.before(), after, on_date)]
            self._tell(stored, told, differences, cause)
        person.stood, person.profile = stored, after
        self.folded += 1

    def _tell(
        self, stored: Stored, told: Agencies, differences: Sequence[Difference], cause: Cause
    ) -> None:
        for one in differences:
            self._add(stored, one.kind, one.subject, one.content(), one.rule,
                      _routes(one, told, stored.told), cause)  # fmt: skip
        self._add(stored, STATE, "", {}, "profile", stored.told.relations, cause)

    def _add(
        self,
        stored: Stored,
        kind: str,
        subject: str,
        content: dict[str, object],
        rule: str,
        routes: Mapping[str, str],
        cause: Cause,
    ) -> None:
        """A change, if anybody is to be told. The same change always has the same id."""
        if not routes:
            return
        void = cause.event_type == _VOIDED
        self._changes.append(
            Change(
                number=len(self._changes),
                change_id=uuid5(stored.person_id, f"{kind} {subject} {stored.version}"),
                person_id=stored.person_id,
                kind=kind,
                version=stored.version,
                changed_at=cause.stored,
                agencies=list(routes),
                relations=list(routes.values()),
                content=content,
                because_position=cause.position,
                because_statement=cause.statement_id,
                because_rule=_RULE_OF_VOIDS if void else rule,
            )
        )

    def write(self, *, tell: bool = True) -> int:
        """Write the profiles, and the changes with their numbers; how many changes.

        Args:
            tell: whether agencies are told; not by a generation that is not read yet.
        """
        stood = (person.stood for person in self._people.values())
        profiles.write(self.connection, self.generation, [one for one in stood if one is not None])
        changes, self._changes = self._changes if tell else [], []
        if changes:
            first = profiles.take_numbers(self.connection, len(changes))
            numbered = [replace(one, number=first + one.number) for one in changes]
            profiles.write_changes(self.connection, numbered)
        return len(changes)


def _routes(one: Difference, told: Agencies, now: Agencies) -> Mapping[str, str]:
    """Who hears of a difference: those who have the person now; of a leaving, who lost them."""
    if isinstance(one, PersonLeft):
        return {one.before: told.relations[one.before]}
    if isinstance(one, PersonJoined):
        return {one.after: now.relations[one.after]}
    return now.relations
