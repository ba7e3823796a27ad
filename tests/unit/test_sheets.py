"""Answers as tables for a spreadsheet: what a stranger wrote never becomes a formula."""

import csv
import io
import zipfile
from datetime import date
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from rich.console import Console

from jejak import sheets
from jejak.cli import speech
from jejak.errors import Misuse, Refuse
from jejak.reports import picture
from jejak.sheets import Sheet

EVIL = ["=1+1", "+1", "-2+3", "@SUM(A1)", "\tx", "https://contoh.id", "=HYPERLINK('x')"]
TABLE = Sheet(
    "Kesenjangan: 2060 [a/b]*?",
    ("nama", "angka", "hari", "tidak ada"),
    [(text, -1.5, date(2026, 3, 9), None) for text in EVIL],
)


def test_csv_is_read_back_as_it_was_but_formulas_are_text() -> None:
    heads, *rows = csv.reader(io.StringIO(sheets.as_csv(TABLE)))
    assert heads == list(TABLE.columns)
    assert [row[1:] for row in rows] == [["-1.5", "2026-03-09", ""]] * len(EVIL)
    for said, (shown, *_) in zip(EVIL, rows, strict=True):
        assert shown in (said, f"'{said}")
        assert not shown.startswith(("=", "+", "-", "@", "\t"))


def test_a_wide_table_on_a_narrow_terminal_loses_no_column_and_no_letter() -> None:
    heads = ("Competency", "Providers", "Agencies", "Series", "Lowest rate %", "Highest rate %")
    sheet = Sheet("", (*heads, "Spread", "Alike"), [("M.04  Results orientation", *range(7))])
    for width in (60, 80):
        drawn = io.StringIO()
        Console(width=width, file=drawn).print(picture(sheet))
        lines = [line for line in drawn.getvalue().splitlines() if line.strip()]
        assert {len(line) for line in lines} == {width}
        assert all(line[-1] in "┓┃┩│┘" for line in lines)
        assert "…" not in drawn.getvalue()


def test_a_workbook_holds_texts_numbers_and_days_and_no_formula() -> None:
    with zipfile.ZipFile(io.BytesIO(sheets.as_xlsx(TABLE))) as book:
        page = ET.fromstring(book.read("xl/worksheets/sheet1.xml"))  # noqa: S314  our own
        texts = book.read("xl/sharedStrings.xml").decode()
        names = book.namelist()
    cells = [cell for cell in page.iter() if cell.tag.endswith("}c")]
    assert [one for one in page.iter() if one.tag.endswith(("}f", "}hyperlink"))] == []
    assert all(text in texts for text in ("=1+1", "https://contoh.id"))
    kinds = [cell.get("t", "n") for cell in cells]
    assert kinds.count("n") == 2 * len(EVIL)
    assert [
        name for name in names if "external" in name or ("rels" in name and "sheet1" in name)
    ] == []


def test_the_name_of_a_file_says_its_format(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, begins in (("a.csv", b"nama"), ("a.XLSX", b"PK")):
        speech.answer_sheet(TABLE, None, tmp_path / name)
        assert (tmp_path / name).read_bytes().startswith(begins)
        assert (tmp_path / name).stat().st_mode & 0o077 == 0
    with pytest.raises(Misuse, match=r"\.csv or \.xlsx"):
        speech.answer_sheet(TABLE, None, tmp_path / "a.txt")
    with pytest.raises(Refuse, match="cannot write"):
        speech.answer_sheet(TABLE, "csv", tmp_path / "no" / "a.csv")
    assert capsys.readouterr().out == ""
