"""`jejak audit check` with the transparency log: what the database alone cannot show is found."""

from collections import deque
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from jejak_lrs.audit.check import check
from jejak_lrs.audit.logs import Kept, Published
from tests import services
from tests.integration.test_audit import fill
from tests.integration.test_notary import KEYS as SIGNING
from tests.integration.test_notary import Site
from tests.integration.test_recorder import OTHER_NIP, House, completed
from tests.tampering.deeds import DEEDS, silenced
from tests.tampering.deeds import KEYS as TABLES
from tests.tampering.run import Score, tamper
from tests.tampering.site import Ledger, signed_ledger

pytestmark = pytest.mark.integration

SEED = 7
TAMPERINGS = 200


@pytest.fixture(scope="module")
def ledger(
    template: services.Database, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Ledger]:
    with (
        services.copied(template) as own,
        signed_ledger(own, tmp_path_factory.mktemp("site")) as made,
    ):
        yield made


def said(ledger: Ledger) -> list[str]:
    return [str(one) for one in ledger.audited().differences]


def test_two_hundred_tamperings_are_found_and_no_alarm_is_false(ledger: Ledger) -> None:
    score: Score = deque(tamper(ledger, TAMPERINGS, SEED), maxlen=1)[0]
    assert score.missed == []
    assert score.false_alarms == []
    assert set(score.made) == set(DEEDS)


# What is done to rows, and how the first difference begins. A record's time of storing is moved to
# the next one's, which the order of times alone allows.
ROWS = {
    "UPDATE record SET stored = stored WHERE position = 9": None,
    "UPDATE record r SET stored = n.stored FROM record n WHERE r.position = {at} "
    "AND n.position = r.position + 1": "record {at}: its leaf in the log is ",
    "DELETE FROM checkpoint WHERE number = (SELECT max(number) FROM checkpoint)":
        "table checkpoint: the largest of ",
    "DELETE FROM checkpoint WHERE number = 0": "checkpoint 1: what stands before it is missing",
    "UPDATE checkpoint SET size = size - 1 WHERE number = 1": "checkpoint 1: it is not what",
    "UPDATE checkpoint SET note = note || 'x' WHERE number = 1": "checkpoint 1: ",
    # The last look at a number, with everything in the database that tells of it.
    "DELETE FROM checkpoint WHERE tree = 'looks'; DELETE FROM access WHERE number = 8":
        "table checkpoint: the largest of looks covers 0, the folder's 9",
    "UPDATE access SET id = gen_random_uuid() WHERE number = 3": "look 3: its leaf in the log is ",
    "UPDATE access SET purpose = 'lain' WHERE number = 3": "access 3: it is altered",
    "UPDATE cosignature SET size = 0 WHERE tree = 'records' AND size > 200":
        "cosignature of witness.example/w1 on records 0 of ",
    "UPDATE cosignature SET line = replace(line, 'w1', 'w2') WHERE tree = 'looks'":
        "cosignature of witness.example/w1 on looks 9 of ",
    "DELETE FROM change WHERE number = 5": "change 0: 1 of the changes from here to ",
    "INSERT INTO epoch SELECT 'ffffffff-0000-7000-8000-000000000000', epoch, 1, 1, 1, now(), 'x', "
    "'y' FROM ledger_head": "epoch ffffffff-",
}  # fmt: skip


def test_the_first_difference_is_exactly_where_it_was_made(ledger: Ledger) -> None:
    ((at,),) = ledger.superuser.execute(
        "SELECT min(r.position) FROM record r JOIN record n ON n.position = r.position + 1 "
        "WHERE n.stored > r.stored AND r.position > 9"
    ).fetchall()
    for query, place in ROWS.items():
        with ledger.undone():
            with silenced(ledger.superuser, *TABLES):
                ledger.superuser.execute(query.format(at=at).encode())
            found = said(ledger)
        assert (place is None) == (found == [])
        assert place is None or found[0].startswith(place.format(at=at)), found


# What is done to a file of the log, and words of the first difference.
FILES = {
    "checkpoint": "checkpoint in ",
    "outcomes/checkpoint": "checkpoint in ",
    "tile/0/000": "record ",
    "tile/entries/000": "record ",
    "tile/1/000.p/1": "tile/1/000",
    "keys": "it does not list the key ",
    "looks/tile/entries/000.p/9": "look 0: ",
}


def test_every_file_of_the_log_is_held_against_the_ledger(ledger: Ledger) -> None:
    for path, place in FILES.items():
        file = ledger.folder / path
        content = file.read_bytes()
        for edited in (None, bytes([content[0] ^ 1]) + content[1:]):
            file.unlink() if edited is None else file.write_bytes(edited)
            found = said(ledger)
            file.write_bytes(content)
            assert any(place in line for line in found), (path, found)
    assert said(ledger) == []


