"""Every rule of "The rules, exactly", as a worked example with a near miss beside it."""

from itertools import pairwise

import pytest

from jejak_lrs.competency import ruleset
from jejak_lrs.competency.judge import judge
from jejak_schemas.events import Event
from tests.world import (
    ASSESSOR,
    BASE,
    INTEGRITY,
    TEAMWORK,
    accredited,
    aligned,
    asserted,
    assessed,
    assessor_accredited,
    certificate,
    course,
    day,
    disputed,
    evaluated,
    facts,
    framework,
    genesis,
    indicated,
    joined,
    moved,
    offering,
    passed,
    profile,
    registered,
    registry,
    rules,
    usual,
    visit,
    voided,
)

LATER = "2024-06-01"


def reasons(*happened: Event, decreed: list[Event] | None = None) -> set[str]:
    known = registry(usual() if decreed is None else decreed)
    return {one.reason for one in judge(facts([registered(), *happened]), known).discounted}


# -- rule 0 -------------------------------------------------------------------------------


def test_the_provider_is_the_one_spoken_for() -> None:
    # One provider gives at most 8000; spoken for, it is another provider.
    own = profile(certificate("2024-01-01", "a"), passed("2024-01-01", "b"))
    spoken_for = profile(
        certificate("2024-01-01", "a"), passed("2024-01-01", "b", party="prov", on_behalf_of="lain")
    )
    assert indicated(own, LATER) == 3
    assert indicated(spoken_for, LATER) == 4


def test_an_event_without_an_offering_has_no_series_and_counts_for_nothing() -> None:
    assert indicated(profile(course("2024-01-01", "a")), LATER) == 2
    assert indicated(profile(course("2024-01-01", None)), LATER) is None
    assert reasons(course("2024-01-01", None)) == {"no-series"}


def test_an_offering_never_published_has_no_series() -> None:
    assert reasons(course("2024-01-01", "zz")) == {"no-series"}


def test_a_series_is_known_also_when_its_offering_is_published_late() -> None:
    late = [one for one in usual() if getattr(one, "offering", "") != BASE + "o/a"]
    late.append(offering("a", on="2025-01-01"))
    assert indicated(profile(course("2024-01-01"), decreed=late), LATER) == 2


# -- the table of classes ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("happened", "level"),
    [
        (visit("2024-01-01"), 1),
        (course("2024-01-01"), 2),
        (joined("2024-01-01"), 2),
        (evaluated("2024-01-01"), 2),
        (passed("2024-01-01"), 3),
        (certificate("2024-01-01"), 3),
        (assessed("2024-01-01"), 3),
    ],
)
def test_one_piece_alone_indicates_what_its_strength_reaches(happened: Event, level: int) -> None:
    assert indicated(profile(happened), LATER) == level


# -- rule 1 -------------------------------------------------------------------------------


def test_a_piece_has_the_least_of_claim_class_and_alignment() -> None:
    assert indicated(profile(passed("2024-01-01", level=1)), LATER) == 1
    assert indicated(profile(passed("2024-01-01", level=None)), LATER) == 3
    low = [rules(), genesis(), framework(), accredited(), offering(), *aligned(level=2)]
    assert indicated(profile(passed("2024-01-01", level=4), decreed=low), LATER) == 2


def test_training_counts_only_under_a_countersigned_alignment() -> None:
    before = [rules(), genesis(), framework(), accredited(), offering()]
    published, signed = aligned()
    assert indicated(profile(passed("2024-01-01"), decreed=[*before, published]), LATER) is None
    assert (
        indicated(profile(passed("2024-01-01"), decreed=[*before, published, signed]), LATER) == 3
    )


def test_only_the_owner_of_the_framework_countersigns() -> None:
    before = [rules(), genesis(), framework(), accredited(), offering()]
    by_another = [*before, *aligned(signer="2060")]
    assert reasons(passed("2024-01-01"), decreed=by_another) == {"not-aligned"}


def test_who_published_a_competency_first_owns_it() -> None:
    taken_over = [
        rules(), genesis(), framework(), accredited(), offering(),
        framework(on="2016-01-01", party="2060"), *aligned(signer="2060"),
    ]  # fmt: skip
    assert reasons(passed("2024-01-01"), decreed=taken_over) == {"not-aligned"}


def test_an_alignment_is_in_force_from_its_own_day_whenever_it_was_countersigned() -> None:
    decreed = [
        rules(), genesis(), framework(), accredited(), offering(),
        *aligned(valid_from="2024-01-02"),  # countersigned in 2026
    ]  # fmt: skip
    assert indicated(profile(passed("2024-01-02"), decreed=decreed), LATER) == 3
    assert indicated(profile(passed("2024-01-01"), decreed=decreed), LATER) is None


