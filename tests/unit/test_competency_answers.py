"""What is told and answered: differences, explanations, gaps, reach; in words of two languages."""

from datetime import date
from typing import Any

import pytest
from pydantic import BaseModel

from jejak_lrs.competency import diff as differing
from jejak_lrs.competency import explain as explaining
from jejak_lrs.competency import jp, judge, wording
from jejak_lrs.competency import registry as registering
from jejak_lrs.competency.diff import (
    CertificateChanged,
    LearningHoursChanged,
    LevelChanged,
    PersonJoined,
    PersonLeft,
    ProgrammeChanged,
    diff,
    moves,
)
from jejak_lrs.competency.explain import Explanation, explain
from jejak_lrs.competency.gaps import Gaps, Match, gaps
from jejak_lrs.competency.profile import EMPTY
from jejak_lrs.competency.reach import reach_of
from jejak_lrs.competency.routing import NOWHERE, Agencies
from jejak_lrs.competency.ruleset import BadRuleset, parse, shipped
from jejak_schemas import events, outgoing
from jejak_schemas.events import Event
from tests import world
from tests.world import (
    BASE,
    INTEGRITY,
    TEAMWORK,
    assessed,
    certificate,
    course,
    day,
    evaluated,
    facts,
    finished,
    moved,
    passed,
    profile,
    registered,
    registry,
    standard,
    usual,
    voided,
)

DAY = day("2024-06-01")

# -- differences --------------------------------------------------------------------------


def test_each_difference_has_an_outgoing_class_and_its_own_fields() -> None:
    after = profile(
        passed("2024-01-01"), assessed("2024-01-01"), course("2024-01-01", form="3"),
        certificate("2024-01-01", until="2024-12-31"), finished("2024-02-01", cohort="I"),
    )  # fmt: skip
    found = diff(EMPTY, after, DAY)
    assert found == [
        LevelChanged(INTEGRITY, "asserted", None, 4, day("2026-12-31")),
        LevelChanged(INTEGRITY, "indicated", None, 4, day("2026-12-31")),
        LearningHoursChanged(day("2024-01-01"), 0, 2000),
        CertificateChanged("S-1", "prov", None, "earned", day("2024-12-31")),
        ProgrammeChanged("reformer-academy", "I", None, "completed"),
    ]
    own = set(outgoing.Change.model_fields)
    for one in found:
        fields = set(getattr(outgoing, one.kind).model_fields) - own
        assert set(one.content()) == fields


def test_the_day_decides_what_differs() -> None:
    after = profile(certificate("2024-01-01", until="2024-03-31"))
    assert CertificateChanged("S-1", "prov", None, "expired", day("2024-03-31")) in diff(
        EMPTY, after, DAY
    )
    assert diff(EMPTY, after, day("2023-12-31")) == []


def test_what_is_taken_back_is_a_difference_too() -> None:
    before = profile(
        course("2024-01-01", form="3"), certificate("2024-01-01"), finished("2024-02-01")
    )
    kinds = {type(one): one for one in diff(before, EMPTY, DAY)}
    assert kinds[LearningHoursChanged].content() == {
        "starts_on": "2024-01-01",
        "before": 2000,
        "after": 0,
    }
    assert kinds[CertificateChanged].content()["after"] == "withdrawn"
    assert kinds[ProgrammeChanged].content()["after"] is None
    assert kinds[LevelChanged].content()["after"] is None


def test_nothing_differs_from_itself() -> None:
    one = profile(passed("2024-01-01"), course("2024-01-01", form="3"))
    assert diff(one, one, DAY) == []


@pytest.mark.parametrize(
    ("told", "now", "expected"),
    [
        (NOWHERE, Agencies("2060", "2060"), [PersonJoined(None, "2060")]),
        (
            NOWHERE, Agencies("2060", "4011"),
            [PersonJoined(None, "2060"), PersonJoined(None, "4011")],
        ),
        (Agencies("2060", "2060"), Agencies("2060", "4011"), [PersonJoined("2060", "4011")]),
        (Agencies("2060", "4011"), Agencies("2060", "2060"), [PersonLeft("4011", "2060")]),
        (
            Agencies("2060", "2060"), Agencies("4011", "4011"),
            [PersonLeft("2060", "4011"), PersonJoined("2060", "4011")],
        ),
        (Agencies("2060", "4011"), Agencies("4011", "2060"), []),
        (NOWHERE, NOWHERE, []),
    ],
)  # fmt: skip
def test_who_moves_is_left_and_joined(
    told: Agencies, now: Agencies, expected: list[differing.Difference]
) -> None:
    assert moves(told, now) == expected


