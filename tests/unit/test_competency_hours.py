"""The JP ledger, certificates and programme states: worked examples and near misses."""

from uuid import UUID

import pytest

from jejak_lrs.competency import ruleset
from jejak_lrs.competency.lookups import certificates_on, hours_on, programmes_on
from jejak_lrs.competency.profile import Profile
from jejak_schemas.events import Event
from jejak_schemas.parts import Activity
from tests.world import (
    BASE,
    NAME,
    accredited,
    certificate,
    coached,
    course,
    day,
    evaluated,
    finished,
    genesis,
    joined,
    moved,
    offering,
    profile,
    rules,
    seconded,
    usual,
    visit,
    voided,
)

ONE = UUID("01900000-0000-7000-8000-00000000e001")
TWO = UUID("01900000-0000-7000-8000-00000000e002")


def jp(of: Profile) -> list[tuple[str, int]]:
    """Each year's first day and hours."""
    return [(str(year.starts), year.jp) for year in of.hours.years]


def hours(of: Profile, on: str) -> list[tuple[str, int]]:
    return [(str(year.starts), credited) for year, credited in hours_on(of, day(on))]


def total(*happened: Event, decreed: list[Event] | None = None) -> int:
    return sum(year.jp for year in profile(*happened, decreed=decreed).hours.years)


def why_not(*happened: Event) -> list[str]:
    return [one.reason for one in profile(*happened).hours.uncredited]


def test_the_hours_of_a_day_are_those_credited_by_its_end() -> None:
    of = profile(
        moved("2020-05-01", kind="PPPK", contract_start=day("2020-05-01")),
        moved("2024-05-01", kind="PNS"),
        course("2024-03-01", form="3"),
        course("2024-07-01", series="b", form="3"),
    )
    assert hours(of, "2023-04-30") == []
    assert hours(of, "2024-02-28") == [("2023-05-01", 0), ("2024-01-01", 0)]
    assert hours(of, "2024-06-30") == [("2023-05-01", 2000), ("2024-01-01", 0)]
    assert hours(of, "2024-07-01") == jp(of)


# -- as programmed ------------------------------------------------------------------------


def test_a_course_is_worth_what_its_offering_says() -> None:
    assert total(course("2024-03-01", form="3", jp_claimed=9_900)) == 2000


def test_international_is_a_fifth_more_except_leadership_floored_once() -> None:
    odd = [*usual(), offering("a", jp=1299, on="2016-01-01")]
    abroad = {"scope": "international"}
    assert total(course("2024-03-01", form="3", **abroad), decreed=odd) == 1558
    assert total(course("2024-03-01", form="1", **abroad), decreed=odd) == 1299
    assert total(course("2024-03-01", form="3", scope="national"), decreed=odd) == 1299


def test_the_offering_in_force_when_it_happened_counts() -> None:
    changed = [*usual(), offering("a", jp=3000, on="2024-03-02")]
    assert total(course("2024-03-01", form="3"), decreed=changed) == 2000
    assert total(course("2024-03-02", form="3"), decreed=changed) == 3000


def test_one_credit_per_registration_and_form_the_earliest() -> None:
    first = course("2023-12-30", form="3", registration=ONE)
    again = course("2024-01-02", form="3", registration=ONE)
    assert jp(profile(again, first)) == [("2023-01-01", 2000)]
    assert why_not(again, first) == ["credited-already"]
    assert total(first, course("2024-01-02", form="11", registration=ONE)) == 4000
    assert total(first, course("2024-01-02", form="3", registration=TWO)) == 4000


def test_without_registration_one_credit_per_activity_and_date() -> None:
    first = course("2024-03-01T01:00:00", form="3")
    same_day = course("2024-03-01T08:00:00", form="3")
    next_day = course("2024-03-02", form="3")
    other = course("2024-03-01", form="3", activity=Activity(id=BASE + "lain", name=NAME))
    assert (total(first, same_day), total(first, next_day), total(first, other)) == (
        2000, 4000, 4000,
    )  # fmt: skip


def test_a_course_and_a_secondment_of_one_activity_and_date_are_two_credits() -> None:
    taught, posted = course("2024-03-01", form="3"), seconded("2024-03-01", form="18")
    again = seconded("2024-03-01T08:00:00", form="18")
    assert (total(taught, posted), total(taught, posted, again)) == (4000, 4000)


