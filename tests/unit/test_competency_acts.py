"""What acts on other statements, and on institutions: verified, revoked, reissued, suspended."""

from collections.abc import Callable

import pytest

from jejak_lrs.competency.judge import judge
from jejak_lrs.competency.lookups import certificates_on
from jejak_lrs.competency.profile import Profile
from jejak_schemas.events import Event
from tests import world
from tests.world import (
    PERSON,
    asserted,
    assessed,
    assessor_accredited,
    attended,
    certificate,
    course,
    day,
    evaluated,
    facts,
    failed,
    indicated,
    logged,
    moved,
    offering,
    passed,
    profile,
    provider_suspended,
    recalled,
    registered,
    registry,
    reissued,
    revoked,
    seconded,
    shared,
    stated,
    usual,
    verified,
    voided,
    withdrawn,
)

LATER = "2024-06-01"


def reasons(*happened: Event, decreed: list[Event] | None = None) -> set[str]:
    known = registry(usual() if decreed is None else decreed)
    return {one.reason for one in judge(facts([registered(), *happened]), known).discounted}


def papers(of: Profile, on: str) -> dict[str, str]:
    return {number: state for (number, _), state in certificates_on(of, day(on)).items()}


# -- classes that earlier rules did not reach ------------------------------------------------


@pytest.mark.parametrize(
    ("happened", "level"), [(attended, 1), (shared, 1), (seconded, 2), (course, 2)]
)
def test_a_session_a_contribution_and_a_secondment_are_evidence(
    happened: Callable[..., Event], level: int
) -> None:
    assert indicated(profile(happened("2024-01-01")), LATER) == level
    assert indicated(profile(happened("2024-01-01", None)), LATER) is None


def test_a_failed_test_closes_what_a_test_can_close() -> None:
    fell = failed("2024-02-01", level=2)
    assert indicated(profile(passed("2024-01-01"), fell), "2024-01-31") == 3
    assert indicated(profile(passed("2024-01-01"), fell), "2024-02-01") is None
    assert indicated(profile(certificate("2024-01-01"), fell), LATER) == 3
    assert indicated(profile(passed("2024-01-01", level=1), fell), LATER) == 1
    assert indicated(profile(passed("2024-02-02"), fell), LATER) == 3


# -- learning alone --------------------------------------------------------------------------


def test_what_was_learnt_alone_counts_once_the_agency_verifies_it() -> None:
    claim = logged("2024-01-01", form="22")
    assert indicated(profile(claim), LATER) is None
    assert reasons(claim) == {"not-verified"}
    told = profile(claim, verified(claim))
    assert indicated(told, "2024-01-01") == 2  # from the day of the claim, however late the word
    assert told.hours.years[0].jp == 200


@pytest.mark.parametrize("word_first", [True, False])
def test_the_verification_may_come_first(word_first: bool) -> None:
    claim = logged("2024-01-01")
    told = [verified(claim, "2023-12-01"), claim]
    assert indicated(profile(*(told if word_first else told[::-1])), LATER) == 2


def test_only_the_learners_agency_on_the_day_of_the_claim_verifies() -> None:
    claim = logged("2024-01-01")
    move = moved("2023-06-01", home_agency="4011", working_agency="2060")
    assert reasons(claim, verified(claim, party="4011")) == {"not-verified"}
    assert reasons(claim, move, verified(claim, party="4011")) == set()
    gone = moved("2024-01-01", home_agency="4011", working_agency="4011")
    assert reasons(claim, gone, verified(claim)) == {"not-verified"}


def test_nobody_verifies_their_own_claim_that_their_agency_logged() -> None:
    claim = logged("2024-01-01")
    assert reasons(claim, verified(claim, verifier=PERSON)) == {"not-verified"}
    of_provider = logged("2024-01-01", party="prov")
    assert reasons(of_provider, verified(of_provider, verifier=PERSON)) == set()


def test_a_voided_verification_verifies_nothing() -> None:
    claim = logged("2024-01-01")
    word = verified(claim)
    assert indicated(profile(claim, word, voided(word, party="2060")), LATER) is None
    assert indicated(profile(claim, word, voided(word, party="prov")), LATER) == 2


# -- asserted without an assessment, and revoked ---------------------------------------------


def supervised() -> list[Event]:
    """2060 supervises a functional position: BKN has accredited it to assert."""
    return [*usual(), assessor_accredited("2060")]


def test_an_assertion_of_a_supervising_agency_is_held_and_is_no_evidence() -> None:
    told = profile(stated("2024-01-01", 3), decreed=supervised())
    assert asserted(told, LATER) == 3
    assert indicated(told, LATER) is None
    assert asserted(profile(stated("2024-01-01", 3)), LATER) is None
    assert reasons(stated("2024-01-01", 3)) == {"assessor-not-accredited"}


def test_a_revoked_level_counts_to_the_day_before() -> None:
    word = assessed("2024-01-01")
    told = profile(word, revoked(word, "2024-06-01"))
    assert (asserted(told, "2024-05-31"), indicated(told, "2024-05-31")) == (4, 3)
    assert (asserted(told, "2024-06-01"), indicated(told, "2024-06-01")) == (None, None)


def test_when_the_later_assertion_is_revoked_the_older_counts_again() -> None:
    first, second = assessed("2024-01-01", 2), assessed("2024-02-01", 4, party="balai")
    told = profile(first, second, revoked(second, "2024-06-01", party="balai"))
    assert [asserted(told, on) for on in ("2024-05-31", "2024-06-01")] == [4, 2]


