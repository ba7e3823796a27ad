"""A small nation from a seed: its registry, its people, the stories, traffic and honest dirt.

Pure given its arguments: the same seed gives the same bytes. Nothing here reads a clock, a file
outside the samples, or the network; everything streams.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Final

from jejak_producers.simulate import dirt, samples
from jejak_producers.simulate.careers import CLAIMED, LEAVERS, MOVERS, TWICE, Careers
from jejak_producers.simulate.delivery import Delivery, delivery_of
from jejak_producers.simulate.population import Population, person_of, registration_of
from jejak_producers.simulate.registry import (
    Course,
    Registry,
    added_offerings,
    courses,
    load,
)
from jejak_producers.simulate.samples import Documents
from jejak_producers.simulate.traffic import Learners, Traffic
from jejak_schemas.events import Event, OfferingPublished, PersonRegistered, RosterDeclared

REFERENCE: Final = date(2026, 11, 24)  # the sample's own "today"; nothing lies on it or after
EARLIEST: Final = date(2026, 3, 1)  # before it too little of the sample's calendar has happened
FEWEST_EVENTS: Final = 100
_EVENTS_PER_OFFERING: Final = 50  # beyond it, offerings are added


@dataclass(frozen=True, slots=True)
class Phase:
    """Deliveries that may go out together; all of them want receipts before the next phase."""

    name: str
    deliveries: Iterator[Delivery]


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a nation puts on its inboxes, counted before it is sent.

    `planted` is the number of deliveries of each kind of dirt; `refused` is by reason; `warned`
    counts the warnings that planted dirt must draw (others may occur).
    """

    delivered: int
    recorded: int
    duplicates: int
    conflicts: int
    refused: Mapping[str, int]
    planted: Mapping[str, int]
    warned: Mapping[str, int]
    people: int
    agencies: int
    providers: int
    assessors: int
    programmes: int