# -- explanations -------------------------------------------------------------------------


def why(*happened: Event, on: date = DAY, decreed: list[Event] | None = None) -> Explanation:
    return explain(facts([registered(), *happened]), registry(decreed or usual()), INTEGRITY, on)


def idle(of: Explanation) -> list[str]:
    return [one.reason for one in of.counts_not]


def test_an_explanation_adds_up() -> None:
    of = why(
        certificate("2024-01-01"),
        passed("2024-01-02", "b"),
        passed("2022-05-31", "c", party="lain"),
        assessed("2024-01-05", 3),
    )
    assert (of.indicated, of.missing) == (4, None)
    assert of.asserted is not None
    assert of.asserted.level == 3
    assert [(one.raw, one.counted, one.applied) for one in of.counts] == [
        (8000, 8000, 8000),
        (6000, 4200, 4200),
    ]
    assert idle(of) == ["provider-cap-reached", "level-too-low"]
    assert of.reached is not None
    assert of.reached.reached == sum(one.applied for one in of.counts) == 12200


def test_it_says_what_the_next_level_wants() -> None:
    of = why(evaluated("2024-01-01"), evaluated("2024-01-01", "c", party="lain"))
    assert of.indicated == 3
    assert of.missing is not None
    assert (of.missing.level, of.missing.reached, of.missing.threshold) == (4, 10000, 10000)
    assert not of.missing.gate
    assert "masih" not in wording.text(of, "id")
    assert "belum dipenuhi" in wording.text(of, "id")


def test_a_cap_shows_what_it_took() -> None:
    of = why(passed("2024-01-01"), passed("2024-01-01", "b"))
    assert [(one.counted, one.applied, one.capped) for one in of.counts] == [
        (6000, 6000, False), (6000, 2000, True),
    ]  # fmt: skip


def test_it_says_of_each_piece_why_it_does_not_count() -> None:
    withdrawn = passed("2024-01-06")
    of = why(
        evaluated("2024-01-20", level=3, outcome="failed"), course("2024-01-01", "b", level=3),
        passed("2024-01-02"), course("2024-01-21"),
        course("2024-01-03", "d", level=1, party="lain"),
        certificate("2023-01-04", "c", party="lain", until="2023-12-31"),
        passed("2018-01-05", "c", party="lain"), withdrawn, voided(withdrawn),
        course("2024-01-07", None), course("2024-01-08", party="swasta"),
    )  # fmt: skip
    assert of.indicated == 3
    assert [(str(one.on), one.reason) for one in of.counts_not] == [
        ("2018-01-05", "too-old"),
        ("2023-01-04", "ended"),
        ("2024-01-01", "closed-by-failure"),
        ("2024-01-03", "level-too-low"),
        ("2024-01-06", "voided"),
        ("2024-01-07", "no-series"),
        ("2024-01-08", "outside-accreditation"),
        ("2024-01-21", "weaker-of-its-source"),
    ]


def test_it_knows_only_what_had_happened_by_the_day() -> None:
    of = why(passed("2024-01-01"), certificate("2024-07-01", "c", party="lain"))
    assert [one.event for one in of.counts] == ["AssessmentPassed"]
    assert of.counts_not == ()


def test_active_days_end_where_nothing_is_left() -> None:
    (one,) = why(passed("2024-01-01")).counts
    assert (str(one.starts), str(one.ends)) == ("2024-01-01", "2029-01-01")


def test_inputs_have_the_same_hash_wherever_they_stand_in_the_ledger() -> None:
    said = [registered(), passed("2024-01-01"), course("2024-02-01")]
    known = registry(usual())
    one = explain(facts(said), known, INTEGRITY, DAY)
    other = explain(facts(reversed(said)), known, INTEGRITY, DAY)
    fewer = explain(facts(said[:2]), known, INTEGRITY, DAY)
    assert one.inputs == other.inputs != fewer.inputs


