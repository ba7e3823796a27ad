"""The states of the programmes: the page says what the ruleset says, and every edge is walked.

An edge is one way into one state, from nothing or from one of the programme's other states.
"""

import tomllib
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from functools import cache
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jejak_lrs.competency import ruleset
from jejak_lrs.competency.assess import assess
from jejak_lrs.competency.facts import from_documents, to_document
from jejak_lrs.competency.lookups import programmes_on
from jejak_lrs.competency.profile import canonical
from jejak_lrs.competency.registry import Registry
from jejak_schemas import events, iris
from jejak_schemas.catalogue import BY_NAME, CATALOGUE
from jejak_schemas.events import Event
from jejak_schemas.parts import Activity, Certificate, Score
from tests import programmes_page as page
from tests import world
from tests.naive_fold import Naive
from tests.programmes_page import State, Way

TABLES = page.tables()
SIX = (
    "talent-academy", "reformer-academy", "learning-marketplace", "outbound-business-learning",
    "pkn-ekosistem", "jejaring-internasional",
)  # fmt: skip
EDGES = [(code, state.name) for code, table in TABLES.items() for state in table]
COHORT = "2026-1"
MAIN, ELECTIVE, THIRD = (UUID(f"01900000-0000-7000-8000-{n:012x}") for n in (701, 702, 703))
LATEST = date(2026, 12, 31)
SPEAKERS = {"agency": "2060", "assessor": "pusat", "lan": "lan"}  # `prov` where none of these may
# What an event must have beside its table's conditions.
FILLED: dict[str, dict[str, Any]] = {
    "activity": {"activity": world.ACTIVITY},
    "certificate": {"certificate": Certificate(number="S-1", issued_on=date(2026, 1, 1))},
    "replaces": {"replaces": "S-0"},
    "coach": {"coach": world.ASSESSOR},
    "verifier": {"verifier": world.ASSESSOR},
    "target": {"target": MAIN},
    "host": {"host": "Kabupaten Bantaeng"},
    "offering": {"offering": world.BASE + "o/a"},
    "stage": {"stage": "result"},
    "outcome": {"outcome": "delivered"},
    "reason": {"reason": "sakit"},
    "score": {"score": Score(scaled=8000)},
    "competency": {"competency": world.INTEGRITY},
    "level": {"level": 3},
    "method": {"method": "assessment-centre"},
}
ABOUT = {"programme": iris.PROGRAMME, "course": None}


def code_of(table: str) -> str:
    return "daerah-baru" if table == "other" else table


def row(table: str, name: str) -> State:
    return next(state for state in TABLES[table] if state.name == name)


def happening(name: str, on: str, **said: Any) -> Any:
    """An event of that class in cohort 2026-1, by an institution that may say it."""
    entry = BY_NAME[name]
    given = {key: value for field in entry.required for key, value in FILLED.get(field, {}).items()}
    speaker = next((SPEAKERS[role] for role in SPEAKERS if role in entry.roles), "prov")
    about = said.pop("about", None)
    if about is not None:
        given["activity"] = Activity(id=world.BASE + "x", name=world.NAME, type=ABOUT[about])
    return world.event(entry.event, on, **({"party": speaker, "cohort": COHORT} | given | said))


def along(way: Way, on: str, programme: str, **more: Any) -> Any:
    """The event that goes this way."""
    return happening(way.event, on, **({"programme": code_of(programme)} | dict(way.said) | more))


@cache
def registry() -> Registry:
    return world.registry(world.usual())


def states(*happened: Event, on: date = LATEST) -> dict[tuple[str, str | None], str]:
    return programmes_on(assess(world.facts([world.registered(), *happened]), registry()), on)


def state(*happened: Event, programme: str, on: date = LATEST) -> str | None:
    return states(*happened, on=on).get((code_of(programme), COHORT))


# -- the page -----------------------------------------------------------------------------


def ruled() -> dict[str, list[tuple[int, str, str, str]]]:
    """The ruleset's tables, as the page words them."""
    return {
        code: [
            (step["rank"], step["state"], " or ".join(map(worded, step["by"])), kind(step))
            for step in steps
        ]
        for code, steps in tomllib.loads(ruleset.shipped())["programmes"]["of"].items()
    }


