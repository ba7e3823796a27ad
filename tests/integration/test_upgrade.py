"""A whole home that an earlier Jejak left behind, opened with this one.

tests/upgrade/home.tar.xz was made by the code of commit f32a826 (tests/upgrade/make.py): 514
records under migration 0007, before there was a notary, a clock or figures.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from jejak import cli, health, processes, settings
from jejak.embedded.ports import free_port
from jejak.embedded.postgres import EmbeddedPostgres, programs
from jejak.home import Endpoints, Home
from jejak_lrs import migrations, roles
from tests import services
from tests.unpacking import unpack

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(services.in_containers(), reason="about the embedded services only"),
]
ARCHIVE = Path(__file__).parents[1] / "upgrade" / "home.tar.xz"
PASSWORD = "of-before"
PREPARE = """
import sys
from pathlib import Path
from jejak import foundations, settings
from jejak.home import Home
from jejak.services import services_of
home = Home(Path(sys.argv[1]))
foundations.prepare_database(services_of(home, settings.load(home)))
"""
RECORDS = "SELECT position, statement_id, commitment, person_id FROM record ORDER BY position"


@pytest.fixture(scope="module")
def home() -> Iterator[Home]:
    """The home as it was left, its database played back."""
    with tempfile.TemporaryDirectory(prefix="jejak-upgrade-") as folder:
        Path(folder).chmod(0o755)  # PostgreSQL's own user goes through it
        unpack(ARCHIVE, Path(folder) / "home")
        found = Home(Path(folder) / "home")
        found.make()
        yield found


@contextmanager
def serving(home: Home) -> Iterator[EmbeddedPostgres]:
    """Its PostgreSQL alone, as superuser."""
    port = free_port()
    Endpoints(free_port([port]), free_port([port]), port).save(home)
    server = EmbeddedPostgres(home.path / "postgres", port, PASSWORD, home.logs / "postgres.log")
    try:
        server.start()
        yield server
    finally:
        server.stop()


def play_back(home: Home, server: EmbeddedPostgres) -> None:
    login = {"PGHOST": "127.0.0.1", "PGPORT": str(server.port), "PGPASSWORD": PASSWORD}
    done = subprocess.run(
        [programs() / "psql", "--quiet", "--user=postgres", "--file", home.path / "postgres.sql"],
        env={**os.environ, **login}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert [line.partition("ERROR: ")[2] for line in done.stderr.splitlines()] == [
        ' role "postgres" already exists'
    ]


def rows(server: EmbeddedPostgres, query: str) -> list[tuple[Any, ...]]:
    dsn = server.address.dsn("postgres", PASSWORD, "jejak")
    with closing(psycopg.connect(dsn)) as connection:
        return connection.execute(query).fetchall()


@pytest.fixture(scope="module")
def records(home: Home) -> list[tuple[Any, ...]]:
    """The records as they were, after two processes have brought the database up to date."""
    with serving(home) as server:
        play_back(home, server)
        assert rows(server, "SELECT version_num FROM alembic_version") == [("0007",)]
        before = rows(server, RECORDS)
        together = [
            subprocess.Popen([sys.executable, "-c", PREPARE, home.path], stderr=subprocess.PIPE)
            for _ in range(2)
        ]
        said = [process.communicate(timeout=60)[1] for process in together]
        assert said == [b"", b""]
        assert rows(server, RECORDS) == before
        here, newest = migrations.revisions(
            server.address.dsn(roles.MIGRATOR, home.secrets.get("postgres-jejak_migrator"), "jejak")
        )
        assert here == newest
    return before


Jejak = Callable[..., tuple[int, str, str]]


@pytest.fixture
def jejak(home: Home, capsys: pytest.CaptureFixture[str]) -> Jejak:
    def run(*words: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = cli.run([*words, "--home", str(home.path)], debug=False)
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


def test_a_home_of_before_goes_on_where_it_stood(
    home: Home, records: list[tuple[Any, ...]], jejak: Jejak
) -> None:
    told = json.loads((home.path / "told.json").read_text("utf-8"))
    with processes.running(home, settings.load(home), tell=lambda _: None) as up:
        until_settled(up)
        status = json.loads(jejak("status", "--json")[1])
        assert status["head"]["epoch"] == told["head"]["epoch"]
        assert status["head"]["next_position"] == told["head"]["next_position"] == len(records)
        assert status["checkpoints"]["records"]["size"] == len(records)
        assert status["outcomes"] == told["outcomes"]

        # This Jejak reads records otherwise than that one did: profiles are the only difference.
        found = json.loads(jejak("audit", "check", "--profiles", "--json")[1])["differences"]
        assert {one["where"].split()[0] for one in found} <= {"profile", "evidence"}
        assert jejak("rebuild", "--yes")[0] == 0
        assert jejak("audit", "check", "--profiles")[0] == 0

        sent = jejak("emit", str(home.path / "8410.jsonl"), "--identity", "8410", "--json")
        assert sent[0] == 0
        assert json.loads(jejak("status", "--json")[1])["head"] == status["head"]
        stood = stood_at(home)
        code, changes, _ = jejak("watch", "--identity", "2060", "--idle", "1", "--json")
        assert code == 0
        assert changes.count("\n") == stood_at(home) - stood


def stood_at(home: Home) -> int:
    """Which of its changes the agency has handled last."""
    held = (home.path / "bookmarks" / "2060.changes.json").read_text("utf-8")
    return int(json.loads(held)["seq"])


def until_settled(up: processes.Up) -> None:
    end = time.monotonic() + 60
    while True:
        up.tend()
        found = health.look(up.home, up.services, embedded=True).ledger
        if found and not found.refold and not any(c.behind for c in found.cursors.values()):
            return
        assert time.monotonic() < end, found
        time.sleep(0.2)


def test_an_older_program_leaves_a_newer_database_alone(
    home: Home, records: list[tuple[Any, ...]], jejak: Jejak
) -> None:
    with serving(home) as server:
        dsn = server.address.dsn("postgres", PASSWORD, "jejak")
        with closing(psycopg.connect(dsn, autocommit=True)) as connection:
            connection.execute("UPDATE alembic_version SET version_num = '9999'")
        for words in (["migrate"], ["migrate", "--check"], ["prepare"]):
            code, out, err = jejak(*words)
            assert (code, out) == (4, "")
            assert "the database's schema is 9999, this Jejak knows it up to 00" in err
            assert len(err.splitlines()) == 1
        assert rows(server, RECORDS) == records
