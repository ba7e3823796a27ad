"""Answers about one person: profile, and explanation.

Persons come in as person ids; no function here sees a NIP. Days are Asia/Jakarta and mean the
end of that day; a position `known_at` means: by the records up to it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from jejak_lrs import cursor
from jejak_lrs.competency import explain as explaining
from jejak_lrs.competency.profile import Profile, canonical, digest, parse
from jejak_lrs.ledger import history
from jejak_lrs.ledger.statements import Statements
from jejak_lrs.projection import profiles, refolding
from jejak_lrs.projection.projecting import NAME
from jejak_lrs.replay.gathering import facts_until, fold_person, registry_at

if TYPE_CHECKING:
    from datetime import date
    from uuid import UUID

    from jejak_lrs.competency.explain import Explanation
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
class Done:
    """By whom something was taught, and what it is called, by language."""

    provider: str
    names: dict[str, str]


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
        pending=refolding.is_pending(connection, generation, person_id),
    )


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


def activities_of(connection: Connection, profile: Profile) -> dict[UUID, Done]:
    """What was done in each statement that was credited with learning hours."""
    wanted = [one.statement for one in profile.hours.credits]
    places = history.whereabouts(connection, wanted)
    statements = Statements()
    found = {}
    for record in history.records_at(connection, {at for at, _ in places.values()}):
        event = statements.event_of(record)
        if event is not None:
            name = getattr(getattr(event, "activity", None), "name", {})
            found[record.statement_id] = Done(event.speaks_for, dict(name))
    return found


def _projected(connection: Connection) -> int:
    """The position that profiles stand at."""
    return cursor.read(connection, NAME).position
