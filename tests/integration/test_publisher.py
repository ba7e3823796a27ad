"""Receipts on a real broker from a real ledger: every one, once, in order, whatever is killed."""

import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from uuid_utils.compat import uuid7

from jejak import provisioning
from jejak.kafka_admin import Topic, connected
from jejak.provisioning import NewParty
from jejak.services import PUBLISHER, Services
from jejak_consumers import errors
from jejak_consumers.follower import Follower, Loop
from jejak_consumers.kafka import KafkaFeed, KafkaOutbox
from jejak_consumers.messages import Message, Post
from jejak_consumers.publisher import Postman, Receipts
from jejak_lrs import errors as ledger_errors
from jejak_lrs import outbox
from jejak_lrs.cursor import START
from jejak_lrs.database import Database
from jejak_lrs.ledger import history, inboxes
from jejak_lrs.ledger.appending import append
from jejak_lrs.ledger.batch import SYSTEM, Batch, Item, Source, Span
from jejak_schemas import codec, topics
from jejak_schemas.chain import Link, Place, Verdict, judge
from jejak_schemas.credentials import Credentials
from jejak_schemas.outgoing import Receipt
from tests import rows
from tests.waiting import until

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[2]


@dataclass
class Provider:
    """A provider with an inbox that the ledger consumes, and a writer that records from it."""

    credentials: Credentials
    inbox: inboxes.Inbox
    writer: Database
    next_offset: int = 0

    def deliver(self, *said: str) -> None:
        """One append: `ok`, `bad` (refused), `again` (a duplicate of the last), `own` (system)."""
        start, items = self.next_offset, []
        for word in said:
            items.append(self._item(word, items))
            self.next_offset += word != "own"
        span = Span(self.inbox.topic_id, self.inbox.topic, 0, start, self.next_offset)
        spans = [span] if self.next_offset > start else []
        append(self.writer, Batch(items, 0, spans))

    def receipts(self) -> list[Message]:
        """What the party can read now."""
        return read(self.credentials)

    def _item(self, word: str, before: Sequence[Item]) -> Item:
        source = Source("inbox", self.inbox.topic_id, 0, self.next_offset)
        if word == "bad":
            return replace(rows.refused(0), source=source)
        if word == "again":
            return replace(before[-1], source=source)
        own = rows.row(0, source=SYSTEM if word == "own" else source)
        return replace(own, party=self.credentials.party, warnings=("nip-pattern",))


@pytest.fixture
def provider(front: Services, tmp_path: Path) -> Iterator[Provider]:
    code = f"pu-{uuid7().hex[-8:]}"
    new = NewParty(code, "A provider", ("provider",))
    [credentials] = provisioning.add_parties(front, tmp_path, [new], lambda _: None)
    with closing(Database(front.dsn("jejak_writer"))) as writer:
        inbox = inboxes.all_inboxes(writer.connection)[0]
        yield Provider(credentials, inbox, writer)


@pytest.fixture
def ledger(front: Services) -> Iterator[Database]:
    with closing(Database(front.dsn("jejak_publisher"))) as own:
        yield own


@pytest.fixture
def postman(front: Services) -> Iterator[Postman]:
    own = Postman(lambda: KafkaOutbox(front.kafka(PUBLISHER)))
    yield own
    own.rest()


def read(credentials: Credentials) -> list[Message]:
    assert credentials.topics.receipts
    with closing(KafkaFeed(credentials.kafka, credentials.topics.receipts)) as feed:
        first, end = feed.bounds()
        feed.seek(first)
        found: list[Message] = []
        while feed.position() < end:
            found += feed.poll(0.5)
        return found


def receipt(message: Message) -> Receipt:
    return codec.read_as(Receipt, message.value)


