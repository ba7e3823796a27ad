"""A writer killed at every durable step, again and again: nothing is lost, nothing doubled."""

import signal
import subprocess
import sys
from pathlib import Path
from uuid import UUID

import pytest

from jejak_lrs.database import Connection, Database
from jejak_lrs.ledger import books, history
from tests import services

pytestmark = [pytest.mark.integration, pytest.mark.kills]

MESSAGES = 24
# A recorder without Kafka: goes on from the stored offset, three messages a batch.
WRITER = """
import sys
from uuid import UUID
from jejak_lrs import failpoint
from jejak_lrs.database import Database
from jejak_lrs.ledger import appending, inboxes
from tests import rows

dsn, spec, messages = sys.argv[1], sys.argv[2], int(sys.argv[3])
failpoint.arm(failpoint.parse(spec))
writer = Database(dsn)
key = (rows.TOPIC, 0)
while (start := inboxes.stored_offsets(writer.connection, [key])[key].next_offset) < messages:
    items = [rows.row(n, statement_id=UUID(int=n + 1)) for n in range(start, start + 2)]
    appending.append(writer, rows.batch([*items, rows.refused(start + 2)], start=start))
"""
POINTS = ["append.before-copy", "append.after-copy", "append.before-commit", "append.after-commit"]


def run(dsn: str, spec: str) -> int:
    root = Path(__file__).parents[2]
    command = [sys.executable, "-c", WRITER, dsn, spec, str(MESSAGES)]
    return subprocess.run(command, cwd=root, check=False).returncode


@pytest.mark.usefixtures("writer")
def test_every_message_is_there_once_after_kills_at_every_step(
    database: services.Database, writer: Database, superuser: Connection
) -> None:
    dsn = database.dsn("jejak_writer")

    codes = [run(dsn, f"{point}:{hit}") for hit in (1, 2) for point in POINTS]
    last = run(dsn, "never")

    recorded = history.records(writer.connection, -1, 999)
    ids = [UUID(int=n + 1) for n in range(MESSAGES) if n % 3 != 2]
    assert codes == [-signal.SIGKILL] * len(codes)
    assert last == 0
    assert [record.position for record in recorded] == list(range(len(ids)))
    assert [record.statement_id for record in recorded] == ids
    assert len(history.outcomes(writer.connection, -1, 999)) == MESSAGES // 3
    assert all(balance.balanced for balance in books.balance(writer.connection))
    assert superuser.execute("SELECT count(*) FROM statement_key").fetchone() == (len(ids),)
