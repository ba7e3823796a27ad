"""No NIP leaves, and an agency sees its own people only: tried as the party, with its own keys."""

import base64
import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass

import psycopg
import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.errors import TopicAuthorizationFailedError

from jejak import health, processes
from jejak_consumers.errors import NotAllowed
from jejak_consumers.kafka import KafkaFeed
from jejak_consumers.messages import Message
from jejak_lrs import database, dictionaries
from jejak_lrs.ledger import history
from jejak_schemas import kafka_python
from jejak_schemas.credentials import Credentials
from jejak_schemas.topics import CHECKPOINTS
from tests import services
from tests.e2e.conftest import Played
from tests.watched import get

OWN, OTHER = "4012", "2060"
DIGITS = re.compile(rb"\d{18,}")
NIP = re.compile(rb"(?<!\d)(?:19|20)\d{16}(?!\d)")


@dataclass(frozen=True)
class Secret:
    """Every NIP that a nation's parties have sent, good and impossible ones."""

    nips: frozenset[bytes]

    def within(self, held: bytes) -> set[bytes]:
        """Those that stand in some bytes as text, also inside a longer run of digits."""
        runs = (found.group() for found in DIGITS.finditer(held))
        windows = {run[at : at + 18] for run in runs for at in range(len(run) - 17)}
        return windows & self.nips

    def disguised_within(self, held: bytes) -> list[str]:
        """Ways in which some of them stand in some bytes, other than as text."""
        some = sorted(self.nips)[::60]
        return [name for name, said in DISGUISES.items() if any(said(nip) in held for nip in some)]


DISGUISES: Mapping[str, Callable[[bytes], bytes]] = {
    "utf-16": lambda nip: nip.decode().encode("utf-16-le"),
    "reversed": lambda nip: nip[::-1],
    "hex": lambda nip: nip.hex().encode(),
    "base64": base64.b64encode,
    "big-endian": lambda nip: int(nip).to_bytes(8, "big"),
    "little-endian": lambda nip: int(nip).to_bytes(8, "little"),
    "plain sha-256": lambda nip: hashlib.sha256(nip).digest(),
    "plain sha-256 in hex": lambda nip: hashlib.sha256(nip).hexdigest().encode(),
    "plain md5": lambda nip: hashlib.md5(nip, usedforsecurity=False).digest(),
}


@pytest.fixture(scope="module")
def secret(played: Played) -> Secret:
    nips: set[bytes] = set()
    for delivery in played.stage.nation.deliveries():
        nips.update(NIP.findall(delivery.key + b"\n" + delivery.value))
    assert len(nips) > 340
    return Secret(frozenset(nips))


def test_the_search_would_find_a_nip(secret: Secret) -> None:
    nip = min(secret.nips)
    assert secret.within(b'{"nip":"' + nip + b'"}') == {nip}
    assert secret.within(b"000" + nip + b"000") >= {nip}
    assert secret.within(nip[:17]) == set()
    for name, said in DISGUISES.items():
        assert secret.disguised_within(b"x" + said(nip)) == [name]


# -- what leaves --------------------------------------------------------------------------


def everything(party: Credentials) -> Iterator[tuple[str, bytes]]:
    """Topic, and key, headers and value of every message that was sent to a party, read as it."""
    topics = (party.topics.receipts, party.topics.changes, party.topics.profiles)
    own = KafkaConsumer(**kafka_python.settings(party.kafka), isolation_level="read_committed")
    try:
        parts = [TopicPartition(topic, 0) for topic in topics if topic is not None]
        own.assign(parts)
        own.seek_to_beginning(*parts)
        ends = own.end_offsets(parts)
        while any(own.position(part) < ends[part] for part in parts):
            for part, messages in own.poll(1_000).items():
                for one in messages:
                    named = [each for name, value in one.headers for each in (name.encode(), value)]
                    yield part.topic, b"\0".join((one.key or b"", one.value or b"", *named))
    finally:
        own.close()


def parties(played: Played) -> list[Credentials]:
    return [Credentials.load(file) for file in sorted(played.stage.home.credentials.glob("*.toml"))]


