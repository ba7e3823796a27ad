"""The notary on a real ledger: files to the bit, and what it refuses to sign."""

import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import psycopg
import pytest

from jejak_lrs import errors, roles
from jejak_lrs.database import Database
from jejak_lrs.ledger import epochs
from jejak_lrs.notary import checkpoints
from jejak_lrs.notary.checkpoints import OUTCOMES, RECORDS, TREES
from jejak_lrs.notary.notary import Notary
from jejak_lrs.notary.publishedlog import said
from jejak_lrs.tlog import checkpoint, merkle, note, tiles
from jejak_lrs.tlog.checkpoint import Checkpoint
from jejak_lrs.tlog.errors import Unsigned
from jejak_lrs.tlog.keys import Keys
from jejak_lrs.tlog.note import Signer, Verifier
from jejak_lrs.tlog.tiles import Folder
from tests import naive_merkle, services, tiling
from tests.signing import KEYS, Site

pytestmark = pytest.mark.integration


@pytest.fixture
def site(database: services.Database, writer: Database, tmp_path: Path) -> Site:
    writer.close()
    return Site(database, tmp_path / "log")


@contextmanager
def older(site: Site) -> Iterator[Site]:
    """The same ledger as it is now, and as it stays while the other goes on."""
    with services.copied(site.own) as own:
        yield replace(site, own=own)


def set_back(site: Site, folder: Path) -> None:
    """Put an older copy of the folder in its place."""
    shutil.rmtree(site.folder)
    shutil.copytree(folder, site.folder)


def refuses(site: Site, *words: str) -> None:
    """Opening says this, and signs nothing."""
    before = site.files()
    with pytest.raises(errors.Inconsistent) as caught, site.opened():
        pass
    assert [word for word in words if word not in str(caught.value)] == []
    assert site.files() == before


def test_the_files_are_those_of_the_specification_to_the_bit(site: Site) -> None:
    for records, refusals in ((200, 3), (100, 0), (1, 300), (212, 0)):
        site.happen(records, refusals)
        site.sign()
    entries = site.entries()
    assert [len(entries[tree]) for tree in TREES] == [513, 303, 0]
    expected = tiling.files_of(entries[RECORDS])
    expected |= {
        f"outcomes/{path}": content for path, content in tiling.files_of(entries[OUTCOMES]).items()
    }
    found = site.files()
    assert {path: found.get(path) for path in expected} == expected
    for tree in (RECORDS, OUTCOMES):
        head = site.head(tree)
        assert (head.size, head.root) == (len(entries[tree]), naive_merkle.mth(entries[tree]))
    # The rest is partial tiles of sizes that were signed before, the heads and the keys.
    assert {path.partition(".p/")[0] for path in found if "tile/" in path} == {
        path.partition(".p/")[0] for path in expected
    }
    assert {path for path in found if "tile/" not in path} == {
        "checkpoint", "outcomes/checkpoint", "keys",
    }  # fmt: skip


def test_every_size_that_was_signed_can_still_be_proved(site: Site) -> None:
    sizes = []
    for records in (3, 250, 7, 300):
        site.happen(records)
        site.sign()
        sizes.append(site.head().size)
    entries, newest = site.entries()[RECORDS], site.head()
    for size in sizes:
        root = naive_merkle.mth(entries[:size])
        assert Folder(site.folder).tree(size).root() == root
        proof = Folder(site.folder).tree(newest.size).consistency(size)
        assert merkle.is_consistent(size, root, newest.size, newest.root, proof)


def test_the_table_has_each_tree_that_grew(site: Site) -> None:
    site.sign()
    assert site.files().keys() == {"keys"}  # an empty ledger is not signed
    for records, refusals in ((2, 0), (0, 1), (1, 1)):
        site.happen(records, refusals)
        site.sign()
        site.sign()  # nothing came: nothing is signed
    assert site.table() == [
        ("records", 2), ("outcomes", 0), ("outcomes", 1), ("records", 3), ("outcomes", 2),
    ]  # fmt: skip


