"""The command says every error in one line and ends with the code that scripts rest on."""

import io
import json
from pathlib import Path

import psycopg
import pytest

from jejak import cli
from jejak.cli import errors
from jejak.errors import Fatal, Misuse, Refuse, Retry
from jejak.settings import Settings


def run(*words: str) -> int:
    return cli.run(list(words), debug=False)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (Refuse("no"), 1),
        (Misuse("how"), 2),
        (Retry("away"), 3),
        (Fatal("broken"), 4),
        (FileNotFoundError(2, "No such file or directory", "events.jsonl"), 1),
        (OSError(28, "No space left on device"), 3),
        (ModuleNotFoundError("No module named 'psycopg'", name="psycopg"), 2),
        (psycopg.OperationalError("the connection is\nlost"), 3),
        (KeyboardInterrupt(), 130),
    ],
)
def test_an_error_has_its_code_and_one_line(error: BaseException, code: int) -> None:
    found, line = errors.told(error)
    assert found == code
    assert line
    assert "\n" not in line


def test_an_unknown_error_is_named_but_its_text_is_not_repeated() -> None:
    code, line = errors.told(ValueError("NIP 198001012005011001"))
    assert code == 4
    assert "ValueError" in line
    assert "1980" not in line


def test_a_missing_library_says_what_to_install() -> None:
    _, line = errors.told(ModuleNotFoundError("No module named 'psycopg'", name="psycopg"))
    assert "pip install 'jejak[server" in line


@pytest.mark.parametrize("words", [["nonsense"], ["up", "--nonsense"], ["run", "nothing"], []])
def test_wrong_use_ends_with_2(words: list[str]) -> None:
    assert run(*words) == 2


def test_a_question_that_nobody_answers_ends_its_line_and_changes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO())
    assert run("down", "--purge", "--home", str(tmp_path)) == 130
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith(f"Remove everything in {tmp_path}")
    assert said.err.endswith("\njejak: stopped\n")
    assert tmp_path.is_dir()


def test_a_home_that_is_not_up_ends_with_3(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("status", "--home", str(tmp_path / "none")) == 3
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert "jejak up" in said.err


def test_asking_leaves_no_folder_behind(tmp_path: Path) -> None:
    run("status", "--home", str(tmp_path / "none"))
    run("down", "--home", str(tmp_path / "none"))
    assert not (tmp_path / "none").exists()


def test_settings_say_where_each_value_came_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "settings.toml").write_text("kafka_heap_mb = 1024\ndatabase_port = 1\n")
    monkeypatch.setenv("JEJAK_DATABASE_PORT", "6543")
    assert run("settings", "--json", "--home", str(tmp_path)) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["kafka_heap_mb"] == {"value": 1024, "from": "settings.toml"}
    assert found["database_port"] == {"value": 6543, "from": "environment"}
    assert found["kafka_operator"]["from"] == "default"


@pytest.mark.parametrize("command", ["settings", "status", "doctor"])
def test_a_variable_that_is_no_setting_is_named(
    command: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("JEJAK_METRIC_PORT", "9464")
    monkeypatch.setenv("JEJAK_METRICS_PORT", "9464")
    monkeypatch.setenv("JEJAK_NOTARY_KEY", "")
    monkeypatch.setenv("JEJAK_HOME", str(tmp_path))
    run(command, "--json")
    said = [line for line in capsys.readouterr().err.splitlines() if "no setting" in line]
    assert len(said) == 1
    assert said[0].startswith("JEJAK_METRIC_PORT is no setting and changes nothing")


@pytest.mark.parametrize("text", ["not toml at all", "kafka_heap_mb = 'much'", "kafka_heap = 9"])
def test_wrong_settings_end_with_2_and_name_the_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    (tmp_path / "settings.toml").write_text(text)
    assert run("settings", "--home", str(tmp_path)) == 2
    said = capsys.readouterr().err
    assert "settings.toml" in said or "KAFKA_HEAP_MB" in said


def test_a_list_in_the_environment_that_is_none_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("JEJAK_WITNESSES", "one")
    assert run("settings", "--home", str(tmp_path)) == 2
    said = capsys.readouterr().err
    assert '"witnesses"' in said
    assert "TOML" not in said


def test_every_setting_is_documented() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []
