"""The sample nation as the recorder has it, and what everyone in it came to by the real fold."""

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING
from uuid import UUID

from jejak_lrs.competency import ruleset
from jejak_lrs.competency.assess import assess
from jejak_lrs.competency.extraction import facts_of
from jejak_lrs.competency.profile import Profile
from jejak_lrs.competency.registry import Registry
from jejak_producers.simulate import nation, samples
from jejak_schemas import events
from jejak_schemas.events import Event, StatementVoided
from jejak_schemas.parts import Institution
from jejak_schemas.resolve import Reference, Resolved, references, resolve

if TYPE_CHECKING:
    from jejak_lrs.competency.facts import Fact

# Whom each programme's story is about.
MAIN = {
    "talent-academy": "199104122015032003",
    "reformer-academy": "198503172009122001",
    "learning-marketplace": "199511202022212010",
    "outbound-business-learning": "198409152008031002",
    "pkn-ekosistem": "197610102001121001",
    "jejaring-internasional": "198907072013122002",
}
SEALED = "0" * 64  # what an alias is sealed to does not matter here


@dataclass(frozen=True)
class Told:
    """Registry, people and stories with every person a person_id, as the recorder has them."""

    events: tuple[Event, ...]
    people: dict[Reference, UUID]

    @property
    def registry(self) -> Registry:
        found = Registry()
        found.add(declared(self.events[0]), 0)
        for position, event in enumerate(self.events, start=1):
            found.add(event, position)
        return found


def declared(first: Event) -> Event:
    institutions = tuple(
        Institution(code=party.code, name=party.name, roles=party.roles)
        for party in samples.parties()
    )
    return events.Genesis(
        event_id=UUID(int=(7 << 76) + (2 << 62)),
        occurred_at=first.occurred_at,
        party="jejak",
        epoch=first.event_id,
        institutions=institutions,
    )


@cache
def told() -> Told:
    made = nation(documents=lambda _: ruleset.shipped())
    spoken = [
        delivery.event
        for phase in made.phases()
        if phase.name != "traffic"
        for delivery in phase.deliveries
        if delivery.event is not None
    ]
    people: dict[Reference, UUID] = {}
    for event in spoken:
        person = UUID(int=len(people) + (7 << 76) + (2 << 62))
        named = references(event)
        if isinstance(event, events.PersonRegistered | events.PersonMoved):
            person = next((people[one] for one in named if one in people), person)
        for reference in named:
            people.setdefault(reference, person)
    look_up = {reference: Resolved(person, SEALED) for reference, person in people.items()}
    return Told(tuple(resolve(event, look_up) for event in spoken), people)


@cache
def registry() -> Registry:
    return told().registry


@cache
def profile_of(number: str) -> Profile:
    person = told().people["nip", number]
    facts: list[Fact] = []
    mine: set[UUID] = set()
    for position, event in enumerate(told().events, start=1):
        about = getattr(event, "learner", None) or getattr(event, "person", None)
        target = event.target if isinstance(event, StatementVoided) else None
        if (about is not None and about.person_id == person) or target in mine:
            mine.add(event.event_id)
            facts += facts_of(event, position, event.event_id)
    return assess(facts, registry())