class Nation:
    """See `nation`."""

    def __init__(
        self, seed: int, people: int, events: int, until: date, documents: Documents
    ) -> None:
        self.seed = str(seed)
        self.events = events
        self.until = until
        self.registry: Registry = load(documents)
        known = [person_of(e) for e in (*self.registry.cast, *self.registry.people)]
        self.people = max(people, len(known))
        self.population = Population(self.seed, known)
        self._careers = Careers(self.population, len(known), self.people, self.seed)
        wanted = events // _EVENTS_PER_OFFERING - len(self.registry.offerings)
        self._added = added_offerings(self.registry, self.seed, max(0, wanted))

    @property
    def parties(self) -> tuple[samples.Party, ...]:
        """Every institution that the operator has to add first."""
        return samples.parties()

    def phases(self) -> Iterator[Phase]:
        """Registry, people, learning: each phase rests on the ones before."""
        registry = self.registry
        offerings = (*registry.offerings, *self._added)
        yield Phase("authorities", map(delivery_of, registry.authorities))
        yield Phase("offerings", map(delivery_of, offerings))
        yield Phase("alignments", map(delivery_of, registry.alignments))
        yield Phase("countersignatures", map(delivery_of, registry.countersignatures))
        yield Phase("claims", map(delivery_of, self._claims()))
        yield Phase("people", map(delivery_of, self._registrations()))
        yield Phase("moves", map(delivery_of, self._moves()))
        yield Phase("stories", map(delivery_of, self._stories()))
        yield Phase("irregular", map(delivery_of, self._irregular()))
        yield Phase("traffic", self.traffic())

    def deliveries(self) -> Iterator[Delivery]:
        """Every delivery of every phase, in order."""
        for phase in self.phases():
            yield from phase.deliveries

    def traffic(self) -> Iterator[Delivery]:
        """`events` ordinary learning events in order of time, and the dirt among them."""
        learners = Learners(self.population, len(self.registry.cast), self.people)
        traffic = Traffic(self.seed, self.registry, self._added, learners, self.until)
        return self._planter().plant(traffic.events(self.events), self.events)

    @cached_property
    def manifest(self) -> Manifest:
        """What all phases together deliver, and what a sound ledger makes of it."""
        planted = dirt.plan(self.events)
        sums: Counter[str] = Counter()
        refused: Counter[str] = Counter()
        warned: Counter[str] = Counter()
        for name, number in planted.items():
            kind = dirt.KINDS[name]
            sums[kind.outcome] += number if name != "late" else 0  # late ones are good ones held
            refused[kind.reason or ""] += number if kind.reason else 0
            warned[kind.warning or ""] += number if kind.warning else 0
        good = self._registry_size() + self.events
        return Manifest(
            delivered=good + sums.total(),
            recorded=good + sums["recorded"],
            duplicates=sums["duplicate"],
            conflicts=sums["conflict"],
            refused=dict(+refused),
            planted=planted,
            warned=dict(+warned),
            people=self._registered,
            programmes=len(samples.PROGRAMMES),
            **self._institutions(),
        )

    def _institutions(self) -> dict[str, int]:
        roles = Counter(role for party in self.parties for role in party.roles)
        return {
            "agencies": roles["agency"],
            "providers": roles["provider"],
            "assessors": roles["assessor"],
        }

    def _registry_size(self) -> int:
        """Events of every phase before the traffic."""
        registry = self.registry
        files = registry.authorities, registry.offerings, registry.alignments
        careers = self._careers.count(CLAIMED, MOVERS, LEAVERS, TWICE, TWICE)
        return (
            sum(map(len, files))
            + len(self._added)
            + len(registry.countersignatures)
            + self.people
            + len(registry.moves)
            + len(registry.career)
            + careers
            + sum(1 for _ in self._stories())
            + sum(1 for _ in self._irregular())
        )

    @property
    def _known(self) -> int:
        return len(self.registry.cast) + len(self.registry.people)

    @property
    def _registered(self) -> int:
        """How many numbers BKN knows as people; some prove to be one."""
        twice = sum(isinstance(event, PersonRegistered) for event in self.registry.career)
        return self.people + twice + self._careers.count(TWICE)

    def _claims(self) -> Iterator[Event]:
        yield from (one for one in self.registry.career if isinstance(one, RosterDeclared))
        yield from self._careers.claims()

    def _registrations(self) -> Iterator[Event]:
        yield from self.registry.cast
        yield from self.registry.people
        yield from (one for one in self.registry.career if isinstance(one, PersonRegistered))
        for number in range(self._known, self.people):
            yield registration_of(self.population.person(number), self.seed)
        yield from self._careers.earlier()

    def _moves(self) -> Iterator[Event]:
        yield from self.registry.moves
        before = RosterDeclared, PersonRegistered
        yield from (one for one in self.registry.career if not isinstance(one, before))
        yield from self._careers.words()

    def _stories(self) -> Iterator[Event]:
        for file in samples.story_files():
            yield from samples.events(file)

    def _irregular(self) -> Iterator[Event]:
        return samples.events(samples.irregular_file())

    def _planter(self) -> dirt.Planter:
        accredited = self.registry.accredited
        unaccredited = (
            Course(offering, offering.competencies[0].claimed_level or 1, offering.party)
            for offering in self.registry.offerings
            if isinstance(offering, OfferingPublished) and offering.party not in accredited
        )
        ordinary = (c for c in courses(self.registry, self._added) if c.offering.programme is None)
        return dirt.Planter(
            self.seed,
            tuple(ordinary),
            tuple(unaccredited),
            self.population,
            len(self.registry.cast),
            self.people,
        )


def nation(
    seed: int = 1,
    people: int = 333,
    events: int = 5_000,
    *,
    until: date = REFERENCE,
    documents: Documents = samples.no_documents,
) -> Nation:
    """A nation of at least the sample's 333 `people` with `events` ordinary learning events.

    `until` is the reference date: no event happens on it or after (Jakarta), but for the planted
    ones that lie in the future. `documents` supplies the ruleset's TOML text by its name.
    ValueError for fewer than 100 events or a reference date before March 2026; LookupError where
    `documents` does not know the ruleset.
    """
    if events < FEWEST_EVENTS:
        raise ValueError(f"events must be at least {FEWEST_EVENTS}")
    if until < EARLIEST:
        raise ValueError(f"the reference date must not lie before {EARLIEST}")
    return Nation(seed, people, events, until, documents)
