"""Forward-only migrations. `versions/` orders them; the bodies are plain SQL in `sql/`."""

from __future__ import annotations

from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from alembic import command, op
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from jejak_lrs import dictionaries, engine, errors
from jejak_lrs.ledger import references, verbs

if TYPE_CHECKING:
    from collections.abc import Iterator

# Any constant: two processes that start together queue on it.
_ADVISORY_LOCK = 0x4A454A414B  # "JEJAK"


def migrate(dsn: str) -> None:
    """Bring the database to the newest revision, in one transaction, with what records are read by.

    Args:
        dsn: of `jejak_migrator`, who may `SET ROLE jejak_owner` and owns nothing itself.

    Safe when two processes start together: the second waits, then finds nothing to do.

    Raises:
        Newer: the database has a revision that this Jejak does not know; nothing was changed.
    """
    with _as_owner(dsn) as connection:
        # A transaction lock, taken before the revision is read: READ COMMITTED then sees what
        # the other process did.
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})
        before, _ = _revisions(connection)
        command.upgrade(_config(connection), "head")
        plain = engine.psycopg_connection(connection)
        dictionaries.copy(plain)
        verbs.copy(plain)
        if before is not None and before < references.KEPT_SINCE:
            references.complete(plain)


def revisions(dsn: str) -> tuple[str | None, str | None]:
    """The database's revision (None: never migrated) and the newest one of this package.

    Raises:
        Newer: this package does not know the database's.
    """
    with _as_owner(dsn) as connection:
        return _revisions(connection)


def run_file(name: str) -> None:
    """Run `sql/<name>` as it is; called by a revision's `upgrade`.

    psycopg without parameters sends the text unparsed, so a body may hold many statements and
    percent signs.
    """
    body = resources.files(__package__).joinpath("sql", name).read_text("utf-8")
    engine.psycopg_connection(op.get_bind()).execute(body.encode())


def _revisions(connection: Connection) -> tuple[str | None, str | None]:
    here = MigrationContext.configure(connection).get_current_revision()
    known = ScriptDirectory.from_config(_config(connection))
    newest = known.get_current_head()
    if here is not None and here not in {script.revision for script in known.walk_revisions()}:
        raise errors.Newer(here, newest)
    return here, newest


@contextmanager
def _as_owner(dsn: str) -> Iterator[Connection]:
    with engine.connected(dsn) as connected, connected.begin() as connection:
        connection.execute(text("SET LOCAL ROLE jejak_owner"))
        yield connection


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("path_separator", "os")
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["connection"] = connection
    return config