def test_the_same_certificate_number_is_the_same_activity() -> None:
    courses = (
        course("2024-03-01", form="3", registration=ONE),
        course("2024-03-05", "c", form="3", registration=TWO, party="lain"),
    )
    papers = (
        certificate("2024-03-02", number="S-9", registration=ONE),
        certificate("2024-03-06", "c", number="S-9", registration=TWO, party="lain"),
    )
    other = certificate("2024-03-06", "c", number="S-8", registration=TWO, party="lain")
    assert total(*courses) == 4000
    assert total(*courses, *papers) == 2000
    assert total(*courses, papers[0], other) == 4000


def test_a_programme_counts_only_if_no_course_of_its_registration_did() -> None:
    end = finished("2024-06-01", form="5", offering=BASE + "o/a", registration=ONE)
    credited = course("2024-07-01", "b", form="3", registration=ONE)
    without_hours = course("2024-03-01", "b", registration=ONE)  # no form: not credited
    assert total(end) == 2000
    assert total(end, credited) == 2000
    assert why_not(end, credited) == ["course-credited"]
    assert total(end, without_hours) == 2000
    assert total(end, course("2024-03-01", "b", form="3", registration=TWO)) == 4000


@pytest.mark.parametrize(
    ("done", "reason"),
    [
        (course("2024-03-01"), "form-absent"),
        (course("2024-03-01", None, form="3"), "nothing-to-be-programmed-by"),
        (course("2024-03-01", "zz", form="3"), "nothing-to-be-programmed-by"),
        (course("2024-03-01", form="9"), "form-not-earned-by-this-event"),
        (visit("2024-03-01", form="19"), "form-not-earned-by-this-event"),
        (coached("2024-03-01", form=None), "form-absent"),
    ],
)
def test_what_has_no_form_or_programme_is_worth_nothing_and_says_so(
    done: Event, reason: str
) -> None:
    assert total(done) == 0
    assert why_not(done) == [reason]


def test_a_certificate_never_credits() -> None:
    assert total(certificate("2024-03-01")) == 0


def test_training_outside_accreditation_credits_nothing() -> None:
    assert total(course("2024-03-01", form="3", party="swasta")) == 0


def test_a_void_reverses_hours() -> None:
    done = course("2024-03-01", form="3")
    assert total(done, voided(done)) == 0
    assert total(done, voided(done, party="lain")) == 2000


# -- sessions and visits ------------------------------------------------------------------


def test_two_sessions_a_month_are_worth_two_hours_each_coaching_and_mentoring_together() -> None:
    held = [coached("2024-03-01"), coached("2024-03-02", form="15"), coached("2024-03-31")]
    assert total(*held[:2]) == 400
    assert total(*held) == 400
    assert why_not(*held) == ["month-full"]
    assert total(*held[:2], coached("2024-04-01")) == 600


def test_the_month_is_jakartas_and_that_of_the_end() -> None:
    held = [coached("2024-03-01"), coached("2024-03-02")]
    assert total(*held, coached("2024-03-31T17:00:00")) == 600  # 1 April in Jakarta
    assert total(*held, coached("2024-04-02", ended_on=day("2024-03-31"))) == 400


def test_a_voided_session_makes_room_for_the_next() -> None:
    held = [coached("2024-03-01"), coached("2024-03-02"), coached("2024-03-03")]
    assert total(*held, voided(held[0])) == 400


def test_benchmarking_is_ten_hours_once_per_registration() -> None:
    first = visit("2024-03-01", form="20", registration=ONE)
    again = visit("2024-03-02", form="20", registration=ONE)
    assert total(first, again) == 1000
    assert total(first, visit("2024-03-02", form="20", registration=TWO)) == 2000


# -- years --------------------------------------------------------------------------------


def test_the_year_is_that_of_the_end_else_of_the_event_in_jakarta() -> None:
    assert jp(profile(course("2023-12-31T17:00:00", form="3"))) == [("2024-01-01", 2000)]
    assert jp(profile(course("2023-12-31T16:59:59", form="3"))) == [("2023-01-01", 2000)]
    late = course("2024-01-02", form="3", ended_on=day("2023-12-31"))
    assert jp(profile(late)) == [("2023-01-01", 2000)]


