"""Disks that are full: under the records alone, and under everything that PostgreSQL writes."""

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from random import Random
from typing import Any, Final

import psutil  # type: ignore[import-untyped]
import psycopg
from psycopg import sql

from jejak.embedded.account import unprivileged
from jejak.embedded.postgres import programs
from tests.torture.house import House, run_aside, running_process

_SPACE: Final = sql.Identifier("torture_small")
_UNLIMITED: Final = "unlimited"
_MEBIBYTE: Final = 1 << 20


def fill_records_disk(house: House, chosen: Random) -> None:
    """The records lie on a tmpfs, which fills up for some seconds (a mount: needs root).

    PostgreSQL says so and lives on. Where we may not mount, the limit on file sizes must do.
    """
    if os.geteuid() != 0:
        limit_files(house, chosen)
        return
    with _small_disk(house) as disk, _records_on(house, disk / "space"):
        ballast = disk / "ballast"
        try:
            _fill(ballast)
            time.sleep(chosen.uniform(1, 3))
        finally:
            ballast.unlink()


def limit_files(house: House, chosen: Random) -> None:
    """No file of PostgreSQL may grow past a limit, the WAL's neither, for some seconds.

    PostgreSQL stops its backends over it, or itself, as where the disk of its WAL is full. A full
    disk leaves its shared memory alone, and so must this: see `house.keep_memory_out_of_files`.
    """
    server = house.up.embedded.postgres
    process = running_process(server.process)
    _limit(process.process.pid, str(chosen.choice((65_536, 1_048_576, 4_194_304))))
    time.sleep(chosen.uniform(1, 3))
    _limit(process.process.pid, _UNLIMITED)
    time.sleep(0.5)
    if process.running:
        server.wait_until_ready(60.0)
    else:
        server.start()


@contextmanager
def _small_disk(house: House) -> Iterator[Path]:
    disk = house.up.home.path / "small-disk"
    account = unprivileged(programs() / "postgres")
    account.own(disk)
    run_aside(["mount", "-t", "tmpfs", "-o", "size=256m,mode=755", "tmpfs", str(disk)])
    try:
        account.own(disk / "space")
        yield disk
    finally:
        run_aside(["umount", str(disk)])


@contextmanager
def _records_on(house: House, folder: Path) -> Iterator[None]:
    """The records lie in a folder, and at the end where they were, however it ends."""
    place = sql.Literal(str(folder))
    with house.superuser() as connection:
        connection.execute(sql.SQL("CREATE TABLESPACE {} LOCATION {}").format(_SPACE, place))
        try:
            _move(connection, _SPACE)
            yield
        finally:
            _move(connection, sql.Identifier("pg_default"))
            connection.execute(sql.SQL("DROP TABLESPACE {}").format(_SPACE))


def _move(connection: psycopg.Connection[Any], space: sql.Identifier) -> None:
    found = connection.execute(
        "SELECT relname FROM pg_class WHERE relispartition AND relkind = 'r' AND oid IN"
        " (SELECT inhrelid FROM pg_inherits WHERE inhparent = 'record'::regclass)"
    ).fetchall()
    for (name,) in found:
        table = sql.Identifier(name)
        connection.execute(sql.SQL("ALTER TABLE {} SET TABLESPACE {}").format(table, space))


def _fill(ballast: Path) -> None:
    with suppress(OSError), ballast.open("wb", buffering=0) as file:
        while file.write(bytes(_MEBIBYTE)) == _MEBIBYTE:
            pass


def _limit(pid: int, size: str) -> None:
    account = unprivileged(programs() / "postgres").prefix
    top = psutil.Process(pid)
    for each in (top, *top.children(recursive=True)):
        try:
            run_aside([*account, "prlimit", "--pid", str(each.pid), f"--fsize={size}:{_UNLIMITED}"])
        except subprocess.CalledProcessError:  # it has ended meanwhile
            if each is top and each.is_running():
                raise
