"""Sets the stage: a home of its own that is up, with the nation's institutions in it."""

import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from jejak import processes, provisioning, registrar
from jejak import settings as settings_module
from jejak.demo.play import Tell
from jejak.errors import Fatal, Refuse
from jejak.home import Home
from jejak_lrs import cursor, database, evidence, history, profiles, roles
from jejak_lrs.competency import ruleset
from jejak_producers.simulate import Nation, nation

SEED = 2026
PATIENCE = 120.0  # seconds for the followers to catch up
FOLLOWERS = ("projector", "publisher-receipts")
CHANGES = "publisher-changes"


@dataclass(frozen=True, slots=True)
class Stage:
    """A home that is up, and the nation that plays in it."""

    up: processes.Up
    nation: Nation

    @property
    def home(self) -> Home:
        """The demo's own home."""
        return self.up.home


@contextmanager
def staged(path: Path | None, tell: Tell) -> Iterator[Stage]:
    """Start everything in a new home (or `path`), add the parties; stop all at the end."""
    with _folder(path) as folder:
        home = Home(folder)
        with processes.running(home, settings_module.load(home), tell=tell) as up:
            made = nation(SEED, documents=ruleset.shipped)
            began = time.monotonic()
            parties = [provisioning.NewParty(p.code, p.name, p.roles) for p in made.parties]
            declare = registrar.declaring(up.services)
            provisioning.add_parties(up.services, home.credentials, parties, declare)
            tell(f"{len(parties)} institutions added, {time.monotonic() - began:.1f} s")
            yield Stage(up, made)


def catch_up(stage: Stage) -> None:
    """Wait until projector and publisher stand where the ledger stands."""
    deadline = time.monotonic() + PATIENCE
    with closing(database.connect(stage.up.services.dsn(roles.READER))) as connection:
        while not _caught_up(connection):
            stage.up.tend()
            if time.monotonic() > deadline:
                raise Fatal(f"the loops did not catch up; see {stage.home.logs}")
            time.sleep(0.1)


def _caught_up(connection: database.Connection) -> bool:
    end = history.head(connection).next_position - 1
    if any(cursor.read(connection, name).position < end for name in FOLLOWERS):
        return False
    if evidence.backlog(connection, profiles.active_generation(connection)):
        return False
    return cursor.read(connection, CHANGES).position >= profiles.last_change(connection)


@contextmanager
def _folder(path: Path | None) -> Iterator[Path]:
    if path is not None:
        if path.exists() and any(path.iterdir()):
            raise Refuse(f"{path} is not empty: the demo wants a new home of its own")
        yield path.expanduser().absolute()
        return
    with tempfile.TemporaryDirectory(prefix="jejak-demo-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)
