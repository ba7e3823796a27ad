"""A home is closed to others, held by one, and purged without touching what is not its own."""

import json
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from jejak import running, stopping
from jejak.embedded.both import chosen_ports
from jejak.errors import Fatal, Misuse, Refuse
from jejak.home import Endpoints, Home
from jejak.running import Running


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(tmp_path / "home")
    made.make()
    return made


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_every_folder_is_closed_to_others(home: Home) -> None:
    assert {mode(path) for path in (home.path, *home.path.iterdir())} == {0o700}


def test_a_secret_is_made_once_and_readable_by_its_owner_only(home: Home) -> None:
    first = home.secrets.ensure("word")
    assert home.secrets.ensure("word") == first
    assert len(first) >= 40
    assert mode(home.secrets.folder / "word") == 0o600


def test_a_key_is_32_bytes(home: Home) -> None:
    assert len(bytes.fromhex(home.secrets.ensure_key("key"))) == 32


def test_no_two_passwords_are_the_same(home: Home) -> None:
    assert home.secrets.ensure("word") != home.secrets.ensure("other")


def test_a_missing_secret_is_an_operators_matter(home: Home) -> None:
    with pytest.raises(Fatal, match="no secret 'gone'"):
        home.secrets.get("gone")


def test_no_half_file_is_left_where_writing_fails(home: Home) -> None:
    with pytest.raises(UnicodeEncodeError):
        home.secrets.put("word", "\ud800")
    assert list(home.secrets.folder.iterdir()) == []


def test_a_home_is_held_by_one(home: Home) -> None:
    assert not home.is_held
    with home.held():
        assert home.is_held
        with pytest.raises(Refuse, match="is up already"), home.held():
            pass
    assert not home.is_held


def test_a_home_that_cannot_be_made_is_a_wrong_use(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Misuse, match="cannot make the home"):
        Home(tmp_path / "file" / "home").make()


def test_ports_stay_where_they_are_free_and_change_where_not(home: Home) -> None:
    first = chosen_ports(home)
    first.save(home)
    assert chosen_ports(home) == first
    import socket  # noqa: PLC0415

    with socket.create_server(("127.0.0.1", first.kafka)):
        moved = chosen_ports(home)
    assert moved.kafka != first.kafka
    assert (moved.controller, moved.postgres) == (first.controller, first.postgres)


@pytest.mark.parametrize("text", ["", "{", '{"kafka": 1}', "[]"])
def test_a_broken_ports_file_is_as_good_as_none(home: Home, text: str) -> None:
    (home.run / "ports.json").write_text(text)
    assert Endpoints.load(home) is None


@pytest.fixture
def sleeper(home: Home) -> "subprocess.Popen[bytes]":
    code = "import sys, time; time.sleep(60)"
    return subprocess.Popen([sys.executable, "-c", code, str(home.path)])


def written(home: Home, sleeper: "subprocess.Popen[bytes]", **other: object) -> Running:
    import psutil  # type: ignore[import-untyped]  # noqa: PLC0415

    born = psutil.Process(sleeper.pid).create_time()
    said = {"name": "left", "pid": sleeper.pid, "born": born, "marker": str(home.path)} | other
    running.write_down(home, [Running.this("up"), Running(**said)])  # type: ignore[arg-type]
    return running.written_down(home)[1]


def test_what_a_killed_supervisor_left_is_stopped(
    home: Home, sleeper: "subprocess.Popen[bytes]"
) -> None:
    written(home, sleeper)
    assert running.stop_leftovers(home, patience=5) == ["left"]
    assert sleeper.wait(5) != 0
    assert running.written_down(home) == []


def test_a_process_that_got_the_number_of_another_is_left_alone(
    home: Home, sleeper: "subprocess.Popen[bytes]"
) -> None:
    try:
        for other in ({"born": time.time() - 3600}, {"marker": "/another/home"}):
            assert written(home, sleeper, **other).process is None
            assert running.stop_leftovers(home) == []
            assert sleeper.poll() is None
    finally:
        sleeper.kill()
        sleeper.wait()


def test_broken_notes_of_who_runs_are_as_good_as_none(home: Home) -> None:
    for text in ("", "{}", json.dumps([{"name": "x"}])):
        (home.run / "processes.json").write_text(text)
        assert running.written_down(home) == []


def test_purging_removes_what_is_a_homes_and_nothing_else(home: Home) -> None:
    home.secrets.ensure("word")
    (home.path / "mine.txt").write_text("keep me")
    assert stopping.purge(home)
    assert [path.name for path in home.path.iterdir()] == ["mine.txt"]


def test_purging_an_unheld_home_leaves_no_folder(home: Home) -> None:
    stopping.purge(home)
    assert not home.path.exists()
    assert not stopping.purge(home)


def test_a_home_in_use_is_not_purged(home: Home) -> None:
    with home.held(), pytest.raises(Refuse):
        stopping.purge(home)
    assert home.path.exists()
