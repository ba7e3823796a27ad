"""`jejak run notary`, `jejak key` and `jejak run log-server`, as an operator meets them."""

import json
import shutil
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from jejak import cli, keys
from jejak.addresses import DATABASE
from jejak.home import Home
from jejak_lrs import roles
from jejak_lrs.database import Database
from jejak_lrs.ledger import inboxes
from jejak_lrs.notary.publishedlog import said
from jejak_lrs.tlog import note
from jejak_lrs.tlog.note import Verifier
from tests import rows, services
from tests.signing import Site
from tests.waiting import until
from tests.watched import get

pytestmark = [pytest.mark.integration, pytest.mark.kills]


class Run:
    """`jejak run WHAT`, as a process."""

    def __init__(self, home: Home, what: str) -> None:
        command = [sys.executable, "-m", "jejak", "run", what, "--home", str(home.path)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def end(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.communicate(timeout=60)
        assert self.process.returncode == 0

    def refused(self) -> str:
        """What it says when it stops by itself, for an operator."""
        _, complaint = self.process.communicate(timeout=90)
        assert self.process.returncode == 4
        return complaint.decode()


@pytest.fixture
def site(external_home: Home, postgres: services.Postgres, template: services.Database) -> Site:
    assert cli.run(["prepare", "--home", str(external_home.path)], debug=False) == 0
    own = services.Database(postgres, DATABASE, template.passwords)
    with closing(Database(own.dsn(roles.WRITER))) as writer:
        inboxes.open_inbox(
            writer.connection, topic_id=rows.TOPIC, topic=rows.TOPIC_NAME, partitions=1, party="lan"
        )
    held = keys.load(external_home.secrets, {})
    return Site(own, external_home.log, keys=held, base="jejak.localhost")


def test_an_operators_day_with_the_notary(
    external_home: Home, site: Site, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def answer(*words: str, code: int = 0) -> str:
        capsys.readouterr()
        assert cli.run([*words, "--home", str(external_home.path)], debug=False) == code
        return capsys.readouterr().out

    def signs(size: int) -> None:
        notary = Run(external_home, "notary")
        until(lambda: (site.folder / "checkpoint").exists() and site.head().size == size)
        until(lambda: ("records", size) in site.table())
        notary.end()

    site.happen(3, 1)
    signs(3)
    before = said(site.head())
    shutil.copytree(site.folder, tmp_path / "older")
    site.happen(3)
    signs(6)
    after = said(site.head())

    # What is shown of it.
    shown = json.loads(answer("key", "show", "--json"))["keys"]
    assert [one["log"] for one in shown] == ["records", "outcomes", "looks"]
    signed = (site.folder / "checkpoint").read_text("utf-8")
    assert note.opened(signed, Verifier.parse(shown[0]["key"])) == site.head().text()
    # The inbox has a row and no topic here, so its partition is stopped: 4.
    checkpoints = json.loads(answer("status", "--json", code=4))["checkpoints"]
    assert {tree: one["size"] for tree, one in checkpoints.items()} == {"records": 6, "outcomes": 1}
    if shutil.which("openssl"):
        assert verified_by_openssl(tmp_path, answer("key", "show", "--pem"), signed)

    # A server of its own for it.
    server = Run(external_home, "log-server")
    assert server.process.stderr is not None
    url = server.process.stderr.readline().decode().split()[-1]
    assert get(f"{url}/checkpoint").text == signed
    server.end()

    # An older folder, and a key that others may read.
    shutil.rmtree(site.folder)
    shutil.copytree(tmp_path / "older", site.folder)
    complaint = Run(external_home, "notary").refused()
    assert before in complaint
    assert after in complaint
    (external_home.secrets.folder / keys.NAME).chmod(0o644)
    assert "chmod 600" in Run(external_home, "notary").refused()
    assert site.head().size == 3


def verified_by_openssl(folder: Path, pem: str, signed: str) -> bool:
    """Whether openssl agrees with a checkpoint's signature."""
    text, (signature, *_) = note.parts(signed)
    (folder / "key.pem").write_text(pem)
    (folder / "text").write_text(text, "utf-8")
    (folder / "signature").write_bytes(signature.signature)
    command = "openssl pkeyutl -verify -rawin -pubin -inkey key.pem -sigfile signature -in text"
    return subprocess.run(command.split(), cwd=folder, check=False).returncode == 0