def test_what_earlier_checkpoints_rest_on_and_what_lies_beside_it_is_looked_at(
    ledger: Ledger,
) -> None:
    earlier = min((ledger.folder / "tile/0/000.p").iterdir())
    stray, content = ledger.folder / "tile/0/x000", earlier.read_bytes()
    stray.write_bytes(b"")
    earlier.write_bytes(content[:-1])
    assert said(ledger) == [
        f"{earlier}: it is not what the log goes on from",
        f"{stray}: no tile and no bundle of a log is such a file",
    ]
    stray.unlink()
    earlier.write_bytes(content)
    assert said(ledger) == []


# What is made of the records, and what is said of it.
MADE = {
    "UPDATE profile SET version = 0": "agencies were told of a later version",
    "UPDATE evidence SET document = document || '{\"sly\": 1}'": "it is not what the records say",
}


def test_what_was_made_of_the_records_is_held_against_them(ledger: Ledger) -> None:
    for query, told in MADE.items():
        with ledger.undone():
            ledger.superuser.execute(query.encode())
            found = [str(one) for one in ledger.audited(profiles=True).differences]
        assert any(told in line for line in found), (query, found)


def test_under_the_published_checkpoint_only_known_witnesses_sign(ledger: Ledger) -> None:
    checkpoint = ledger.folder / "checkpoint"
    signed = checkpoint.read_text("utf-8")
    checkpoint.write_text(signed.replace("witness.example/w1", "witness.example/w2"), "utf-8")
    (found,) = said(ledger)
    checkpoint.write_text(signed, "utf-8")
    assert found.endswith("the signature of witness.example/w2 is of no known witness, "
                          "or does not verify")  # fmt: skip


def test_a_key_that_is_not_the_logs_opens_nothing(ledger: Ledger) -> None:
    stranger = SIGNING.rotated().current.verifier
    found = replace(ledger, published=Published(ledger.folder, (stranger,)))
    assert not found.audited().sound


def test_what_is_not_signed_yet_is_told(ledger: Ledger) -> None:
    with ledger.undone():
        report = ledger.audited()
        assert report.until is not None
        assert report.signed == {
            "records": report.until.next_position,
            "outcomes": report.until.next_outcome,
            "looks": report.until.past_looks,
        }


def test_what_is_signed_meanwhile_is_no_difference(
    database: services.Database, tmp_path: Path
) -> None:
    house = House(database)
    fill(house)
    site = Site(database, tmp_path / "log")
    site.sign()

    def meddle(done: int, _total: int) -> None:
        house.send(completed(duration=done))
        house.settle()
        site.sign()

    published = Published(site.folder, tuple(SIGNING.verifiers("jejak")))
    with closing(psycopg.connect(database.superuser_dsn, autocommit=True)) as connection:
        for _ in range(2):
            assert check(connection, meddle, published=published).differences == ()
    house.ledger.close()


def test_what_was_checked_before_is_proved_and_only_the_rest_is_read(
    database: services.Database, tmp_path: Path
) -> None:
    house = House(database)
    fill(house)
    for number in range(260):
        house.send(completed(duration=number))
    house.settle()
    site = Site(database, tmp_path / "log")
    site.sign()
    kept = [
        Kept(path, (site.folder / path).read_text("utf-8"), checked=True)
        for path in ("checkpoint", "outcomes/checkpoint")
    ]
    for number in range(40):
        house.send(completed(OTHER_NIP, duration=number))
        house.inbox.deliver("vendor", b"junk", None)
    house.settle()
    site.sign()
    house.ledger.close()
    published = Published(site.folder, tuple(SIGNING.verifiers("jejak")), tuple(kept))

    def checked() -> tuple[list[str], int]:
        seen: list[int] = []
        with closing(psycopg.connect(database.superuser_dsn, autocommit=True)) as connection:
            report = check(connection, lambda done, _: seen.append(done), published=published)
        return [str(one) for one in report.differences], seen[0]

    assert checked() == ([], 256)
    with closing(psycopg.connect(database.superuser_dsn, autocommit=True)) as superuser:
        with silenced(superuser, "record", "inbox_offset"):
            superuser.execute("UPDATE record SET activity = 'x' WHERE position IN (9, 290)")
        assert checked()[0] == ["record 290: its commitment is not that of its content"]
        with silenced(superuser, "inbox_offset"):
            superuser.execute("UPDATE inbox_offset SET next_offset = 1 WHERE party = 'vendor'")
        assert any(line.startswith("inbox jejak.inbox.vendor/0") for line in checked()[0])
    tile = site.folder / "tile/1/000.p/1"
    tile.write_bytes(bytes([tile.read_bytes()[0] ^ 1]) + tile.read_bytes()[1:])
    assert any(line.startswith("checkpoint: its root over ") for line in checked()[0])