def test_nothing_that_a_party_can_read_holds_a_nip(played: Played, secret: Secret) -> None:
    sent: dict[str, list[bytes]] = defaultdict(list)
    for party in parties(played):
        for topic, message in everything(party):
            sent[topic].append(message)
    assert {topic for topic, held in sent.items() if secret.within(b"\n".join(held))} == set()
    assert secret.disguised_within(b"\n".join(b"\n".join(held) for held in sent.values())) == []
    kinds = Counter(topic.split(".")[1] for topic, held in sent.items() for _ in held)
    assert kinds["receipts"] >= played.told.delivered
    assert kinds["agency"] > 5_000
    assert sent[f"jejak.agency.{OWN}.profiles"]


def test_no_log_holds_a_nip(played: Played, secret: Secret) -> None:
    logs = [path for path in played.stage.home.logs.rglob("*") if path.is_file()]
    ours = set() if services.in_containers() else {"kafka", "postgres"}
    assert {path.stem for path in logs} >= {"recorder", "projector"} | ours
    assert [path.name for path in logs if secret.within(path.read_bytes())] == []
    assert secret.disguised_within(b"\n".join(path.read_bytes() for path in logs)) == []


def test_no_metric_and_no_health_page_holds_a_nip(played: Played, secret: Secret) -> None:
    shown = health.look(played.stage.home, played.stage.services, embedded=True).metrics
    assert set(shown) == set(processes.LOOPS)
    for loop, address in shown.items():
        site = address.removesuffix("/metrics")
        said = "".join(get(f"{site}/{page}").text for page in ("metrics", "healthz", "readyz"))
        assert f'jejak_loop_info{{loop="{loop}"' in said
        assert secret.within(said.encode()) == set()
        assert secret.disguised_within(said.encode()) == []


def test_no_statement_holds_a_nip(played: Played, secret: Secret) -> None:
    with closing(played.connect("jejak_auditor")) as connection:
        unpacker = dictionaries.unpacker()
        at, read = -1, 0
        while found := history.records(connection, at, 1_000):
            statements = [unpacker.unpack(one.payload) for one in found if one.payload]
            assert secret.within(b"\n".join(statements)) == set()
            assert secret.disguised_within(b"\n".join(statements)) == []
            at, read = found[-1].position, read + len(statements)
    assert read >= played.told.count("recorded")


def test_no_table_holds_a_nip_but_those_two_that_are_meant_to(
    played: Played, secret: Secret
) -> None:
    with closing(played.connect_superuser()) as connection:
        tables = [
            name
            for (name,) in connection.execute(
                "SELECT relname FROM pg_class WHERE relkind IN ('r', 'm') "
                "AND relnamespace = 'public'::regnamespace"
            )
        ]
        holding = {name for name in tables if secret.within(text_of(connection, name))}
    assert len(tables) > 10
    assert holding <= {"person_alias", "quarantine"}
    assert "person_alias" in holding


def text_of(connection: database.Connection, table: str) -> bytes:
    rows = connection.execute(f'SELECT t::text FROM "{table}" t')
    return "\n".join(row[0] for row in rows).encode()


# -- what an agency can reach -------------------------------------------------------------


@pytest.fixture
def own(played: Played) -> Credentials:
    return Credentials.load(played.stage.home.credentials_file(OWN))


@pytest.mark.parametrize(
    "topic",
    [
        f"jejak.agency.{OTHER}.changes",
        f"jejak.agency.{OTHER}.profiles",
        f"jejak.receipts.{OTHER}",
        "jejak.receipts.lan",
        "jejak.inbox.lan",
        f"jejak.inbox.{OWN}",
    ],
)
def test_an_agency_may_read_no_topic_but_its_own(own: Credentials, topic: str) -> None:
    with pytest.raises(NotAllowed):
        first_of(own, topic)


def test_an_agency_may_read_its_own_topics(own: Credentials) -> None:
    for topic in (own.topics.changes, own.topics.profiles, own.topics.receipts):
        assert first_of(own, topic or "")


def first_of(party: Credentials, topic: str) -> list[Message]:
    with closing(KafkaFeed(party.kafka, topic)) as feed:
        feed.seek(feed.bounds()[0])
        return list(feed.poll(5))


