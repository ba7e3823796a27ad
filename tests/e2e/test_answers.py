"""What people ask of a nation that has been played, at the command and in an agency's BI tool."""

import csv
import io
import re
import zipfile
from collections.abc import Iterator
from contextlib import closing
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import psycopg
import pytest

from jejak_lrs import roles
from jejak_schemas.credentials import Credentials
from tests.e2e.conftest import Jejak, Played
from tests.e2e.test_commands import CHANGE, DAY, FRAMEWORK, SITI, profile

OWN, OTHER = "4012", "2060"
ANSWERS = [
    ("profile", SITI),
    ("explain", SITI, "M.07"),
    ("gaps", "--agency", OWN),
    ("gaps", "--agency", OWN, "--by", "unit"),
    ("gaps", "--agency", OWN, "--by", "person"),
    ("gaps", "--person", SITI),
    ("jp", "--agency", OWN, "--year", "2026"),
    ("jp", "--agency", OWN, "--year", "2026", "--by", "unit"),
    ("plan", "--agency", OWN),
    ("programmes", "--agency", OWN),
    ("programmes", "--person", SITI),
    ("fragmentation",),
]


@pytest.mark.parametrize("words", ANSWERS, ids=lambda words: " ".join(words[:1] + words[3:]))
def test_every_answer_comes_for_a_person_a_program_and_a_spreadsheet(
    jejak: Jejak, tmp_path: Path, words: tuple[str, ...]
) -> None:
    for lang in ("id", "en"):
        said = jejak(*words, "--lang", lang)
        assert (said.code, said.err) == (0, "")
        assert len(said.out.splitlines()) > 2
        assert SITI not in said.out
    assert jejak(*words, "--json").document()
    heads, *rows = csv.reader(io.StringIO(jejak(*words, "--format", "csv").out))
    assert rows
    assert {len(row) for row in rows} == {len(heads)}
    book = tmp_path / "answer.xlsx"
    said = jejak(*words, "--output", str(book))
    assert (said.code, said.out) == (0, "")
    assert book.stat().st_mode & 0o077 == 0
    with zipfile.ZipFile(book) as file:
        page = file.read("xl/worksheets/sheet1.xml").decode()
    assert page.count("<row ") == len(rows) + 1


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("gaps", "--agency", "0000"), 1),
        (("jp", "--agency", "0000", "--year", "2026"), 1),
        (("gaps",), 2),
        (("gaps", "--agency", OWN, "--as-of", "tomorrow"), 2),
        (("gaps", "--agency", OWN, "--json", "--format", "csv"), 2),
        (("explain", SITI, "M.99"), 1),
        (("profile", "198001012005011001"), 1),
        (("transcript", SITI), 2),
        (("plan", "--agency", OWN, "--as-of", "1999-01-01"), 1),
        (("national",), 1),
        (("programmes",), 1),  # of the nation only what is published
        (("programmes", "--as-of", "2026-11-24"), 2),
        (("national", "--as-of", "2026-11-24"), 2),
    ],
)
def test_an_answer_that_is_no_or_a_wrong_question_has_its_code(
    jejak: Jejak, words: tuple[str, ...], code: int
) -> None:
    said = jejak(*words)
    assert (said.code, said.out) == (code, "")
    assert len(said.err.splitlines()) == 1
    assert "198001012005011001" not in said.err


# -- gaps ---------------------------------------------------------------------------------


def test_an_agencys_gaps_are_those_of_its_people(jejak: Jejak) -> None:
    words = ("gaps", "--agency", OWN, "--as-of", DAY, "--json")
    agency = jejak(*words).document()
    people = jejak(*words, "--by", "person").document()["people"]
    own = jejak("gaps", "--person", SITI, "--as-of", DAY, "--json").document()
    assert own in people
    gaps = [gap for one in people for gap in one["gaps"]]
    assessed = [gap for gap in gaps if gap["held"] is not None]
    match = agency["match"]
    assert (match["wanted"], match["assessed"]) == (len(gaps), len(assessed))
    assert match["required"] == sum(gap["required"] for gap in assessed)
    assert match["capped"] == sum(min(gap["held"], gap["required"]) for gap in assessed)
    assert match["jpm"] == match["capped"] * 10_000 // match["required"]
    assert {gap["competency"] for gap in own["gaps"] if gap["gap"]} == {CHANGE}
    units = agency["units"]
    assert sum(one["people"] for one in units) == agency["people"]
    assert sum(one["capped"] for one in units) == match["capped"]
    (one, *_) = units
    alone = jejak(*words, "--unit", one["unit"]).document()
    assert (alone["people"], alone["match"]["held"]) == (one["people"], one["held"])