def worded(by: dict[str, Any]) -> str:
    only = [f"{name} {value}" for name, value in by.items() if name not in ("event", "last")]
    only += ["last"] if by.get("last") else []
    return by["event"] + (f" ({', '.join(only)})" if only else "")


def kind(step: dict[str, Any]) -> str:
    return "end" if step.get("end") else "step, again" if step.get("again") else "step"


def test_the_page_has_the_tables_of_the_ruleset() -> None:
    shown = {
        code: [(one.rank, one.name, one.entered_by, one.kind) for one in table]
        for code, table in TABLES.items()
    }
    assert shown == ruled()
    assert tuple(shown) == (*SIX, "other")


@pytest.mark.parametrize("programme", TABLES)
def test_a_programme_can_be_given_up_failed_and_completed(programme: str) -> None:
    table = TABLES[programme]
    assert {"withdrawn", "dismissed", "failed"} <= {one.name for one in table if one.end}
    assert (table[-1].name, table[-1].again) == ("completed", True)


def test_every_event_in_the_tables_is_about_a_learner() -> None:
    named = {way.event for table in TABLES.values() for one in table for way in one.ways}
    assert {BY_NAME[name].family for name in named} == {"learning"}


def test_the_page_lists_the_learning_events_that_enter_no_state() -> None:
    named = {way.event for table in TABLES.values() for one in table for way in one.ways}
    left = {entry.name for entry in CATALOGUE if entry.family == "learning"} - named
    _, _, rest = page.text().partition("These enter no state anywhere")
    listed = rest.partition(". ")[0]
    assert {name for name in left if name in listed} == left - {
        "StatementVoided", "StatementSubmitted",
    }  # fmt: skip


# -- every edge ---------------------------------------------------------------------------


@pytest.mark.parametrize(("programme", "target"), EDGES)
def test_each_way_leads_into_a_state_from_nothing(programme: str, target: str) -> None:
    for way in row(programme, target).ways:
        assert state(along(way, "2026-03-01", programme), programme=programme) == target, way


@pytest.mark.parametrize(("programme", "target"), EDGES)
def test_each_way_leads_into_a_state_from_where_it_may_and_from_nowhere_else(
    programme: str, target: str
) -> None:
    to = row(programme, target)
    for origin in TABLES[programme]:
        before = along(origin.ways[0], "2026-02-01", programme)
        for way in to.ways:
            after = state(before, along(way, "2026-03-01", programme), programme=programme)
            open_ = to.again if origin.end else to.rank > origin.rank
            assert after == (target if open_ else origin.name), (origin.name, way)


@pytest.mark.parametrize(("programme", "target"), EDGES)
def test_no_way_leads_anywhere_when_voided(programme: str, target: str) -> None:
    for way in row(programme, target).ways:
        said = along(way, "2026-03-01", programme)
        before = along(TABLES[programme][0].ways[0], "2026-02-01", programme)
        void = world.voided(said, party="lan")
        assert states(said, void) == {}
        assert state(before, said, void, programme=programme) == TABLES[programme][0].name


@pytest.mark.parametrize(("programme", "target"), EDGES)
def test_no_way_leads_into_another_programme_or_cohort(programme: str, target: str) -> None:
    elsewhere = "reformer-academy" if programme == "pkn-ekosistem" else "pkn-ekosistem"
    for way in row(programme, target).ways:
        for where, cohort in ((elsewhere, COHORT), (programme, "2026-2"), (programme, None)):
            said = along(way, "2026-03-01", where, cohort=cohort)
            before = along(TABLES[programme][0].ways[0], "2026-02-01", programme)
            assert state(before, said, programme=programme) == TABLES[programme][0].name