def test_what_a_crash_kept_from_the_table_is_put_there(site: Site) -> None:
    site.happen(2)
    with site.opened() as (notary, connection):
        signed = notary.grow(notary.read(connection, checkpoints.goal(connection)))
        assert [one.tree for one in signed] == [RECORDS, OUTCOMES]
    assert site.table() == []
    site.sign()
    site.sign()
    assert site.table() == [("records", 2), ("outcomes", 0)]


def test_nothing_is_signed_before_both_trees_stand_where_one_head_stood(site: Site) -> None:
    site.happen(150, 60)
    with site.opened(most=100) as (notary, connection):
        goal = checkpoints.goal(connection)
        site.happen(5, 5)
        assert notary.grow(notary.read(connection, goal)) == []
        assert notary.grow(notary.read(connection, checkpoints.goal(connection))) == []
        signed = notary.grow(notary.read(connection, checkpoints.goal(connection)))
        assert [one.checkpoint.size for one in signed] == [150, 60]


# -- what was restored --------------------------------------------------------------------------


def test_an_older_database_is_refused(site: Site) -> None:
    site.happen(5)
    site.sign()
    before = said(site.head())
    with older(site) as restored:
        site.happen(5)
        site.sign()
        refuses(restored, before, said(site.head()), "older database")


def test_an_older_database_that_went_another_way_is_refused(site: Site) -> None:
    site.happen(5, 2)
    site.sign()
    before = said(site.head())
    with older(site) as restored:
        site.happen(5)
        site.sign()
        restored.happen(7)
        refuses(restored, before, said(site.head()), "something else as records 5")


def test_an_older_database_is_refused_by_its_outcomes_too(site: Site) -> None:
    site.happen(5, 2)
    site.sign()
    with older(site) as restored:
        site.happen(0, 5)
        site.sign()
        restored.happen(0, 7)
        refuses(restored, said(site.head(OUTCOMES)), "something else as outcomes 2")


def test_an_older_folder_is_refused(site: Site, tmp_path: Path) -> None:
    site.happen(5)
    site.sign()
    before = said(site.head())
    shutil.copytree(site.folder, tmp_path / "older")
    site.happen(5)
    site.sign()
    after = said(site.head())
    set_back(site, tmp_path / "older")
    refuses(site, before, after, "the table checkpoint")
    shutil.rmtree(site.folder)
    site.folder.mkdir()
    refuses(site, after, "the table checkpoint")


def test_both_older_are_refused_where_somebody_else_holds_a_later_checkpoint(
    site: Site, tmp_path: Path
) -> None:
    site.happen(5)
    site.sign()
    before = said(site.head())
    shutil.copytree(site.folder, tmp_path / "older")
    with older(site) as restored:
        site.happen(5)
        site.sign()
        later, after = (site.folder / "checkpoint").read_text("utf-8"), said(site.head())
        set_back(site, tmp_path / "older")
        restored.happen(9)
        with restored.opened() as (notary, _):
            with pytest.raises(errors.Inconsistent) as caught:
                notary.compare(RECORDS, later, "the topic")
            assert before in str(caught.value)
            assert after in str(caught.value)
        restored.sign()  # as if nobody had said so: then the later one is no beginning
        with (
            restored.opened() as (notary, _),
            pytest.raises(errors.Inconsistent, match="does not begin with"),
        ):
            notary.compare(RECORDS, later, "the topic")


def test_a_ledger_that_lacks_a_record_is_refused(site: Site) -> None:
    site.happen(5)
    with closing(psycopg.connect(site.own.superuser_dsn, autocommit=True)) as superuser:
        superuser.execute("ALTER TABLE record DISABLE TRIGGER ALL")
        superuser.execute("DELETE FROM record WHERE position = 3")
    with (
        site.opened() as (notary, connection),
        pytest.raises(errors.Inconsistent, match="has 4 of the records 0 to 4"),
    ):
        notary.read(connection, checkpoints.goal(connection))


