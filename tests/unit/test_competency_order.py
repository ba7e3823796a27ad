"""The fold is a function of a set, and says what a naive fold says, one day at a time.

Any order, batching and repetition give the same bytes.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from jejak_lrs.competency import ruleset
from jejak_lrs.competency.assess import assess
from jejak_lrs.competency.extraction import facts_of
from jejak_lrs.competency.facts import Fact, from_documents, to_document
from jejak_lrs.competency.profile import EMPTY, Profile, canonical, digest, levels_on, parse
from jejak_lrs.competency.registry import Registry
from jejak_schemas.events import Event
from tests import world
from tests.naive_fold import Naive

FIRST = date(2022, 1, 1)
IDS = [UUID(f"01900000-0000-7000-8000-{number:012x}") for number in range(1, 400)]
REGISTRATIONS = [UUID(f"01900000-0000-7000-8000-{number:012x}") for number in (501, 502)]
COMPETENCIES = [world.INTEGRITY, world.TEAMWORK]

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
forms = st.sampled_from([{}, {"form": "3"}, {"form": "1", "scope": "international"},
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
    st.builds(
        lambda on, post: world.moved(on[:10], position_class=post),
        moments, st.sampled_from(["pengawas", "administrator"]),
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


@st.composite
def stories(draw: st.DrawFn) -> list[Event]:
    """A registered person, what happened to them, and voids of some of it."""
    said = numbered(
        [
            world.registered(),
            *draw(
                st.one_of(
                    st.lists(happened, max_size=16), st.lists(crowded, min_size=4, max_size=12)
                )
            ),
        ]
    )
    targets = draw(st.lists(st.sampled_from(said), max_size=3))
    voids = [
        world.voided(one, party=draw(st.sampled_from(["prov", "lain", "lan"]))) for one in targets
    ]
    return [*said, *voids]


STRICTER = ruleset.shipped().replace("strength = 6000", "strength = 5500").replace(
    "3 = 6000", "3 = 5800").replace("until_month = 36", "until_month = 30")  # fmt: skip
DECREED: list[Event] = [
    *world.usual(),
    *world.aligned("a", 3, world.TEAMWORK),
    *world.aligned("c", 2, valid_from="2023-06-01"),
    world.rules(STRICTER, "2024-05-15", "2026.2"),
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


@given(stories())
@settings(max_examples=60, deadline=None)
def test_facts_and_profiles_survive_storage(said: list[Event]) -> None:
    facts = world.facts(said)
    assert list(from_documents([to_document(one) for one in facts])) == facts
    profile = assess(facts, world.registry(DECREED))
    assert parse(canonical(profile)) == profile


@given(stories(), st.lists(st.integers(0, 3300), min_size=3, max_size=3))
@settings(max_examples=150, deadline=None)
def test_a_naive_fold_says_the_same_on_every_day(said: list[Event], offsets: list[int]) -> None:
    profile = assess(world.facts(said), world.registry(DECREED))
    naive = Naive([*DECREED, *said])
    for day in sorted(turning(profile) | {FIRST + timedelta(days=number) for number in offsets}):
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
    years = {year.starts.year: year.jp for year in profile.hours.years}
    assert years == naive.hours()


def turning(profile: Profile) -> set[date]:
    """Every day on which an interval begins or ends, and the day before each."""
    spans = [
        span
        for one in profile.competencies
        for span in (*one.asserted, *one.indicated, *one.disputed)
    ]
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