def test_it_reads_aloud_in_both_languages() -> None:
    of = why(passed("2024-01-01"), assessed("2024-01-05", 3), course("2024-01-07", None))
    indonesian, english = wording.text(of, "id"), wording.text(of, "en")
    assert indonesian.startswith("Integritas pada 2024-06-01\n")
    assert "Tingkat yang dinyatakan penilai: 3 (menengah), oleh pusat" in indonesian
    assert "tidak menyebut penawaran yang diterbitkan" in indonesian
    assert english.startswith("Integrity on 2024-06-01\n")
    assert "Level indicated by evidence: 3 (intermediate); sum 16000 of 6000 (rule 4)." in english
    assert "AssessmentPassed (test) by prov" in english
    assert "it names no published offering (rule 0)" in english
    assert "in force 2024-01-01 to 2028-12-31" in english
    assert len(indonesian.splitlines()) == len(english.splitlines())


def test_nothing_known_reads_aloud_too() -> None:
    known = registry([])
    of = explain([], known, BASE + "tak-dikenal", DAY)
    assert "Not assessed" in wording.text(of, "en")
    assert wording.text(of, "id").startswith(BASE + "tak-dikenal pada")


def test_every_reason_has_words_in_both_languages() -> None:
    codes = {
        value
        for module in (judge, explaining, registering)
        for name, value in vars(module).items()
        if name.isupper() and isinstance(value, str)
    }
    assert codes == set(wording.REASONS["id"]) == set(wording.REASONS["en"]) == set(wording.RULES)
    assert jp.NO_FORM not in codes


# -- gaps ---------------------------------------------------------------------------------


def gaps_of(*happened: Event, standards: list[Event], on: date = DAY) -> Gaps | None:
    known = registry([*usual(), *standards])
    return gaps(profile(*happened, decreed=[*usual(), *standards]), known, on)


def test_a_gap_is_required_minus_held_and_never_zero_for_the_unassessed() -> None:
    found = gaps_of(
        assessed("2024-01-01", 2), passed("2024-01-01"),
        standards=[standard(3, competencies=(INTEGRITY, TEAMWORK))],
    )  # fmt: skip
    assert found is not None
    first, second = found.gaps
    assert (first.required, first.held, first.indicated, first.gap) == (3, 2, 3, 1)
    assert (second.required, second.held, second.gap) == (3, None, None)
    match = found.match
    assert (match.jpm, match.uncapped, match.coverage) == (6666, 6666, 5000)


def test_who_holds_more_than_required_has_no_gap_and_an_uncapped_match_above_one() -> None:
    found = gaps_of(assessed("2024-01-01", 4), standards=[standard(3)])
    assert found is not None
    assert found.gaps[0].gap == 0
    assert (found.match.jpm, found.match.uncapped) == (10_000, 13_333)


def test_nobody_supersedes_the_national_standard_but_its_institution() -> None:
    stolen = standard(1, party="2060", since="2020-01-01")
    found = gaps_of(assessed("2024-01-01", 2), standards=[standard(3), stolen])
    assert found is not None
    assert [one.required for one in found.gaps] == [3]


def test_the_agencys_standard_for_the_position_goes_before_the_national_one() -> None:
    both = [standard(3), standard(4, None, "Analis", party="2060", name="analis")]
    analyst = moved("2024-01-01", position="Analis")
    other = moved("2024-01-01", position="Auditor")
    found, national = (gaps_of(one, standards=both) for one in (analyst, other))
    assert found is not None
    assert national is not None
    assert (found.gaps[0].required, national.gaps[0].required) == (4, 3)
    elsewhere = moved("2024-01-01", position="Analis", working_agency="4011")
    third = gaps_of(elsewhere, standards=both)
    assert third is not None
    assert third.gaps[0].required == 3


@pytest.mark.parametrize(
    "standards",
    [
        [],
        [standard(3, "administrator")],
        [standard(3, since="2024-06-02")],
        [standard(3, party="2060")],  # national standards are PANRB's
    ],
)
def test_without_a_standard_a_person_is_left_out(standards: list[Event]) -> None:
    assert gaps_of(assessed("2024-01-01"), standards=standards) is None