def accepted(messages: Sequence[Message]) -> list[Receipt]:
    """What a reader by the chain's rule sees; fails at a gap."""
    last: Place | None = None
    seen = []
    for told in map(receipt, messages):
        link = Link(told.epoch, told.seq, told.prev_seq)
        verdict = judge(last, link, truncated=False)
        assert verdict in (Verdict.ACCEPT, Verdict.DROP)
        if verdict is Verdict.ACCEPT:
            last = link.place
            seen.append(told)
    return seen


def publish_all(ledger: Database, receipts: Receipts) -> None:
    follower = Follower(ledger, receipts)
    while follower.step():
        pass


def test_each_message_of_an_inbox_gets_its_receipt_in_the_order_of_appends(
    provider: Provider, ledger: Database, postman: Postman
) -> None:
    provider.deliver("ok", "again", "own", "bad")
    provider.deliver("bad")
    provider.deliver("ok")
    publish_all(ledger, Receipts(postman))

    messages = provider.receipts()
    told = list(map(receipt, messages))

    assert [(one.seq, one.prev_seq) for one in told] == [(n, n - 1) for n in range(1, 6)]
    assert [(one.outcome, one.offset, one.position) for one in told] == [
        ("duplicate", 1, 0),
        ("refused", 2, None),
        ("recorded", 0, 0),
        ("refused", 3, None),
        ("recorded", 4, 2),
    ]
    assert {one.topic for one in told} == {provider.inbox.topic}
    assert [message.key for message in messages] == [
        str(told[0].event_id).encode(),
        b"0:2",
        str(told[2].event_id).encode(),
        b"0:3",
        str(told[4].event_id).encode(),
    ]
    assert (told[1].reason, told[1].field) == ("nip-impossible", "learner.nip")
    assert told[2].warnings == ("nip-pattern",)
    assert told[0].epoch == history.head(ledger.connection).epoch


@pytest.mark.parametrize("most", [1, 2, 3, 100])
def test_the_order_does_not_depend_on_how_much_is_read_at_once(
    provider: Provider, ledger: Database, most: int
) -> None:
    provider.deliver("ok", "bad", "ok", "again")
    provider.deliver("bad", "bad")
    provider.deliver("own", "ok", "bad")
    head = history.head(ledger.connection)
    fates, cursor = [], START
    while True:
        some, to = outbox.delivered(ledger.connection, cursor, head, most)
        if to == cursor:
            break
        fates, cursor = fates + some, to
    assert [(fate.outcome, fate.offset) for fate in fates] == [
        ("refused", 1), ("duplicate", 3), ("recorded", 0), ("recorded", 2),
        ("refused", 4), ("refused", 5),
        ("refused", 7), ("recorded", 6),
    ]  # fmt: skip
    assert cursor == (head.next_position - 1, head.next_outcome - 1)


def test_a_batch_whose_cursor_did_not_move_is_sent_again_with_the_same_numbers(
    provider: Provider, ledger: Database, postman: Postman
) -> None:
    provider.deliver("ok", "bad")
    receipts = Receipts(postman)
    batch = receipts.read(ledger.connection, START)
    assert batch is not None
    receipts.act(batch.items)
    publish_all(ledger, receipts)
    messages = provider.receipts()
    assert [receipt(one).seq for one in messages] == [1, 2, 1, 2]
    assert [one.value for one in messages[:2]] == [one.value for one in messages[2:]]
    assert len(accepted(messages)) == 2


def test_an_older_copy_is_cut_off(front: Services, provider: Provider, ledger: Database) -> None:
    zombie, newer = (Postman(lambda: KafkaOutbox(front.kafka(PUBLISHER))) for _ in range(2))
    provider.deliver("ok")
    publish_all(ledger, Receipts(zombie))
    provider.deliver("ok")
    thawing = Receipts(zombie).read(ledger.connection, START)
    assert thawing is not None
    publish_all(ledger, Receipts(newer))
    with pytest.raises(errors.Superseded):
        zombie.deliver(thawing.items.posts)
    newer.rest()
    assert [receipt(one).seq for one in provider.receipts()] == [1, 2]


