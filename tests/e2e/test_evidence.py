"""Replay and evidence bundles, as an auditor asks for them, on a nation that has been played."""

import csv
import hashlib
import json
import re
import zipfile
from collections import Counter
from contextlib import closing
from pathlib import Path
from uuid import UUID

import pytest

from jejak import cli
from jejak_lrs import access, roles
from jejak_lrs.bundle import verify_bundle
from jejak_lrs.exceptions.judging import NAMES
from jejak_producers.simulate import samples
from tests import published
from tests.e2e.conftest import Jejak, Played

SITI = "199104122015032003"
FRAMEWORK = "https://panrb.example/kompetensi/v1/"


def test_a_replay_says_what_there_is_and_the_files_digest(jejak: Jejak, tmp_path: Path) -> None:
    path = tmp_path / "siti.jsonl"
    said = jejak("replay", "--person", SITI, "--to", str(path), "--json")
    found = said.document()
    content = path.read_bytes()
    assert (said.code, found["digest"]) == (0, hashlib.sha256(content).hexdigest())
    told = [json.loads(line) for line in content.splitlines()]
    assert len(told) == found["records"] > 10
    assert found["types"] == dict(sorted(Counter(one["event_type"] for one in told).items()))
    assert SITI.encode() not in content
    assert jejak("replay", "--person", SITI, "--json").document()["digest"] == found["digest"]
    again = jejak("replay", "--person", SITI, "--to", str(path))
    assert (again.code, again.out) == (1, "")
    assert "there already" in again.err


def test_selectors_narrow_each_other(jejak: Jejak) -> None:
    def count(*words: str) -> int:
        return int(jejak("replay", *words, "--json").document()["records"])

    everything, lan = count(), count("--party", "lan")
    assert count("--party", "lan", "--party", "map-ugm") > lan
    assert everything > lan > count("--party", "lan", "--type", "ProjectEvaluated") > 0
    assert count("--from-position", "5", "--to-position", "9") == 5
    assert 0 < count("--since", "2026-01-01", "--until", "2026-03-31", "--party", "lan") < lan
    assert 0 < count("--competency", "M.07") < everything
    assert 0 < count("--agency", "4012", "--type", "PersonMoved") < everything


def test_everyone_is_compared_at_once(jejak: Jejak) -> None:
    found = jejak("replay", "--compare", "--json").document()
    assert (found["differing"], found["differing_count"]) == ([], 0)
    assert found["equal"] == found["people"] > 300
    few = jejak("replay", "--compare", "--party", "sbm-itb").out
    assert re.fullmatch(r"\d+ profiles: \d+ equal, 0 DIFFER\n", few)


