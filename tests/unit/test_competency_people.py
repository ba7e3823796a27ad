"""Who is who, and where they serve: merges, splits, separations, claims, restructured agencies."""

import random
from datetime import timedelta
from itertools import pairwise, permutations
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from jejak_lrs.competency.assess import assess
from jejak_lrs.competency.lookups import levels_on
from jejak_lrs.competency.persons import Persons, word_of
from jejak_lrs.competency.profile import EMPTY, Profile, canonical
from jejak_lrs.competency.routing import NOWHERE, Agencies, agencies_on
from jejak_schemas import events
from jejak_schemas.events import Event
from jejak_schemas.parts import PersonRef
from tests import world
from tests.world import day, event, moved, passed, registered, restructured, rostered, separated

IDS = [UUID(f"01900000-0000-7000-8000-0000000000{number:02x}") for number in range(1, 6)]
A, B, C, D, _ = (PersonRef(person_id=one) for one in IDS)
AS, BS, CS, DS, _ = IDS


def persons(*said: Event) -> Persons:
    return Persons([word for one in said if (word := word_of(one)) is not None])


def groups(of: Persons) -> set[tuple[UUID, ...]]:
    """Everyone who is one with another, who stays first."""
    return {of.one_with(one) for one in IDS if len(of.one_with(one)) > 1}


def folded(who: UUID, said: list[Event], decreed: list[Event] | None = None) -> Profile:
    """The profile of one id, as replay and projector make it: by the facts of all who are one."""
    kin = persons(*said)
    facts = [
        kin.known(fact)
        for one in kin.one_with(who)
        for fact in world.facts([each for each in said if _about(each) == one])
    ]
    return assess(facts, world.registry(world.usual() if decreed is None else decreed))


def _about(said: Event) -> UUID | None:
    person = getattr(said, "learner", None) or getattr(said, "person", None)
    return person.person_id if person else None


# -- merges and splits ------------------------------------------------------------------------


def test_the_id_that_stays_is_the_one_that_the_event_names() -> None:
    assert groups(persons(world.merged(B, A))) == {(BS, AS)}


def test_who_was_absorbed_stands_for_another_who_is_absorbed_later() -> None:
    chain = [world.merged(A, B, on="2025-01-01"), world.merged(B, C, on="2026-01-01")]
    assert groups(persons(*chain)) == {(AS, BS, CS)}


def test_of_two_who_absorb_one_the_later_word_names_who_stays() -> None:
    both = [world.merged(A, B, on="2025-01-01"), world.merged(C, B, on="2026-01-01")]
    assert groups(persons(*both)) == {(CS, AS, BS)}


def test_a_merge_back_and_forth_ends() -> None:
    both = [world.merged(A, B, on="2025-01-01"), world.merged(B, A, on="2026-01-01")]
    assert groups(persons(*both)) == {(AS, BS)}
    assert groups(persons(world.merged(A, A))) == set()


def test_a_split_undoes_its_merge_and_no_other() -> None:
    first, second = world.merged(A, B), world.merged(A, C)
    assert groups(persons(first, second, world.split(first))) == {(AS, CS)}


def test_a_split_that_comes_before_its_merge_waits_for_it() -> None:
    merge = world.merged(A, B)
    kin = persons(world.split(merge))
    assert kin.add(*filter(None, [word_of(merge)])) == set()
    assert groups(kin) == set()


def test_merged_again_after_a_split_they_are_one_again() -> None:
    merge = world.merged(A, B)
    assert groups(persons(merge, world.split(merge), world.merged(B, A))) == {(BS, AS)}


def test_whom_a_word_touches_is_told() -> None:
    kin = persons(world.merged(A, B, on="2025-01-01"))
    word = word_of(world.merged(C, A, on="2026-01-01"))
    assert word is not None
    assert kin.add(word) == {AS, BS, CS}
    assert kin.add(word) == set()


def test_any_order_of_merges_and_splits_gives_the_same_persons() -> None:
    merges = [
        world.merged(A, B, on="2024-01-01"), world.merged(C, D, on="2025-01-01"),
        world.merged(B, C, on="2026-01-01"),
    ]  # fmt: skip
    said = [*merges, world.split(merges[1])]
    assert {tuple(sorted(groups(persons(*one)))) for one in permutations(said)} == {((AS, BS, CS),)}


