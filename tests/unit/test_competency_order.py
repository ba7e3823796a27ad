"""The fold is a function of a set, and says what a naive fold says, one day at a time.

Any order, batching and repetition give the same bytes.
"""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jejak_lrs.competency import offerings
from jejak_lrs.competency.assess import assess
from jejak_lrs.competency.extraction import facts_of
from jejak_lrs.competency.facts import Fact, from_documents, to_document
from jejak_lrs.competency.lookups import Dated, certificates_on, levels_on
from jejak_lrs.competency.parts import Parts
from jejak_lrs.competency.persons import Persons, word_of
from jejak_lrs.competency.profile import EMPTY, Profile, canonical, digest, parse
from jejak_lrs.competency.registry import Registry
from jejak_lrs.competency.routing import agencies_on
from jejak_schemas import events
from jejak_schemas.events import Event
from jejak_schemas.parts import PersonRef
from tests import naive_fold, world
from tests.naive_fold import Naive

FIRST = date(2022, 1, 1)
IDS = [UUID(f"01900000-0000-7000-8000-{number:012x}") for number in range(1, 400)]
REGISTRATIONS = [UUID(f"01900000-0000-7000-8000-{number:012x}") for number in (501, 502)]
NEWER = world.BASE + "M.01-v2"
COMPETENCIES = [world.INTEGRITY, world.TEAMWORK, NEWER]

moments = st.builds(
    lambda days, hour: f"{FIRST + timedelta(days=days)}T{hour:02}:00:00",
    # In clusters: what happened far apart hardly ever meets.
    st.one_of(st.integers(0, 1600), *(st.integers(day, day + 40) for day in (300, 320, 850))),
    st.sampled_from([2, 2, 2, 16, 17]),
)
competencies = st.sampled_from([*[world.INTEGRITY] * 4, world.TEAMWORK, None])
series = st.sampled_from(["a", "a", "a", "b", "c", "c", "d", "zz", None])
levels = st.sampled_from([None, 1, 2, 3, 4, 4, 5])
parties = st.sampled_from(
    [{}, {}, {}, {"party": "lain"}, {"on_behalf_of": "lain"}, {"party": "2060"}]
)
registrations = st.sampled_from([{}, *({"registration": one} for one in REGISTRATIONS)])
ENDED = {"form": "3", "ended_on": date(2023, 1, 5)}
forms = st.sampled_from([{}, {"form": "3"}, ENDED, {"form": "1", "scope": "international"},
                         {"form": "3", "scope": "international"}, {"form": "20"}])  # fmt: skip


