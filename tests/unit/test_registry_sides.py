"""What a schema registry that is away, or that lacks something, means to each side."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import pytest

from jejak.errors import Misuse
from jejak.framing import KEYS, framing_of, registry_of
from jejak.home import Home
from jejak.loops import door_rules
from jejak.services import registry_of as servers_registry
from jejak.settings import Settings, load, origins
from jejak_consumers import errors as consumer_errors
from jejak_consumers.messages import Message
from jejak_consumers.subscriber import Subscriber
from jejak_consumers.walk import Inbox, Walk
from jejak_producers import Producer, ProducerError, RegistryAway, RegistryRefuses
from jejak_producers.delivery import Sent as Emitted
from jejak_producers.ports import Headers, Inlet, Outbox, Pending
from jejak_producers.ports import Message as Incoming
from jejak_producers.receipts import ReceiptReader, backlog
from jejak_schemas import codec, topics
from jejak_schemas.credentials import Credentials, KafkaAccess, Topics
from jejak_schemas.events import CourseCompleted
from jejak_schemas.framing import SINGLE_OBJECT
from jejak_schemas.parts import Activity, PersonRef
from jejak_schemas.registry import Access, SchemaRegistry, client
from jejak_schemas.registry import RegistryAway as Away
from jejak_schemas.registry.registering import subject_of
from tests.brokers import recorded
from tests.feeds import CREDENTIALS, MemoryFeed, Topic, hours, state
from tests.schema_registry import Answer, Registry, serving

NIP = "198503152010011001"
INBOX = topics.inbox("lan")
EVENT = UUID(int=7)
LAN = Credentials(
    party="lan",
    roles=("lan", "provider"),
    kafka=KafkaAccess(bootstrap_servers="x:1", username="lan", password=cast("Any", "secret")),
    topics=Topics(inbox=INBOX),
)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A registry found away may be asked again at once."""
    monkeypatch.setattr(client, "_REST_SECONDS", 0.0)


@pytest.fixture
def registry() -> Iterator[Registry]:
    with serving(Registry()) as one:
        one.hold_all()
        yield one


@pytest.fixture
def framing(registry: Registry) -> Iterator[SchemaRegistry]:
    with closing(SchemaRegistry(registry.url, patience=0)) as one:
        yield one


@contextmanager
def away(registry: Registry) -> Iterator[None]:
    registry.bent = lambda _: Answer(503, b"")
    yield
    registry.bent = lambda _: None


def completed() -> CourseCompleted:
    return CourseCompleted(
        occurred_at=datetime(2026, 3, 9, tzinfo=UTC),
        party="lan",
        learner=PersonRef(nip=NIP),
        activity=Activity(id="https://contoh.id/kursus", name={"id": "Kursus"}),
        offering="https://contoh.id/o/1",
    )


# -- the recorder --------------------------------------------------------------------------------


def walk(framing: SchemaRegistry) -> Walk:
    """A walk that comes no further than what a message is."""
    inboxes = {INBOX: Inbox("lan", UUID(int=1))}
    nothing = cast("Any", None)
    return Walk(inboxes, nothing, nothing, nothing, door_rules(), datetime.now(UTC), framing)


def test_the_walk_refuses_nothing_because_the_registry_is_away(
    registry: Registry, framing: SchemaRegistry
) -> None:
    value = codec.encode(completed(), framing)
    recorders = SchemaRegistry(registry.url, patience=0)
    with closing(recorders), away(registry), pytest.raises(Away):
        walk(recorders).carry(Message(INBOX, 0, 0, NIP.encode(), value, ()))


def test_the_walk_refuses_an_id_that_the_registry_does_not_know(framing: SchemaRegistry) -> None:
    value = b"\x00\x00\x01\x00\x00" + codec.body_of(codec.encode(completed()))
    refused = walk(framing).carry(Message(INBOX, 0, 0, NIP.encode(), value, ()))
    assert getattr(refused, "reason", None) == "unknown-schema"


# -- a provider ----------------------------------------------------------------------------------