@st.composite
def lives(draw: st.DrawFn) -> tuple[list[Event], list[Event]]:
    """What was said of three ids, and the same as if they had been one from the start."""
    happened = draw(
        st.lists(
            st.tuples(
                st.sampled_from([A, B, C]), st.integers(0, 900),
                st.sampled_from(["course", "test", "assessed", "posted", "coached"]),
                st.sampled_from([A, B, D]),
            ),
            min_size=1, max_size=12,
        )
    )  # fmt: skip
    apart = [_said(*one) for one in happened]
    one = [each.model_copy(update=_as_one(each)) for each in apart]
    return apart, one


def _said(who: PersonRef, days: int, what: str, other: PersonRef) -> Event:
    on = str(day("2023-01-01") + timedelta(days))
    match what:
        case "course":
            return world.course(on, form="3", learner=who)
        case "test":
            return world.passed(on, "c", party="lain", learner=who)
        case "assessed":
            return world.assessed(on, learner=who, assessor=other)
        case "posted":
            return moved(on, person=who)
        case _:
            return world.coached(on, learner=who)


def _as_one(said: Event) -> dict[str, PersonRef]:
    merged = {AS: A, BS: A, CS: A, DS: A}
    return {
        name: merged[person.person_id]
        for name in ("learner", "person", "assessor")
        if (person := getattr(said, name, None)) is not None
    }


