"""Replay, comparison, evidence and exceptions on a standby: they only read."""

import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import date
from pathlib import Path
from uuid import UUID

import psycopg
import pytest

from jejak.embedded.account import unprivileged
from jejak.embedded.ports import free_port
from jejak.embedded.postgres import EmbeddedPostgres, programs
from jejak_lrs import roles
from jejak_lrs.bundle.making import make
from jejak_lrs.bundle.verifying import verify
from jejak_lrs.database import Database, reading
from jejak_lrs.exceptions import survey, thresholds
from jejak_lrs.projection.projecting import Projector
from jejak_lrs.replay.comparing import compare
from jejak_lrs.replay.replays import Replay
from jejak_lrs.replay.selection import Selection
from tests import published, services, world
from tests.recorded import record
from tests.world import PERSON, course, registered

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(services.in_containers(), reason="copies the embedded server's folder"),
]


class Standby(EmbeddedPostgres):
    """One that answers while it stands by, which `jejak up` never wants."""

    def _options(self) -> list[str]:
        return [*EmbeddedPostgres._options(self), "-c", "hot_standby=on"]


@contextmanager
def standby(server: services.Postgres, folder: Path) -> Iterator[EmbeddedPostgres]:
    """A hot standby from a base backup, as it stood then."""
    account = unprivileged(programs() / "pg_basebackup")
    account.own(folder)
    backup = str(programs() / "pg_basebackup")
    copy = [backup, "-d", server.dsn(), "-D", str(folder / "data"), "-c", "fast"]
    subprocess.run([*account.prefix, *copy], check=True, cwd="/")
    (folder / "data" / "standby.signal").touch()
    made = Standby(folder, free_port(), server.password, folder.with_suffix(".log"))
    made.start()
    try:
        yield made
    finally:
        made.stop()


def test_everything_that_reads_reads_from_a_standby(
    writer: Database, database: services.Database, tmp_path_factory: pytest.TempPathFactory
) -> None:
    record(writer, *world.usual(), registered(), course("2024-01-05"))
    with closing(psycopg.connect(database.dsn(roles.PROJECTOR), autocommit=True)) as connection:
        while Projector().project(connection, 100):
            pass
    folder = tmp_path_factory.mktemp("standby")
    log = published.publish(writer.connection, folder / "log")
    live = Replay(database.dsn(roles.READER)).look(Selection())
    (folder / "postgres").mkdir()
    with standby(database.server, folder / "postgres") as server:
        dsn = server.address.dsn(roles.AUDITOR, database.passwords[roles.AUDITOR], database.name)
        with closing(reading(dsn)) as connection:
            assert connection.execute("SELECT pg_is_in_recovery()").fetchone() == (True,)
            (compared,) = compare(connection)
            made = make(connection, Selection(people=(UUID(str(PERSON.person_id)),)), log)
        assert Replay(dsn).look(Selection()) == live
        assert Replay(dsn).write_lines(Selection(), folder / "all.jsonl") == live
        with survey.surveyed(dsn, thresholds.on(date(2026, 1, 1))) as report:
            assert report.counts["unregistered"] == 1
    assert (compared.equal, compared.person_id) == (True, UUID(str(PERSON.person_id)))
    assert verify(made.content).holds
