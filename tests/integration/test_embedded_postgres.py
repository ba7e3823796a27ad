"""The embedded PostgreSQL is real, strict, and survives being killed."""

import os
import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from subprocess import Popen

import psycopg
import pytest

from jejak.embedded.child import Child
from jejak.embedded.ports import free_port
from jejak.embedded.postgres import LONGEST_SOCKET_PATH, EmbeddedPostgres
from jejak.errors import Fatal, Retry
from tests import services
from tests.services import Postgres

pytestmark = pytest.mark.integration
WORD = "secret"


def test_it_is_postgresql_18_with_fsync_and_checksums(postgres: Postgres) -> None:
    with psycopg.connect(postgres.dsn()) as connection:
        assert connection.info.server_version >= 180_000
        row = connection.execute(
            "SELECT current_setting('fsync'), current_setting('data_checksums')"
        ).fetchone()
    assert row == ("on", "on")


def test_a_wrong_password_is_refused_on_the_socket_and_on_loopback(postgres: Postgres) -> None:
    for host in (postgres.address.host, "127.0.0.1"):
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(
                host=host, port=postgres.address.port, user="postgres", password="wrong"
            )


@pytest.mark.skipif(services.in_containers(), reason="in a container the engine sees to it")
def test_it_listens_on_loopback_only(postgres: Postgres) -> None:
    with psycopg.connect(postgres.dsn()) as connection:
        assert connection.execute("SHOW listen_addresses").fetchone() == ("127.0.0.1",)


def server(folder: Path, password: str = WORD, port: int | None = None) -> EmbeddedPostgres:
    return EmbeddedPostgres(folder / "pg", port or free_port(), password, folder / "log")


def test_a_server_that_says_nothing_is_not_waited_for_without_an_end(tmp_path: Path) -> None:
    """In a process of its own, for libpq holds Python's lock while it waits."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        waiting = get_context("spawn").Process(
            target=find_it_silent, args=(tmp_path, silent.getsockname()[1])
        )
        waiting.start()
        waiting.join(60)
        waiting.kill()
        waiting.join()
    assert waiting.exitcode == 0


def find_it_silent(folder: Path, port: int) -> None:
    own = server(folder / ("x" * LONGEST_SOCKET_PATH), port=port)  # so that it is asked at the port
    with Popen(["sleep", "60"]) as running:
        own.process = Child("PostgreSQL", "", folder, running, ())
        with pytest.raises(Retry, match="did not answer"):
            own.wait_until_ready(patience=1.0)
        running.kill()


@contextmanager
def recovering_by(folder: Path, command: str) -> Iterator[EmbeddedPostgres]:
    """A server that plays its log forward from what a command fetches."""
    own = server(folder)
    own.start()
    own.stop()
    (own.data / "recovery.signal").touch()
    with (own.data / "postgresql.auto.conf").open("a") as settings:
        settings.write(f"restore_command = '{command}'\n")
    own.launch()
    try:
        yield own
    finally:
        own.stop()


def test_a_recovery_that_stands_still_is_not_waited_for_without_an_end(tmp_path: Path) -> None:
    with (
        recovering_by(tmp_path, "exec sleep 120") as own,
        pytest.raises(Retry, match="did not go on with its recovery in 2 s"),
    ):
        own.wait_until_ready(patience=2.0)


def test_a_recovery_that_works_is_waited_for_however_long_it_takes(tmp_path: Path) -> None:
    busy = 'timeout 3 sh -c "while :; do :; done"; false'
    with recovering_by(tmp_path, busy) as own:
        own.wait_until_ready(patience=1.5)


def test_its_folders_are_private(tmp_path: Path) -> None:
    own = server(tmp_path)
    own.prepare()
    for path in (own.folder, own.data, own.sockets):
        assert path is not None
        assert stat.S_IMODE(path.stat().st_mode) == 0o700


def test_it_keeps_what_was_committed_when_killed_and_starts_again(tmp_path: Path) -> None:
    first = server(tmp_path)
    first.start()
    with psycopg.connect(first.superuser_dsn()) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS n")
    assert first.process is not None
    first.process.process.kill()
    first.process.process.wait()
    second = server(tmp_path, port=first.port)
    try:
        second.start()
        with psycopg.connect(second.superuser_dsn()) as connection:
            assert connection.execute("SELECT n FROM kept").fetchone() == (1,)
    finally:
        second.stop()


def test_a_pid_file_whose_number_went_to_another_program_does_not_stop_it(tmp_path: Path) -> None:
    own = server(tmp_path)
    own.prepare()
    assert own.sockets is not None
    for lock in (own.data / "postmaster.pid", own.sockets / f".s.PGSQL.{own.port}.lock"):
        lock.write_text(f"{os.getppid()}\n")
    try:
        own.start()
    finally:
        own.stop()


def test_a_lost_password_is_said_plainly(tmp_path: Path) -> None:
    server(tmp_path).prepare()
    other = server(tmp_path, password="another")
    try:
        with pytest.raises(Fatal, match="put the home's secrets back"):
            other.start()
    finally:
        other.stop()


def test_a_deep_folder_falls_back_to_loopback(tmp_path: Path) -> None:
    deep = server(tmp_path / ("d" * 100))
    deep.folder.parent.mkdir()
    assert deep.sockets is None
    try:
        deep.start()
        assert deep.address.host == "127.0.0.1"
    finally:
        deep.stop()