def test_whoever_believes_in_an_older_place_is_fenced(
    front: Services, provider: Provider, ledger: Database, postman: Postman
) -> None:
    provider.deliver("ok")
    old = Follower(ledger, Receipts(postman))
    old.step()
    with closing(Database(front.dsn("jejak_publisher"))) as other:
        provider.deliver("ok")
        publish_all(other, Receipts(postman))
    with pytest.raises(ledger_errors.Fenced):
        old.step()
    assert [one.seq for one in accepted(provider.receipts())] == [1, 2]


def test_only_one_copy_is_active_and_a_standby_takes_over(
    front: Services, provider: Provider
) -> None:
    first, second = (publisher(front) for _ in range(2))
    try:
        provider.deliver("ok")
        assert first.turn() == 0
        provider.deliver("ok")
        assert second.turn() > 0
        assert len(provider.receipts()) == 1
        first.stop()
        until(lambda: second.turn() == 0)  # the server lets go of the first one's lock in its time
        assert [one.seq for one in accepted(provider.receipts())] == [1, 2]
    finally:
        first.stop()
        second.stop()


def publisher(front: Services) -> Loop:
    own = Postman(lambda: KafkaOutbox(front.kafka(PUBLISHER)))
    return Loop("publisher", Database(front.dsn("jejak_publisher")), [Receipts(own)])


PROGRAM = """
import sys
from jejak_consumers.follower import Follower
from jejak_consumers.kafka import KafkaOutbox
from jejak_consumers.publisher import Postman, Receipts
from jejak_lrs import failpoint
from jejak_lrs.database import Database
from jejak_schemas.credentials import KafkaAccess

dsn, servers, password, spec = sys.argv[1:]
failpoint.arm(failpoint.parse(spec))
access = KafkaAccess(bootstrap_servers=servers, username="publisher", password=password)
postman = Postman(lambda: KafkaOutbox(access))
follower = Follower(Database(dsn), Receipts(postman, most=3))
while follower.step():
    pass
postman.rest()
"""
POINTS = [
    "publisher.before-send",
    "publisher.after-send",
    "publisher.after-commit",
    "follower.before-commit",
    "follower.after-commit",
]


@pytest.mark.kills
def test_a_publisher_killed_at_every_step_shows_no_gap_and_no_duplicate(
    front: Services, provider: Provider
) -> None:
    for _ in range(4):
        provider.deliver("ok", "bad", "ok", "again", "own")
    access = front.kafka(PUBLISHER)
    arguments = [
        front.dsn("jejak_publisher"),
        access.bootstrap_servers,
        access.password.get_secret_value(),
    ]

    def run(spec: str) -> int:
        command = [sys.executable, "-c", PROGRAM, *arguments, spec]
        return subprocess.run(command, cwd=ROOT, check=False, timeout=60).returncode

    codes = [run(point) for point in POINTS]
    assert codes == [-signal.SIGKILL] * len(POINTS)
    assert run("never") == 0
    told = accepted(provider.receipts())
    assert [one.seq for one in told] == list(range(1, 17))
    assert sorted(one.offset for one in told) == list(range(16))


def test_many_parties_are_told_with_few_questions_to_the_brokers(front: Services) -> None:
    named = [topics.receipts(f"many-{n:03}") for n in range(50)]
    with connected(front.kafka(front.operator)) as admin:
        admin.create_topics([Topic(name) for name in named])
    writer = KafkaOutbox(front.kafka(PUBLISHER))
    metadata = writer._client._metadata
    answers: list[Any] = []  # one a question: who asks while one is under way waits for its answer
    ask = metadata.request_update

    def asked() -> Any:
        answers.append(ask())
        return answers[-1]

    metadata.request_update = asked
    try:
        writer.send([Post(name, b"key", b"value") for name in named])
        writer.commit()
    finally:
        writer.close()
    assert len(set(map(id, answers))) < len(named) / 2