@pytest.mark.parametrize(
    ("programme", "way"),
    [
        (code, way)
        for code, table in TABLES.items()
        for one in table
        for way in one.ways
        if any(name != "about" for name, _ in way.said)
    ],
)
def test_no_way_leads_anywhere_without_its_conditions(programme: str, way: Way) -> None:
    others: dict[str, list[str | None]] = {
        "stage": ["design", "implementation", "result"],
        "scope": ["national", None],
        "outcome": ["not-delivered", "failed"],
    }
    target = {one.name for one in TABLES[programme] if way in one.ways}
    for name, value in way.said:
        for other in others.get(name, []):
            if other != value:
                said = along(way, "2026-03-01", programme, **{name: other})
                assert state(said, programme=programme) not in target


def test_every_pair_of_states_was_an_edge() -> None:
    """The sizes of the walk, so that a table lost from the page is noticed."""
    ways = {code: sum(len(one.ways) for one in table) for code, table in TABLES.items()}
    walked = {code: ways[code] * (len(table) + 1) for code, table in TABLES.items()}
    assert len(walked) == 7
    assert sum(walked.values()) > 1_700


# -- the rule, by example -------------------------------------------------------------------

TALENT = "talent-academy"


def told(name: str, on: str, programme: str = TALENT, **said: Any) -> Any:
    return happening(name, on, programme=programme, **said)


def enrolled(on: str, registration: UUID | None = None, **said: Any) -> Any:
    return told("LearnerRegistered", on, registration=registration, **said)


def gave_up(on: str, registration: UUID | None = None, **said: Any) -> Any:
    return told("LearnerWithdrew", on, registration=registration, **said)


def test_who_gave_up_the_programme_stays_so_whatever_is_reported_after() -> None:
    said = [
        enrolled("2026-02-01"), gave_up("2026-03-01", about="programme"),
        told("ProjectJoined", "2026-04-01"), told("CertificateEarned", "2026-05-01"),
        told("ProgrammeFailed", "2026-06-01"),
    ]  # fmt: skip
    assert state(*said, programme=TALENT) == "withdrawn"


def test_who_registers_again_begins_again() -> None:
    said = [
        enrolled("2026-02-01"), told("ProjectJoined", "2026-02-20"),
        gave_up("2026-03-01", about="programme"), enrolled("2026-05-01"),
    ]  # fmt: skip
    assert state(*said, programme=TALENT) == "registered"
    assert state(*said, told("AssessmentPassed", "2026-05-09"), programme=TALENT) == "assessed"


def test_another_cohort_does_not_undo_a_drop_out() -> None:
    said = [gave_up("2026-03-01", about="programme"), enrolled("2026-05-01", cohort="2026-2")]
    assert states(*said) == {(TALENT, COHORT): "withdrawn", (TALENT, "2026-2"): "registered"}


def test_a_reserve_is_selected_after_all() -> None:
    said = [
        told("CandidateNominated", "2026-01-05"), told("CandidateNotSelected", "2026-01-20"),
        told("CandidateSelected", "2026-01-28"),
    ]  # fmt: skip
    assert state(*said[:2], programme=TALENT) == "not-selected"
    assert state(*said, programme=TALENT) == "selected"


def test_who_is_in_the_programme_is_not_turned_away_by_the_selection() -> None:
    said = [enrolled("2026-02-01"), told("CandidateNotSelected", "2026-02-05")]
    assert state(*said, programme=TALENT) == "registered"


def test_a_voided_failure_gives_back_what_it_hid() -> None:
    failed = told("ProgrammeFailed", "2026-06-01")
    said = [told("ProjectJoined", "2026-04-01"), failed, told("CertificateEarned", "2026-07-01")]
    assert state(*said, programme=TALENT) == "failed"
    assert state(*said, world.voided(failed, party="lan"), programme=TALENT) == "certified"


def test_who_failed_and_is_declared_to_have_completed_has_completed() -> None:
    said = [told("ProgrammeFailed", "2026-06-01"), told("ProgrammeCompleted", "2026-08-01")]
    assert state(*said, programme=TALENT) == "completed"


@pytest.mark.parametrize("end", ["LearnerWithdrew", "LearnerDismissed", "ProgrammeFailed"])
def test_who_completed_does_not_drop_out_unless_the_completion_is_voided(end: str) -> None:
    done = told("ProgrammeCompleted", "2026-06-01")
    said = [enrolled("2026-02-01"), done, told(end, "2026-07-01")]
    ended = {"LearnerWithdrew": "withdrawn", "LearnerDismissed": "dismissed"}.get(end, "failed")
    assert state(*said, programme=TALENT) == "completed"
    assert state(*said, world.voided(done, party="lan"), programme=TALENT) == ended


