"""Who asks wrongly hears it at once: no service is asked first, for there is none here."""

from pathlib import Path

import pytest

from jejak import cli

ASKED = {
    ("record", "zzz"): "neither a position nor the id of a statement",
    ("replay", "--type", "CourseDone"): "no such event type",
    ("replay", "--to", "x.txt"): "ends in .jsonl or .parquet, or topic:NAME",
    ("replay", "--to", "topic:"): "ends in .jsonl or .parquet, or topic:NAME",
    ("replay", "--from-position", "9", "--to-position", "5"): "is before --from-position",
    ("replay", "--since", "2026-02-01", "--until", "2026-01-01"): "--until is before --since",
    ("replay", "--compare", "--to", "x.jsonl"): "do not go together",
}


def test_what_is_wrong_is_said_before_anything_is_connected(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for words, told in ASKED.items():
        assert cli.run([*words, "--home", str(tmp_path / "home")], debug=False) == 2, words
        said = capsys.readouterr()
        assert said.out == ""
        assert told in said.err
    assert not (tmp_path / "home").exists()
