"""Answers about people: profile, explanation, gaps, learning hours, and whether replay equals live.

Persons come in as person ids; no function here sees a NIP. Days are Asia/Jakarta and mean the
end of that day; a position `known_at` means: by the records up to it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from jejak_lrs import cursor, evidence, profiles
from jejak_lrs.competency import explain as explaining
from jejak_lrs.competency import gaps as gapping
from jejak_lrs.competency.profile import (
    Profile,
    Year,
    canonical,
    digest,
    parse,
    serving_on,
    year_in,
)
from jejak_lrs.projection import NAME
from jejak_lrs.replay import facts_until, fold_person, registry_at

if TYPE_CHECKING:
    from datetime import date
    from uuid import UUID

    from jejak_lrs.competency.explain import Explanation
    from jejak_lrs.competency.gaps import Gaps, Match
    from jejak_lrs.database import Connection


@dataclass(frozen=True, slots=True)
class Answer:
    """A profile and what it rests on. `version` None: folded for this answer, not stored.

    `pending`: a registry record may have touched the person, who is still to be folded anew.
    """

    person_id: UUID
    profile: Profile
    digest: str
    position: int
    version: int | None = None
    pending: bool = False


@dataclass(frozen=True, slots=True)
class Comparison:
    """A stored profile beside the fold of the ledger to the same position."""

    stored: Answer
    replayed: Answer

    @property
    def equal(self) -> bool:
        """Whether they are the same to the byte: what is stored, not only its digest."""
        held = digest(canonical(self.stored.profile))
        return held == self.stored.digest == self.replayed.digest


@dataclass(frozen=True, slots=True)
class PersonGaps:
    """One person's gaps."""

    person_id: UUID
    gaps: Gaps


@dataclass(frozen=True, slots=True)
class AgencyGaps:
    """An agency's people against their standards; `left_out` have no standard."""

    agency: str
    day: date
    people: tuple[PersonGaps, ...]
    left_out: int

    @property
    def match(self) -> Match:
        """Sum over sum."""
        return gapping.together(one.gaps for one in self.people)


@dataclass(frozen=True, slots=True)
class PersonHours:
    """One person's learning hours in a year, in 1/100 JP. `year` None: nothing was credited."""

    person_id: UUID
    unit: str | None
    employment: str
    jp: int
    minimum: int | None
    ceiling: int | None
    year: Year | None

    @property
    def below(self) -> bool:
        """Whether a minimum applies and is not reached."""
        return self.minimum is not None and self.jp < self.minimum

    @property
    def passed(self) -> bool:
        """Whether a ceiling applies and is passed: shown, never clipped."""
        return self.ceiling is not None and self.jp > self.ceiling


def profile_of(
    connection: Connection, person_id: UUID, known_at: int | None = None
) -> Answer | None:
    """A person's profile: the stored one, or by the records up to a position; None: unknown."""
    if known_at is not None:
        return _answer(person_id, fold_person(connection, person_id, known_at), known_at)
    stored = profiles.stored(connection, [person_id]).get(person_id)
    if stored is None:
        return None
    generation = profiles.active_generation(connection)
    return Answer(
        person_id=person_id,
        profile=parse(stored.document),
        digest=stored.digest,
        position=stored.assessed_to,
        version=stored.version,
        pending=evidence.is_pending(connection, generation, person_id),
    )


def compare(connection: Connection, person_id: UUID) -> Comparison | None:
    """The stored profile, and the ledger folded to its `assessed_to`; None: none is stored.

    A person who is `pending` may differ until folded anew; that is lag, not a fault.
    """
    stored = profile_of(connection, person_id)
    if stored is None:
        return None
    profile = fold_person(connection, person_id, stored.position)
    return Comparison(stored, _answer(person_id, profile, stored.position))


def _answer(person_id: UUID, profile: Profile, position: int) -> Answer:
    return Answer(person_id, profile, digest(canonical(profile)), position)


def explain(
    connection: Connection,
    person_id: UUID,
    competency: str,
    day: date,
    known_at: int | None = None,
) -> Explanation:
    """Why a person has this level in a competency on a day."""
    upto = _projected(connection) if known_at is None else known_at
    facts = facts_until(connection, person_id, upto)
    return explaining.explain(facts, registry_at(connection, upto), competency, day)


def gaps_of_person(connection: Connection, person_id: UUID, day: date) -> Gaps | None:
    """A person's gaps on a day; None without a profile, a position or a standard."""
    stored = profiles.stored(connection, [person_id]).get(person_id)
    if stored is None:
        return None
    registry = registry_at(connection, _projected(connection))
    return gapping.gaps(parse(stored.document), registry, day)


def gaps_of_agency(connection: Connection, agency: str, day: date) -> AgencyGaps:
    """The gaps of everyone who works at an agency on a day."""
    registry = registry_at(connection, _projected(connection))
    people = _working_at(connection, agency, day)
    found = [(person_id, gapping.gaps(one, registry, day)) for person_id, one in people]
    known = tuple(PersonGaps(person_id, gaps) for person_id, gaps in found if gaps is not None)
    return AgencyGaps(agency, day, known, len(found) - len(known))


def hours_of_agency(connection: Connection, agency: str, year: int, day: date) -> list[PersonHours]:
    """The learning hours in a year of everyone who works at an agency on a day.

    Minimum and ceiling are those of the ruleset in force on `day`. A PPPK's year is the contract
    year that begins in the calendar year `year`.
    """
    registry = registry_at(connection, _projected(connection))
    rules = registry.rules_on(day)
    found = []
    for person_id, profile in _working_at(connection, agency, day):
        serving = serving_on(profile, day)
        if serving is None:
            continue
        exempt = rules.hours.pppk.exempt_position_classes if rules else ()
        is_pppk = serving.employment == "PPPK"
        capped = rules is not None and is_pppk and serving.position_class not in exempt
        found_year = year_in(profile, year, serving.employment)
        found.append(
            PersonHours(
                person_id=person_id,
                unit=serving.unit,
                employment=serving.employment,
                jp=found_year.jp if found_year else 0,
                minimum=rules.hours.pns.minimum if rules and not is_pppk else None,
                ceiling=rules.hours.pppk.ceiling if rules and capped else None,
                year=found_year,
            )
        )
    return found


def _working_at(connection: Connection, agency: str, day: date) -> list[tuple[UUID, Profile]]:
    """Everyone whose working agency this is on a day, with their profile; by person."""
    generation = profiles.active_generation(connection)
    people = evidence.people_at(connection, generation, agency)
    stored = profiles.stored(connection, people, generation)
    found = [(person_id, parse(stored[person_id].document)) for person_id in sorted(stored)]
    return [
        (person_id, profile)
        for person_id, profile in found
        if (serving := serving_on(profile, day)) is not None and serving.working == agency
    ]


def _projected(connection: Connection) -> int:
    """The position that profiles stand at."""
    return cursor.read(connection, NAME).position
