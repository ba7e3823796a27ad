"""Witnesses: another process, written from the specification, signs what it has seen go on."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from jejak_consumers.errors import WitnessAway
from jejak_consumers.follower import Follower
from jejak_consumers.notary import Notarising
from jejak_consumers.witness import Witness, ask
from jejak_consumers.witnesses import Answer, Witnesses
from jejak_lrs import roles
from jejak_lrs.database import Database
from jejak_lrs.errors import Inconsistent
from jejak_lrs.ledger import history
from jejak_lrs.notary import checkpoints
from jejak_lrs.notary.checkpoints import OUTCOMES, RECORDS
from jejak_lrs.notary.notary import Notary
from jejak_lrs.notary.publishedlog import said
from jejak_lrs.tlog import note
from jejak_lrs.tlog.errors import Malformed
from jejak_lrs.tlog.note import Signer
from tests import services
from tests.signing import BASE, KEYS, Site

pytestmark = pytest.mark.integration

NAME, SEED = "witness.example/w1", "07" * 32


@dataclass
class Process:
    """A witness that runs, and can be ended and started again."""

    folder: Path
    vkeys: list[str]
    running: "subprocess.Popen[str] | None" = None
    witness: Witness = field(init=False)

    def start(self) -> None:
        state = str(self.folder / "witness.json")
        self.running = subprocess.Popen(
            [sys.executable, "-m", "tests.witness", state, NAME, SEED, *self.vkeys],
            cwd=Path(__file__).parents[2], stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self.running.stdout is not None
        url, vkey = (self.running.stdout.readline().strip() for _ in range(2))
        self.witness = Witness.parse(f"{url} {vkey}")

    def end(self) -> None:
        if self.running is not None:
            with self.running:
                self.running.kill()
            self.running = None


@pytest.fixture
def site(database: services.Database, writer: Database, tmp_path: Path) -> Site:
    writer.close()
    return Site(database, tmp_path / "log")


@pytest.fixture
def process(site: Site, tmp_path: Path) -> Iterator[Process]:
    """A witness that knows the logs of the site's epoch."""
    with closing(Database(site.own.dsn(roles.READER))) as reader:
        origins = checkpoints.origins(BASE, history.head(reader.connection).epoch)
    vkeys = [str(KEYS.signer(origin).verifier) for origin in origins.values()]
    made = Process(tmp_path, vkeys)
    made.start()
    yield made
    made.end()


@dataclass
class Loop:
    """A notary with witnesses, turned by hand."""

    site: Site
    witnesses: Witnesses
    work: Notarising = field(init=False)
    follower: Follower[object] = field(init=False)

    def __post_init__(self) -> None:
        notary = Notary(self.site.folder, BASE, KEYS)
        self.work = Notarising(notary, lambda _epoch, _logs: {}, self.witnesses, every=0.0)
        self.follower = Follower(Database(self.site.own.dsn(roles.NOTARY)), self.work)

    def turn_until(self, true: Callable[[], bool], seconds: float = 60.0) -> None:
        end = time.monotonic() + seconds
        while not true():
            assert time.monotonic() < end, "waited in vain"
            if not self.follower.step():
                time.sleep(0.02)

    def sizes(self) -> dict[str, int]:
        """What the witness has signed of each tree, as the database keeps it."""
        with closing(Database(self.site.own.dsn(roles.READER))) as reader:
            found = reader.connection.execute(
                "SELECT tree, max(size) FROM cosignature WHERE witness = %s GROUP BY 1", [NAME]
            )
            return dict(found.fetchall())

    def names(self, below: str = "") -> list[str]:
        """Who has signed the checkpoint that is published."""
        path = self.site.folder / below / "checkpoint"
        if not path.exists():
            return []
        return [each.name for each in note.parts(path.read_text("utf-8"))[1]]


@pytest.fixture
def loop(site: Site, process: Process) -> Iterator[Loop]:
    made = Loop(site, Witnesses([process.witness], patience=5.0))
    yield made
    made.follower.database.close()


