"""docs/auditing.md: the program that checks every seal, as an auditor would run it."""

import hashlib
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from jejak_lrs.database import Connection, Database
from jejak_lrs.ledger import appending
from tests import rows, services

pytestmark = pytest.mark.integration

PAGE = (Path(__file__).parents[2] / "docs" / "auditing.md").read_text("utf-8")


def checked(database: services.Database) -> str:
    """What the page's program says, as the auditor."""
    (program,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"AUDITOR": database.dsn("jejak_auditor")},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_program_finds_what_a_superuser_changed(
    database: services.Database, writer: Database, superuser: Connection
) -> None:
    appending.append(writer, rows.batch([rows.row(offset) for offset in range(3)]))
    assert checked(database) == "3 positions, wrong at none"

    superuser.execute("ALTER TABLE record_p0 DISABLE TRIGGER ALL")
    superuser.execute("UPDATE record_p0 SET party = 'bkn' WHERE position = 1")
    assert checked(database) == "3 positions, wrong at [1]"

    superuser.execute("DELETE FROM record_p0 WHERE position = 1")
    assert checked(database) == "3 positions, wrong at [2]"


def test_the_pages_worked_example_is_true() -> None:
    (example,) = re.findall(r"```\n(01  .*?)```", PAGE, re.DOTALL)
    *fields, said = example.strip().splitlines()
    encoded = bytes.fromhex(
        "".join(re.match(r"(?:[0-9a-f]{2}\s+)+", line)[0] for line in fields if line)  # type: ignore[index]
    )
    assert said.split() == ["SHA-256", hashlib.sha256(encoded).hexdigest()]
