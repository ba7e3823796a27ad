"""A PostgreSQL whose commits wait for a standby's disk, and the standby that takes its place."""

import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from jejak.embedded import child
from jejak.embedded.account import unprivileged
from jejak.embedded.ports import free_port
from jejak.embedded.postgres import SUPERUSER, EmbeddedPostgres, programs

NAME = "standby"


@dataclass(slots=True)
class Pair:
    """A primary and its synchronous standby."""

    primary: EmbeddedPostgres
    standby: EmbeddedPostgres
    promoted: bool = False

    @property
    def serving(self) -> EmbeddedPostgres:
        """The one that takes writes."""
        return self.standby if self.promoted else self.primary

    def promote(self) -> None:
        """The primary is gone at once, and whatever it had not sent; the standby takes over."""
        if self.primary.process is not None:
            self.primary.process.process.kill()
            self.primary.process.process.wait()
        account = unprivileged(programs() / "pg_ctl")
        command: list[str | Path] = [programs() / "pg_ctl", "promote", "-D", self.standby.data]
        child.run("pg_ctl promote", command, log=self.standby.log, prefix=account.prefix)
        self.standby.wait_until_ready()
        self.promoted = True


@contextmanager
def running(folder: Path, password: str) -> Iterator[Pair]:
    """Both, streaming; stopped at the end."""
    primary, standby = (
        EmbeddedPostgres(folder / name, free_port(), password, folder / f"{name}.log")
        for name in ("primary", NAME)
    )
    try:
        primary.start()
        _copy(primary, standby)
        standby.launch()
        with closing(psycopg.connect(primary.superuser_dsn(), autocommit=True)) as connection:
            connection.execute(f"ALTER SYSTEM SET synchronous_standby_names = '{NAME}'")
            connection.execute("SELECT pg_reload_conf()")
            _wait(lambda: _is_synchronous(connection))
        yield Pair(primary, standby)
    finally:
        standby.stop()
        primary.stop()


def _copy(primary: EmbeddedPostgres, standby: EmbeddedPostgres) -> None:
    account = unprivileged(programs() / "pg_basebackup")
    account.own(standby.folder)
    login = primary.loopback.dsn(SUPERUSER, primary.password, "postgres")
    command: list[str | Path] = [
        programs() / "pg_basebackup", "-D", standby.data, "-R", "-c", "fast",
        "-d", f"{login}?application_name={NAME}",
    ]  # fmt: skip
    child.run("pg_basebackup", command, log=standby.log, prefix=account.prefix)


def _is_synchronous(connection: psycopg.Connection[tuple[object, ...]]) -> bool:
    found = connection.execute("SELECT sync_state FROM pg_stat_replication").fetchall()
    return found == [("sync",)]


def _wait(until: Callable[[], bool], patience: float = 60.0) -> None:
    end = time.monotonic() + patience
    while not until():
        if time.monotonic() > end:
            raise TimeoutError("the standby did not come up")
        time.sleep(0.1)
