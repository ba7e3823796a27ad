"""What the six stories come to: the profiles that their READMEs promise, by the real fold."""

from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from uuid import UUID

import pytest

from jejak_lrs.competency import ruleset
from jejak_lrs.competency.assess import assess
from jejak_lrs.competency.facts import Fact, facts_of
from jejak_lrs.competency.profile import Profile, levels_on
from jejak_lrs.competency.registry import Registry
from jejak_producers.simulate import nation, samples
from jejak_schemas import events
from jejak_schemas.events import Event, StatementVoided
from jejak_schemas.parts import Institution
from jejak_schemas.resolve import Reference, Resolved, references, resolve
from tests.programmes_page import tables

DOCS = Path(__file__).parents[2] / "docs" / "programmes.md"
TODAY = date(2026, 11, 24)
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


def level(number: str, code: str) -> tuple[int | None, int | None]:
    """(asserted, indicated) today, of the managerial or socio-cultural competency `code`."""
    found = levels_on(profile_of(number), TODAY).get(f"https://panrb.example/kompetensi/v1/{code}")
    return (found.asserted, found.indicated) if found else (None, None)


@pytest.mark.parametrize(
    ("programme", "code", "asserted", "indicated"),
    [
        ("talent-academy", "M.07", 2, 4),
        ("talent-academy", "M.04", 3, 3),  # no test of level 4: the gate stays shut
        ("reformer-academy", "M.04", 2, 3),
        ("learning-marketplace", "M.05", 2, 3),
        ("outbound-business-learning", "M.04", 2, 3),
        ("outbound-business-learning", "M.05", 3, 3),
        ("pkn-ekosistem", "M.07", 4, 4),
        ("jejaring-internasional", "M.03", 2, 4),
    ],
)
def test_the_profile_is_the_one_that_the_story_tells(
    programme: str, code: str, asserted: int, indicated: int
) -> None:
    assert level(MAIN[programme], code) == (asserted, indicated)


def test_what_an_unaccredited_provider_reports_indicates_nothing() -> None:
    assert level(MAIN["learning-marketplace"], "M.03") == (1, 1)


@pytest.mark.parametrize("programme", samples.PROGRAMMES)
def test_the_main_person_has_hours_a_certificate_and_a_finished_programme(programme: str) -> None:
    profile = profile_of(MAIN[programme])
    assert any(year.jp >= 2_000 for year in profile.hours.years)
    assert profile.certificates
    assert programme in {enrolment.programme for enrolment in profile.programmes}


@pytest.mark.parametrize("programme", samples.PROGRAMMES)
def test_the_main_person_enters_every_state_in_order(programme: str) -> None:
    (enrolment,) = (p for p in profile_of(MAIN[programme]).programmes if p.programme == programme)
    steps = [state.name for state in tables()[programme] if not state.end]
    reached = [one.state for one in enrolment.states]
    assert reached == [name for name in steps if name in reached]
    assert reached[-1] == "completed"


def test_a_voided_certificate_number_is_gone() -> None:
    numbers = {c.number for c in profile_of("197301052000032001").certificates}
    assert "LAN/PKN2/2026/0002" in numbers
    assert "LAN/PKN2/2026/0020" not in numbers


def test_hours_abroad_count_a_fifth_more() -> None:
    hours = profile_of(MAIN["jejaring-internasional"]).hours
    assert 7_200 in {credit.jp for credit in hours.credits if credit.form == "3"}


def test_a_former_number_reaches_the_same_person() -> None:
    now, former = (told().people["nip", n] for n in ("199606062024032001", "199606062021212001"))
    assert now == former
    assert len(profile_of("199606062024032001").hours.credits) >= 3