def test_a_later_alignment_replaces_an_earlier_one_from_its_own_day() -> None:
    decreed = [
        rules(), genesis(), framework(), accredited(), offering(),
        *aligned(level=4), *aligned(level=1, valid_from="2024-01-02"),
    ]  # fmt: skip
    assert indicated(profile(passed("2024-01-01"), decreed=decreed), LATER) == 3
    assert indicated(profile(passed("2024-01-02"), decreed=decreed), LATER) == 1


def test_an_event_naming_no_competency_is_evidence_for_each_its_series_teaches() -> None:
    both = [*usual(), *aligned("a", 2, TEAMWORK)]
    silent = profile(passed("2024-01-01", competency=None), decreed=both)
    naming = profile(passed("2024-01-01"), decreed=both)
    assert (indicated(silent, LATER), indicated(silent, LATER, TEAMWORK)) == (3, 2)
    assert (indicated(naming, LATER), indicated(naming, LATER, TEAMWORK)) == (3, None)


def test_an_assessors_evidence_needs_no_alignment() -> None:
    bare = [rules(), genesis(), framework(), assessor_accredited()]
    assert indicated(profile(assessed("2024-01-01"), decreed=bare), LATER) == 3


# -- accreditation ------------------------------------------------------------


def test_training_outside_accreditation_does_not_count() -> None:
    decreed = [one for one in usual() if getattr(one, "provider", "") != "prov"]
    decreed.append(accredited("prov", "2024-01-02", "2024-01-31", forms=("3",)))
    assert indicated(profile(passed("2024-01-31"), decreed=decreed), LATER) == 3
    assert indicated(profile(passed("2024-02-01"), decreed=decreed), LATER) is None
    assert indicated(profile(passed("2024-01-01"), decreed=decreed), LATER) is None
    assert reasons(course("2024-01-10", form="9"), decreed=decreed) == {"outside-accreditation"}


def test_an_agency_needs_no_accreditation_for_what_agencies_may_say() -> None:
    assert indicated(profile(evaluated("2024-01-01", party="2060")), LATER) == 2
    assert indicated(profile(evaluated("2024-01-01", party="swasta")), LATER) is None


# -- rule 2 -------------------------------------------------------------------------------


def test_all_classes_of_one_provider_and_series_are_one_source() -> None:
    same = profile(course("2024-01-01"), visit("2024-01-02"))
    other_series = profile(course("2024-01-01"), course("2024-01-02", "b"))
    assert indicated(same, LATER) == 2
    assert indicated(other_series, LATER) == 3


def test_two_assessors_of_one_centre_are_two_sources() -> None:
    one = profile(assessed("2024-01-01", assessor=ASSESSOR), assessed("2024-01-02"))
    assert indicated(one, LATER) == 3  # two sources of one institution: the gate stays shut


# -- rule 3 -------------------------------------------------------------------------------


def test_recency_is_half_open_in_months() -> None:
    # A test of 6000 at 10000, 7000 and 4000 basis points: 6000, 4200, 2400, 0.
    of = profile(passed("2024-01-31"))
    assert indicated(of, "2024-01-30") is None
    assert indicated(of, "2024-01-31") == 3
    assert indicated(of, "2026-01-30") == 3
    assert indicated(of, "2026-01-31") == 2
    assert indicated(of, "2027-01-30") == 2
    assert indicated(of, "2027-01-31") == 1
    assert indicated(of, "2029-01-30") == 1
    assert indicated(of, "2029-01-31") is None


def test_months_later_is_the_same_day_clamped_to_the_months_end() -> None:
    of = profile(passed("2024-02-29"))
    assert indicated(of, "2026-02-27") == 3
    assert indicated(of, "2026-02-28") == 2


def test_the_day_is_jakartas() -> None:
    of = profile(passed("2024-01-01T17:00:00"))  # midnight in Jakarta
    assert indicated(of, "2024-01-01") is None
    assert indicated(of, "2024-01-02") == 3
    assert indicated(profile(passed("2024-01-01T16:59:59")), "2024-01-01") == 3


def test_an_assessment_is_full_to_its_last_day_by_default_36_months() -> None:
    of = profile(assessed("2024-01-01", until="2024-12-31"))
    assert (indicated(of, "2024-12-31"), indicated(of, "2025-01-01")) == (3, None)
    by_default = profile(assessed("2024-01-01"))
    assert (indicated(by_default, "2026-12-31"), indicated(by_default, "2027-01-01")) == (3, None)