class Sent(Outbox, Pending):
    """A broker that acknowledges at once, and the acknowledgement."""

    is_done = True
    exception = None
    value = type("At", (), {"offset": 0})

    def __init__(self) -> None:
        self.values: list[bytes] = []

    def partitions(self) -> int:
        return 1

    def send(self, partition: int, key: bytes, value: bytes, headers: Headers = ()) -> Pending:
        self.values.append(value)
        return self

    def get(self, timeout: float | None = None) -> Any:
        return self.value

    def add_both(self, call: Callable[[object], object]) -> None:
        call(None)

    def explain(self, error: BaseException) -> ProducerError:
        raise error

    def close(self, *, force: bool) -> None:
        """Nothing is open."""


@contextmanager
def producing(framing: SchemaRegistry) -> Iterator[tuple[Producer, list[bytes]]]:
    outbox = Sent()
    with Producer(LAN, framing=framing, outbox=outbox) as producer:
        yield producer, outbox.values


def test_nothing_is_sent_while_the_registry_is_away(
    registry: Registry, framing: SchemaRegistry
) -> None:
    with producing(framing) as (producer, sent):
        with away(registry), pytest.raises(RegistryAway, match="HTTP status 503"):
            producer.emit(completed())
        assert sent == []
        producer.emit(completed()).result(1)
        assert [value[:1] for value in sent] == [b"\0"]


def test_nothing_is_sent_with_a_schema_that_is_not_registered(
    registry: Registry, framing: SchemaRegistry
) -> None:
    del registry.subjects[subject_of("CourseCompleted")]
    with producing(framing) as (producer, sent):
        with pytest.raises(RegistryRefuses, match="does not hold CourseCompleted"):
            producer.emit(completed())
        assert sent == []


def test_a_receipt_waits_for_the_registry_and_is_not_passed_over(
    registry: Registry, framing: SchemaRegistry
) -> None:
    value = codec.encode(recorded(1, ("t", 0, 0)), framing)
    with closing(SchemaRegistry(registry.url, patience=0)) as parties:
        with away(registry), pytest.raises(RegistryAway):
            list(backlog(OneReceipt(value), 0, framing=parties))
        (arrival,) = backlog(OneReceipt(value), 0, framing=parties)
        assert arrival.receipt.seq == 1


def test_who_waits_for_a_receipt_hears_that_the_registry_is_away_and_may_ask_again(
    registry: Registry, framing: SchemaRegistry
) -> None:
    value = codec.encode(recorded(1, (INBOX, 0, 0), event_id=EVENT), framing)
    sent = Emitted(EVENT, INBOX, 0, 0)
    parties = SchemaRegistry(registry.url, patience=0)
    reader = ReceiptReader(OneReceipt(value), 0, parties)
    with closing(parties), closing(reader):
        with away(registry), pytest.raises(RegistryAway, match="HTTP status 503"):
            reader.expect_of(sent).result(5)
        assert reader.expect_of(sent).result(5).seq == 1


def test_a_party_without_the_registry_is_told_to_name_it(framing: SchemaRegistry) -> None:
    value = codec.encode(recorded(1, (INBOX, 0, 0), event_id=EVENT), framing)
    with closing(ReceiptReader(OneReceipt(value), 0)) as reader:
        waiting = reader.expect_of(Emitted(EVENT, INBOX, 0, 0))
        with pytest.raises(RegistryRefuses, match="set JEJAK_REGISTRY_URL"):
            waiting.result(5)


class OneReceipt(Inlet):
    """A receipts topic that holds one message."""

    def __init__(self, value: bytes) -> None:
        self._held = Incoming(0, 0, value)
        self._at = 0

    def beginning(self) -> int:
        return 0

    def end(self) -> int:
        return 1

    def seek(self, offset: int) -> None:
        self._at = offset

    def position(self) -> int:
        return self._at

    def poll(self, seconds: float) -> list[Incoming]:
        found, self._at = [self._held][self._at :], 1
        return found

    def close(self) -> None:
        """Nothing is open."""


