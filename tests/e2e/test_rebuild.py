"""`jejak rebuild` on a nation that lives: killed, gone on with, switched, and rolled back."""

import subprocess
import sys
from contextlib import closing
from typing import Any

import pytest

from jejak_lrs import database, roles
from jejak_lrs.projection import generations, profiles, rebuild, rebuilt
from tests.e2e.conftest import Jejak, Played


@pytest.fixture
def reader(played: Played) -> Any:
    with closing(played.connect(roles.READER)) as connection:
        yield connection


def killed(played: Played, reader: database.Connection) -> None:
    """Start a rebuild as a process of its own, and kill it in its first phase."""
    command = [sys.executable, "-m", "jejak", "rebuild", "--home", str(played.stage.home.path)]
    leader = subprocess.Popen([*command, "--yes"], stderr=subprocess.DEVNULL)
    while rebuild.read(reader) is None:
        assert leader.poll() is None
    leader.kill()
    leader.wait()


def test_a_nation_is_rebuilt_while_it_lives(
    played: Played, reader: database.Connection, jejak: Jejak
) -> None:
    played.catch_up()
    last, before = profiles.last_change(reader), generations.read(reader).active
    said = jejak("rebuild", "--rollback")
    assert (said.code, said.err) == (1, "jejak: no generation is kept that could be read again\n")
    killed(played, reader)
    said = jejak("rebuild", "--dry-run", "--json")
    assert said.code == 0, said.err
    found = said.document()
    assert (found["differ"], found["some"], found["switched"]) == (0, [], False)
    assert found["persons"] > 0
    assert found["digest"] == rebuilt.digest_of(reader, before)
    assert generations.read(reader).active == before
    said = jejak("rebuild", "--yes", "--json")
    assert said.code == 0, said.err
    assert said.document()["reads"] == found["generation"] == generations.read(reader).active
    said = jejak("rebuild", "--rollback", "--yes", "--json")
    assert said.document()["reads"] == before == generations.read(reader).active
    assert profiles.last_change(reader) == last  # nobody differs, so nobody was told anything


def test_what_does_not_go_together_is_said(jejak: Jejak) -> None:
    assert jejak("rebuild", "--dry-run", "--rollback").code == 2
    assert jejak("rebuild", "--give-up").code == 1