@given(lives(), st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_merged_is_byte_for_byte_one_from_the_start(
    life: tuple[list[Event], list[Event]], chance: random.Random
) -> None:
    apart, one = life
    # D is an assessor only: who assessed is one with whoever they are merged with, too.
    first = registered(person=C)
    said = [first, *apart, world.merged(B, C, on="2020-01-01"),
            world.merged(A, B, on="2021-01-01"), world.merged(A, D, on="2022-01-01")]  # fmt: skip
    chance.shuffle(said)
    start = first.model_copy(update=_as_one(first))
    whole = canonical(assess(world.facts([start, *one]), world.registry(world.usual())))
    assert canonical(folded(AS, said)) == whole
    assert folded(BS, said) == folded(CS, said) == EMPTY


@given(lives())
@settings(max_examples=40, deadline=None)
def test_split_is_byte_for_byte_never_merged(life: tuple[list[Event], list[Event]]) -> None:
    apart, _ = life
    merge = world.merged(A, B)
    said = [registered(person=A), registered(person=B), *apart]
    for who in (AS, BS, CS):
        parted = folded(who, [*said, world.split(merge), merge])
        assert canonical(parted) == canonical(folded(who, said))


def test_one_assessor_under_two_ids_is_one_source() -> None:
    # Two sources of assessment: 10000 each, and a course of another institution opens the gate.
    said: list[Event] = [
        registered(person=A),
        world.assessed("2024-01-01", learner=A, assessor=C),
        world.assessed("2024-02-01", learner=A, assessor=D),
    ]
    decreed = [*world.usual(), world.rules(
        world.document(("3 = 6000", "3 = 15000")), "2016-01-01", "2016.1")]  # fmt: skip
    apart = levels_on(folded(AS, said, decreed), day("2024-06-01"))
    joined = levels_on(folded(AS, [*said, world.merged(C, D)], decreed), day("2024-06-01"))
    assert apart[world.INTEGRITY].indicated == 3
    assert joined[world.INTEGRITY].indicated == 2


# -- where they serve -------------------------------------------------------------------------


def served(*said: Event, decreed: list[Event] | None = None) -> Profile:
    return assess(world.facts(said), world.registry(decreed or []))


def where(profile: Profile, on: str) -> Agencies:
    return agencies_on(profile, day(on))


def test_a_move_holds_from_its_day_whenever_it_is_told() -> None:
    said = [registered("2020-01-01"), moved("2024-01-01", working_agency="4011")]
    for told in (said, said[::-1]):
        profile = served(*told)
        assert where(profile, "2019-12-31") == NOWHERE
        assert where(profile, "2023-12-31") == Agencies("2060", "2060")
        assert where(profile, "2024-01-01") == Agencies("2060", "4011")


def test_who_left_the_service_belongs_to_nobody_from_that_day() -> None:
    profile = served(registered("2020-01-01"), separated("2024-03-01"))
    assert where(profile, "2024-02-29") == Agencies("2060", "2060")
    assert where(profile, "2024-03-01") == NOWHERE
    assert [(one.reason, str(one.starts)) for one in profile.separations] == [
        ("retired", "2024-03-01")
    ]


def test_who_is_appointed_again_serves_again() -> None:
    said = [
        registered("2020-01-01"),
        separated("2022-01-01"),
        registered("2024-01-01", kind="PPPK"),
    ]
    profile = served(*said)
    assert where(profile, "2023-12-31") == NOWHERE
    assert where(profile, "2024-01-01") == Agencies("2060", "2060")
    assert str(profile.separations[0].ends) == "2024-01-01"


def test_an_assessment_after_the_separation_asserts_nothing() -> None:
    before = world.profile(separated("2024-06-01"), world.assessed("2024-05-31"))
    after = world.profile(separated("2024-06-01"), world.assessed("2024-06-01"))
    assert world.asserted(before, "2024-07-01") == 4
    assert world.asserted(after, "2024-07-01") is None


def test_one_agencys_claim_holds_until_bkns_word() -> None:
    profile = served(rostered("2060", "2022-01-01"), registered("2024-01-01", home_agency="4011",
                                                                working_agency="4011"))  # fmt: skip
    assert where(profile, "2021-12-31") == NOWHERE
    assert where(profile, "2022-01-01") == Agencies("2060", "2060")
    assert where(profile, "2024-01-01") == Agencies("4011", "4011")


def test_a_claim_after_bkns_word_is_passed_over() -> None:
    profile = served(registered("2020-01-01"), rostered("4011", "2022-01-01"))
    assert where(profile, "2023-01-01") == Agencies("2060", "2060")
    assert profile.claims == ()
    assert where(served(separated("2021-01-01"), rostered("4011", "2022-01-01")),
                 "2023-01-01") == NOWHERE  # fmt: skip


def test_two_claims_route_to_neither_and_are_shown() -> None:
    profile = served(rostered("2060", "2022-01-01"), rostered("4011", "2023-01-01", "2023-06-30"))
    assert where(profile, "2022-12-31") == Agencies("2060", "2060")
    assert where(profile, "2023-01-01") == NOWHERE
    assert where(profile, "2023-07-01") == Agencies("2060", "2060")
    assert [one.agencies for one in profile.claims] == [("2060",), ("2060", "4011"), ("2060",)]


def test_an_agency_may_state_its_own_claim_anew() -> None:
    said = [rostered("2060", "2022-01-01", unit="a"),
            rostered("2060", "2022-01-01", "2022-12-31", unit="b", said="2022-06-01")]  # fmt: skip
    for told in (said, said[::-1]):
        profile = served(*told)
        assert where(profile, "2022-12-31") == Agencies("2060", "2060")
        assert where(profile, "2023-01-01") == NOWHERE
        assert [one.unit for one in profile.claims] == ["b"]


def test_one_successor_takes_over_everybody_from_its_day() -> None:
    decreed = [restructured("2060", "2070", since="2024-10-21")]
    profile = served(registered("2020-01-01", working_agency="4011"), decreed=decreed)
    assert where(profile, "2024-10-20") == Agencies("2060", "4011")
    assert where(profile, "2024-10-21") == Agencies("2070", "4011")


def test_of_several_successors_none_takes_over_until_bkn_moves_people() -> None:
    decreed = [restructured("2060", "2070", "2071", since="2024-10-21")]
    stays = served(registered("2020-01-01"), decreed=decreed)
    assert where(stays, "2025-01-01") == Agencies("2060", "2060")
    move = moved("2024-10-21", home_agency="2071", working_agency="2071")
    goes = served(registered("2020-01-01"), move, decreed=decreed)
    assert where(goes, "2025-01-01") == Agencies("2071", "2071")


def test_a_successor_may_be_succeeded_and_old_codes_are_still_understood() -> None:
    decreed = [restructured("2070", "2080", since="2025-01-01"),
               restructured("2060", "2070", since="2024-01-01")]  # fmt: skip
    for told in (decreed, decreed[::-1]):
        profile = served(registered("2020-01-01"), moved("2026-01-01", unit="x"), decreed=told)
        assert [(one.home, str(one.starts)) for one in profile.postings] == [
            ("2060", "2020-01-01"), ("2070", "2024-01-01"), ("2080", "2025-01-01"),
            ("2080", "2026-01-01"),
        ]  # fmt: skip
    assert world.registry(decreed).succession.leading_to("2080") == {"2060", "2070", "2080"}


def test_a_claim_by_the_old_code_and_one_by_the_new_are_one_agencys() -> None:
    decreed = [restructured("2060", "2070", since="2024-01-01")]
    profile = served(
        rostered("2060", "2022-01-01"), rostered("2070", "2024-01-01"), decreed=decreed
    )
    assert where(profile, "2023-12-31") == Agencies("2060", "2060")
    assert where(profile, "2024-01-01") == Agencies("2070", "2070")


@given(st.lists(st.tuples(st.sampled_from("rmscR"), st.integers(0, 40)), max_size=8),
       st.randoms(use_true_random=False))  # fmt: skip
@settings(max_examples=80, deadline=None)
def test_where_somebody_serves_depends_on_no_order(
    told: list[tuple[str, int]], chance: random.Random
) -> None:
    said = [_posted(what, str(day("2024-01-01") + timedelta(at))) for what, at in told]
    profile = served(*said, decreed=said)
    chance.shuffle(said)
    assert canonical(served(*said, *said, decreed=said)) == canonical(profile)
    for spans in (profile.postings, profile.claims, profile.separations):
        for one, other in pairwise(spans):
            assert one.ends is not None
            assert one.ends <= other.starts


def _posted(what: str, on: str) -> Event:
    match what:
        case "r":
            return registered(on)
        case "m":
            return moved(on, home_agency="4011")
        case "s":
            return separated(on)
        case "c":
            return rostered("2060", on)
        case _:
            return restructured("2060", "4011", since=on)


# -- units ------------------------------------------------------------------------------------


def unit(name: str, parent: str | None, since: str = "2020-01-01", **more: str) -> Event:
    said = {"party": "2060", "agency": "2060"} | more
    return event(events.UnitPublished, since, unit=name, parent=parent, name=world.NAME,
                 valid_from=day(since), **said)  # fmt: skip


def test_a_unit_stands_under_the_units_above_it_on_a_day() -> None:
    units = world.registry(
        [unit("seksi", "bidang"), unit("bidang", "pusat"), unit("bidang", "deputi", "2024-01-01")]
    ).units
    assert list(units.above("2060", "seksi", day("2023-01-01"))) == ["seksi", "bidang", "pusat"]
    assert list(units.above("2060", "seksi", day("2024-01-01"))) == ["seksi", "bidang", "deputi"]


def test_units_in_a_circle_are_walked_once() -> None:
    units = world.registry([unit("a", "b"), unit("b", "a")]).units
    assert list(units.above("2060", "a", day("2024-01-01"))) == ["a", "b"]


def test_nobody_publishes_the_units_of_another_agency() -> None:
    units = world.registry([unit("a", None, party="4011")]).units
    assert units.unit_on("2060", "a", day("2024-01-01")) is None


def test_who_is_known_under_two_numbers_is_one_person() -> None:
    """Several NIPs over a life are aliases of one id; seen apart first, BKN merges them."""
    pppk = [registered("2015-01-01", person=B, kind="PPPK"), passed("2024-01-01", learner=B)]
    pns = [registered("2025-01-01", person=A), passed("2024-01-01", "c", party="lain", learner=A)]
    profile = folded(AS, [*pppk, *pns, world.merged(A, B)])
    assert [one.employment for one in profile.postings] == ["PPPK", "PNS"]
    assert levels_on(profile, day("2024-06-01"))[world.INTEGRITY].indicated == 4
