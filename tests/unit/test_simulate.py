"""A nation from a seed: deterministic, large enough, and dirty exactly as its manifest says."""

import hashlib
from collections import Counter
from datetime import date, datetime, time, timedelta
from functools import cache
from itertools import chain, islice, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jejak_producers.simulate import REFERENCE, Delivery, Nation, dirt, nation, samples
from jejak_producers.simulate.identifiers import source, uuid7_at
from jejak_producers.simulate.population import Population
from jejak_schemas import clock, codec
from jejak_schemas.catalogue import entry_of
from jejak_schemas.events import (
    Event,
    LearningEvent,
    PersonMerged,
    PersonRegistered,
    PersonSeparated,
    RosterDeclared,
    StatementVoided,
)
from jejak_schemas.wire import is_birth_date

END = datetime.combine(REFERENCE, time(0), clock.JAKARTA)


def ruleset(name: str) -> str:
    return f'version = "{name}"'


def of(seed: int, events: int = 400, people: int = 333) -> Nation:
    return nation(seed, people, events, documents=ruleset)


@cache
def the_demo() -> tuple[Nation, tuple[Delivery, ...]]:
    made = nation(7, documents=ruleset)
    return made, tuple(made.deliveries())


@cache
def its_traffic() -> tuple[Delivery, ...]:
    return tuple(the_demo()[0].traffic())


def digest(made: Nation) -> str:
    sum_ = hashlib.sha256()
    for delivery in made.deliveries():
        sum_.update(b"\0".join((delivery.party.encode(), delivery.key, delivery.value)))
    return sum_.hexdigest()


def noted(kind: str) -> list[Delivery]:
    return [delivery for delivery in its_traffic() if delivery.note == kind]


def event_in(delivery: Delivery) -> Event:
    assert delivery.event is not None
    return delivery.event


def test_the_same_seed_gives_the_same_bytes() -> None:
    assert digest(of(3)) == digest(of(3))


def test_another_seed_gives_another_nation() -> None:
    assert digest(of(3)) != digest(of(4))


def test_by_default_it_is_as_large_as_the_demo_needs() -> None:
    made, deliveries = the_demo()
    assert made.manifest.people >= 300
    assert made.manifest.agencies >= 20
    assert made.manifest.providers >= 12
    assert made.manifest.programmes == 6
    assert len(deliveries) >= 5_000
    assert len({event_in(d).party for d in deliveries if d.event} & agencies()) >= 20


def agencies() -> set[str]:
    return {party.code for party in samples.parties() if "agency" in party.roles}


@pytest.mark.parametrize("events", [100, 1_000])
def test_the_manifest_counts_what_is_delivered(events: int) -> None:
    made = of(11, events, people=400)
    deliveries = list(made.deliveries())
    assert len(deliveries) == made.manifest.delivered
    assert Counter(d.note for d in deliveries if d.note) == made.manifest.planted
    manifest = made.manifest
    settled = manifest.recorded + manifest.duplicates + manifest.conflicts
    assert settled + sum(manifest.refused.values()) == manifest.delivered
    people = [d for d in deliveries if type(d.event).__name__ == "PersonRegistered"]
    twice = 3  # numbers more: the sample's career has two, person 351 has a first one
    assert len(people) == manifest.people == 400 + twice


def test_some_are_claimed_moved_gone_or_known_under_two_numbers() -> None:
    made = of(5, 600, people=800)
    said = [delivery.event for delivery in made.deliveries() if delivery.event]
    registered = [e.person.key for e in said if isinstance(e, PersonRegistered)]
    assert len(set(registered)) == len(registered)
    kinds = Counter(type(event).__name__ for event in said)
    assert kinds["PersonMoved"] > kinds["PersonMerged"] > 1
    assert kinds["PersonSeparated"] > kinds["PersonMoved"]
    first = next(at for at, event in enumerate(said) if isinstance(event, PersonRegistered))
    claimed = {e.person.key for e in said[:first] if isinstance(e, RosterDeclared)}
    assert len(claimed) > kinds["PersonMoved"]
    assert claimed <= set(registered)
    merged = [e for e in said if isinstance(e, PersonMerged)]
    assert {key for e in merged for key in (e.person.key, e.absorbed.key)} <= set(registered)
    invented = {made.population.person(number).nip for number in range(333, 800)}
    gone = {e.person.key for e in said if isinstance(e, PersonSeparated)} & invented
    learners = {e.learner.key for e in said if isinstance(e, LearningEvent)}
    assert gone
    assert gone & learners == set()