@pytest.mark.parametrize(
    ("how", "level"),
    [
        ({"party": "bkn"}, None),
        ({"party": "balai"}, 4),
        ({"competency": world.TEAMWORK}, 4),
        ({"since": "2024-06-02"}, 4),
    ],
)
def test_the_emitter_or_bkn_revokes_what_it_names(how: dict[str, str], level: int | None) -> None:
    word = assessed("2024-01-01")
    told = profile(word, revoked(word, **({"since": "2024-06-01"} | how)))
    assert asserted(told, "2024-06-01") == level


def test_a_voided_revocation_revokes_nothing() -> None:
    word = assessed("2024-01-01")
    taken = revoked(word)
    told = profile(word, taken, voided(taken, party="pusat"))
    assert asserted(told, LATER) == 4


# -- certificates ------------------------------------------------------------------------------


def test_a_revoked_certificate_is_neither_held_nor_evidence_from_its_day() -> None:
    told = profile(certificate("2024-01-01"), recalled(since="2024-06-01"))
    assert [papers(told, on)["S-1"] for on in ("2024-05-31", "2024-06-01")] == [
        "earned", "revoked",
    ]  # fmt: skip
    assert [indicated(told, on) for on in ("2024-05-31", "2024-06-01")] == [3, None]


@pytest.mark.parametrize(
    ("word", "state"),
    [
        (recalled(), "revoked"),
        (recalled(party="lain"), "earned"),
        (recalled(party="lain", issuer="prov"), "earned"),
        (recalled(party="lan", issuer="prov"), "revoked"),
        (recalled(party="lan"), "earned"),
        (recalled("S-9"), "earned"),
    ],
)
def test_its_issuer_or_lan_revokes_a_certificate(word: Event, state: str) -> None:
    assert papers(profile(certificate("2024-01-01"), word), "2025-01-01")["S-1"] == state


def test_a_number_issued_anew_takes_the_place_of_the_old_one() -> None:
    told = profile(certificate("2024-01-01"), reissued("2024-03-01"))
    assert papers(told, "2024-02-29") == {"S-1": "earned"}
    assert papers(told, "2024-03-01") == {"S-1": "replaced", "S-2": "earned"}
    assert indicated(told, LATER) == 3


def test_revoking_the_new_number_ends_the_evidence_of_the_old_one() -> None:
    told = profile(
        certificate("2024-01-01"), reissued("2024-03-01"),
        reissued("2024-04-01", "S-3", "S-2"), recalled("S-3", "2024-06-01"),
    )  # fmt: skip
    assert [indicated(told, on) for on in ("2024-05-31", "2024-06-01")] == [3, None]
    assert papers(told, "2024-06-01") == {"S-1": "replaced", "S-2": "replaced", "S-3": "revoked"}


def test_certificates_that_replace_each_other_in_a_circle_end() -> None:
    told = profile(
        certificate("2024-01-01"), reissued("2024-03-01"), reissued("2024-04-01", "S-1", "S-2")
    )
    assert papers(told, "2024-05-01") == {"S-1": "replaced", "S-2": "replaced"}


# -- suspensions and withdrawn offerings -------------------------------------------------------


def test_what_happened_while_suspended_does_not_count_and_what_was_before_stays() -> None:
    decreed = [*usual(), provider_suspended(since="2024-01-02", until="2024-01-31")]
    for on, level in (("2024-01-01", 3), ("2024-01-02", None), ("2024-01-31", None),
                      ("2024-02-01", 3)):  # fmt: skip
        assert indicated(profile(passed(on), decreed=decreed), LATER) == level
    assert reasons(passed("2024-01-02"), decreed=decreed) == {"suspended"}


def test_a_suspension_stated_again_with_an_end_is_shortened() -> None:
    shortened = provider_suspended(until="2024-01-31", on="2024-02-01")
    decreed = [*usual(), provider_suspended(), shortened]
    assert indicated(profile(passed("2024-02-01"), decreed=decreed), LATER) == 3
    assert indicated(profile(passed("2024-01-31"), decreed=decreed), LATER) is None


def test_a_suspended_provider_may_still_say_what_needs_no_accreditation() -> None:
    decreed = [*usual(), provider_suspended("2060"), provider_suspended("prov")]
    assert indicated(profile(evaluated("2024-02-01", party="2060"), decreed=decreed), LATER) == 2
    assert indicated(profile(evaluated("2024-02-01", party="prov"), decreed=decreed), LATER) is None


def test_a_suspended_party_says_nothing_that_counts() -> None:
    decreed = [*usual(), world.party_suspended("2060")]
    assert reasons(evaluated("2024-02-01", party="2060"), decreed=decreed) == {"suspended"}
    assert reasons(evaluated("2023-12-31", party="2060"), decreed=decreed) == set()


def test_a_suspended_assessor_asserts_nothing() -> None:
    decreed = [*usual(), world.assessor_suspended(since="2024-02-01", until="2024-02-29")]
    for on, level in (("2024-01-31", 4), ("2024-02-01", None), ("2024-03-01", 4)):
        assert asserted(profile(assessed(on), decreed=decreed), LATER) == level
    assert reasons(assessed("2024-02-01"), decreed=decreed) == {"suspended"}


def test_a_withdrawn_offering_is_named_in_vain_from_its_day() -> None:
    decreed = [*usual(), withdrawn(on="2024-02-01")]
    assert indicated(profile(passed("2024-01-31"), decreed=decreed), LATER) == 3
    assert reasons(passed("2024-02-01"), decreed=decreed) == {"no-series"}
    again = [*decreed, offering("a", on="2024-03-01")]
    assert indicated(profile(passed("2024-03-01"), decreed=again), LATER) == 3


def test_nobody_withdraws_the_offering_of_another() -> None:
    decreed = [*usual(), withdrawn(on="2024-02-01", party="lain")]
    assert indicated(profile(passed("2024-02-01"), decreed=decreed), LATER) == 3
