"""The published log, read by a program that is not ours: Go's own note and tlog packages.

Opt-in (`make test-log-go`): needs Go.
"""

import shutil
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from jejak_lrs import roles
from jejak_lrs.database import Database
from jejak_lrs.ledger import inboxes
from jejak_lrs.notary.checkpoints import LOOKS, OUTCOMES
from tests import rows, services
from tests.signing import Site
from tests.torture.notary import torture

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(shutil.which("go") is None, reason="there is no Go here"),
]

PROJECT = Path(__file__).parent / "log-go"


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The checker, built once."""
    built = tmp_path_factory.mktemp("go") / "log"
    subprocess.run(["go", "build", "-o", built, "."], cwd=PROJECT, check=True)
    return built


@pytest.fixture
def site(database: services.Database, tmp_path: Path) -> Site:
    with closing(Database(database.dsn(roles.WRITER))) as writer:
        inboxes.open_inbox(
            writer.connection, topic_id=rows.TOPIC, topic=rows.TOPIC_NAME, partitions=2, party="lan"
        )
    return Site(database, tmp_path / "log")


def said(program: Path, folder: Path, vkey: str, *former: Path) -> str:
    """What the checker says; its complaint where it does not agree."""
    done = subprocess.run(
        [program, folder, vkey, *former], capture_output=True, text=True, check=False
    )
    return done.stdout.strip() if done.returncode == 0 else f"no: {done.stderr.strip()}"


def test_go_verifies_every_proof_of_both_logs(site: Site, program: Path, tmp_path: Path) -> None:
    former: list[Path] = []
    for number, (records, refusals) in enumerate([(1, 1), (254, 3), (1, 0), (300, 300), (700, 1)]):
        if number:
            former.append(tmp_path / f"checkpoint-{number}")
            shutil.copy(site.folder / "checkpoint", former[-1])
        site.happen(records, refusals)
        site.sign()
    site.look(3)
    site.sign()
    keys = (site.folder / "keys").read_text("utf-8").split()
    records_key, outcomes_key, looks_key = keys
    assert said(program, site.folder, records_key, *former) == "1256 entries, 4 former checkpoints"
    outcomes = site.folder / OUTCOMES
    assert said(program, outcomes, outcomes_key) == "305 entries, 0 former checkpoints"
    assert said(program, site.folder / LOOKS, looks_key) == "3 entries, 0 former checkpoints"
    # And it can say no.
    assert said(program, site.folder, outcomes_key).startswith("no: note has no verifiable")
    assert said(program, outcomes, outcomes_key, former[0]).startswith("no: ")
    for path in ("tile/0/004.p/232", "tile/1/000.p/4", "tile/entries/002", "checkpoint"):
        whole = (site.folder / path).read_bytes()
        (site.folder / path).write_bytes(whole[:-9] + bytes([whole[-9] ^ 1]) + whole[-8:])
        assert said(program, site.folder, records_key, *former).startswith("no: "), path
        (site.folder / path).write_bytes(whole)
    assert said(program, site.folder, records_key, *former).startswith("1256 entries")


def test_go_verifies_logs_whose_notary_was_killed_again_and_again(
    site: Site, program: Path
) -> None:
    assert torture(site, kills=25, seed=7, tell=print) == 0
    sizes = {name: len(entries) for name, entries in site.entries().items()}
    folders = (site.folder, site.folder / OUTCOMES, site.folder / LOOKS)
    keys = (site.folder / "keys").read_text("utf-8").split()
    for name, folder, key in zip(sizes, folders, keys, strict=True):
        assert said(program, folder, key) == f"{sizes[name]} entries, 0 former checkpoints"