def test_the_recorded_ones_have_ids_of_their_own() -> None:
    made, deliveries = the_demo()
    ids = {event_in(d).event_id for d in deliveries if d.event and recorded(d)}
    assert len(ids) == made.manifest.recorded


def recorded(delivery: Delivery) -> bool:
    return not delivery.note or dirt.KINDS[delivery.note].outcome == "recorded"


def test_the_parties_of_every_phase_are_those_declared() -> None:
    made, deliveries = the_demo()
    assert {d.party for d in deliveries} <= {party.code for party in made.parties}


def test_phases_come_in_the_order_of_what_they_rest_on() -> None:
    assert [phase.name for phase in of(1).phases()] == [
        "authorities",
        "offerings",
        "alignments",
        "countersignatures",
        "claims",
        "people",
        "moves",
        "stories",
        "irregular",
        "traffic",
    ]


def test_ordinary_messages_are_sound() -> None:
    roles = {party.code: set(party.roles) for party in samples.parties()}
    for delivery in its_traffic():
        if not delivery.note:
            event = codec.read(delivery.value).event
            assert event == delivery.event
            assert event.party == delivery.party
            assert roles[event.party] & entry_of(event).roles
            assert delivery.key == entry_of(event).key_of(event).encode()
            assert event.occurred_at < END


def test_ordinary_traffic_comes_in_the_order_of_time() -> None:
    moments = [event_in(d).occurred_at for d in its_traffic() if not d.note]
    assert all(earlier <= later for earlier, later in pairwise(moments))


def test_traffic_spreads_over_months_courses_classes_and_agencies() -> None:
    made, _ = the_demo()
    events = [e for d in its_traffic() if isinstance(e := d.event, LearningEvent)]
    people = {made.population.person(n).nip: made.population.person(n) for n in range(made.people)}
    known = [people[e.learner.key] for e in events if e.learner.key in people]
    months = Counter(clock.jakarta_date(e.occurred_at).strftime("%Y-%m") for e in events)
    assert len([month for month, number in months.items() if number >= 50]) >= 15
    assert len({getattr(e, "offering", None) for e in events}) >= 80
    assert len({person.position_class for person in known}) >= 8
    assert len({person.home_agency for person in known}) >= 20
    assert len({type(e).__name__ for e in events}) >= 10


def test_the_people_of_the_stories_are_left_to_their_stories() -> None:
    made, _ = the_demo()
    cast = {e.person.key for e in made.registry.cast}
    touched = {d.event.learner.key for d in its_traffic() if isinstance(d.event, LearningEvent)}
    assert not touched & cast


def test_a_duplicate_has_the_bytes_of_an_earlier_message() -> None:
    seen: set[tuple[str, bytes, bytes]] = set()
    for delivery in its_traffic():
        this = delivery.party, delivery.key, delivery.value
        assert (this in seen) == (delivery.note == "duplicate")
        seen.add(this)


def test_a_conflict_has_the_id_and_key_of_an_earlier_message_and_other_bytes() -> None:
    seen: dict[object, Delivery] = {}
    for delivery in its_traffic():
        if delivery.note == "conflict":
            first = seen[event_in(delivery).event_id]
            assert first.value != delivery.value
            assert (first.party, first.key) == (delivery.party, delivery.key)
        if delivery.event is not None:
            seen.setdefault(delivery.event.event_id, delivery)


def test_a_void_comes_before_its_target_and_from_the_same_party() -> None:
    traffic = its_traffic()
    place = {d.event.event_id: n for n, d in enumerate(traffic) if d.event and not d.note}
    for number, delivery in enumerate(traffic):
        if delivery.note == "void-before-target":
            void = event_in(delivery)
            assert isinstance(void, StatementVoided)
            target = event_in(traffic[place[void.target]])
            assert place[void.target] > number
            assert target.party == void.party
            assert target.occurred_at < void.occurred_at


def test_late_reports_come_months_after_they_happened() -> None:
    last_on_time = max(event_in(d).occurred_at for d in its_traffic() if not d.note)
    assert noted("late")
    assert all(last_on_time - event_in(d).occurred_at > timedelta(90) for d in noted("late"))
    assert list(its_traffic()[-len(noted("late")) :]) == noted("late")


