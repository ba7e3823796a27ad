"""A publisher killed, or frozen while another takes over and thawed then, at every step.

Whoever reads sees every receipt and every change once, in order; and nobody who left an agency
stands in its profiles again, however Kafka compacts them.
"""

import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import kafka
import psycopg
import pytest
from msgspec.structs import replace
from psycopg import sql
from uuid_utils.compat import uuid7

from jejak import provisioning
from jejak.issuing import match_key_secret
from jejak.provisioning import NewParty
from jejak.services import PUBLISHER, Services
from jejak_consumers.subscriber import Subscriber
from jejak_lrs.database import Database
from jejak_lrs.ledger import inboxes
from jejak_lrs.ledger.appending import append
from jejak_lrs.ledger.batch import Batch, Item, Source, Span
from jejak_lrs.projection import profiles
from jejak_schemas import codec, kafka_python
from jejak_schemas.credentials import Credentials
from jejak_schemas.outgoing import Chained, ProfileState
from tests import rows
from tests.integration.test_agencies import hours
from tests.integration.test_redrive import wait_until_stopped

pytestmark = [pytest.mark.integration, pytest.mark.kills]

SITI, BUDI = UUID(int=0xA), UUID(int=0xB)
# A publisher's works in turn, as its loop does them, without the lock that keeps a second copy
# waiting: a copy that takes over meets a zombie which still believes that it leads.
PROGRAM = """
import sys
from jejak_consumers.agencies import Changes, Newcomers
from jejak_consumers.follower import Follower
from jejak_consumers.kafka import KafkaOutbox
from jejak_consumers.publisher import Postman, Receipts
from jejak_lrs import failpoint
from jejak_lrs.database import Database
from jejak_schemas.credentials import KafkaAccess

dsn, servers, password, agency, key, spec = sys.argv[1:]
failpoint.arm(failpoint.parse(spec))
access = KafkaAccess(bootstrap_servers=servers, username="publisher", password=password)
postman, database = Postman(lambda: KafkaOutbox(access)), Database(dsn)
keys = lambda: {agency: bytes.fromhex(key)}
works = [Receipts(postman, most=3), Changes(postman, keys, most=2), Newcomers(postman, keys)]
followers = [Follower(database, work) for work in works]
while any([follower.step() for follower in followers]):
    pass
postman.rest()
"""
STEPS = [  # each with the batch in which it strikes
    "publisher.before-open:1",
    "publisher.before-send:1",
    "publisher.after-send:2",
    "publisher.after-commit:2",
    "follower.before-commit:2",
    "follower.after-commit:2",
    "publisher.after-send:4",
    "publisher.after-commit:5",
]


@dataclass
class Nation:
    """A provider whose messages are answered, and an agency that is told of two persons."""

    front: Services
    provider: Credentials
    agency: Credentials
    writer: Database
    projector: Database
    folder: Path
    offset: int = 0
    version: int = 0
    changes: list[UUID] = field(default_factory=list)

    def happen(self) -> None:
        """Four messages are answered, three of them recorded; both persons' hours change."""
        everyones = inboxes.all_inboxes(self.writer.connection)
        inbox = next(one for one in everyones if one.party == self.provider.party)
        sources = [Source("inbox", inbox.topic_id, 0, self.offset + index) for index in range(4)]
        good = [replace(rows.row(0), source=at, party=self.provider.party) for at in sources[1:]]
        items: list[Item] = [replace(rows.refused(0), source=sources[0]), *good]
        span = Span(inbox.topic_id, inbox.topic, 0, self.offset, self.offset + 4)
        append(self.writer, Batch(items, 0, [span]))
        self.offset += 4
        self.version += 1
        for person in (SITI, BUDI):
            self.tell(person, "LearningHoursChanged", hours(0, self.version), stands=True)

    def leave(self, person: UUID) -> None:
        """A person leaves the agency for another."""
        self.version += 1
        self.tell(person, "PersonLeft", {"before": "2060", "after": "4012"}, stands=False)

    def tell(self, person: UUID, kind: str, content: dict[str, object], *, stands: bool) -> None:
        connection, own = self.projector.connection, self.agency.party
        home = own if stands else "9999"
        state = profiles.Stored(
            person, self.version, f"{self.version:064x}", "{}", self.version, home, home
        )
        with connection.transaction():
            change = profiles.Change(
                uuid4(), person, kind, self.version, rows.row(0).occurred_at,
                [own], ["both"], content, 7, uuid7(), "level",
            )  # fmt: skip
            profiles.write_changes(connection, [change])
            profiles.write(connection, 1, [state])
        self.changes.append(change.change_id)

    def publisher(self, spec: str) -> "subprocess.Popen[bytes]":
        access = self.front.kafka(PUBLISHER)
        party = self.agency.party
        arguments = [
            self.front.dsn("jejak_publisher"), access.bootstrap_servers,
            access.password.get_secret_value(), party,
            self.front.secrets.get(match_key_secret(party)), spec,
        ]  # fmt: skip
        return subprocess.Popen(
            [sys.executable, "-c", PROGRAM, *arguments],
            cwd=Path(__file__).parents[2], stderr=subprocess.PIPE,
        )  # fmt: skip

    def publish(self) -> None:
        """Let a copy publish all there is."""
        copy = self.publisher("never")
        _, trouble = copy.communicate(timeout=120)
        assert copy.returncode == 0, trouble.decode()

    def states(self) -> set[UUID]:
        own = Subscriber(self.agency, self.folder / "unused")
        return {one.person_id for one in own.profiles()}


