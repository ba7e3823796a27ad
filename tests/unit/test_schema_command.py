"""`jejak schema`: the contract's schemas, and the gate that they pass."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from jejak import cli
from jejak_schemas import avro, documents, evolution
from jejak_schemas.catalogue import BY_NAME

COURSE = "CourseCompleted"
Captured = pytest.CaptureFixture[str]


def said(*words: str) -> int:
    return cli.run(["schema", *words], debug=False)


def answered(capsys: Captured, *words: str) -> Any:
    assert said(*words, "--json") == 0
    return json.loads(capsys.readouterr().out)


def next_version(tmp_path: Path, **field: Any) -> Path:
    """A file that wants to be CourseCompleted's next version: the newest with one more field."""
    schema = json.loads(avro.released_text(COURSE))
    schema["fields"].append(field)
    path = tmp_path / "next.avsc"
    path.write_text(json.dumps(schema), "utf-8")
    return path


def test_the_list_names_every_version_of_every_class(capsys: Captured) -> None:
    rows = answered(capsys, "list")
    assert {row["name"] for row in rows} == {model.__name__ for model in avro.MODELS}
    assert len(rows) == sum(len(avro.versions(name)) for name in avro.released())


def test_the_list_identifies_a_file_by_its_sha256_and_its_fingerprint(capsys: Captured) -> None:
    row = next(row for row in reversed(answered(capsys, "list")) if row["name"] == COURSE)
    text = avro.released_text(COURSE, row["version"])
    assert row["sha256"] == hashlib.sha256(text.encode()).hexdigest()
    assert bytes.fromhex("c301" + row["fingerprint"]) in avro.by_header()


def test_the_list_is_a_table_for_a_person(capsys: Captured) -> None:
    assert said("list") == 0
    lines = capsys.readouterr().out.splitlines()
    assert all(any(f" {name} " in line for line in lines) for name in BY_NAME)


def test_a_schema_is_shown_byte_for_byte(capsys: Captured) -> None:
    assert said("show", COURSE) == 0
    assert capsys.readouterr().out == avro.released_text(COURSE)


def test_a_schema_is_shown_with_its_identity_as_json(capsys: Captured) -> None:
    newest = avro.released()[COURSE]
    shown = answered(capsys, "show", COURSE, "--version", str(newest.version))
    assert shown["schema"] == json.loads(avro.released_text(COURSE))
    assert (shown["version"], shown["sha256"]) == (newest.version, newest.sha256.hex())


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("CourseFinished",), "no class CourseFinished"),
        ((COURSE, "--version", "999"), f"{COURSE} has no version 999"),
    ],
)
def test_what_is_not_there_is_said_in_one_line(
    words: tuple[str, ...], line: str, capsys: Captured
) -> None:
    assert said("show", *words) == 1
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert line in err


def test_what_is_released_is_judged(capsys: Captured) -> None:
    found = [str(one) for one in evolution.check_released()]
    assert said("check") == (1 if found else 0)
    assert capsys.readouterr().out.splitlines() == found


def test_a_version_that_cannot_read_the_one_before_is_refused(
    tmp_path: Path, capsys: Captured
) -> None:
    path = next_version(tmp_path, name="room", type="string")  # without a default
    assert said("check", str(path)) == 1
    lines = capsys.readouterr().out.splitlines()
    assert any("cannot read version 1" in line for line in lines)
    assert all(line.startswith(f"{COURSE}: ") for line in lines)


def test_a_file_that_is_no_schema_is_refused(tmp_path: Path, capsys: Captured) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("no schema", "utf-8")
    assert said("check", str(path), "--json") == 1
    document = json.loads(capsys.readouterr().out)
    assert not document["in_order"]
    assert document["findings"][0]["name"] == "notes.txt"


# -- the pages ----------------------------------------------------------------------------


def test_docs_writes_every_page_and_then_finds_them_fresh(tmp_path: Path, capsys: Captured) -> None:
    assert said("docs", "--out", str(tmp_path)) == 0
    assert {path.name for path in tmp_path.iterdir()} == set(documents.files())
    assert said("docs", "--out", str(tmp_path), "--check") == 0
    assert capsys.readouterr().err.endswith("fresh\n")


def test_pages_that_are_not_there_are_not_called_stale(
    tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert said("docs", "--check", "--json") == 1
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert "there are no pages in docs/contract" in err


def test_docs_names_the_stale_page_and_writes_nothing_when_asked_to_check(
    tmp_path: Path, capsys: Captured
) -> None:
    said("docs", "--out", str(tmp_path))
    (tmp_path / "Receipt.md").write_text("old", "utf-8")
    (tmp_path / "Receipts.md").write_text("of a class that is gone", "utf-8")
    capsys.readouterr()
    assert said("docs", "--out", str(tmp_path), "--check", "--json") == 1
    found = json.loads(capsys.readouterr().out)
    assert (found["stale"], found["left_over"]) == (["Receipt.md"], ["Receipts.md"])
    assert (tmp_path / "Receipt.md").read_text("utf-8") == "old"