def test_an_agency_is_sum_over_sum_not_a_mean_of_means() -> None:
    one = gaps_of(assessed("2024-01-01", 1), standards=[standard(4)])
    other = gaps_of(
        assessed("2024-01-01", 3), assessed("2024-01-01", 3, TEAMWORK),
        standards=[standard(3, competencies=(INTEGRITY, TEAMWORK))],
    )  # fmt: skip
    assert one is not None
    assert other is not None
    assert (one.match + other.match).jpm == 7 * 10_000 // 10
    assert Match().jpm is None


def test_two_national_scales_are_kept_apart() -> None:
    scales = parse(shipped()).scales
    assert [scales["selection"].grade(jpm) for jpm in (8000, 7999, 6800, 6799)] == [
        "full", "partial", "partial", "none",
    ]  # fmt: skip
    assert [scales["mapping"].grade(jpm) for jpm in (9000, 8999, 7800, 7799)] == [
        "full", "partial", "partial", "none",
    ]  # fmt: skip


# -- rulesets and reach -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ("= 1", "not TOML"),
        ("", "version"),
        (shipped().replace("strength = 6000", 'strength = "viel"'), "classes.of.test.strength"),
        (shipped() + '\n[extra]\nsource = "x"\n', "extra"),
        (shipped().replace('state = "', 'state = "no code: ', 1), "state"),
    ],
)
def test_a_bad_ruleset_is_refused_with_its_field(document: str, said: str) -> None:
    with pytest.raises(BadRuleset, match=said):
        parse(document)


def test_every_number_of_the_ruleset_has_a_source() -> None:
    def tables(of: Any) -> list[BaseModel]:
        if isinstance(of, dict | tuple):
            values = of.values() if isinstance(of, dict) else of
            return [found for value in values for found in tables(value)]
        if not isinstance(of, BaseModel):
            return []
        return [of, *(found for value in vars(of).values() for found in tables(value))]

    every = tables(parse(shipped()))
    sourced = [one.source for one in every if hasattr(one, "source")]
    assert len(sourced) > 10
    assert all(sourced)


def test_a_registry_record_reaches_whom_it_may_touch() -> None:
    known = registry(usual())
    published, signed = world.aligned("a")
    known.add(published, 90)
    assert reach_of(published, known).offerings == {BASE + "o/a"}
    assert reach_of(signed, known).offerings == {BASE + "o/a"}
    assert reach_of(world.rules(), known).everyone
    assert reach_of(world.accredited("lain"), known).institutions == {"lain"}
    framework = reach_of(world.framework(INTEGRITY, equivalents=(TEAMWORK,)), known)
    assert framework.competencies == {INTEGRITY, TEAMWORK}
    assert BASE + "o/d" in framework.offerings
    assert not reach_of(standard(), known)
    assert not reach_of(
        world.event(events.AlignmentCountersigned, "2024-01-01", target=world.PERSON.person_id),
        known,
    )


def test_nobody_takes_a_competency_over_by_dating_a_framework_back() -> None:
    stolen = world.framework(INTEGRITY, on="1999-01-01", party="2060", kind="technical")
    found = profile(passed("2024-01-01"), decreed=[*usual(), stolen])
    assert world.indicated(found, "2024-06-01") == 3


def test_nobody_restates_the_offering_of_another() -> None:
    stolen = world.offering("a", jp=99_999, on="2016-01-01", party="lain")
    found = profile(course("2024-01-01", form="3"), decreed=[*usual(), stolen])
    assert [year.jp for year in found.hours.years] == [2000]


def test_an_equivalent_that_is_named_no_more_reaches_whom_it_counted_for() -> None:
    newer = BASE + "M.01-v2"
    without = world.framework(newer, on="2021-01-01", version="2")
    known = registry(
        [*usual(), world.framework(newer, version="2", equivalents=(INTEGRITY,)), without]
    )
    days = day("2015-01-01"), day("2021-01-01")
    assert known.counts_under(INTEGRITY)[1:] == ((newer, *days),)
    assert INTEGRITY in reach_of(without, known).competencies


def test_a_suspended_party_counts_for_nothing_from_that_day() -> None:
    suspended = world.event(
        events.PartySuspended, "2024-02-01", code="prov", valid_from=day("2024-02-01"), reason="x"
    )
    decreed = [*usual(), suspended]
    assert world.indicated(profile(passed("2024-01-31"), decreed=decreed), "2024-06-01") == 3
    assert world.indicated(profile(passed("2024-02-01"), decreed=decreed), "2024-06-01") is None