def test_the_two_national_scales_are_named_and_never_mixed(jejak: Jejak) -> None:
    found = jejak("gaps", "--agency", OWN, "--as-of", DAY, "--json").document()["match"]
    assert set(found["scales"]) == {"selection", "mapping"}
    said = jejak("gaps", "--agency", OWN, "--as-of", DAY, "--lang", "en").out
    assert "selection scale" in said
    assert "mapping scale" in said


@pytest.mark.parametrize(
    "words",
    [
        ("gaps", "--agency", OWN, "--as-of", DAY),
        ("gaps", "--agency", OWN, "--as-of", "2026-03-31", "--by", "unit"),
        ("jp", "--agency", OWN, "--year", "2026", "--as-of", DAY),
        ("jp", "--agency", OWN, "--year", "2026", "--as-of", DAY, "--by", "unit"),
        ("plan", "--agency", OWN, "--as-of", DAY),
        ("fragmentation", "--as-of", DAY),
        ("gaps", "--person", SITI, "--as-of", DAY),
    ],
)
def test_what_is_counted_is_what_the_ledger_folds_to(jejak: Jejak, words: tuple[str, ...]) -> None:
    """The counts of today's tables, and the same from the records alone."""
    counted, folded = jejak(*words, "--json"), jejak(*words, "--json", "--known-at", "9999-12-31")
    assert (counted.code, folded.code) == (0, 0)
    assert counted.document() == folded.document()


def test_before_anything_was_recorded_nobody_is_known(jejak: Jejak) -> None:
    assert jejak("gaps", "--agency", OWN, "--known-at", "2020-01-01").code == 1
    assert jejak("fragmentation", "--known-at", "2020-01-01").code == 1


# -- learning hours -----------------------------------------------------------------------


def test_learning_hours_are_listed_the_least_first_down_to_a_limit(jejak: Jejak) -> None:
    words = ("jp", "--agency", OWN, "--year", "2026")
    everybody = jejak(*words, "--json").document()
    few = jejak(*words, "--below", "20", "--json").document()
    assert [one for one in everybody if one["jp"] < 2_000] == few
    assert 0 < len(few) < len(everybody)
    shown = jejak(*words).out
    assert [one["person_id"] for one in everybody if one["person_id"] not in shown] == []
    units = jejak(*words, "--below", "20", "--by", "unit", "--json").document()
    assert units["whole"]["people"] == len(everybody)
    assert units["whole"]["under"] == len(few)
    assert units["whole"]["jp"] == sum(one["jp"] for one in everybody)
    assert units["whole"]["below"] == sum(one["below"] for one in everybody)


def test_learning_hours_of_a_day_say_that_they_are_the_whole_years(jejak: Jejak) -> None:
    words = ("jp", "--agency", OWN, "--year", "2026", "--as-of", "2026-03-31")
    for more in ((), ("--by", "unit"), ("--format", "csv"), ("--json",)):
        assert "hours are those of the whole year 2026" in jejak(*words, *more).err
    for more in ((), ("--by", "unit")):
        assert (
            "on 2026-03-31, with the hours of the whole year 2026"
            in jejak(*words, *more, "--lang", "en").out
        )
    assert jejak(*words, "--by", "unit", "--json").document()["day"] == "2026-03-31"


# -- plans, programmes, fragmentation -----------------------------------------------------


def test_a_plan_is_compared_with_what_its_agencys_people_hold(jejak: Jejak) -> None:
    found = jejak("plan", "--agency", OWN, "--as-of", DAY, "--json").document()["needs"]
    own = {one["competency"]: one for one in found if one["publisher"] == OWN}
    change = own[CHANGE]
    people = jejak("gaps", "--agency", OWN, "--by", "person", "--as-of", DAY, "--json").document()
    held = [gap["held"] or 0 for one in people["people"] for gap in one["gaps"]
            if gap["competency"] == CHANGE]  # fmt: skip
    assert change["asserted"] == sum(level >= change["level"] for level in held)
    assert change["gap"] == change["needed"] - change["asserted"] > 0
    national = [one for one in found if one["publisher"] == "panrb"]
    assert {one["needed"] for one in national} == {None}  # a nation's number is not an agency's


def test_the_six_programmes_have_states_drop_outs_and_outcomes(
    played: Played, jejak: Jejak
) -> None:
    with closing(played.connect(roles.READER)) as reader:
        agencies = [row[0] for row in reader.execute("SELECT DISTINCT working FROM place")]
    each = [jejak("programmes", "--agency", one, "--as-of", DAY, "--json") for one in agencies]
    found = [cohort for said in each if said.code == 0 for cohort in said.document()]
    assert len({one["programme"] for one in found}) == 6
    for one in found:
        assert one["people"] == one["completed"] + one["left"] + one["under_way"]
        assert sum(at["now"] for at in one["milestones"]) == one["people"]
        assert all(at["reached"] >= at["now"] for at in one["milestones"])
    assert sum(one["completed"] for one in found) > 0
    assert sum(one["left"] for one in found) > 0
    (siti,) = jejak("programmes", "--person", SITI, "--json").document()["programmes"]
    assert siti["states"][-1]["state"] == "completed"


