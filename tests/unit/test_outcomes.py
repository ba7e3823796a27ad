"""What became of the lines of a file is told to people, to programs, and kept in a file."""

import csv
import json
from pathlib import Path
from uuid import UUID

import pytest

from jejak.cli.outcomes import COLUMNS, Report, legend
from jejak.errors import Misuse, Retry
from jejak_producers.bulk import Outcome
from jejak_producers.journal import SUFFIX

OUTCOMES = [
    Outcome(2, "recorded", "Event", UUID(int=1), (0, 7), 12, warnings=("late", "nip-pattern")),
    Outcome(3, "refused", reason="too-long", field="host", detail="holds over 200 letters"),
    Outcome(4, "refused", reason="not-json"),
]  # fmt: skip


def kept(path: Path, lang: str = "en") -> list[dict[str, str]]:
    assert Report(lang, path, as_json=False).of(OUTCOMES, "-") == 1
    if path.suffix == ".csv":
        with path.open(newline="") as file:
            return list(csv.DictReader(file))
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_table_and_json_lines_keep_the_same(tmp_path: Path) -> None:
    table, lines = kept(tmp_path / "o.csv"), kept(tmp_path / "o.jsonl")
    assert [list(one) for one in (*table, *lines)] == [list(COLUMNS)] * 6
    for cells, values in zip(table, lines, strict=True):
        joined = values | {"warnings": " ".join(values["warnings"])}
        plain = {name: "" if value is None else str(value) for name, value in joined.items()}
        assert cells == plain


def test_each_is_kept_with_how_to_mend_it(tmp_path: Path) -> None:
    recorded, refused, other = kept(tmp_path / "o.jsonl")
    assert recorded["mend"] == "Report sooner. Check the number."
    assert (refused["line"], refused["field"], refused["mend"]) == (3, "host", "Shorten it.")
    assert "one object a line" in other["mend"]
    assert kept(tmp_path / "o.jsonl", "id")[1]["mend"] == "Pendekkan."


def test_the_reader_is_told_each_reason_once(capsys: pytest.CaptureFixture[str]) -> None:
    Report("id", None, as_json=False).of([*OUTCOMES, *OUTCOMES[1:]], "-")
    said = capsys.readouterr()
    assert said.err == ""
    assert said.out.count("Teks atau daftar terlalu panjang. Pendekkan.") == 1
    assert "5 lines: 4 refused, 1 recorded" in said.out


def test_neither_the_file_that_is_read_nor_its_journal_is_written_over(tmp_path: Path) -> None:
    events, link = tmp_path / "events.jsonl", tmp_path / "link.jsonl"
    journal = tmp_path / f"events.jsonl{SUFFIX}"
    for file in (events, journal):
        file.write_text("{}")
    link.symlink_to(events)
    for named in (events, link, journal):
        with pytest.raises(Misuse, match="would be written over"):
            Report("en", named, as_json=False).of(OUTCOMES, str(events))
    assert events.read_text() == journal.read_text() == "{}"


def test_a_full_disk_and_a_folder_that_is_not_there_are_told(tmp_path: Path) -> None:
    with pytest.raises(Retry, match="/dev/full: No space left"):
        Report("en", Path("/dev/full"), as_json=False).of(OUTCOMES, "-")
    with pytest.raises(Misuse, match="No such file"):
        Report("en", tmp_path / "no" / "o.csv", as_json=False).of(OUTCOMES, "-")


def test_a_legend_has_each_code_once_and_none_that_says_no_more_than_itself() -> None:
    assert list(legend(["late", "conflict", "not-json", "late"], "en")) == ["late", "not-json"]
