"""Five people of the demo, reckoned by hand from docs/competency.md, and what order has no part in.

The arithmetic stands in tests/data/by_hand.toml.
"""

import tomllib
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from jejak_lrs.competency.assess import assess
from jejak_lrs.competency.extraction import facts_of
from jejak_lrs.competency.lookups import certificates_on, levels_on, programmes_on
from jejak_lrs.competency.profile import Profile, canonical
from jejak_lrs.competency.registry import Registry
from jejak_lrs.competency.routing import agencies_on
from jejak_schemas.events import Event, StatementVoided
from tests import told
from tests.world import day

BY_HAND: list[dict[str, Any]] = tomllib.loads(
    (Path(__file__).parents[1] / "data" / "by_hand.toml").read_text("utf-8")
)["person"]
ASKED = day("2026-12-01")
five = pytest.mark.parametrize("by_hand", BY_HAND, ids=lambda one: one["nip"][-4:])


def test_they_are_five() -> None:
    assert len(BY_HAND) == 5
    assert {one["nip"] for one in BY_HAND} < set(told.MAIN.values())


@five
def test_the_levels_are_those_reckoned_by_hand(by_hand: dict[str, Any]) -> None:
    profile = told.profile_of(by_hand["nip"])
    for on, levels in by_hand["levels"].items():
        found = {
            competency.rpartition("/")[2]: [one.asserted or 0, one.indicated or 0]
            for competency, one in levels_on(profile, day(on)).items()
        }
        if on == str(ASKED):
            assert found == levels
        assert {name: found[name] for name in levels} == levels, on


@five
def test_so_are_hours_certificates_state_and_agency(by_hand: dict[str, Any]) -> None:
    profile = told.profile_of(by_hand["nip"])
    assert {str(one.starts): one.jp for one in profile.hours.years} == by_hand["hours"]
    papers = {number: state for (number, _), state in certificates_on(profile, ASKED).items()}
    assert papers == by_hand["certificates"]
    assert set(programmes_on(profile, ASKED).values()) == {by_hand["state"]}
    assert profile.programmes[0].states[-1].outcome == by_hand["state"]
    assert agencies_on(profile, ASKED).working == by_hand["agency"]


@pytest.mark.parametrize("how", ["in another order", "twice", "a month late"])
def test_the_same_events_otherwise_are_the_same_bytes(how: str) -> None:
    said = list(enumerate(told.told().events, start=1))
    others = {
        "in another order": sorted(said, key=lambda one: one[1].event_id.int % 997),
        "twice": [*said, *said],
        "a month late": _late(said),
    }[how]
    for one in BY_HAND:
        who = told.told().people["nip", one["nip"]]
        assert canonical(_folded(who, others)) == canonical(told.profile_of(one["nip"]))


def _late(said: list[tuple[int, Event]]) -> list[tuple[int, Event]]:
    """Whatever is of a person comes after the whole registry, a month's traffic later."""
    own = [(at + 100_000, one) for at, one in said if hasattr(one, "learner")]
    return [*((at, one) for at, one in said if not hasattr(one, "learner")), *own]


def _folded(who: UUID, said: list[tuple[int, Event]]) -> Profile:
    registry = Registry()
    registry.add(told.declared(told.told().events[0]), 0)
    for position, event in said:
        registry.add(event, position)
    mine = {one.event_id for _, one in said if _about(one) == who}
    facts = [
        fact
        for position, event in said
        if event.event_id in mine or (isinstance(event, StatementVoided) and event.target in mine)
        for fact in facts_of(event, position, event.event_id)
    ]
    return assess(facts, registry)


def _about(said: Event) -> UUID | None:
    person = getattr(said, "learner", None) or getattr(said, "person", None)
    return person.person_id if person else None