def test_a_certificate_ends_the_day_after_its_last_valid_day() -> None:
    of = profile(certificate("2024-01-01", until="2024-03-31"))
    assert (indicated(of, "2024-03-31"), indicated(of, "2024-04-01")) == (3, None)


# -- rule 4 -------------------------------------------------------------------------------


def test_a_provider_gives_at_most_8000() -> None:
    # 8000 + 6000 of one provider: 8000. Of two: 14000.
    one = profile(certificate("2024-01-01", "a"), passed("2024-01-01", "b"))
    two = profile(certificate("2024-01-01", "a"), passed("2024-01-01", "c", party="lain"))
    assert (indicated(one, LATER), indicated(two, LATER)) == (3, 4)


def test_only_pieces_of_the_level_or_above_are_taken() -> None:
    # 3000 + 3000 reach level 3 only if both are of level 3.
    both = profile(course("2024-01-01"), course("2024-01-01", "c", party="lain"))
    lower = profile(course("2024-01-01"), course("2024-01-01", "c", level=2, party="lain"))
    assert (indicated(both, LATER), indicated(lower, LATER)) == (3, 2)


def test_the_strongest_of_a_source_may_differ_by_level() -> None:
    # At level 4 the project counts, at level 2 the stronger test of the same source.
    of = profile(evaluated("2024-01-01", level=4), passed("2024-01-02", level=2))
    assert indicated(of, LATER) == 2


# -- rule 5 -------------------------------------------------------------------------------


def test_level_4_needs_a_test_or_an_assessment_centre() -> None:
    projects = profile(evaluated("2024-01-01", "a"), evaluated("2024-01-01", "c", party="lain"))
    assert indicated(projects, LATER) == 3  # 10000, but no test
    tested = profile(
        evaluated("2024-01-01", "a"), evaluated("2024-01-01", "c", party="lain"),
        passed("2024-01-02", "c", party="lain"),
    )  # fmt: skip
    assert indicated(tested, LATER) == 4


def test_the_gate_looks_at_all_pieces_not_at_the_strongest_only() -> None:
    # In series c the certificate is the stronger, but the test opens the gate.
    of = profile(
        evaluated("2024-01-01", "a"), certificate("2024-01-01", "c", party="lain"),
        passed("2024-01-01", "c", party="lain"),
    )  # fmt: skip
    assert indicated(of, LATER) == 4


def test_level_4_needs_two_sources_that_differ_in_series_and_provider() -> None:
    same_series = [*usual(), offering("a", party="lain")]
    of = profile(
        passed("2024-01-01", "a"), passed("2024-01-01", "a", party="lain"), decreed=same_series
    )
    assert indicated(of, LATER) == 3
    apart = profile(passed("2024-01-01", "a"), passed("2024-01-01", "c", party="lain"))
    assert indicated(apart, LATER) == 4


def test_an_assessment_centre_beside_a_course_of_another_opens_level_4_but_not_alone() -> None:
    assert indicated(profile(assessed("2024-01-01", 5)), LATER) == 3
    beside = profile(assessed("2024-01-01", 5), passed("2024-01-01"))
    assert indicated(beside, LATER) == 4


def test_level_5_is_never_indicated() -> None:
    of = profile(
        assessed("2024-01-01", 5, assessor=ASSESSOR), assessed("2024-01-01", 5, party="balai"),
        passed("2024-01-01"),
    )  # fmt: skip
    assert (indicated(of, LATER), asserted(of, LATER)) == (4, 5)


# -- rules 6, 7 ---------------------------------------------------------------------------


def test_training_asserts_nothing() -> None:
    assert asserted(profile(passed("2024-01-01"), certificate("2024-01-01")), LATER) is None


@pytest.mark.parametrize(
    "accreditation",
    [
        assessor_accredited(kinds=("technical",)),
        assessor_accredited(classes=("administrator",)),
        assessor_accredited(since="2024-01-02"),
        assessor_accredited(until="2023-12-31"),
        assessor_accredited("balai"),
    ],
)
def test_an_assessment_outside_the_assessors_accreditation_is_neither(accreditation: Event) -> None:
    decreed = [rules(), genesis(), framework(), accreditation]
    of = profile(assessed("2024-01-01"), decreed=decreed)
    assert (asserted(of, LATER), indicated(of, LATER)) == (None, None)


def test_the_position_held_at_the_time_decides_on_the_assessors_accreditation() -> None:
    rise = moved("2024-02-01", position_class="administrator")
    assert asserted(profile(assessed("2024-01-31"), rise), LATER) == 4
    assert asserted(profile(assessed("2024-02-01"), rise), LATER) is None