# -- an agency -----------------------------------------------------------------------------------


def test_a_change_waits_for_the_registry_and_is_not_passed_over(
    registry: Registry, framing: SchemaRegistry, tmp_path: Path
) -> None:
    topic = Topic()
    topic.take(b"", codec.encode(hours(1), framing))
    topic.take(b"", codec.encode(hours(2)))
    parties = SchemaRegistry(registry.url, patience=0)

    def seqs() -> list[int]:
        def feed(_name: str) -> MemoryFeed:
            return MemoryFeed(topic)

        with Subscriber(CREDENTIALS, tmp_path / "s", framing=parties, open_feed=feed) as own:
            return [change.seq for change in own.changes(patience=0.01)]

    with closing(parties):
        with away(registry), pytest.raises(consumer_errors.RegistryAway, match="503"):
            seqs()
        assert seqs() == [1, 2]
        assert seqs() == []


def test_an_agency_without_the_registry_is_told_to_name_it(
    framing: SchemaRegistry, tmp_path: Path
) -> None:
    topic = Topic()
    topic.take(b"", codec.encode(hours(1), framing))
    with (
        Subscriber(CREDENTIALS, tmp_path / "s", open_feed=lambda _: MemoryFeed(topic)) as own,
        pytest.raises(consumer_errors.UnknownSchema, match="set JEJAK_REGISTRY_URL"),
    ):
        list(own.changes(patience=0.01))


def test_profiles_are_read_in_both_framings(framing: SchemaRegistry, tmp_path: Path) -> None:
    topic = Topic(CREDENTIALS.topics.profiles or "")
    topic.take(b"a", codec.encode(state(1), framing))
    topic.take(b"b", codec.encode(state(2)))
    own = Subscriber(
        CREDENTIALS, tmp_path / "s", framing=framing, open_feed=lambda _: MemoryFeed(topic)
    )
    assert [one.version for one in own.profiles()] == [1, 2]


# -- what is set ---------------------------------------------------------------------------------


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def test_a_party_reads_the_same_keys_as_the_server(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert set(KEYS) <= set(Settings.model_fields)
    (home.path / "settings.toml").write_text(
        'registry_url = "https://reg.go.id/apis/ccompat/v7/"\nregistry_user = "lan"\n'
    )
    expected = Access(("https://reg.go.id/apis/ccompat/v7",), "lan", "rahasia")
    monkeypatch.setenv("JEJAK_REGISTRY_PASSWORD", "rahasia")
    assert registry_of(home, {"JEJAK_REGISTRY_PASSWORD": "rahasia"}) == expected
    assert servers_registry(load(home)) == expected


def test_every_key_is_documented_under_both_its_names() -> None:
    page = (Path(__file__).parents[2] / "docs/registry.md").read_text("utf-8")
    for key in KEYS:
        assert f"| `JEJAK_{key.upper()}` | `{key}` |" in page


def test_without_a_registry_messages_are_single_objects(home: Home) -> None:
    assert registry_of(home, {}) is None
    assert servers_registry(load(home)) is None
    assert framing_of(home) is SINGLE_OBJECT


@pytest.mark.parametrize("of", [framing_of, lambda home: servers_registry(load(home))])
def test_a_url_that_is_none_is_a_wrong_use(
    home: Home, monkeypatch: pytest.MonkeyPatch, of: Any
) -> None:
    monkeypatch.setenv("JEJAK_REGISTRY_URL", "registry:8081")
    with pytest.raises(Misuse, match="JEJAK_REGISTRY_URL"):
        of(home)


def test_the_settings_show_no_password(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JEJAK_REGISTRY_URL", "https://lan:rahasia@reg.go.id")
    monkeypatch.setenv("JEJAK_REGISTRY_PASSWORD", "rahasia")
    settings = load(home)
    shown = origins(home, settings)
    assert "rahasia" not in f"{shown} {settings}"
    assert shown["registry_url"] == ("https://reg.go.id (user lan, password ***)", "environment")
    assert shown["registry_password"][0] == "**********"