@pytest.fixture
def nation(front: Services, tmp_path: Path) -> Iterator[Nation]:
    end = uuid7().hex[-7:]
    new = [NewParty(f"pu-{end}", "A provider", ("provider",)),
           NewParty(f"ag-{end}", "An agency", ("agency",))]  # fmt: skip
    provider, agency = provisioning.add_parties(front, tmp_path, new, lambda _: None)
    let_go_soon(front)
    with (
        closing(Database(front.dsn("jejak_writer"))) as writer,
        closing(Database(front.dsn("jejak_projector"))) as projector,
    ):
        yield Nation(front, provider, agency, writer, projector, tmp_path)


def let_go_soon(front: Services) -> None:
    """Take a frozen copy's locks after two seconds here, where others wait half a minute."""
    password = front.secrets.get(f"postgres-{front.superuser}")
    dsn = front.postgres.dsn(front.superuser, password, front.database)
    with closing(psycopg.connect(dsn, autocommit=True)) as connection:
        connection.execute(
            sql.SQL("ALTER ROLE jejak_publisher IN DATABASE {} SET "
                    "idle_in_transaction_session_timeout = '2s'")
            .format(sql.Identifier(front.database))
        )  # fmt: skip


# -- who reads --------------------------------------------------------------------------------


def read(credentials: Credentials, topic: str | None) -> list[Any]:
    """All that a plain client reads, committed messages only."""
    consumer = kafka.KafkaConsumer(
        **kafka_python.settings(credentials.kafka),
        isolation_level="read_committed",
        group_id=None,
        enable_auto_commit=False,
    )
    where = kafka.TopicPartition(topic, 0)
    with closing(consumer):
        consumer.assign([where])
        consumer.seek_to_beginning(where)
        [end] = consumer.end_offsets([where]).values()
        found: list[Any] = []
        while consumer.position(where) < end:
            for some in consumer.poll(timeout_ms=500).values():
                found += some
        return found


def taken(messages: Sequence[Any]) -> list[Chained]:
    """What a plain client takes by the rule of docs/agency.md; what it drops must come again."""
    last: tuple[UUID, int] | None = None
    kept: list[Chained] = []
    missing: set[int] = set()
    for message in messages:
        said = codec.read_as(Chained, message.value)
        if last is not None:
            assert said.epoch == last[0]
            if said.seq <= last[1]:
                continue
            if said.prev_seq != last[1]:
                missing.add(said.seq)
                continue
        last = said.epoch, said.seq
        kept.append(said)
    assert missing <= {one.seq for one in kept}
    return kept


def assert_all_told_once(nation: Nation) -> None:
    receipts = taken(read(nation.provider, nation.provider.topics.receipts))
    assert [one.seq for one in receipts] == list(range(1, nation.offset + 1))
    told = [getattr(one, "offset", None) for one in receipts]
    assert sorted(told) == list(range(nation.offset))
    changes = taken(read(nation.agency, nation.agency.topics.changes))
    assert [getattr(one, "change_id", None) for one in changes] == nation.changes
    with Subscriber(nation.agency, nation.folder / f"{uuid4()}.state") as ours:
        assert [one.change_id for one in ours.changes(patience=1)] == nation.changes


def assert_compaction_keeps_the_newest(nation: Nation) -> None:
    """Kafka keeps the last message of each key: versions never fall along the topic."""
    versions: dict[bytes, int] = {}
    for message in read(nation.agency, nation.agency.topics.profiles):
        version = version_of(message)
        assert version >= versions.get(message.key, 0)
        versions[message.key] = version
    assert versions


def version_of(message: Any) -> int:
    if message.value is None:
        return int(dict(message.headers)["version"])
    return codec.read_as(ProfileState, message.value).version


# -- the steps --------------------------------------------------------------------------------


def test_a_publisher_killed_at_every_step_shows_no_gap_and_no_duplicate(nation: Nation) -> None:
    nation.happen()
    codes = []
    for step in STEPS:
        with nation.publisher(step) as killed:
            codes.append(killed.wait(120))
        nation.happen()
    nation.leave(SITI)
    nation.publish()

    assert codes == [-signal.SIGKILL] * len(STEPS)
    assert_all_told_once(nation)
    assert_compaction_keeps_the_newest(nation)
    assert nation.states() == {BUDI}


@pytest.mark.parametrize("step", STEPS[:6])
def test_a_publisher_thawed_after_another_took_over_is_not_heard(nation: Nation, step: str) -> None:
    nation.happen()
    nation.publish()
    nation.happen()
    nation.happen()
    with nation.publisher(f"{step}:stop") as zombie:
        wait_until_stopped(zombie.pid)
        nation.leave(SITI)
        nation.publish()
        zombie.send_signal(signal.SIGCONT)
        assert zombie.wait(120) != 0, "a zombie must notice that it was replaced"
    assert nation.states() == {BUDI}
    nation.happen()
    nation.leave(SITI)
    nation.publish()

    assert_all_told_once(nation)
    assert_compaction_keeps_the_newest(nation)
    assert nation.states() == {BUDI}