def test_the_latest_assertion_holds_even_if_lower_and_the_older_one_returns() -> None:
    of = profile(
        assessed("2024-01-01", 4), assessed("2024-03-01", 2, party="balai", until="2024-04-30")
    )
    assert asserted(of, "2024-02-29") == 4
    assert asserted(of, "2024-03-01") == 2
    assert asserted(of, "2024-05-01") == 4


# -- rule 8 -------------------------------------------------------------------------------


def test_a_failure_closes_earlier_evidence_of_its_level_and_strength() -> None:
    # A failed project (5000) at level 2 closes the course (3000), from its day.
    of = profile(course("2024-01-01"), evaluated("2024-02-01", level=2, outcome="failed"))
    assert (indicated(of, "2024-01-31"), indicated(of, "2024-02-01")) == (2, None)


def test_a_failure_leaves_what_is_stronger_lower_or_later() -> None:
    failed = evaluated("2024-02-01", level=3, outcome="failed")
    assert indicated(profile(passed("2024-01-01"), failed), LATER) == 3  # a test is stronger
    assert indicated(profile(course("2024-01-01", level=2), failed), LATER) == 2  # lower
    assert indicated(profile(course("2024-02-02"), failed), LATER) == 2  # later


def test_a_failure_closes_nothing_of_another_competency() -> None:
    both = [*usual(), *aligned("a", 4, TEAMWORK)]
    failed = evaluated("2024-02-01", competency=TEAMWORK, outcome="failed")
    assert indicated(profile(course("2024-01-01"), failed, decreed=both), LATER) == 2


@pytest.mark.parametrize(
    "failed",
    [
        evaluated("2024-02-01", outcome="failed", level=None),
        evaluated("2024-02-01", outcome="failed", competency=None),
        evaluated("2024-02-01", outcome="failed", series=None),
        evaluated("2024-02-01", outcome="failed", party="swasta"),
    ],
)
def test_a_failure_that_would_not_count_as_a_success_closes_nothing(failed: Event) -> None:
    assert indicated(profile(course("2024-01-01"), failed), LATER) == 2


def test_a_void_of_the_failure_reopens() -> None:
    failed = evaluated("2024-02-01", level=2, outcome="failed")
    assert indicated(profile(course("2024-01-01"), failed, voided(failed)), LATER) == 2


# -- rule 9 -------------------------------------------------------------------------------


def test_two_bodies_two_levels_apart_within_180_days_are_disputed_on_the_overlap() -> None:
    of = profile(
        assessed("2024-01-01", 4), assessed("2024-03-01", 2, party="balai", until="2024-12-31")
    )
    assert not disputed(of, "2024-02-29")
    assert disputed(of, "2024-03-01")
    assert asserted(of, "2024-03-01") == 2
    assert disputed(of, "2024-12-31")
    assert not disputed(of, "2025-01-01")


@pytest.mark.parametrize(
    "second",
    [
        assessed("2024-03-01", 3, party="balai"),  # one level apart
        assessed("2024-03-01", 2),  # the same body
        assessed("2024-06-30", 2, party="balai"),  # 181 days
    ],
)
def test_a_near_dispute_is_none(second: Event) -> None:
    assert not disputed(profile(assessed("2024-01-01", 4), second), "2024-07-01")


def test_180_days_are_still_within() -> None:
    last = assessed("2024-06-29", 2, party="balai")
    assert disputed(profile(assessed("2024-01-01", 4), last), "2024-07-01")


# -- rule 10 ------------------------------------------------------------------------------


def test_a_void_is_as_if_it_was_never_stated_in_all_of_valid_time() -> None:
    tested = passed("2024-01-01")
    assert profile(tested, voided(tested, "2025-01-01")) == profile()


def test_only_the_emitter_and_lan_may_void() -> None:
    tested = passed("2024-01-01")
    assert indicated(profile(tested, voided(tested, party="lan")), LATER) is None
    assert indicated(profile(tested, voided(tested, party="lain")), LATER) == 3
    spoken_for = voided(tested, party="lain", on_behalf_of="prov")
    assert indicated(profile(tested, spoken_for), LATER) is None


def test_a_void_of_a_void_is_ignored() -> None:
    tested = passed("2024-01-01")
    taken_back = voided(tested)
    assert indicated(profile(tested, taken_back, voided(taken_back)), LATER) is None


def test_a_void_before_its_target_works_as_well() -> None:
    tested = passed("2024-01-01")
    assert profile(voided(tested, "2023-01-01"), tested) == profile()


def test_a_posting_is_superseded_never_voided() -> None:
    posting = registered("2020-01-01", position_class="administrator")
    assert profile(posting, voided(posting, party="bkn")).postings[-1].position_class == (
        "administrator"
    )