def test_a_bundle_is_made_and_checked_by_both(
    jejak: Jejak, played: Played, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with closing(played.connect(roles.READER)) as connection:
        log = published.publish(connection, tmp_path / "log")
    path, again = tmp_path / "siti.zip", tmp_path / "again.zip"
    asked = ("audit", "bundle", "--person", SITI, "--log", str(tmp_path / "log"))
    said = jejak(*asked, "-o", str(path), "--json")
    made = said.document()
    assert (said.code, made["sha256"]) == (0, hashlib.sha256(path.read_bytes()).hexdigest())
    assert made["records"] == jejak("replay", "--person", SITI, "--json").document()["records"]
    assert SITI.encode() not in path.read_bytes()
    assert path.stat().st_mode & 0o777 == 0o600
    assert cli.run(["audit", "verify", str(path), "--key", log.keys[0]], debug=False) == 0
    assert "everything holds" in capsys.readouterr().out
    assert verify_bundle.check(path.read_bytes(), list(log.keys))[1] == []
    jejak(*asked, "-o", str(again))
    assert again.read_bytes() == path.read_bytes()
    path.write_bytes(path.read_bytes().replace(b'"party":"lan"', b'"party":"bkn"'))
    assert cli.run(["audit", "verify", str(path)], debug=False) == 1
    assert "WRONG  records.jsonl" in capsys.readouterr().out


def test_numbers_go_into_a_bundle_only_for_a_purpose_that_is_kept(
    jejak: Jejak, played: Played, tmp_path: Path
) -> None:
    with closing(played.connect(roles.READER)) as connection:
        published.publish(connection, tmp_path / "log")
    path = tmp_path / "siti.zip"
    asked = ("audit", "bundle", "--person", SITI, "--log", str(tmp_path / "log"), "-o", str(path))
    assert jejak(*asked, "--identity-annex").code == 2
    assert jejak(*asked, "--identity-annex", "--purpose", f"about {SITI}").code == 2
    assert jejak(*asked, "--identity-annex", "--purpose", "pemeriksaan 12/2026").code == 0
    assert SITI.encode() in path.read_bytes()
    assert verify_bundle.check(path.read_bytes())[1] == []
    with closing(played.connect(roles.AUDITOR)) as connection:
        last = access.accesses(connection, 1)[0]
    assert last.purpose == "pemeriksaan 12/2026"
    assert last.what.startswith("identity annex: ")
    assert SITI not in last.what


def test_every_rule_finds_what_is_planted_in_the_demos_data(jejak: Jejak, tmp_path: Path) -> None:
    table = tmp_path / "all.csv"
    said = jejak("audit", "exceptions", "--format", "csv", "-o", str(table))
    assert (said.code, said.out) == (0, "")
    with table.open(encoding="utf-8", newline="") as file:
        found = list(csv.DictReader(file))
    planted = {one.event_id for one in samples.events(samples.irregular_file())}
    path = tmp_path / "all.jsonl"
    jejak("replay", "--to", str(path))
    told = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    positions = {one["position"] for one in told if UUID(one["statement_id"]) in planted}
    rules = {row["rule"] for row in found if {*map(int, row["positions"].split())} <= positions}
    assert len(positions) == len(planted)
    assert rules == set(NAMES)
    assert not any(row["rule"] == "certificate-twice" and row["person_id"] for row in found)


def test_findings_are_counted_listed_and_written_for_a_spreadsheet(
    jejak: Jejak, tmp_path: Path
) -> None:
    counted = jejak("audit", "exceptions", "--lang", "en").out
    assert "Too fast for anybody" in counted
    listed = jejak("audit", "exceptions", "--rule", "burst", "--json").document()
    # Other tests of this nation send much at once, too; the planted one is a row of eight.
    found = [len(one["positions"]) for one in listed["findings"]]
    assert listed["counts"] == {"burst": len(found)}
    assert 8 in found
    book = tmp_path / "odd.xlsx"
    asked = ("audit", "exceptions", "--rule", "burst", "--format", "xlsx")
    assert jejak(*asked, "-o", str(book)).code == 0
    assert zipfile.is_zipfile(book)
    assert "needs -o" in jejak(*asked).err
    assert jejak("audit", "exceptions", "-o", str(tmp_path / "by-its-name.xlsx")).code == 0
    assert zipfile.is_zipfile(tmp_path / "by-its-name.xlsx")
    assert "no such rule" in jejak("audit", "exceptions", "--rule", "bursts").err


def test_a_record_is_shown_with_its_proof(jejak: Jejak, played: Played, tmp_path: Path) -> None:
    with closing(played.connect(roles.READER)) as connection:
        log = published.publish(connection, tmp_path / "log")
    where = ("--log", str(tmp_path / "log"))
    found = jejak("record", "100", *where, "--json").document()
    assert (found["position"], found["sealed"], found["checkpoint"]["holds"]) == (100, True, True)
    assert found["checkpoint"]["size"] == log.checkpoint().size
    by_id = jejak("record", found["statement_id"], *where, "--proof", str(tmp_path / "proof"))
    assert by_id.code == 0
    assert "proven under" in by_id.out
    assert (tmp_path / "proof").read_text("utf-8") == found["proof"]
    with closing(played.connect(roles.READER)) as connection:
        warned = connection.execute(
            "SELECT position, warnings FROM record WHERE warnings <> '' LIMIT 1"
        ).fetchone()
    assert warned is not None
    shown = f"warnings          {warned[1].replace(' ', ', ')}\n"
    assert shown in jejak("record", str(warned[0])).out
    assert "no record 999999" in jejak("record", "999999").err
    assert jejak("record", "seratus").code == 2


def test_a_bundle_rests_on_the_log_that_the_notary_publishes(jejak: Jejak, tmp_path: Path) -> None:
    path = tmp_path / "first.zip"
    said = jejak("audit", "bundle", "--to-position", "100", "-o", str(path), "--json")
    assert (said.code, said.document()["records"]) == (0, 101)
    keys = [one["key"] for one in jejak("key", "show", "--json").document()["keys"]]
    told, wrong = verify_bundle.check(path.read_bytes(), keys[:1])
    assert wrong == []
    assert "chosen by position only, so it can be seen that all are there" in told
    assert "proven under" in jejak("record", "100").out


def test_an_export_says_whether_any_segment_is_full(jejak: Jejak, tmp_path: Path) -> None:
    none = jejak("export-segments", str(tmp_path / "wide")).out
    assert none == "0 files written; no segment is full yet: it takes 100,000 records\n"
    one = jejak("export-segments", str(tmp_path / "narrow"), "--width", "10").out
    assert "segments are there, positions 0 to " in one
