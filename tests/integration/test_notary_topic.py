"""Checkpoints on the real topic: everybody may read them, and nobody can set the notary back."""

import shutil
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from jejak import provisioning
from jejak.provisioning import NewParty
from jejak.services import NOTARY, Services
from jejak_consumers.errors import NotAllowed
from jejak_consumers.follower import Loop
from jejak_consumers.kafka import NOTARY as WRITER
from jejak_consumers.kafka import KafkaFeed, KafkaOutbox
from jejak_consumers.messages import Post
from jejak_consumers.notary import Announcing, Notarising, Topic
from jejak_consumers.publisher import Postman
from jejak_lrs import roles
from jejak_lrs.database import Database
from jejak_lrs.errors import Inconsistent
from jejak_lrs.ledger import epochs
from jejak_lrs.notary.notary import Notary
from jejak_lrs.notary.publishedlog import said
from jejak_lrs.tlog import checkpoint
from jejak_schemas import codec, topics
from jejak_schemas.credentials import KafkaAccess
from jejak_schemas.outgoing import Checkpoint
from tests import services
from tests.signing import KEYS, Site

pytestmark = pytest.mark.integration


@pytest.fixture
def site(database: services.Database, writer: Database, tmp_path: Path) -> Site:
    writer.close()
    # All test databases have their template's epoch, and the topic is shared: a name of its own.
    return Site(database, tmp_path / "log", base=f"log.example/{uuid4()}")


@pytest.fixture
def access(front: Services) -> KafkaAccess:
    """The notary's own."""
    return front.kafka(NOTARY)


def loop_of(site: Site, access: KafkaAccess) -> Loop:
    """The notary's loop, as it is put together."""
    notary = Notary(site.folder, site.base, KEYS)
    topic = Topic(lambda: KafkaFeed(access, topics.CHECKPOINTS))
    postman = Postman(lambda: KafkaOutbox(access, writer=WRITER))
    works = [Notarising(notary, topic, every=0.0), Announcing(postman)]
    return Loop("notary", Database(site.own.dsn(roles.NOTARY)), works)


def work(site: Site, access: KafkaAccess) -> None:
    """Let it do all there is to do."""
    loop = loop_of(site, access)
    try:
        while not loop.turn():
            pass
    finally:
        loop.stop()


def announced(access: KafkaAccess, log: str) -> Iterator[Checkpoint]:
    """What a reader of the topic sees of a log, and of its outcomes'."""
    with closing(KafkaFeed(access, topics.CHECKPOINTS)) as feed:
        first, end = feed.bounds()
        feed.seek(first)
        while feed.position() < end:
            for message in feed.poll(1.0):
                one = codec.read_as(Checkpoint, message.value)
                if one.log.startswith(log):
                    yield one


def test_a_party_reads_every_checkpoint_of_a_tree_that_grew(
    site: Site, access: KafkaAccess, front: Services, tmp_path: Path
) -> None:
    for records, refusals in ((2, 1), (2, 0)):
        site.happen(records, refusals)
        work(site, access)
        work(site, access)
    (party,) = provisioning.add_parties(
        front, tmp_path, [NewParty("ck-reader", "R", ("provider",))], lambda _: None
    )
    found = list(announced(party.kafka, site.base))
    origin = site.head().origin
    assert [(one.log, one.size) for one in found] == [
        (origin, 2), (f"{origin}/outcomes", 1), (origin, 4),
    ]  # fmt: skip
    assert found[0].made_at == found[1].made_at < found[2].made_at
    for one in found:
        signed = checkpoint.opened(one.note, *KEYS.verifiers(one.log))
        assert (signed.size, signed.root.hex()) == (one.size, one.root)
    with closing(KafkaOutbox(access, writer=WRITER)) as writer, pytest.raises(NotAllowed):
        writer.send([Post(topics.receipts("ck-reader"), b"", b"")])
    with pytest.raises(NotAllowed):
        KafkaOutbox(party.kafka, writer=WRITER)


def test_where_database_and_folder_are_set_back_the_topic_tells(
    site: Site, access: KafkaAccess, tmp_path: Path
) -> None:
    site.happen(3)
    work(site, access)
    before = said(site.head())
    shutil.copytree(site.folder, tmp_path / "older")
    with services.copied(site.own) as own:
        site.happen(3)
        work(site, access)
        after = said(site.head())
        back = replace(site, own=own, folder=tmp_path / "older")
        back.happen(7)
        for _ in range(2):
            with pytest.raises(Inconsistent) as caught:
                work(back, access)
            assert before in str(caught.value)
            assert after in str(caught.value)
        assert back.head().size == 3
        # The only way on.
        with closing(Database(own.dsn(roles.MIGRATOR))) as operator:
            ended = UUID(back.head().origin.rpartition("/")[2])
            epochs.begin(operator.connection, ended, "restored", "budi", 3)
        work(back, access)
        assert back.head().size == 10
        assert [one.size for one in announced(access, back.head().origin)] == [10, 0]