# -- rule 11 ------------------------------------------------------------------------------


def test_a_rulesets_boundary_is_an_intervals_boundary() -> None:
    stricter = ruleset.shipped().replace("3 = 6000", "3 = 7000")
    decreed = [*usual(), rules(stricter, "2024-03-01", "2026.2")]
    of = profile(passed("2024-01-01"), decreed=decreed)
    assert (indicated(of, "2024-02-29"), indicated(of, "2024-03-01")) == (3, 2)


def test_strength_is_that_of_the_ruleset_in_force_when_it_happened() -> None:
    weaker = ruleset.shipped().replace("strength = 6000", "strength = 5000")
    decreed = [*usual(), rules(weaker, "2024-03-01", "2026.2")]
    assert indicated(profile(passed("2024-02-29"), decreed=decreed), LATER) == 3
    assert indicated(profile(passed("2024-03-01"), decreed=decreed), LATER) == 2


def test_before_the_first_ruleset_nothing_counts() -> None:
    decreed = [rules(valid_from="2024-01-01"), *usual()[1:]]
    assert indicated(profile(passed("2023-12-31"), decreed=decreed), LATER) is None
    assert indicated(profile(passed("2024-01-01"), decreed=decreed), LATER) == 3


def test_a_broken_ruleset_is_never_in_force() -> None:
    decreed = [*usual(), rules("broken = [", "2024-01-01", "2026.2")]
    assert indicated(profile(passed("2024-02-01"), decreed=decreed), LATER) == 3


# -- rule 12 ------------------------------------------------------------------------------


def test_evidence_under_an_earlier_framework_counts_only_through_equivalents() -> None:
    newer = BASE + "v2/M.01"
    silent = framework(newer, on="2024-03-01", version="2")
    naming = framework(newer, on="2024-03-01", version="2", equivalents=(INTEGRITY,))
    happened = (passed("2024-01-01"), assessed("2024-01-01", 2))
    without, through = (profile(*happened, decreed=[*usual(), one]) for one in (silent, naming))
    assert indicated(without, LATER, newer) is None
    assert (indicated(through, LATER, newer), asserted(through, LATER, newer)) == (3, 2)
    assert indicated(through, "2024-02-29", newer) is None  # not before the framework holds
    assert indicated(through, LATER) == 3


def test_an_equivalent_counts_for_as_long_as_it_is_named() -> None:
    newer = BASE + "v2/M.01"
    editions = [
        framework(
            newer, on=on, version=version, equivalents=(INTEGRITY,) if version != "2.2" else ()
        )
        for on, version in (("2024-01-01", "2.0"), ("2024-02-01", "2.1"), ("2024-03-01", "2.2"))
    ]
    of = profile(passed("2023-12-01"), assessed("2023-12-01", 2), decreed=[*usual(), *editions])
    days = ("2023-12-31", "2024-01-01", "2024-02-29", "2024-03-01")
    assert [indicated(of, day, newer) for day in days] == [None, 3, 3, None]
    assert [asserted(of, day, newer) for day in days] == [None, 2, 2, None]
    (held,) = [one for one in of.competencies if one.competency == newer]
    assert len(held.indicated) == 1  # the second edition says the same: it is no boundary


def test_an_assessment_is_judged_by_the_kind_of_its_day() -> None:
    """The second edition calls it technical, which nobody here is accredited for."""
    changed = framework(INTEGRITY, on="2024-03-01", version="2", kind="technical")
    decreed = [*usual(), changed]
    assert asserted(profile(assessed("2024-02-29", 2), decreed=decreed), LATER) == 2
    assert asserted(profile(assessed("2024-03-01", 2), decreed=decreed), LATER) is None


def test_a_level_is_explained_by_the_framework_of_the_day_asked_about() -> None:
    known = registry([*usual(), framework(INTEGRITY, on="2024-03-01", version="2")])
    versions = [known.definition(INTEGRITY, day(on)) for on in ("2010-01-01", "2024-02-29", LATER)]
    assert [one.version for one in versions if one] == ["1", "1", "2"]


def test_intervals_of_the_same_level_are_one() -> None:
    of = profile(passed("2024-01-01"), certificate("2024-02-01"))
    spans = of.competencies[0].indicated
    assert [span.level for span in spans] == [3, 2]
    assert spans[0].starts == day("2024-01-01")
    assert all(one.ends == other.starts for one, other in pairwise(spans))


def test_the_competency_of_a_profile_is_its_iri() -> None:
    assert [one.competency for one in profile(passed("2024-01-01")).competencies] == [INTEGRITY]