def test_a_folder_that_somebody_edited_is_refused(site: Site) -> None:
    site.happen(300, 2)
    site.sign()
    whole = site.files()
    other = Checkpoint(site.head().origin, 300, merkle.EMPTY)
    forged = {
        "checkpoint": other.signed(Signer.new(other.origin)).encode(),
        "tile/0/001.p/44": bytes(44 * 32),
        "tile/1/000.p/1": bytes(32),
        "tile/entries/001.p/44": tiles.pack([b""] * 44),
        "outcomes/tile/entries/000.p/2": whole["outcomes/tile/entries/000.p/2"][:-1],
        "outcomes/checkpoint": b"",
        "outcomes/tile/0/000.p/2": b"",
    }
    for path, content in forged.items():
        (site.folder / path).write_bytes(content)
        refuses(site, str(site.folder))
        (site.folder / path).write_bytes(whole[path])
    lied = other.signed(KEYS.signer(other.origin)).encode()  # as if the key were stolen
    (site.folder / "checkpoint").write_bytes(lied)
    refuses(site, "not what its checkpoint says")


def test_the_log_of_another_ledger_is_refused(site: Site) -> None:
    site.happen(1)
    site.sign()
    with (
        closing(Database(site.own.dsn(roles.NOTARY))) as own,
        pytest.raises(errors.Inconsistent, match="holds the log log"),
    ):
        Notary(site.folder, "elsewhere.example/jejak", KEYS).open(own.connection)


# -- keys and epochs ----------------------------------------------------------------------------


def test_a_new_key_signs_on_and_the_old_one_still_verifies(site: Site) -> None:
    site.happen(2)
    site.sign()
    before = (site.folder / "checkpoint").read_text("utf-8")
    rotated = replace(site, keys=KEYS.rotated())
    rotated.happen(2)
    rotated.sign()
    head = rotated.head()
    assert head.size == 4
    listed = [Verifier.parse(line) for line in (site.folder / "keys").read_text().split()]
    assert checkpoint.opened(before, *listed).size == 2
    assert {each.name for each in listed} == {
        head.origin, f"{head.origin}/outcomes", f"{head.origin}/looks",
    }  # fmt: skip
    with pytest.raises(Unsigned):
        site.head()  # the old key alone does not open the new
    refuses(replace(site, keys=Keys(Signer.new("jejak"))), "the checkpoint in")


def test_a_new_epoch_begins_new_logs_and_says_how_the_old_ended(site: Site) -> None:
    site.happen(5, 1)
    site.sign()
    ended = site.head()
    with older(site) as restored:
        site.happen(5)
        site.sign()
        ended = site.head()
        refuses(restored, "older database")
        epoch = UUID(ended.origin.rpartition("/")[2])
        with closing(Database(restored.own.dsn(roles.MIGRATOR))) as operator:
            epochs.begin(operator.connection, epoch, "the archive lacked its end", "budi", 5)
        restored.happen(2)
        restored.sign()
        restored.sign()
        head = restored.head()
        former = restored.folder / "former" / str(epoch)
        assert head.size == 7
        assert head.origin != ended.origin
        assert checkpoint.opened(
            (former / "checkpoint").read_text("utf-8"), *KEYS.verifiers(ended.origin)
        ) == ended  # fmt: skip
        assert Folder(former).tree(10).root() == ended.root
        statement = (restored.folder / "epoch").read_text("utf-8")
        said_so = note.opened(statement, *KEYS.verifiers(head.origin))
        assert f"before {ended.origin}\ndiffers-from 5\n" in said_so
        assert ended.text() in said_so
        # The folder with the old epoch is not the old ledger's any more.
        refuses(site, "holds the log")


def test_the_notary_reads_nothing_of_what_was_said(site: Site) -> None:
    site.happen(1)
    with closing(Database(site.own.dsn(roles.NOTARY))) as own:
        for column in ("payload", "salt", "content_tag", "person_id", "tag_salt"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                own.connection.execute(f"SELECT {column} FROM record".encode())
