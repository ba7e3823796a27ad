"""Record: from a full inbox on a real broker to committed records, by one recorder and by two.

Everything durable (fsync and synchronous_commit on), all services on this machine. Each round sends
new events of registered people while the recorders stand still, then lets them go; its rate is
from the first commit to the last. Beside it, over the same messages: consume and decode without a
database, a consumer written by hand with SQLAlchemy (one row a message, 500 a commit), and COPY of
the finished statements into a bare table. They give no order, outcomes, people or commitments.
Their rates begin with the first message.
"""

import io
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice
from typing import Any, Final
from uuid import UUID

import fastavro
import kafka
import psycopg
import sqlalchemy as sa

from bench import mix
from bench.emit import send
from bench.house import running_house
from bench.line import Line, line
from bench.recorders import Recorders, recorders
from bench.rounds import Round, Watch, Work, take_turns
from jejak.processes import Up
from jejak.provisioning import NewParty
from jejak_lrs import dictionaries, roles
from jejak_lrs.database import connect
from jejak_lrs.ledger import history, inboxes
from jejak_producers.producer import pack
from jejak_producers.simulate import Nation
from jejak_schemas import avro, framing, kafka_python
from jejak_schemas.catalogue import entry_of
from jejak_schemas.credentials import Credentials
from jejak_schemas.events import Event

PARTY: Final = NewParty("semua", "Semua", ("provider", "assessor", "lan", "bkn", "marketplace"))
_EVENTS: Final = 24_000
_TIMES: Final = 2  # that the mix is sent a round, as new events
_PEOPLE: Final = 5_000
_ROUNDS: Final = 3
_AT_ONCE: Final = 500  # rows a commit of the consumer written by hand
_PATIENCE: Final = 300.0
_GLANCE: Final = 0.03  # seconds between two looks, which are not for nothing

Make = Callable[[], Any]


def run() -> list[Line]:
    """One recorder, beside what others do with the same messages."""
    with benches() as bench:
        works: list[Work] = [partial(bench.record, 1), bench.consume, bench.by_hand, bench.copy]
        recorded, consumed, by_hand, copied = take_turns(works, _ROUNDS)
    what = "record: Kafka to committed record, one recorder"
    return [
        line(what, recorded, "consume + fastavro decode, no database", consumed),
        line(what, recorded, "by hand: SQLAlchemy, 500 a commit", by_hand),
        line(what, recorded, "COPY of the statements, bare table", copied),
    ]


def run_two() -> list[Line]:
    """Two recorders that divide the partitions, beside one."""
    with benches() as bench:
        works: list[Work] = [partial(bench.record, 2), partial(bench.record, 1), bench.consume]
        two, one, consumed = take_turns(works, _ROUNDS)
    what = "record: Kafka to committed record, two recorders"
    return [
        line(what, two, "one recorder", one),
        line(what, two, "consume + fastavro decode, no database, one process", consumed),
    ]


def run_four() -> list[Line]:
    """Four recorders beside two and one, on an inbox of four partitions."""
    with benches(partitions=4) as bench:
        works: list[Work] = [partial(bench.record, count) for count in (4, 2, 1)]
        four, two, one = take_turns(works, _ROUNDS)
    what = "record: Kafka to committed record"
    return [
        line(f"{what}, four recorders", four, "one recorder", one),
        line(f"{what}, four recorders", four, "two recorders", two),
        line(f"{what}, two recorders", two, "one recorder", one),
    ]


@contextmanager
def benches(partitions: int = 2) -> Iterator["Bench"]:
    """A house with one party that may say everything, and its people registered."""
    nation = mix.simulated(_EVENTS, _PEOPLE)
    makers = makers_of(nation) * _TIMES
    with running_house([replace(PARTY, partitions=partitions)]) as (up, (credentials,)):
        bench = Bench(up, credentials, makers)
        bench.register(nation)
        yield bench
        print(f"the largest recorder held {bench.largest:.0f} MB", file=sys.stderr)


def makers_of(nation: Nation) -> list[Make]:
    """The nation's ordinary traffic, as the bench's party may say it."""
    traffic = [one for one in mix.ordinary(nation) if _may_say(one.event)]
    return mix.makers(traffic, PARTY.code)


