"""Invented servants: who person number i is depends on the seed and i, on nothing else.

So a million people need no memory: traffic asks for the few it needs. Numbers have the
form of a NIP or NI PPPK: birth day, first appointment, sex, serial. Shares of classes, agencies and
posts: samples/nation/population.toml.
"""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import accumulate
from random import Random
from typing import Final, Literal

from jejak_producers.simulate import samples
from jejak_producers.simulate.identifiers import source, uuid7_at
from jejak_schemas.events import PersonRegistered
from jejak_schemas.parts import Alias, PersonRef

_FIRST_BIRTH: Final = date(1967, 1, 1)
_BIRTH_DAYS: Final = 12_000  # the youngest was born in November 1999
_STRIDE: Final = 7_919  # a prime: birth days look scattered and none repeats within a round
_SERIALS: Final = 999
_REGISTERED: Final = datetime(2025, 1, 6, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Person:
    """A servant as BKN knows one. `former` is an earlier NI PPPK, empty for most."""

    nip: str = field(repr=False)
    kind: Literal["PNS", "PPPK"]
    position_class: str
    position: str
    unit: str
    home_agency: str
    working_agency: str
    valid_from: date
    contract_start: date | None = None
    former: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class _Class:
    code: str
    weight: int
    pppk: int  # of 100
    positions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Shares:
    classes: tuple[_Class, ...]
    class_weights: tuple[int, ...]  # cumulative
    agencies: tuple[str, ...]
    agency_weights: tuple[int, ...]  # cumulative
    units: tuple[str, ...]


def _shares() -> _Shares:
    with samples.nation_file("population.toml").open("rb") as file:
        found = tomllib.load(file)
    classes = tuple(
        _Class(c["code"], c["weight"], c["pppk"], tuple(c["positions"])) for c in found["class"]
    )
    agencies = found["agencies"]
    return _Shares(
        classes,
        tuple(accumulate(c.weight for c in classes)),
        tuple(agencies),
        tuple(accumulate(agencies.values())),
        tuple(found["units"]),
    )


class Population:
    """The people of one seed. `known` come first; nobody else gets one of their numbers."""

    def __init__(self, seed: str, known: Sequence[Person]) -> None:
        self._seed = seed
        self._known = known
        self._taken = {number for person in known for number in (person.nip, person.former)}
        self._shares = _shares()
        self._offset = source(seed, "population").randrange(_BIRTH_DAYS)

    def person(self, number: int) -> Person:
        """Person `number`, from 0; the known ones first, then as many as are asked for."""
        if not self.invents(number):
            return self._known[number]
        return self._invented(number, source(self._seed, "person", number))

    def invents(self, number: int) -> bool:
        """Whether person `number` is none of the known ones."""
        return number >= len(self._known)

    def _invented(self, number: int, random: Random) -> Person:
        shares = self._shares
        (post,) = random.choices(shares.classes, cum_weights=shares.class_weights)
        home, other = random.choices(shares.agencies, cum_weights=shares.agency_weights, k=2)
        kind: Literal["PNS", "PPPK"] = "PPPK" if random.randrange(100) < post.pppk else "PNS"
        born, serial = self._slot(number)
        started = _start(born, kind, random)
        nip = self._free(_number(born, started, kind, random, serial))
        return Person(
            nip=nip,
            kind=kind,
            position_class=post.code,
            position=random.choice(post.positions),
            unit=random.choice(shares.units),
            home_agency=home,
            working_agency=other if random.random() < 0.04 else home,  # noqa: PLR2004  on loan
            valid_from=max(started, date(2019, 1, 1) + timedelta(random.randrange(2_000))),
            contract_start=started if kind == "PPPK" else None,
            former=self._former(nip, random) if kind == "PNS" else "",
        )

    def _slot(self, number: int) -> tuple[date, int]:
        """A birth day and serial that no other number has: days first, then the next serial."""
        turn, rest = divmod(number, _BIRTH_DAYS)
        day = (rest * _STRIDE + self._offset) % _BIRTH_DAYS
        return _FIRST_BIRTH + timedelta(day), (day % 7 + turn) % _SERIALS + 1

    def _free(self, nip: str) -> str:
        """The number, or its neighbour with the other sex digit if a known person has it."""
        if nip not in self._taken:
            return nip
        return nip[:14] + ("2" if nip[14] == "1" else "1") + nip[15:]

    def _former(self, nip: str, random: Random) -> str:
        """For one in five of the recent PNS: the NI PPPK of a first appointment in 2021."""
        former = f"{nip[:8]}202121{nip[14:]}"
        recent = nip[8:12] >= "2022"
        return former if recent and random.random() < 0.2 and former not in self._taken else ""  # noqa: PLR2004


def _start(born: date, kind: str, random: Random) -> date:
    """First appointment: a PNS at 22 to 30, a PPPK from 2021 on; both before 2025."""
    if kind == "PPPK":
        return date(2021 + random.randrange(4), random.choice((1, 3, 6)), 1)
    year = min(born.year + 22 + random.randrange(9), 2024)
    return date(year, random.choice((1, 2, 3, 12)), 1)


def _number(born: date, started: date, kind: str, random: Random, serial: int) -> str:
    turn = f"{random.choice((21, 21, 21, 22)):02}" if kind == "PPPK" else f"{started:%m}"
    return f"{born:%Y%m%d}{started:%Y}{turn}{random.choice('12')}{serial:03}"


def registration_of(person: Person, seed: str) -> PersonRegistered:
    """BKN's word on a person, as of the first working days of 2025."""
    random = source(seed, "registered", person.nip)
    moment = _REGISTERED + timedelta(microseconds=random.randrange(30_000_000_000))
    return PersonRegistered(
        event_id=uuid7_at(moment, random),
        occurred_at=moment,
        party="bkn",
        person=PersonRef(nip=person.nip),
        aliases=(Alias(kind="nip", value=person.former),) if person.former else (),
        home_agency=person.home_agency,
        working_agency=person.working_agency,
        unit=person.unit,
        position=person.position,
        position_class=person.position_class,
        kind=person.kind,
        contract_start=person.contract_start,
        valid_from=person.valid_from,
    )


def person_of(event: PersonRegistered) -> Person:
    """The person that a registration row describes by NIP."""
    return Person(
        nip=event.person.key,
        kind=event.kind,
        position_class=event.position_class,
        position=event.position or "",
        unit=event.unit or "",
        home_agency=event.home_agency,
        working_agency=event.working_agency,
        valid_from=event.valid_from,
        contract_start=event.contract_start,
        former=next((a.value for a in event.aliases if isinstance(a, Alias)), ""),
    )