def test_a_failed_test_and_a_stage_not_delivered_end_nothing() -> None:
    said = [
        told("ProjectJoined", "2026-04-01"), told("AssessmentFailed", "2026-04-02"),
        told("ProjectEvaluated", "2026-05-01", outcome="not-delivered"),
    ]  # fmt: skip
    assert state(*said, programme=TALENT) == "in-project"
    later = told("ProjectEvaluated", "2026-06-01")
    assert state(*said, later, programme=TALENT) == "project-delivered"


def test_who_gives_up_one_course_of_two_is_still_in_the_programme() -> None:
    said = [enrolled("2026-02-01", MAIN), enrolled("2026-02-02", ELECTIVE),
            gave_up("2026-03-01", ELECTIVE)]  # fmt: skip
    assert state(*said, programme=TALENT) == "registered"
    assert state(*said, gave_up("2026-04-01", MAIN), programme=TALENT) == "withdrawn"


def test_who_gives_up_the_programme_gives_up_every_course() -> None:
    said = [enrolled("2026-02-01", MAIN), enrolled("2026-02-02", ELECTIVE),
            gave_up("2026-03-01", MAIN, about="programme")]  # fmt: skip
    assert state(*said, programme=TALENT) == "withdrawn"


def test_a_withdrawal_that_names_no_enrolment_is_from_all() -> None:
    said = [enrolled("2026-02-01", MAIN), enrolled("2026-02-02", ELECTIVE), gave_up("2026-03-01")]
    assert state(*said, programme=TALENT) == "withdrawn"


def test_a_voided_registration_does_not_keep_a_learner_in() -> None:
    elective = enrolled("2026-02-02", ELECTIVE)
    said = [enrolled("2026-02-01", MAIN), elective, gave_up("2026-03-01", MAIN)]
    assert state(*said, programme=TALENT) == "registered"
    assert state(*said, world.voided(elective), programme=TALENT) == "withdrawn"


def test_enrolments_from_before_an_end_do_not_stand_after_it() -> None:
    said = [
        enrolled("2026-02-01", MAIN), told("ProgrammeFailed", "2026-03-01"),
        enrolled("2026-04-01", ELECTIVE), gave_up("2026-05-01", ELECTIVE),
    ]  # fmt: skip
    assert state(*said, programme=TALENT) == "withdrawn"


MARKET = "learning-marketplace"


def test_one_order_cancelled_of_two_ends_nothing() -> None:
    said = [
        told("OfferingOrdered", "2026-02-01", MARKET, registration=MAIN),
        told("OfferingOrdered", "2026-02-02", MARKET, registration=ELECTIVE),
        told("OrderCancelled", "2026-02-03", MARKET, registration=ELECTIVE),
    ]
    assert state(*said, programme=MARKET) == "ordered"
    other = told("OrderCancelled", "2026-02-04", MARKET, registration=MAIN)
    assert state(*said, other, programme=MARKET) == "cancelled"


def test_an_order_cancelled_after_a_course_ends_nothing() -> None:
    said = [
        told("CourseCompleted", "2026-02-01", MARKET),
        told("OfferingOrdered", "2026-03-01", MARKET, registration=ELECTIVE),
        told("OrderCancelled", "2026-03-02", MARKET, registration=ELECTIVE),
    ]
    assert state(*said, programme=MARKET) == "course-completed"


def test_of_one_day_the_last_state_counts() -> None:
    said = [gave_up("2026-03-01T03:00:00", about="programme"), enrolled("2026-03-01T04:00:00")]
    assert state(*said, programme=TALENT) == "registered"
    profile = assess(world.facts(said), registry())
    assert [one.state for one in profile.programmes[0].states] == ["registered"]