def test_an_agency_may_write_to_no_inbox_but_its_own(own: Credentials) -> None:
    producer = KafkaProducer(**kafka_python.settings(own.kafka))
    try:
        for topic in (f"jejak.inbox.{OTHER}", own.topics.changes, own.topics.receipts):
            with pytest.raises(TopicAuthorizationFailedError):
                producer.send(topic, b"hello").get(10)
    finally:
        producer.close()


def test_an_agency_does_not_even_see_that_other_topics_are_there(own: Credentials) -> None:
    consumer = KafkaConsumer(**kafka_python.settings(own.kafka))
    try:
        mine = {own.topics.inbox, own.topics.receipts, own.topics.changes, own.topics.profiles}
        assert consumer.topics() == mine | {CHECKPOINTS}  # which are for everybody
    finally:
        consumer.close()


@pytest.fixture
def agency(own: Credentials) -> Iterator[psycopg.Connection]:
    assert own.agency is not None
    url = own.agency.database_url.get_secret_value()
    with psycopg.connect(url, autocommit=True) as connection:
        yield connection


def test_an_agencys_login_sees_its_own_people_and_nobody_else(
    played: Played, agency: psycopg.Connection
) -> None:
    with closing(played.connect_superuser()) as superuser:
        everybody = superuser.execute("SELECT person_id, home, working FROM profile").fetchall()
    theirs = {row[0] for row in everybody if OWN in row[1:]}
    assert 0 < len(theirs) < len(everybody)
    for source in ("agency_profile", "profile"):
        seen = agency.execute(f"SELECT person_id FROM {source}").fetchall()
        assert {row[0] for row in seen} == theirs


def test_an_agencys_login_sees_the_changes_it_was_told_and_no_others(
    played: Played, agency: psycopg.Connection
) -> None:
    with closing(played.connect_superuser()) as superuser:
        found = superuser.execute("SELECT number, agencies FROM change").fetchall()
    theirs = {number for number, agencies in found if OWN in agencies}
    seen = {row[0] for row in agency.execute("SELECT number FROM agency_change")}
    assert seen <= theirs
    assert 0 < len(seen) < len(found)


@pytest.mark.parametrize(
    "table",
    [
        "record", "outcome", "person", "person_alias", "quarantine", "evidence", "party",
        "statement_key", "ledger_head", "inbox_offset", "chain", "cursor",
    ],
)  # fmt: skip
def test_an_agencys_login_may_not_read_the_ledger(agency: psycopg.Connection, table: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        agency.execute(f"SELECT 1 FROM {table}")


@pytest.mark.parametrize(
    "attempt",
    [
        "SET ROLE jejak_reader",
        "SET ROLE jejak_owner",
        f"SET ROLE jejak_agency_{OTHER}",
        f"SET SESSION AUTHORIZATION jejak_agency_{OTHER}",
        "SET row_security = off; SELECT person_id FROM profile",
        "SET default_transaction_read_only = off; ALTER TABLE profile DISABLE ROW LEVEL SECURITY",
        "SET default_transaction_read_only = off; UPDATE profile SET home = '4012'",
        "SET default_transaction_read_only = off; CREATE TABLE mine (a int)",
        "COPY profile TO PROGRAM 'cat'",
        "SELECT pg_read_file('PG_VERSION')",
        "SELECT rolpassword FROM pg_authid",
    ],
)
def test_an_agencys_login_cannot_become_more(agency: psycopg.Connection, attempt: str) -> None:
    *before, last = attempt.split("; ")
    for statement in before:
        agency.execute(statement.encode())
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        agency.execute(last.encode())


def test_credentials_and_secrets_are_readable_by_their_owner_alone(played: Played) -> None:
    home = played.stage.home
    kept = [*home.credentials.iterdir(), *home.secrets.folder.iterdir()]
    assert len(kept) > 100
    assert [path.name for path in kept if path.stat().st_mode & 0o077] == []
    folders = (home.path, home.credentials, home.secrets.folder, home.logs, home.run)
    assert [str(path) for path in folders if path.stat().st_mode & 0o077] == []