def trained(make: Any, **more: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.builds(
        lambda on, name, level, iri, *extra: make(
            on, name, level, iri, **{key: value for one in extra for key, value in one.items()}
        ),
        moments, series, levels, competencies, parties, *more.values(),
    )  # fmt: skip


certificates = st.builds(
    lambda number, until: {"number": number} | ({"until": until} if until else {}),
    st.sampled_from(["S-1", "S-2"]),
    st.sampled_from([None, "2027-01-31"]),
)
outcomes = st.sampled_from([{}, {"outcome": "failed"}, {"outcome": "failed"}])
daily = st.sampled_from([{}, {"form": "4"}, {"form": "9", "scope": "international"}, {"form": "22"},
                         {"form": "23"}, {"form": "3"}])  # fmt: skip
posts = st.sampled_from([
    {}, {"position_class": "administrator"}, {"home_agency": "4011"},
    {"working_agency": "4011"}, {"kind": "PPPK"},
    {"kind": "PPPK", "contract_start": date(2022, 2, 28)},
])  # fmt: skip
happened = st.one_of(
    trained(world.course, registration=registrations, form=forms),
    trained(world.visit, registration=registrations, form=forms),
    trained(world.joined),
    trained(world.evaluated, outcome=outcomes),
    trained(world.passed),
    trained(world.certificate, certificate=certificates, registration=registrations),
    st.builds(
        lambda on, level, iri, party, until, who: world.assessed(
            on, level, iri, party, until, assessor=who
        ),
        moments, st.integers(1, 5), st.sampled_from([*[world.INTEGRITY] * 4, world.TEAMWORK]),
        st.sampled_from(["pusat", "pusat", "balai", "balai", "swasta"]),
        st.sampled_from([None, "2026-12-31", "2030-01-01"]),
        st.sampled_from([None, world.ASSESSOR]),
    ),
    st.builds(
        lambda on, form, party: world.coached(on, form=form, **party),
        moments, st.sampled_from(["14", "15", None]), parties,
    ),
    st.builds(
        lambda on, form, registration: world.finished(
            on, form=form, offering=world.BASE + "o/a", **registration
        ),
        moments, st.sampled_from(["3", "5"]), registrations,
    ),
    st.builds(lambda on, post: world.moved(on[:10], **post), moments, posts),
    trained(world.attended, daily=daily),
    trained(world.shared, daily=daily),
    trained(world.logged, daily=daily),
    trained(world.seconded, registration=registrations, form=st.sampled_from(
        [{}, {"form": "18"}, {"form": "3"}])),
    trained(world.failed),
    st.builds(
        lambda on, level, party, until: world.stated(on, level, party=party, until=until),
        moments, st.integers(1, 5), st.sampled_from(["2060", "balai", "4011"]),
        st.sampled_from([None, "2026-12-31"]),
    ),
    st.builds(
        lambda on, names, registration: world.reissued(on, *names, **registration),
        moments, st.sampled_from([("S-2", "S-1"), ("S-3", "S-2"), ("S-1", "S-2")]), registrations,
    ),
    st.builds(
        lambda on, number, who: world.recalled(number, on[:10], on=on, **who),
        moments, st.sampled_from(["S-1", "S-2", "S-3"]),
        st.sampled_from([{}, {"party": "lain"}, {"party": "lan", "issuer": "prov"}]),
    ),
    st.builds(lambda on: world.separated(on[:10]), moments),
    st.builds(
        lambda on, who, until: world.rostered(who, on[:10], until),
        moments, st.sampled_from(["2060", "4011"]), st.sampled_from([None, "2027-01-01"]),
    ),
)  # fmt: skip


def close(make: Any, *more: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[Any]:
    """The same, crowded: one competency, few series, few weeks, so that rules meet."""
    return st.builds(
        lambda days, name, level, *extra: make(
            str(FIRST + timedelta(days=days)),
            *((name, level) if make is not world.assessed else (level or 1,)),
            **{key: value for one in extra for key, value in one.items()},
        ),
        st.integers(300, 330),
        st.sampled_from(["a", "c"]),
        levels,
        *more,
    )


bodies = st.sampled_from([{"party": "pusat"}, {"party": "balai"}])
crowded = st.one_of(
    close(world.course, registrations, st.just({"form": "3"})),
    close(world.evaluated, outcomes),
    close(world.passed, st.sampled_from([{}, {"party": "lain"}])),
    close(world.certificate, certificates, registrations),
    close(world.assessed, bodies),
)


def numbered(said: Sequence[Event]) -> list[Event]:
    """The same events with known ids, so that a failing example repeats exactly."""
    return [
        one.model_copy(update={"event_id": number}) for one, number in zip(said, IDS, strict=False)
    ]


LEVELS = (events.CompetencyAssessed, events.CompetencyAsserted)


def acting(draw: st.DrawFn, said: Sequence[Event]) -> list[Event]:
    """Words on what was said: verified, revoked, voided."""
    claims = [one for one in said if isinstance(one, events.SelfLearningLogged)]
    levels = [one for one in said if isinstance(one, LEVELS)]
    words: list[Event] = [
        world.verified(one, party=draw(st.sampled_from(["2060", "2060", "4011"])),
                       verifier=draw(st.sampled_from([world.ASSESSOR, world.PERSON])))
        for one in claims
    ]  # fmt: skip
    words += [
        world.revoked(one, draw(moments)[:10], competency=one.competency,
                      party=draw(st.sampled_from([one.party, "bkn", "pusat"])))
        for one in levels if draw(st.booleans())
    ]  # fmt: skip
    targets = draw(st.lists(st.sampled_from([*said, *words]), max_size=3))
    return words + [
        world.voided(one, party=draw(st.sampled_from(["prov", "lain", "lan", one.party])))
        for one in targets
    ]


BEGUN = [
    world.registered(),
    world.registered("2022-11-15"),
    world.registered(kind="PPPK", contract_start=date(2021, 11, 10)),
]


@st.composite
def stories(draw: st.DrawFn) -> list[Event]:
    """A registered person, what happened to them, and words on some of it."""
    begun = draw(st.sampled_from(BEGUN))
    happenings = st.one_of(
        st.lists(happened, max_size=16), st.lists(crowded, min_size=4, max_size=12)
    )
    said = numbered([begun, *draw(happenings)])
    return [*said, *acting(draw, said)]


STRICTER = world.document(
    ("strength = 6000", "strength = 5500"), ("3 = 6000", "3 = 5800"),
    ("until_month = 36", "until_month = 30"), ("within_days = 180", "within_days = 20"),
)  # fmt: skip
CERTIFIED = world.certificate("2023-01-01", "a", 4, number="S-1")
CLAIM = world.logged("2023-01-01", "a", 3, form="22")
DECREED: list[Event] = [
    *world.usual(),
    *world.aligned("a", 3, world.TEAMWORK),
    *world.aligned("c", 2, valid_from="2023-06-01"),
    world.rules(STRICTER, "2024-05-15", "2026.2"),
    world.framework(NEWER, on="2023-03-01", version="2", equivalents=(world.INTEGRITY,)),
    world.framework(NEWER, on="2023-06-01", version="2.1"),
    world.framework(NEWER, on="2023-11-01", version="2.2", equivalents=(world.INTEGRITY,)),
    world.framework(NEWER, on="2024-05-01", version="2.3", equivalents=(world.INTEGRITY,)),
    world.framework(world.TEAMWORK, on="2024-01-01", version="1.1", kind="technical"),
    *world.aligned("b", 4, NEWER),
    world.assessor_accredited("2060"),
    world.assessor_accredited("balai", classes=("administrator",), since="2024-01-01"),
    world.assessor_suspended("balai", "2022-11-01", "2022-11-20"),
    world.provider_suspended("lain", "2022-11-10", "2022-11-20"),
    world.party_suspended("prov", "2024-05-01", "2024-05-10"),
    world.withdrawn("b", "2024-04-01"),
    world.restructured("4011", "4012", since="2024-03-01"),
]


def folded(said: Sequence[Fact], decreed: Sequence[Event] = DECREED) -> bytes:
    return canonical(assess(said, world.registry(decreed)))


@given(stories(), st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_any_order_and_repetition_gives_the_same_bytes(said: list[Event], chance: Any) -> None:
    facts = world.facts(said)
    shuffled = [*facts, *chance.sample(facts, len(facts) // 2)]
    chance.shuffle(shuffled)
    decreed = [*DECREED, *chance.sample(DECREED, 5)]
    chance.shuffle(decreed)
    assert folded(shuffled, decreed) == folded(facts)


@given(stories(), st.randoms(use_true_random=False))
@settings(max_examples=30, deadline=None)
def test_a_fold_with_the_parts_of_those_before_says_the_same(
    said: list[Event], chance: Any
) -> None:
    coming: list[Any] = [*world.facts(said), *DECREED]
    chance.shuffle(coming)
    heard, decreed, registry, parts = list[Fact](), list[Event](), Registry(), Parts()
    for one in coming:
        if isinstance(one, Event):
            registry.add(one, len(decreed))
            decreed.append(one)
        else:
            heard.append(one)
        assert assess(heard, registry, parts) == assess(heard, world.registry(decreed))


@given(stories(), st.randoms(use_true_random=False))
@settings(max_examples=150, deadline=None)
def test_what_comes_in_the_order_of_happening_is_judged_as_all_at_once(
    said: list[Event], chance: Any
) -> None:
    coming: list[Any] = sorted(world.facts(said), key=lambda one: one.origin.order)
    late = chance.sample(DECREED, 2)
    twice = chance.sample(coming, chance.choice([0, 0, 1]))
    moved = [coming.pop(chance.randrange(len(coming))) for _ in twice]
    for one in (*late, *twice, *moved):
        coming.insert(chance.randint(0, len(coming)), one)
    heard, parts = list[Fact](), Parts()
    registry = world.registry([one for one in DECREED if one not in late])
    while coming:
        for one in coming[: (many := chance.randint(1, 3))]:
            if isinstance(one, Event):
                registry.add(one, len(DECREED))
            else:
                heard.append(one)
        del coming[:many]
        if heard and chance.random() < 0.05:
            heard.pop(chance.randrange(len(heard)))  # erased
        assert assess(heard, registry, parts) == assess(heard, registry)


@pytest.mark.parametrize(
    ("named", "published", "stays"),
    [("a", "new", True), ("new", "new", False), ("a", "a", False), ("other", "new", False)],
)
def test_a_course_leaves_what_was_judged_where_nobody_can_have_named_it(
    monkeypatch: pytest.MonkeyPatch, named: str, published: str, stays: bool
) -> None:
    monkeypatch.setattr(offerings, "MOST", 1)  # names asked about that are held
    registry = world.registry(world.usual())
    before = registry.edition
    assess(world.facts([world.registered(), world.course("2024-01-01", named)]), registry)
    registry.add(world.offering(published, on="2024-02-01"), len(world.usual()))
    assert (registry.edition is before) == stays


@pytest.mark.parametrize(
    ("first", "then"),
    [
        (world.recalled("S-1", "2022-06-01", on="2022-06-01"), CERTIFIED),
        (world.verified(CLAIM, on="2022-06-01"), CLAIM),
        (world.voided(CERTIFIED, on="2022-06-01"), CERTIFIED),
        (world.passed("2023-01-01"), world.failed("2023-02-01")),
        (world.assessed("2023-01-01"), world.moved("2022-12-01", position_class="administrator")),
    ],
)
def test_a_fact_that_bears_on_another_is_heard_on_either_side(first: Event, then: Event) -> None:
    parts, registry = Parts(), world.registry(DECREED)
    heard = world.facts([world.registered(), first])
    assess(heard, registry, parts)
    heard += world.facts([then])
    assert assess(heard, registry, parts) == assess(heard, registry)


@given(stories())
@settings(max_examples=60, deadline=None)
def test_facts_and_profiles_survive_storage(said: list[Event]) -> None:
    facts = world.facts(said)
    assert list(from_documents(",".join(map(to_document, facts)))) == facts
    profile = assess(facts, world.registry(DECREED))
    assert parse(canonical(profile)) == profile


@given(stories(), st.lists(st.integers(0, 3300), min_size=3, max_size=3))
@settings(max_examples=150, deadline=None)
def test_a_naive_fold_says_the_same_on_every_day(said: list[Event], offsets: list[int]) -> None:
    profile = assess(world.facts(said), world.registry(DECREED))
    naive = Naive([*DECREED, *said], told=DECREED)
    days = turning(profile) | {FIRST + timedelta(days=number) for number in offsets}
    assert_the_same(profile, naive, days)


def assert_the_same(profile: Profile, naive: Naive, days: Iterable[date]) -> None:
    for day in sorted(days):
        found = levels_on(profile, day)
        for competency in COMPETENCIES:
            levels = found.get(competency)
            ours = (levels.asserted, levels.indicated, levels.disputed) if levels else (
                None, None, False)  # fmt: skip
            theirs = (
                naive.asserted(competency, day),
                naive.indicated(competency, day),
                naive.disputed(competency, day),
            )
            assert ours == theirs, (day, competency)
        agencies = agencies_on(profile, day)
        assert (agencies.home, agencies.working) == (naive.agencies(day) or (None, None)), day
        assert certificates_on(profile, day) == naive.certificates(day), day
    assert {(one.starts, one.ends): one.jp for one in profile.hours.years} == naive.hours()
    assert sorted((one.on, one.jp) for one in profile.hours.credits) == naive.credits()


MANY = [PersonRef(person_id=UUID(f"01900000-0000-7000-8000-{number:012x}")) for number in (1, 2, 3)]
learners = st.sampled_from(MANY)


@st.composite
def lives(draw: st.DrawFn) -> list[Event]:
    """A story of three ids, some of which are one person, as BKN says or has said."""
    said = [_of(draw(learners), one) for one in draw(stories())]
    pairs = draw(st.lists(st.tuples(learners, learners, st.integers(0, 900)), max_size=3))
    merges = [world.merged(a, b, on=str(FIRST + timedelta(days=at))) for a, b, at in pairs]
    splits = [world.split(one) for one in merges if draw(st.sampled_from([True, False, False]))]
    return [*said, *merges, *splits]


def _of(who: PersonRef, said: Event) -> Event:
    named = {name: who for name in ("learner", "person") if hasattr(said, name)}
    return said.model_copy(update=named)


@given(lives(), st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_a_naive_fold_joins_the_same_people(said: list[Event], chance: Any) -> None:
    chance.shuffle(said)
    persons = Persons(word for one in said if (word := word_of(one)) is not None)
    as_one = naive_fold.merged(said)
    for person_id in (one.person_id for one in MANY if one.person_id is not None):
        facts = [
            persons.known(fact)
            for each in persons.one_with(person_id)
            for fact in world.facts(naive_fold.of_person(said, each))
        ]
        profile = assess(facts, world.registry(DECREED))
        own = naive_fold.of_person(as_one, person_id)
        assert_the_same(profile, Naive([*DECREED, *own], told=DECREED), turning(profile))


def turning(profile: Profile) -> set[date]:
    """Every day on which an interval begins or ends, and the day before each."""
    spans: list[Dated] = [
        span
        for one in profile.competencies
        for span in (*one.asserted, *one.indicated, *one.disputed)
    ]
    spans += [*profile.postings, *profile.claims, *profile.certificates]
    turns = {day for span in spans for day in (span.starts, span.ends) if day is not None}
    return turns | {day - timedelta(days=1) for day in turns}


def test_the_canonical_form_is_sorted_json_without_spaces_or_fractions() -> None:
    said = world.facts(
        [world.registered(), world.passed("2024-01-01"), world.assessed("2024-02-01")]
    )
    document = folded(said)
    assert b" " not in document
    assert b"." not in document.replace(b"M.01", b"").replace(b"contoh.id", b"")
    assert str(world.PERSON.person_id).encode() not in document
    assert digest(document) == digest(folded(list(reversed(said))))
    assert list(document[:16]) == list(b'{"certificates":')


def test_nothing_said_is_an_empty_profile() -> None:
    assert assess([], Registry()) == EMPTY


def test_an_event_that_says_nothing_about_competency_has_no_facts() -> None:
    assert facts_of(world.offering(), 0, IDS[0]) == ()