@pytest.mark.parametrize(
    "kind",
    [
        "bad-nip",
        "nip-in-text",
        "truncated",
        "unknown-schema",
        "trailing-bytes",
        "invalid-utf8",
        "nul-character",
        "too-large",
    ],
)
def test_messages_that_no_model_can_build_are_refused_for_the_planted_reason(kind: str) -> None:
    assert noted(kind)
    for delivery in noted(kind):
        assert delivery.event is None
        with pytest.raises(codec.Refusal) as refused:
            codec.read(delivery.value)
        assert refused.value.reason == dirt.KINDS[kind].reason


def test_a_message_for_another_party_lies_in_the_wrong_inbox() -> None:
    assert all(event_in(d).party != d.party for d in noted("wrong-party"))


def test_a_party_says_what_its_role_may_not() -> None:
    roles = {party.code: set(party.roles) for party in samples.parties()}
    for delivery in noted("role-not-allowed"):
        assert not roles[delivery.party] & entry_of(event_in(delivery)).roles


def test_the_future_is_far_away() -> None:
    assert all(event_in(d).occurred_at > END + timedelta(365) for d in noted("future-date"))


def test_an_unregistered_person_is_nobody_whom_bkn_named() -> None:
    _, deliveries = the_demo()
    registered = {d.key for d in deliveries if type(d.event).__name__ == "PersonRegistered"}
    assert not registered & {d.key for d in noted("unregistered-person")}


def test_an_unaccredited_provider_is_the_one_that_lan_left_out() -> None:
    assert {d.party for d in noted("unaccredited-provider")} == {"cakra-kompetensi"}


def test_reprs_hide_the_numbers() -> None:
    made, deliveries = the_demo()
    number = made.population.person(50).nip
    shown = repr(made.population.person(50)) + "".join(
        repr(d) for d in islice(deliveries, 200, 400)
    )
    assert number not in shown
    assert not any(d.key.decode() in repr(d) for d in deliveries if d.key.isdigit())


@given(st.integers(0, 2**32), st.integers(0, 3_000_000))
@settings(max_examples=50, deadline=None)
def test_anyone_of_three_million_has_a_possible_number(seed: int, number: int) -> None:
    person = Population(str(seed), []).person(number)
    assert len(person.nip) == 18
    assert is_birth_date(person.nip)
    assert person.nip[14] in "12"
    months = {f"{month:02}" for month in range(1, 13)}
    assert (person.nip[12:14] in months) == (person.kind == "PNS")
    assert (person.contract_start is not None) == (person.kind == "PPPK")
    assert int(person.nip[8:12]) - int(person.nip[:4]) >= 20


def test_no_two_people_share_a_number() -> None:
    population = Population("crowd", [])
    numbers = Counter(
        number
        for place in chain(range(3_000), range(12_000, 15_000))
        for person in [population.person(place)]
        for number in (person.nip, person.former)
        if number
    )
    assert max(numbers.values()) == 1


def test_more_traffic_adds_offerings() -> None:
    made = of(5, events=20_000)
    phases = {phase.name: phase.deliveries for phase in made.phases()}
    offerings = [event_in(d) for d in phases["offerings"]]
    assert len({o.offering for o in offerings}) == len(offerings) == 400  # type: ignore[attr-defined]
    assert sum(1 for _ in phases["traffic"]) == 20_000 + sum(
        number for kind, number in made.manifest.planted.items() if kind != "late"
    )


def test_an_earlier_reference_date_ends_the_traffic_earlier() -> None:
    until = date(2026, 3, 1)
    made = nation(2, 333, 300, until=until, documents=ruleset)
    good = [d.event for d in made.traffic() if d.event and not d.note]
    assert max(clock.jakarta_date(e.occurred_at) for e in good) < until


@pytest.mark.parametrize(
    ("events", "until"), [(99, REFERENCE), (500, date(2026, 2, 28))], ids=["few", "early"]
)
def test_what_cannot_be_made_is_said(events: int, until: date) -> None:
    with pytest.raises(ValueError, match="must"):
        nation(1, 333, events, until=until, documents=ruleset)


def test_ids_are_uuid7_of_their_moment() -> None:
    moment = datetime(2026, 3, 9, 2, 15, tzinfo=clock.JAKARTA)
    made = uuid7_at(moment, source("any"))
    assert made.version == 7
    assert made.int >> 80 == clock.micros_of(moment) // 1000
    assert made != uuid7_at(moment, source("other"))