def test_fragmentation_counts_who_teaches_the_same_thing(jejak: Jejak) -> None:
    found = {one["competency"]: one for one in jejak("fragmentation", "--json").document()}
    change = found[CHANGE]
    assert len(change["providers"]) > 1 < len(change["series"])
    rates = [one["pass_rate"] for one in change["rates"]]
    assert rates == sorted(rates)
    assert change["spread"] == rates[-1] - rates[0]


# -- the transcript -----------------------------------------------------------------------


class Page(HTMLParser):
    """Its text, and whatever it asks for from outside."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.text, self.asked, self.open = "", [], []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.asked += [name for name, _ in attrs if name in {"src", "href", "srcset"}]
        if tag not in {"meta", "br"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data + "\n"


@pytest.mark.parametrize(("lang", "spoken"), [("id", "Transkrip"), ("en", "Learning transcript")])
def test_a_transcript_is_one_page_that_needs_nothing_from_outside(
    jejak: Jejak, tmp_path: Path, lang: str, spoken: str
) -> None:
    file = tmp_path / "siti.html"
    words = ("transcript", SITI, "-o", str(file), "--as-of", DAY, "--lang", lang)
    assert jejak(*words, "--holder", "Siti <b>").code == 0
    page = Page(file.read_text("utf-8"))
    assert (page.open, page.asked) == ([], [])
    assert "url(" not in file.read_text("utf-8")
    assert spoken in page.text
    assert "Siti <b>" in page.text
    assert "LAN/TA/2026/0001" in page.text
    assert profile(jejak)["digest"] in page.text
    assert SITI not in page.text
    assert file.stat().st_mode & 0o077 == 0


# -- an agency's BI tool ------------------------------------------------------------------


@pytest.fixture
def agency(played: Played) -> Iterator[psycopg.Connection[Any]]:
    own = Credentials.load(played.stage.home.credentials_file(OWN)).agency
    assert own is not None
    url = own.database_url.get_secret_value()
    with psycopg.connect(url, autocommit=True) as connection:
        yield connection


PERSONAL = [
    "agency_person", "agency_level", "agency_gap", "agency_hours", "agency_certificate",
    "agency_programme", "served", "standing", "learning_year", "certified", "enrolled",
]  # fmt: skip


@pytest.mark.parametrize("source", PERSONAL)
def test_a_view_shows_an_agency_its_own_people_only(
    played: Played, agency: psycopg.Connection[Any], source: str
) -> None:
    with closing(played.connect(roles.READER)) as reader:
        everybody = {row[0] for row in reader.execute(f"SELECT person_id FROM {source}")}
        own = reader.execute("SELECT person_id FROM profile WHERE %s IN (home, working)", [OWN])
        theirs = {row[0] for row in own}
    seen = {row[0] for row in agency.execute(f"SELECT person_id FROM {source}")}
    assert seen == everybody & theirs
    assert 0 < len(seen) < len(everybody)


def test_a_bi_tool_counts_what_the_command_says(
    jejak: Jejak, agency: psycopg.Connection[Any]
) -> None:
    said = jejak("gaps", "--agency", OWN, "--json").document()["match"]
    names = ("capped", "held", "required", "assessed", "wanted", "short")
    (found,) = agency.execute(
        f"SELECT {', '.join(f'sum({name})' for name in names)} FROM agency_match "
        "WHERE agency = %s", [OWN],
    ).fetchall()  # fmt: skip
    assert dict(zip(names, map(int, found), strict=True)) == {name: said[name] for name in names}
    hours = jejak("jp", "--agency", OWN, "--year", "2026", "--json").document()
    (jp,) = agency.execute(
        "SELECT sum(jp) FROM agency_hours WHERE agency = %s AND year = 2026", [OWN]
    ).fetchone() or (0,)
    assert int(jp * 100) == sum(one["jp"] for one in hours)


def test_competencies_are_named_for_a_bi_tool(agency: psycopg.Connection[Any]) -> None:
    found = agency.execute(
        "SELECT kind, version, name_id, name_en FROM agency_competency WHERE competency = %s",
        [FRAMEWORK + "M.07"],
    ).fetchall()
    assert found == [("managerial", "v1", "Mengelola perubahan", "Managing change")]


def test_nothing_in_the_figures_is_shaped_like_a_nip(played: Played) -> None:
    with closing(played.connect(roles.READER)) as reader:
        for table in (*PERSONAL, "place", "competency", "required", "threshold", "published"):
            rows = reader.execute(f"SELECT t::text FROM {table} t").fetchall()
            assert not [row for (row,) in rows if re.search(r"(?<!\d)\d{18}(?!\d)", row)]
