"""One nation for all end-to-end tests: a home that is up, with everything sent and settled."""

import json
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from jejak import cli, settings
from jejak.demo.play import Told, cast, play
from jejak.demo.stage import Stage, catch_up, looped, staged
from jejak_lrs import database, roles
from jejak_lrs.ledger import quarantine
from tests import services


@dataclass(frozen=True)
class Played:
    """A nation that has been played: the stage, still up, what every party was told, and what
    lay in quarantine then, by (status, reason).
    """  # noqa: D205

    stage: Stage
    told: Told
    quarantined: Mapping[tuple[str, str], int]

    def connect(self, role: str) -> database.Connection:
        """A connection as one of our roles."""
        return database.connect(self.stage.services.dsn(role))

    def connect_superuser(self) -> database.Connection:
        """A connection that may do anything, as somebody who broke in would have."""
        services = self.stage.services
        password = services.secrets.get(f"postgres-{services.superuser}")
        return database.connect(
            services.postgres.dsn(services.superuser, password, services.database)
        )

    def catch_up(self) -> None:
        """Wait until everything recorded is folded and told."""
        catch_up(self.stage)


@pytest.fixture(scope="session")
def stage(request: pytest.FixtureRequest) -> Iterator[Stage]:
    """Everything up in a home of its own; with SERVICES=containers only the loops are."""
    if not services.in_containers():
        with staged(None, quiet) as embedded:
            yield embedded
        return
    kafka, postgres = map(request.getfixturevalue, ("kafka", "postgres"))
    with tempfile.TemporaryDirectory(prefix="jejak-e2e-") as folder:
        home = services.home_on(kafka, postgres, Path(folder))
        with looped(home, settings.load(home), quiet) as contained:
            yield contained


def quiet(_: str) -> None:
    """Say nothing."""


@pytest.fixture(scope="session")
def played(stage: Stage) -> Played:
    told = Told()
    with cast(stage.home) as actors:
        play(actors, stage.nation.phases(), told, quiet, stage.tend)
    catch_up(stage)
    with closing(database.connect(stage.services.dsn(roles.AUDITOR))) as connection:
        quarantined = quarantine.counts(connection)
    return Played(stage, told, quarantined)


@dataclass(frozen=True)
class Said:
    """What a command said, and the code it ended with."""

    code: int
    out: str
    err: str

    def document(self) -> Any:
        """Its one JSON document."""
        return json.loads(self.out)

    def lines(self) -> list[Any]:
        """Its JSON Lines."""
        return [json.loads(line) for line in self.out.splitlines()]


Jejak = Callable[..., Said]


@pytest.fixture
def jejak(played: Played, capsys: pytest.CaptureFixture[str]) -> Jejak:
    """Run `jejak WORDS --home (the nation's)`, as the command's own process would."""

    def run(*words: str) -> Said:
        capsys.readouterr()
        code = cli.run([*words, "--home", str(played.stage.home.path)], debug=False)
        said = capsys.readouterr()
        return Said(code, said.out, said.err)

    return run