def test_the_days_of_each_state_follow_each_other() -> None:
    said = [enrolled("2026-02-01"), told("ProjectJoined", "2026-04-01"),
            gave_up("2026-05-01", about="programme"), enrolled("2026-06-01")]  # fmt: skip
    (path,) = assess(world.facts(said), registry()).programmes
    assert [(one.state, str(one.starts), str(one.ends)) for one in path.states] == [
        ("registered", "2026-02-01", "2026-04-01"),
        ("in-project", "2026-04-01", "2026-05-01"),
        ("withdrawn", "2026-05-01", "2026-06-01"),
        ("registered", "2026-06-01", "None"),
    ]
    assert [one.statement for one in path.states] == [one.event_id for one in said]


def test_a_state_holds_from_the_first_event_that_enters_it() -> None:
    said = [told("ProjectJoined", "2026-03-01"), told("ProjectJoined", "2026-04-01")]
    (path,) = assess(world.facts(said), registry()).programmes
    assert [one.statement for one in path.states] == [said[0].event_id]


def test_an_unaccredited_provider_enters_no_state() -> None:
    assert states(enrolled("2026-02-01", party="swasta")) == {}


def test_before_the_first_ruleset_no_state_is_entered() -> None:
    assert states(enrolled("2014-02-01")) == {}


def test_a_later_ruleset_fits_a_state_between_two() -> None:
    shipped = ruleset.shipped()
    richer = shipped.replace(
        '{ rank = 70, state = "project-submitted"',
        '{ rank = 65, state = "briefed", by = [{ event = "CommunityContributed" }] },\n'
        '  { rank = 70, state = "project-submitted"',
    )
    assert richer != shipped
    decreed = [*world.usual(), world.rules(richer, "2026-03-01", "2026.2")]
    activity = Activity(id=world.BASE + "forum", name=world.NAME)
    said = [
        told("ProjectJoined", "2026-02-01"),
        told("CommunityContributed", "2026-02-15", activity=activity),
        told("CommunityContributed", "2026-03-15", activity=activity),
        told("ProjectSubmitted", "2026-04-01"),
    ]
    (path,) = assess(world.facts(said), world.registry(decreed)).programmes
    assert [one.state for one in path.states] == ["in-project", "briefed", "project-submitted"]
    assert str(path.states[1].starts) == "2026-03-15"


# -- outcomes and milestones -----------------------------------------------------------------


def test_the_page_says_what_the_ruleset_says_of_outcomes() -> None:
    ruled_outcomes = tomllib.loads(ruleset.shipped())["programmes"]["outcomes"]
    assert page.outcomes() == ruled_outcomes
    assert set(ruled_outcomes) <= {state.name for table in TABLES.values() for state in table}


@pytest.mark.parametrize("programme", TABLES)
def test_every_state_has_its_outcome_or_is_still_open(programme: str) -> None:
    for one in TABLES[programme]:
        said = along(one.ways[0], "2026-03-01", programme)
        (path,) = assess(world.facts([said]), registry()).programmes
        assert path.states[-1].outcome == page.outcomes().get(one.name), one.name
    assert "completed" in {one.name for one in TABLES[programme]}


@pytest.mark.parametrize("programme", TABLES)
def test_every_step_that_is_met_is_a_milestone_and_no_end_is(programme: str) -> None:
    steps = [one for one in TABLES[programme] if not one.end]
    said = [
        along(one.ways[0], f"2026-03-{number:02}", programme)
        for number, one in enumerate(reversed(TABLES[programme]), start=1)
    ]  # from the last to the first, so that hardly any is entered
    (path,) = assess(world.facts(said), registry()).programmes
    assert {one.state for one in path.milestones} == {one.name for one in steps}
    assert [one.on for one in path.milestones] == sorted(one.on for one in path.milestones)


def test_a_milestone_is_of_the_first_event_that_meets_it() -> None:
    said = [
        told("ProjectJoined", "2026-02-01"), told("AssessmentPassed", "2026-03-01"),
        told("AssessmentPassed", "2026-04-01"),
    ]  # fmt: skip
    (path,) = assess(world.facts(said), registry()).programmes
    assert [(one.state, str(one.on)) for one in path.milestones] == [
        ("in-project", "2026-02-01"), ("assessed", "2026-03-01")
    ]  # fmt: skip
    assert [one.state for one in path.states] == ["in-project"]


