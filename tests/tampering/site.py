"""A ledger with something of everything, signed to its end, and what an auditor kept of it."""

import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import psycopg
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from jejak.loops import finisher
from jejak_consumers import system
from jejak_lrs import access, database
from jejak_lrs.audit.check import Report, check
from jejak_lrs.audit.logs import Kept, Published
from jejak_lrs.database import Connection
from jejak_lrs.erasure import act
from jejak_lrs.projection.projecting import Projector
from jejak_lrs.tlog import note
from jejak_schemas.events import DestructionApproved
from jejak_schemas.parts import Institution
from tests import services
from tests.integration.test_audit import THIRD_NIP, fill
from tests.integration.test_notary import KEYS, Site
from tests.integration.test_recorder import NIP, NOW, OTHER_NIP, House, completed, registered

AGENCY = Institution(code="2060", name="Setneg", roles=("agency",))
_WITNESSED_AT = 1_790_000_000
_SEED = Ed25519PrivateKey.from_private_bytes(b"\x07" * 32)
_MORE = 260  # records beside those of every kind: more than a tile


@dataclass
class Ledger:
    """The ledger, its log's folder, and a superuser who begins every deed anew."""

    own: services.Database
    folder: Path
    published: Published
    superuser: Connection

    def audited(self, *, profiles: bool = False) -> Report:
        """The whole check, as the superuser sees it in the middle of the deed."""
        sample = None if profiles else 0
        return check(self.superuser, published=self.published, profiles=sample)

    @contextmanager
    def undone(self) -> Iterator[None]:
        """What is done to the database is undone."""
        with self.superuser.transaction(force_rollback=True):
            yield


@contextmanager
def signed_ledger(own: services.Database, folder: Path) -> Iterator[Ledger]:
    """Make it; with the auditor's checkpoints in hand."""
    house, site = House(own, [AGENCY]), Site(own, folder / "log")
    try:
        _live(house, site)
    finally:
        house.ledger.close()
    kept = [
        Kept(f"{name} kept by the auditor", (site.folder / path).read_text())
        for name, path in (
            ("records", "checkpoint"),
            ("outcomes", "outcomes/checkpoint"),
            ("looks", "looks/checkpoint"),
        )
    ]
    shutil.copytree(site.folder, folder / "copy")
    published = Published(site.folder, tuple(KEYS.verifiers("jejak")), tuple(kept), (_witness(),))
    with closing(psycopg.connect(own.superuser_dsn, autocommit=True)) as superuser:
        yield Ledger(own, site.folder, published, superuser)


def _live(house: House, site: Site) -> None:
    for nip in (NIP, OTHER_NIP, THIRD_NIP):
        house.send(registered(nip))
    fill(house)
    people = (NIP, OTHER_NIP, THIRD_NIP)
    for number in range(_MORE):
        house.send(completed(people[number % 3], duration=number))
        if number in (40, 150):
            house.settle()
            _sign(site)
    house.send(
        DestructionApproved(
            occurred_at=NOW, party=AGENCY.code, decision="KEP-1", decided_on=NOW.date(),
            anri_consent="B-1", basis="schedule", since=(NOW - timedelta(days=9)).date(),
        )
    )  # fmt: skip
    house.settle()
    _erase(house)
    with closing(database.connect(house.own.dsn("jejak_auditor"))) as auditor:
        for number in range(9):
            access.record(auditor, who="siti", what=f"quarantine {number}", purpose="pengaduan")
    with closing(database.connect(house.own.dsn("jejak_projector"))) as projecting:
        projector = Projector()
        while projector.project(projecting, 1_000):
            pass
    _sign(site)


def _sign(site: Site) -> None:
    """By the notary and a witness."""
    site.sign()
    with site.opened() as (notary, connection):
        for one in [log.head for log in notary.logs.values() if log.head]:
            text, _ = note.parts(one.note)
            signed = b"cosignature/v1\ntime %d\n" % _WITNESSED_AT + text.encode()
            signature = _WITNESSED_AT.to_bytes(8, "big") + _SEED.sign(signed)
            line = note.Signature(_witness().name, _witness().key_id, signature)
            notary.cosign(connection, one.tree, one.checkpoint.size, str(line))


def _witness() -> note.Verifier:
    public = _SEED.public_key().public_bytes_raw()
    return note.Verifier("witness.example/w1", public, note.COSIGNATURE)


def _erase(house: House) -> None:
    """Some of the courses, from the middle."""
    connection = house.ledger.connection
    courses = connection.execute(
        "SELECT position FROM record WHERE event_type = 'CourseCompleted' AND position > 150 "
        "ORDER BY position LIMIT 9"
    ).fetchall()
    ((target,),) = connection.execute(
        "SELECT statement_id FROM record WHERE event_type = 'DestructionApproved'"
    ).fetchall()
    positions = [position for (position,) in courses]
    system.order_erasure(house.ledger, finisher(), target, positions, AGENCY.code, NOW)
    with closing(database.connect(house.own.dsn("jejak_eraser"))) as eraser:
        act.erase(eraser, act.orders(eraser)[-1].position)
