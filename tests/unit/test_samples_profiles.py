"""What the stories come to: the profiles that their READMEs promise, by the real fold."""

from datetime import date

import pytest

from jejak_lrs.competency.lookups import levels_on
from jejak_producers.simulate import samples
from tests.told import MAIN, profile_of, told

TODAY = date(2026, 11, 24)


def level(number: str, code: str) -> tuple[int | None, int | None]:
    """(asserted, indicated) today, of the managerial or socio-cultural competency `code`."""
    found = levels_on(profile_of(number), TODAY).get(f"https://panrb.example/kompetensi/v1/{code}")
    return (found.asserted, found.indicated) if found else (None, None)


@pytest.mark.parametrize(
    ("programme", "code", "asserted", "indicated"),
    [
        ("talent-academy", "M.07", 2, 4),
        ("talent-academy", "M.04", 3, 3),  # no test of level 4: the gate stays shut
        ("reformer-academy", "M.04", 2, 3),
        ("learning-marketplace", "M.05", 2, 3),
        ("outbound-business-learning", "M.04", 2, 3),
        ("outbound-business-learning", "M.05", 3, 3),
        ("pkn-ekosistem", "M.07", 4, 4),
        ("jejaring-internasional", "M.03", 2, 4),
    ],
)
def test_the_profile_is_the_one_that_the_story_tells(
    programme: str, code: str, asserted: int, indicated: int
) -> None:
    assert level(MAIN[programme], code) == (asserted, indicated)


def test_what_an_unaccredited_provider_reports_indicates_nothing() -> None:
    assert level(MAIN["learning-marketplace"], "M.03") == (1, 1)


@pytest.mark.parametrize("programme", samples.PROGRAMMES)
def test_the_main_person_has_hours_a_certificate_and_a_finished_programme(programme: str) -> None:
    profile = profile_of(MAIN[programme])
    assert any(year.jp >= 2_000 for year in profile.hours.years)
    assert profile.certificates
    assert programme in {enrolment.programme for enrolment in profile.programmes}


def test_a_voided_certificate_number_is_gone() -> None:
    numbers = {c.number for c in profile_of("197301052000032001").certificates}
    assert "LAN/PKN2/2026/0002" in numbers
    assert "LAN/PKN2/2026/0020" not in numbers


def test_hours_abroad_count_a_fifth_more() -> None:
    hours = profile_of(MAIN["jejaring-internasional"]).hours
    assert 7_200 in {credit.jp for credit in hours.credits if credit.form == "3"}


def test_a_former_number_reaches_the_same_person() -> None:
    now, former = (told().people["nip", n] for n in ("199606062024032001", "199606062021212001"))
    assert now == former
    assert len(profile_of("199606062024032001").hours.credits) >= 3
