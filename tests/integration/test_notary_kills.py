"""A notary killed at every step, or frozen while another takes over and thawed then.

Whatever is published at any moment is what the ledger says, and the next start goes on from there.
"""

from pathlib import Path

import pytest

from jejak_lrs.database import Database
from tests import services
from tests.integration.test_redrive import wait_until_stopped
from tests.signing import Site

pytestmark = [pytest.mark.integration, pytest.mark.kills]

KILLS = [  # before and after each rename: of full tiles, partial ones, and both checkpoints
    "log.before-rename:1",
    "log.after-rename:2",
    "log.before-rename:5",
    "log.before-checkpoint:1",
    "log.after-checkpoint:1",
    "log.before-checkpoint:2",
    "log.before-rename:12",
    "log.after-checkpoint:2",
    "follower.before-commit:3",
    "follower.after-commit:2",
]
FREEZES = ["log.before-checkpoint:2", "follower.after-commit:3"]


@pytest.fixture
def site(database: services.Database, writer: Database, tmp_path: Path) -> Site:
    writer.close()
    return Site(database, tmp_path / "log")


def test_after_kills_at_every_step_the_next_start_goes_on(site: Site) -> None:
    struck = 0
    for spec in KILLS:
        site.happen(270, 3)
        struck += site.killed(site.start(spec))
        assert site.wrong() == [], spec
    assert struck == len(KILLS)
    site.finish()
    assert site.wrong() == []
    assert [site.head(tree).size for tree in ("records", "outcomes")] == [2700, 30]
    kept = dict(site.table())
    assert kept == {"records": 2700, "outcomes": 30}


@pytest.mark.parametrize("spec", FREEZES)
def test_a_frozen_notary_that_thaws_writes_over_nothing(site: Site, spec: str) -> None:
    site.happen(300, 3)
    zombie = site.start(f"{spec}:stop")
    wait_until_stopped(zombie.pid)
    site.happen(300, 3)
    site.finish()
    before = site.files()
    zombie.thaw()
    assert site.ended(zombie) == 1
    assert site.wrong() == []
    assert site.head().size == 600
    after = site.files()
    assert {path: after[path] for path in before} == before
    assert "Fenced" in site.said_in.read_text("utf-8")
    site.finish()