@dataclass(slots=True)
class Bench:
    """The services, and the messages of the last round."""

    up: Up
    credentials: Credentials
    makers: Sequence[Make]
    begins: dict[Any, int] = field(default_factory=dict)
    largest: float = 0.0  # megabytes that a recorder was seen to hold

    def register(self, nation: Nation) -> None:
        """Let BKN's messages about the nation's people be recorded."""
        (people,) = (phase for phase in nation.phases() if phase.name == "people")
        self._recorded(1, mix.makers(list(people.deliveries), PARTY.code))

    def record(self, count: int) -> Round:
        """Send new events to recorders that stand still, let them go, watch the offsets."""
        return self._recorded(count, self.makers)

    def _recorded(self, count: int, makers: Sequence[Make]) -> Round:
        packed = [pack(make(), self.credentials.party) for make in makers]
        self.begins = self._ends()
        reader = connect(self.up.services.dsn(roles.READER))
        with recorders(self.up, count) as some, closing(reader) as connection:
            some.wait_for(str(self.credentials.topics.inbox), len(self.begins))
            before = delivered(connection)
            with some.held_still():
                send(self.credentials, packed)
            taken = _watch(connection, some, before + len(packed))
            self.largest = max(self.largest, some.largest)
            return taken

    def consume(self) -> Round:
        """Read the round's messages and decode them."""
        messages = self._messages()
        next(messages)
        watch = Watch()
        for message in messages:
            _decoded(message)
        return watch.stop(len(self.makers) - 1)

    def by_hand(self) -> Round:
        """The same into one table, as many would write it."""
        url = self.up.services.superuser_dsn().replace("postgresql://", "postgresql+psycopg://")
        engine, metadata = sa.create_engine(url), sa.MetaData()
        columns = sa.Column("id", sa.Uuid, primary_key=True), sa.Column("statement", sa.JSON)
        table = sa.Table("by_hand", metadata, *columns)
        metadata.drop_all(engine)
        metadata.create_all(engine)
        messages = map(_decoded, self._messages())
        next(messages)
        watch = Watch()
        with engine.connect() as connection:
            while batch := list(islice(messages, _AT_ONCE)):
                rows = [{"id": UUID(one["event_id"]), "statement": one} for one in batch]
                connection.execute(table.insert(), rows)
                connection.commit()
        taken = watch.stop(len(self.makers) - 1)
        engine.dispose()
        return taken

    def copy(self) -> Round:
        """COPY of the last records' statements, as they are kept but not compressed."""
        unpack = dictionaries.unpacker().unpack
        with closing(connect(self.up.services.dsn(roles.READER))) as connection:
            end = history.head(connection).next_position
            records = history.records(connection, end - len(self.makers) - 1, len(self.makers))
        plain = [unpack(one.payload) for one in records if one.payload is not None]
        with closing(psycopg.connect(self.up.services.superuser_dsn(), autocommit=True)) as server:
            server.execute("DROP TABLE IF EXISTS bare")
            server.execute("CREATE TABLE bare (statement bytea)")
            watch = Watch()
            with (
                server.cursor() as cursor,
                cursor.copy("COPY bare FROM STDIN (FORMAT BINARY)") as copy,
            ):
                copy.set_types(["bytea"])
                for one in plain:
                    copy.write_row([one])
            return watch.stop(len(plain))

    def _messages(self) -> Iterator[bytes]:
        """The messages that the round sent."""
        consumer = self._reader()
        consumer.assign(list(self.begins))
        for where, offset in self.begins.items():
            consumer.seek(where, offset)
        left = len(self.makers)
        while left > 0:
            for messages in consumer.poll(1_000, max_records=5_000).values():
                left -= len(messages)
                yield from (message.value for message in messages)
        consumer.close()

    def _ends(self) -> dict[Any, int]:
        """Where the inbox ends now, per partition."""
        reader, topic = self._reader(), str(self.credentials.topics.inbox)
        where = [kafka.TopicPartition(topic, p) for p in reader.partitions_for_topic(topic)]
        ends: dict[Any, int] = reader.end_offsets(where)
        reader.close()
        return ends

    def _reader(self) -> Any:
        access = self.up.services.kafka(self.up.services.operator)
        return kafka.KafkaConsumer(
            **kafka_python.settings(access), group_id=None, enable_auto_commit=False
        )


def _watch(connection: psycopg.Connection[Any], some: Recorders, least: int) -> Round:
    """From the first commit seen to the one after which `least` messages had been delivered."""
    began: tuple[float, int, float] | None = None
    before, refused = delivered(connection), history.head(connection).next_outcome
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until:
        now, at = time.perf_counter(), delivered(connection)
        some.look()
        if began is None and at > before:
            began = (now, at, some.cpu())
        if began is not None and at >= least:
            if history.head(connection).next_outcome > refused:
                raise RuntimeError("a message of the bench was refused")
            return Round(at - began[1], now - began[0], some.cpu() - began[2])
        time.sleep(_GLANCE)
    raise RuntimeError(f"not recorded within {_PATIENCE:.0f} s")


def delivered(connection: psycopg.Connection[Any]) -> int:
    """How many messages every inbox has delivered."""
    return sum(inbox.delivered for inbox in inboxes.all_inboxes(connection))


def _may_say(event: Event | None) -> bool:
    """Whether the bench's party may say it."""
    if event is None or event.on_behalf_of is not None:
        return False
    return bool(entry_of(event).roles & set(PARTY.roles))


def _decoded(value: bytes) -> dict[str, Any]:
    length = framing.header_length(value) or 0
    schema = avro.by_header()[value[:length]]
    read: Any = fastavro.schemaless_reader(io.BytesIO(value[length:]), schema.reader, None)
    return dict(read)