# -- what a ruleset may not say --------------------------------------------------------------


@pytest.mark.parametrize(
    ("was", "is_", "why"),
    [
        ("rank = 15,", "rank = 10,", "the ranks do not rise"),
        ('state = "selected", again', 'state = "nominated", again', "a state stands twice"),
        ('"not-selected", end = true', '"not-selected", end = true, again = true', "again"),
        ('[{ event = "CertificateEarned" }', '[{ event = "X", last = true }', "last enrolment"),
        ('about = "course"', 'about = "seminar"', "programme"),
        ('"LearnerRegistered" }', '"LearnerRegistered", when = "now" }', "Extra inputs"),
    ],
)
def test_a_table_that_makes_no_sense_is_refused(was: str, is_: str, why: str) -> None:
    shipped = ruleset.shipped().replace('[\n    { event = "Cert', '[{ event = "Cert')
    assert was in shipped
    with pytest.raises(ruleset.BadRuleset, match=f"programmes.*{why}"):
        ruleset.parse(shipped.replace(was, is_, 1))


# -- any order, and a naive fold ---------------------------------------------------------------

FIRST = date(2026, 1, 1)


def ways(programme: str) -> list[Way]:
    return [way for one in TABLES[programme] for way in one.ways]


@st.composite
def paths(draw: st.DrawFn) -> list[Event]:
    """What happens under one programme and two cohorts, in any order; some of it voided."""
    programme = draw(st.sampled_from(list(TABLES)))
    several = st.lists(
        st.tuples(
            # Openings and ends are drawn as often as all the rest: they are where rules meet.
            st.one_of(
                st.sampled_from(ways(programme)),
                st.sampled_from([way for way in ways(programme) if way.last]),
                st.sampled_from(
                    [way for one in TABLES[programme] if one.again for way in one.ways]
                ),
            ),
            st.integers(0, 12),
            st.sampled_from(["02", "02", "16", "18"]),  # from 17:00 UTC on, Jakarta's next day
            st.sampled_from([None, MAIN, ELECTIVE, THIRD]),
            st.sampled_from([COHORT, COHORT, COHORT, None]),
        ),
        max_size=14,
    )
    said = [
        along(way, f"{FIRST + timedelta(day)}T{hour}:00:00", programme, registration=reg, cohort=co)
        for way, day, hour, reg, co in draw(several)
    ]
    known = [
        one.model_copy(update={"event_id": UUID(f"01900000-0000-7000-8000-{number:012x}")})
        for number, one in enumerate(said, start=1)
    ]
    voided = draw(st.lists(st.sampled_from(known), max_size=2)) if known else []
    return [*known, *(world.voided(one, party="lan") for one in voided)]


LATER = world.rules(
    ruleset.shipped().replace(
        '{ event = "ProjectJoined" }', '{ event = "ProjectJoined", scope = "international" }'
    ), "2026-01-07", "2026.2",
)  # fmt: skip
DECREED = [*world.usual(), LATER]


def keys(said: Sequence[Event]) -> Iterator[tuple[str, str | None]]:
    for one in said:
        if isinstance(one, events.LearningEvent) and one.programme is not None:
            yield one.programme, one.cohort


@given(paths())
@settings(max_examples=200, deadline=None)
def test_a_naive_fold_is_in_the_same_state_on_every_day(said: list[Event]) -> None:
    profile = assess(world.facts(said), world.registry(DECREED))
    naive = Naive([*DECREED, *said])
    for day in (FIRST + timedelta(number) for number in range(-1, 15)):
        found = programmes_on(profile, day)
        for key in set(keys(said)):
            assert found.get(key) == naive.state(*key, day), (key, day)


@given(paths(), st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_any_order_of_arrival_gives_the_same_states(said: list[Event], chance: Any) -> None:
    known = world.registry(DECREED)
    facts = world.facts(said)
    shuffled = [*facts, *chance.sample(facts, len(facts) // 2)]
    chance.shuffle(shuffled)
    assert canonical(assess(shuffled, known)) == canonical(assess(facts, known))
    assert list(from_documents(",".join(map(to_document, facts)))) == facts
