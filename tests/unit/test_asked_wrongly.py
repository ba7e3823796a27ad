"""Who asks wrongly hears it at once: no service is asked first, for there is none here."""

import subprocess
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import pytest

from jejak import cli
from jejak.cli.selecting import Chosen

BEYOND = str(2**63)
ASKED = {
    ("record", "zzz"): "neither a position nor the id of a statement",
    ("replay", "--type", "CourseDone"): "no such event type",
    ("replay", "--to", "x.txt"): "ends in .jsonl or .parquet, or topic:NAME",
    ("replay", "--to", "topic:"): "ends in .jsonl or .parquet, or topic:NAME",
    ("replay", "--to", "topic:jejak.inbox.lan"): "name a topic of your own",
    ("replay", "--to", "topic:a/b"): "no such name for a topic",
    ("replay", "--to", "topic:199104122015032003"): "no such name for a topic",
    ("replay", "--from-position", "9", "--to-position", "5"): "is before --from-position",
    ("replay", "--since", "2026-02-01", "--until", "2026-01-01"): "--until is before --since",
    ("audit", "erase", "--type", "CourseCompleted"): "name the decision",
    ("audit", "erase", "K", "--type", "CourseDone"): "no such event type",
    ("audit", "erase", "K", "--since", "2026-02-01", "--until", "2026-01-01"): "is before --since",
    ("audit", "erase", "K", "--retention"): "takes no decision",
    ("audit", "new-epoch", "--reason", " "): "say why",
    ("audit", "new-epoch", "--reason", "199104122015032003"): "must not hold a NIP",
    ("audit", "new-epoch", "--reason", "x", "--differs-from", BEYOND): "no ledger has so many",
    ("quarantine", "redrive", BEYOND): "no ledger has so many",
    ("quarantine", "discard", BEYOND, "--reason", "x"): "no ledger has so many",
    ("export-segments", "x", "--width", BEYOND): "no ledger has so many",
    ("replay", "--to-position", BEYOND): "no ledger has so many",
    ("replay", "--compare", "--to", "x.jsonl"): "do not go together",
    ("gaps", "--agency", "2060", "--as-of", "2026-02-30"): "'2026-02-30' is not a date",
    ("profile", "1", "--known-at", "yesterday"): "'yesterday' is not a date",
    ("agency", "add", "abc"): "'abc' is not an agency's code: four digits",
    ("party", "add", "20600", "--role", "lan", "--role", "agency"): "four digits",
    ("provider", "add", "A b"): "'A b' is not a party code",
    ("provider", "add", "199104122015032003"): "look like the number of a person",
    ("provider", "add", "ab", "--name", "199104122015032003"): "--name: holds an 18-digit number",
    ("agency", "add", "2060", "--name", 401 * "x"): "--name: String should have at most 400",
    ("party", "commands", "recorder", "--role", "lan"): "is a user of Jejak's own",
    ("run", "cook"): "'cook' is not one of 'recorder'",
    ("gaps", "--lang", "xx"): "Invalid value for '--lang': 'xx' is not one of",
    ("agency", "add"): "see `jejak agency add --help`",
    ("gaps", "--person", "x", "--by", "unit"): "--unit and --by are for an agency's people",
    ("transcript", "x", "-o", "x.pdf"): "say where the page goes: -o FILE.html",
    ("transcript", "x", "-o", "x.html", "--json"): "No such option: --json",
    ("gaps", "--agency", "2060", "-o", "x.pdf"): "the name must end in .csv or .xlsx",
    ("profile", "1", "-o", "x"): "the name must end in .csv or .xlsx",
    ("audit", "exceptions", "-o", "x.pdf"): "the name must end in .csv or .xlsx",
    ("gaps", "--agency", "2060", "-o", "none/x.csv"): "cannot write none/x.csv: there is no folder",
    ("profile", "1", "-o", "none/x"): "there is no folder none",
    ("transcript", "x", "-o", "none/x.html"): "there is no folder none",
    ("audit", "exceptions", "-o", "none/x.xlsx"): "there is no folder none",
    ("audit", "bundle", "-o", "none/x.zip"): "there is no folder none",
    ("record", "1", "--proof", "none/x"): "there is no folder none",
    ("replay", "--to", "none/x.jsonl"): "there is no folder none",
    ("audit", "exceptions", "--format", "xlsx"): "needs -o FILE.xlsx",
    ("audit", "exceptions", "--json", "-o", "x.csv"): "say either --json or --format",
    ("emit", "x", "--identity", "x", "199104122015032003"): "(a number of a person)",
}


def test_what_is_wrong_is_said_before_anything_is_connected(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for words, told in ASKED.items():
        assert cli.run([*words, "--home", str(tmp_path / "home")], debug=False) == 2, words
        said = capsys.readouterr()
        assert said.out == ""
        assert told in said.err
        assert "199104122015032003" not in said.err
    assert not (tmp_path / "home").exists()


def test_a_bundle_that_is_there_is_kept_and_nothing_is_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    there = tmp_path / "there.zip"
    there.write_text("an earlier one", "utf-8")
    words = ["audit", "bundle", "-o", str(there), "--home", str(tmp_path / "home")]
    assert cli.run(words, debug=False) == 1
    assert "is there already" in capsys.readouterr().err
    assert there.read_text("utf-8") == "an earlier one"


def test_a_ctrl_c_while_the_command_is_loaded_is_said_in_a_word() -> None:
    stopped = """
import builtins, runpy
real = builtins.__import__
def interrupted(name, *more, **named):
    if name == "typer":
        raise KeyboardInterrupt
    return real(name, *more, **named)
builtins.__import__ = interrupted
runpy.run_module("jejak", run_name="__main__")
"""
    ended = subprocess.run(
        [sys.executable, "-c", stopped], capture_output=True, text=True, check=False, timeout=60
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (130, "", "jejak: stopped\n")


def test_it_says_which_version_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["--version"], debug=False) == 0
    assert capsys.readouterr().out == f"jejak {version('jejak')}\n"


def test_the_first_and_the_last_day_that_can_be_said_leave_nothing_out() -> None:
    first, last = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
    for since in ("0001-01-01", "0001-01-01T00:00:00+14:00"):
        for until in ("9999-12-31", "9999-12-31T23:00:00-05:00"):
            assert Chosen(since=since, until=until)._moments() == (first, last)