def test_a_cosignature_is_put_under_the_checkpoint_and_kept(
    site: Site, process: Process, loop: Loop
) -> None:
    for records, refusals in ((3, 1), (300, 2)):
        site.happen(records, refusals)
        assert loop.follower.step()
        loop.turn_until(lambda: NAME in loop.names() and NAME in loop.names(OUTCOMES))
        signed = (site.folder / "checkpoint").read_text("utf-8")
        head = site.head()
        log_key = KEYS.signer(head.origin).verifier
        assert note.signed_by(signed, log_key, process.witness.verifier) == [
            log_key, process.witness.verifier,
        ]  # fmt: skip
    assert loop.sizes() == {RECORDS: 303, OUTCOMES: 3}
    assert site.wrong() == []


def test_a_witness_that_is_away_delays_nothing_and_signs_when_it_is_back(
    site: Site, process: Process, loop: Loop
) -> None:
    site.happen(3)
    loop.turn_until(lambda: NAME in loop.names())
    process.end()
    for _ in range(3):
        site.happen(3)
        assert loop.follower.step()
    assert site.head().size == 12
    assert loop.names() == [site.head().origin]
    away = process.witness.url
    process.start()
    # Back at another port, so a new notary; it asks about what was signed meanwhile.
    assert process.witness.url != away
    again = Loop(site, Witnesses([process.witness]))
    again.turn_until(lambda: NAME in again.names())
    again.follower.database.close()


def test_a_notary_goes_on_without_its_own_memory_of_the_witness(
    site: Site, process: Process, loop: Loop
) -> None:
    site.happen(3)
    loop.turn_until(lambda: NAME in loop.names())
    site.happen(3)
    again = Loop(site, Witnesses([process.witness]))
    again.turn_until(lambda: site.head().size == 6 and NAME in again.names())
    again.turn_until(lambda: again.names().count(NAME) == 1)
    again.follower.database.close()


def test_a_witness_that_saw_more_stops_a_notary_that_was_set_back(
    site: Site, process: Process, loop: Loop, tmp_path: Path
) -> None:
    site.happen(3)
    with services.copied(site.own) as own:  # before anything was signed
        site.happen(3)
        loop.turn_until(lambda: NAME in loop.names())
        seen = said(site.head())
        back = Loop(Site(own, tmp_path / "back"), Witnesses([process.witness]))
        with pytest.raises(Inconsistent) as caught:
            back.turn_until(lambda: False)
        assert seen in str(caught.value)
        assert NAME in str(caught.value)
        assert not (tmp_path / "back" / "checkpoint").exists()
        # It went on, and is longer now: still not the beginning of what was seen.
        back.site.happen(9)
        back.site.sign()
        further = Loop(back.site, Witnesses([process.witness]))
        with pytest.raises(Inconsistent) as caught:
            further.turn_until(lambda: False)
        assert seen in str(caught.value)
        assert said(back.site.head()) in str(caught.value)
        for each in (back, further):
            each.follower.database.close()


def test_answers_that_are_no_cosignature_are_nobodys(site: Site, process: Process) -> None:
    site.happen(3)
    site.sign()
    with site.opened() as (notary, _):
        log = notary.logs[RECORDS]
        assert log.head is not None
        stranger = Signer.new(NAME).verifier
        other = Witness(process.witness.url, type(stranger)(NAME, stranger.public, 4))
        with pytest.raises(WitnessAway, match="no valid cosignature"):
            ask(other, log.head, log, 0)
        unknown = Witness(f"{process.witness.url}/elsewhere", process.witness.verifier)
        with pytest.raises(WitnessAway, match="answers 404"):
            ask(unknown, log.head, log, 0)
        line = ask(process.witness, log.head, log, 2)  # what we believed of it was wrong
        assert line.startswith(f"— {NAME} ")
        assert list(Witnesses().answers()) == list[Answer]()


def test_a_setting_that_is_no_witness_is_refused() -> None:
    vkey = str(Signer.new(NAME).verifier)
    for wrong in ("", "https://w.example", f"ftp://w.example {vkey}", f"https://w.example {vkey}"):
        with pytest.raises(Malformed):
            Witness.parse(wrong)
