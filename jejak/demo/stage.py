"""Sets the stage: services with loops on them, and the nation's institutions added.

Either everything is started in a home of its own, or it is what others run.
"""

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from jejak import processes, provisioning, registrar
from jejak import settings as settings_module
from jejak.demo.play import Tell
from jejak.errors import Fatal, Misuse, Refuse
from jejak.home import Home
from jejak.services import Services
from jejak.settings import Settings
from jejak_lrs import cursor, database, roles
from jejak_lrs.answers import figures
from jejak_lrs.competency import ruleset
from jejak_lrs.ledger import history, standing
from jejak_lrs.projection import profiles, refolding
from jejak_producers.simulate import Nation, nation

SEED = 2026
PATIENCE = 120.0  # seconds for the followers to catch up
FOLLOWERS = ("projector", "publisher-receipts")
CHANGES = "publisher-changes"


@dataclass(frozen=True, slots=True)
class Stage:
    """The services, the nation that plays on them, and a home with its parties' credentials.

    `tend` looks after the loops where they are ours; call it while waiting for them.
    """

    services: Services
    nation: Nation
    home: Home
    tend: Callable[[], None]


@contextmanager
def staged(path: Path | None, tell: Tell) -> Iterator[Stage]:
    """Start everything in a new home (or `path`), add the parties; stop all at the end.

    Misuse where settings name services of others.
    """
    with _folder(path) as folder:
        home = Home(folder)
        chosen = settings_module.load(home)
        if not chosen.embedded:
            raise Misuse("the settings name services of others: unset them, or add --external")
        with looped(home, chosen, tell) as stage:
            yield stage


@contextmanager
def looped(home: Home, settings: Settings, tell: Tell) -> Iterator[Stage]:
    """Bring `home` up and add the parties; stop what was started at the end."""
    with processes.running(home, settings, tell=tell) as up:
        yield Stage(up.services, _peopled(home, up.services, tell), home, up.tend)


@contextmanager
def external(services: Services, tell: Tell) -> Iterator[Stage]:
    """Add the parties to services and loops that others run; nothing is started or stopped.

    Refuse where the ledger holds records already: the demo's would stay among them for good.
    """
    _refuse_records(services)
    # The parties play from here, so they reach both services as we do.
    here = replace(
        services, public_servers=services.bootstrap_servers, public_postgres=services.postgres
    )
    with _folder(None) as folder:
        home = Home(folder)
        home.make()
        yield Stage(here, _peopled(home, here, tell), home, lambda: None)


def _refuse_records(services: Services) -> None:
    with closing(database.connect(services.dsn(roles.READER))) as connection:
        if standing.outcomes(connection).recorded:
            raise Refuse(
                "this ledger holds records already, and the demo's would stay among them for good: "
                "it wants services of its own"
            )


def _peopled(home: Home, services: Services, tell: Tell) -> Nation:
    """Add the nation's institutions; credentials go into `home`."""
    made = nation(SEED, documents=ruleset.shipped)
    began = time.monotonic()
    parties = [provisioning.NewParty(p.code, p.name, p.roles) for p in made.parties]
    declare = registrar.declaring(services)
    provisioning.add_parties(services, home.credentials, parties, declare)
    tell(f"{len(parties)} institutions added, {time.monotonic() - began:.1f} s")
    return made


def catch_up(stage: Stage) -> None:
    """Wait until projector and publisher stand where the ledger stands."""
    deadline = time.monotonic() + PATIENCE
    with closing(database.connect(stage.services.dsn(roles.READER))) as connection:
        while not _caught_up(connection):
            stage.tend()
            if time.monotonic() > deadline:
                raise Fatal(f"the loops did not catch up; see {stage.home.logs}")
            time.sleep(0.1)


def _caught_up(connection: database.Connection) -> bool:
    end = history.head(connection).next_position - 1
    if any(cursor.read(connection, name).position < end for name in FOLLOWERS):
        return False
    if refolding.backlog(connection, profiles.active_generation(connection)):
        return False
    last = profiles.last_change(connection)
    return all(cursor.read(connection, name).position >= last for name in (CHANGES, figures.NAME))


@contextmanager
def _folder(path: Path | None) -> Iterator[Path]:
    if path is not None:
        if path.exists() and any(path.iterdir()):
            raise Refuse(f"{path} is not empty: the demo wants a new home of its own")
        yield path.expanduser().absolute()
        return
    with tempfile.TemporaryDirectory(prefix="jejak-demo-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)