def test_a_pppks_year_runs_from_the_start_of_the_contract() -> None:
    contract = moved("2022-03-01", kind="PPPK", contract_start=day("2022-03-01"))
    of = profile(contract, course("2024-02-29", form="3"), course("2024-03-01", form="11"))
    assert jp(of) == [("2023-03-01", 2000), ("2024-03-01", 2000)]
    assert of.hours.years[0].ends == day("2024-03-01")
    assert of.hours.years[0].kind == "PPPK"


def test_a_contract_whose_start_is_unknown_has_calendar_years_and_a_flag() -> None:
    of = profile(moved("2022-03-01", kind="PPPK"), course("2024-02-01", form="3"))
    assert jp(of) == [("2024-01-01", 2000)]
    assert of.hours.years[0].flags == ("contract-start-unknown",)


def test_hours_before_bkn_knows_the_person_are_of_a_calendar_year_and_flagged() -> None:
    decreed = [rules(valid_from="2014-01-01"), *early()]
    of = profile(course("2014-12-01", form="3"), decreed=decreed)
    assert of.hours.years[0].flags == ("kind-unknown",)


def early() -> list[Event]:
    """An offering and an accreditation from before anyone was registered."""
    return [genesis(), accredited(since="2014-01-01"), offering(on="2014-01-01")]


def test_figures_are_those_of_the_ruleset_in_force_when_it_happened() -> None:
    richer = ruleset.shipped().replace(
        'form = "20", national = 1000', 'form = "20", national = 1500'
    )
    decreed = [*usual(), rules(richer, "2024-03-02", "2026.2")]
    assert total(visit("2024-03-01", form="20"), decreed=decreed) == 1000
    assert total(visit("2024-03-02", form="20"), decreed=decreed) == 1500


# -- certificates and programmes ----------------------------------------------------------


def test_a_certificate_holds_from_issue_to_its_last_day() -> None:
    of = profile(certificate("2024-03-01", number="S-1", until="2024-12-31"))
    assert certificates_on(of, day("2024-02-29")) == {}
    assert certificates_on(of, day("2024-12-31")) == {("S-1", "prov"): "earned"}
    assert certificates_on(of, day("2025-01-01")) == {("S-1", "prov"): "expired"}


def test_a_certificate_said_twice_is_one() -> None:
    of = profile(certificate("2024-03-01"), certificate("2024-03-05"))
    assert [(one.number, str(one.starts)) for one in of.certificates] == [("S-1", "2024-03-01")]


def states(of: Profile, on: str) -> dict[tuple[str, str | None], str]:
    return programmes_on(of, day(on))


def test_a_person_is_in_the_furthest_state_that_they_entered() -> None:
    of = profile(
        joined("2024-02-01", programme="reformer-academy", cohort="I"),
        coached("2024-02-10", programme="reformer-academy", cohort="I"),
        evaluated("2024-03-01", programme="reformer-academy", cohort="I", outcome="failed"),
        evaluated("2024-04-01", programme="reformer-academy", cohort="I"),
        finished("2024-05-01", cohort="I"),
    )
    key = ("reformer-academy", "I")
    assert states(of, "2024-01-31") == {}
    assert states(of, "2024-02-10") == {key: "in-project"}
    assert states(of, "2024-03-01") == {key: "in-project"}  # a failed project is no step
    assert states(of, "2024-04-01") == {key: "result-delivered"}
    assert states(of, "2024-05-01") == {key: "completed"}


def test_two_cohorts_are_two_enrolments() -> None:
    of = profile(
        coached("2024-02-10", programme="pkn-ekosistem", cohort="I"),
        coached("2024-03-10", programme="pkn-ekosistem", cohort="II"),
    )
    assert len(states(of, "2024-04-01")) == 2


def test_a_programme_nobody_listed_has_the_steps_of_any_other() -> None:
    of = profile(finished("2024-05-01", programme="daerah-baru"))
    assert states(of, "2024-05-01") == {("daerah-baru", None): "completed"}


def test_postings_follow_each_other_the_later_start_over_the_earlier() -> None:
    of = profile(moved("2024-01-01", home_agency="4011", working_agency="4011"))
    assert [(one.home, str(one.starts), one.ends) for one in of.postings] == [
        ("2060", "2015-01-01", day("2024-01-01")),
        ("4011", "2024-01-01", None),
    ]
