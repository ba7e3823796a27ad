"""What becomes of invented people: claimed, moved, gone, or known under two numbers.

Who, is decided by the number alone, so that they are counted without being made. Some of each kind
are in every two hundred people; the shares are guesses, and small.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

from jejak_producers.simulate.identifiers import source, uuid7_at
from jejak_producers.simulate.population import Person, Population, registration_of
from jejak_schemas.events import (
    Event,
    PersonMerged,
    PersonMoved,
    PersonRegistered,
    PersonSeparated,
    RosterDeclared,
)
from jejak_schemas.parts import PersonRef

_CLAIMED: Final = datetime(2024, 12, 2, 2, tzinfo=UTC)  # before BKN's word: see population
_MOVED: Final = datetime(2026, 2, 2, 2, tzinfo=UTC)
_SINCE: Final = date(2026, 2, 1)
_EARLIER: Final = date(2020, 6, 1)  # the first contract of whoever has two numbers


@dataclass(frozen=True, slots=True)
class Share:
    """One person of `every`: those whose number leaves `rest`."""

    every: int
    rest: int

    def takes(self, number: int) -> bool:
        """Whether person `number` is one."""
        return number % self.every == self.rest


MOVERS: Final = Share(100, 99)
LEAVERS: Final = Share(40, 19)
CLAIMED: Final = Share(50, 7)  # by their agency, before BKN's word
TWICE: Final = Share(200, 151)  # registered under two numbers, and merged


@dataclass(frozen=True, slots=True)
class Careers:
    """The careers of the people numbered [first, until)."""

    population: Population
    first: int
    until: int
    seed: str

    def claims(self) -> Iterator[Event]:
        """Agencies declare whom they have, before BKN speaks."""
        for person in self._all(CLAIMED):
            moment = self._moment(_CLAIMED, "claimed", person)
            yield RosterDeclared(
                event_id=uuid7_at(moment, source(self.seed, "claim", person.nip)),
                occurred_at=moment,
                party=person.home_agency,
                person=PersonRef(nip=person.nip),
                unit=person.unit,
                position=person.position,
                position_class=person.position_class,
                valid_from=person.valid_from,
            )

    def earlier(self) -> Iterator[Event]:
        """BKN registers some people under a first number, as if they were others."""
        for number in self._numbers(TWICE):
            yield self._first(number)

    def words(self) -> Iterator[Event]:
        """BKN moves some, separates some, and finds that two are one."""
        for number in self._numbers(MOVERS):
            yield self._move(self.population.person(number), number)
        for person in self._all(LEAVERS):
            moment = self._moment(_MOVED, "left", person)
            yield PersonSeparated(
                event_id=uuid7_at(moment, source(self.seed, "leaver", person.nip)),
                occurred_at=moment,
                party="bkn",
                person=PersonRef(nip=person.nip),
                reason="retired",
                valid_from=_SINCE,
            )
        for person in self._all(TWICE):
            moment = self._moment(_MOVED, "merged", person)
            yield PersonMerged(
                event_id=uuid7_at(moment, source(self.seed, "merge", person.nip)),
                occurred_at=moment,
                party="bkn",
                person=PersonRef(nip=person.nip),
                absorbed=PersonRef(nip=_first_number(person)),
            )

    def count(self, *shares: Share) -> int:
        """How many people some shares take."""
        return sum(1 for share in shares for _ in self._numbers(share))

    def _numbers(self, share: Share) -> Iterator[int]:
        return filter(share.takes, range(self.first, self.until))

    def _all(self, share: Share) -> Iterator[Person]:
        return map(self.population.person, self._numbers(share))

    def _moment(self, since: datetime, what: str, person: Person) -> datetime:
        random = source(self.seed, what, person.nip)
        return since + timedelta(microseconds=random.randrange(20_000_000_000))

    def _first(self, number: int) -> PersonRegistered:
        """As a PPPK of another agency, from 2020."""
        person = self.population.person(number)
        agency = self.population.person(number + 1).home_agency
        words = registration_of(person, self.seed)
        fields = dict(words) | {
            "event_id": uuid7_at(words.occurred_at, source(self.seed, "first", person.nip)),
            "person": PersonRef(nip=_first_number(person)),
            "aliases": (),
            "kind": "PPPK",
            "home_agency": agency,
            "working_agency": agency,
            "contract_start": _EARLIER,
            "valid_from": _EARLIER,
        }
        return PersonRegistered.model_validate(fields)

    def _move(self, person: Person, number: int) -> PersonMoved:
        """To the home agency of the next person, from February 2026."""
        agency = self.population.person(number + 1).home_agency
        moment = self._moment(_MOVED, "moved", person)
        fields = dict(registration_of(person, self.seed)) | {
            "event_id": uuid7_at(moment, source(self.seed, "mover", person.nip)),
            "occurred_at": moment,
            "home_agency": agency,
            "working_agency": agency,
            "valid_from": _SINCE,
        }
        return PersonMoved.model_validate(fields)


def _first_number(person: Person) -> str:
    """An NI PPPK of 2020, which nobody else in the nation has."""
    return f"{person.nip[:8]}202021{person.nip[14:]}"
