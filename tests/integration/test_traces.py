"""One event followed from emit through the ledger to its receipt and its changes."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from uuid import UUID

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from jejak_consumers.agencies import Changes
from jejak_consumers.follower import Follower, Work
from jejak_consumers.messages import Outbox, Post
from jejak_consumers.projector import Projection
from jejak_consumers.publisher import Postman, Receipts
from jejak_lrs.database import Database
from jejak_lrs.projection.projecting import Projector
from jejak_producers import Producer
from jejak_schemas import codec, topics
from jejak_schemas.credentials import Credentials, KafkaAccess, Topics
from jejak_schemas.events import Event
from jejak_schemas.outgoing import Receipt
from jejak_schemas.traces import TRACEPARENT, Traces, traceparent
from tests import services
from tests.integration.test_recorder import NIP, House, completed, registered
from tests.unit.test_producer import FakeOutbox

pytestmark = pytest.mark.integration


class Posts(Outbox):
    """A broker that keeps what it was sent."""

    def __init__(self) -> None:
        self.sent: list[Post] = []

    def send(self, posts: Sequence[Post]) -> None:
        self.sent += posts

    def commit(self) -> None:
        pass

    def close(self) -> None:
        pass


class Line:
    """Producer, recorder, projector and publisher, one after the other, all traced alike."""

    def __init__(self, house: House, share: float) -> None:
        self.spans = InMemorySpanExporter()
        provider = TracerProvider()
        provider.add_span_processor(SimpleSpanProcessor(self.spans))
        self.traces = Traces(share, provider.get_tracer("test"))
        self.house = house
        self.posts = Posts()
        house.recorder.traces = self.traces

    def emit(self, event: Event) -> None:
        """By the SDK, and into the recorder's inbox with the headers that it gave."""
        outbox = FakeOutbox()
        with Producer(
            credentials(event.party), receipts=False, traces=self.traces, outbox=outbox
        ) as producer:
            producer.emit(event).result(5)
        ((_, key, value),) = outbox.messages
        self.house.inbox.deliver(event.party, value, key, tuple(outbox.headers[0]))

    def follow(self, own: services.Database) -> None:
        """Fold, and tell parties and agencies."""
        postman = Postman(lambda: self.posts, traces=self.traces)
        keys = {"2060": b"k" * 32}
        with (
            closing(Database(own.dsn("jejak_projector"))) as projector,
            closing(Database(own.dsn("jejak_publisher"))) as publisher,
        ):
            self._drain(projector, Projection(Projector()))
            self._drain(publisher, Receipts(postman))
            self._drain(publisher, Changes(postman, lambda: keys))

    def of(self, event_id: UUID) -> list[ReadableSpan]:
        """The spans of an event."""
        return [s for s in self.spans.get_finished_spans() if s.context.trace_id == event_id.int]

    def _drain(self, database: Database, work: Work[object]) -> None:
        follower = Follower(database, work, traces=self.traces)
        while follower.step():
            pass


def credentials(party: str) -> Credentials:
    return Credentials(
        party=party,
        roles=("provider",),
        kafka=KafkaAccess(bootstrap_servers="127.0.0.1:1", username=party, password="x"),  # type: ignore[arg-type]
        topics=Topics(inbox=topics.inbox(party), receipts=topics.receipts(party)),
    )


@pytest.fixture
def house(database: services.Database) -> Iterator[House]:
    made = House(database)
    yield made
    made.ledger.close()


def test_each_process_adds_to_the_trace_of_the_event(house: House) -> None:
    line = Line(house, 1.0)
    course, posting = completed(), registered()
    line.emit(posting)
    line.emit(course)
    house.settle()
    line.follow(house.own)

    for event in (posting, course):
        names = Counter(span.name for span in line.of(event.event_id))
        assert names["jejak emit"] == names["jejak record"] == names["jejak fold"] == 1
        assert names["jejak receipt"] == 1
    told = {span.name for span in line.of(posting.event_id)}
    assert "jejak change" in told  # the agency learns of a person who joined

    receipts = [one for one in line.posts.sent if ".receipts." in one.topic]
    for one in receipts:
        about = codec.read_as(Receipt, one.value).event_id
        assert about is not None
        assert dict(one.headers) == {TRACEPARENT: traceparent(about).encode()}
    changes = [one for one in line.posts.sent if one.topic == topics.changes("2060")]
    assert changes
    for one in changes:
        assert dict(one.headers)[TRACEPARENT].decode()[3:35] in {
            posting.event_id.hex, course.event_id.hex,
        }  # fmt: skip


def test_a_span_says_nothing_of_a_person(house: House) -> None:
    line = Line(house, 1.0)
    line.emit(registered())
    line.emit(completed())
    house.settle()
    line.follow(house.own)
    spans = line.spans.get_finished_spans()
    assert len(spans) > 5
    assert NIP not in "".join(span.to_json() for span in spans)


def test_what_is_traced_is_recorded_as_what_is_not(house: House) -> None:
    line = Line(house, 1.0)
    line.emit(registered())
    house.settle()
    house.send(registered())
    house.settle()
    first, second = (one for one in house.records() if one.event_type == "PersonRegistered")
    assert house.event(first).model_dump(exclude={"event_id"}) == house.event(second).model_dump(
        exclude={"event_id"}
    )
    assert house.balanced()


def test_off_no_message_carries_a_header_and_no_span_is_made(house: House) -> None:
    line = Line(house, 0.0)
    line.emit(registered())
    house.settle()
    line.follow(house.own)
    assert line.spans.get_finished_spans() == ()
    assert line.posts.sent
    assert [one for one in line.posts.sent if dict(one.headers).get(TRACEPARENT)] == []
