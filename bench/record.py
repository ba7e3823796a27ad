"""Record: from a full inbox on a real broker to committed records, by one recorder process.

Everything durable (fsync and synchronous_commit on), all services on this machine. Each round sends
new events of known people, then starts the recorder; its rate is from the first commit to the last.
Beside it, over the same messages: consume and decode without a database, a consumer written by hand
with SQLAlchemy (one row a message, 500 a commit), and COPY of the finished statements into a bare
table. They give no order, outcomes, people or commitments.
"""

import io
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final
from uuid import UUID

import fastavro
import kafka
import psutil
import psycopg
import sqlalchemy as sa

from bench import mix
from bench.emit import login, send
from bench.house import running_house
from bench.line import Line, line
from bench.rounds import Round, Watch, take_turns
from jejak.processes import Up
from jejak.provisioning import NewParty
from jejak_lrs import dictionaries, history, roles
from jejak_lrs.database import connect
from jejak_producers.producer import pack
from jejak_schemas import avro, framing
from jejak_schemas.catalogue import entry_of
from jejak_schemas.credentials import Credentials
from jejak_schemas.events import Event

_PARTY: Final = NewParty("semua", "Semua", ("provider", "assessor", "lan", "bkn", "marketplace"))
_EVENTS: Final = 24_000
_PEOPLE: Final = 5_000
_ROUNDS: Final = 3
_AT_ONCE: Final = 500  # rows a commit of the consumer written by hand
_PATIENCE: Final = 300.0

Make = Callable[[], Any]


def run() -> list[Line]:
    """One recorder, beside what others do with the same messages."""
    traffic = mix.ordinary(mix.simulated(_EVENTS, _PEOPLE))
    makers = mix.makers([one for one in traffic if _may_say(one.event)], _PARTY.code)
    with running_house([_PARTY]) as (up, (credentials,)):
        bench = _Bench(up, credentials, makers)
        works = [bench.record, bench.consume, bench.by_hand, bench.copy]
        recorded, consumed, by_hand, copied = take_turns(works, _ROUNDS)
    what = "record: Kafka to committed record, one recorder"
    return [
        line(what, recorded, "consume + fastavro decode, no database", consumed),
        line(what, recorded, "by hand: SQLAlchemy, 500 a commit", by_hand),
        line(what, recorded, "COPY of the statements, bare table", copied),
    ]


@dataclass(slots=True)
class _Bench:
    """The services, and the messages of the last round."""

    up: Up
    credentials: Credentials
    makers: Sequence[Make]
    begins: dict[Any, int] = field(default_factory=dict)

    def record(self) -> Round:
        """Send new events, start a recorder, watch the head."""
        packed = [pack(make(), self.credentials.party) for make in self.makers]
        self.begins = self._ends()
        send(self.credentials, packed)
        with closing(connect(self.up.services.dsn(roles.READER))) as connection:
            before = history.head(connection).next_position
            self.up.start_loops(["recorder"])
            try:
                return self._watch(connection, before + len(packed))
            finally:
                self.up.stop_loops()

    def _watch(self, connection: psycopg.Connection[Any], least: int) -> Round:
        """From the first commit seen to the one that has all; new people have records too."""
        child = self.up.loops[0].process
        if child is None:
            raise RuntimeError("the recorder did not start")
        process = psutil.Process(child.process.pid)
        first: tuple[float, int, float] | None = None
        until = time.monotonic() + _PATIENCE
        head = history.head(connection)
        before, refused = head.next_position, head.next_outcome
        while time.monotonic() < until:
            now, head = time.perf_counter(), history.head(connection)
            at = head.next_position
            if first is None and at > before:
                first = (now, at, _cpu(process))
            if head.next_outcome > refused:
                raise RuntimeError("a message of the bench was refused")
            if first is not None and at >= least:
                began, start, cpu = first
                return Round(at - start, now - began, _cpu(process) - cpu)
            time.sleep(0.005)
        raise RuntimeError(f"not recorded within {_PATIENCE:.0f} s")

    def consume(self) -> Round:
        """Read the round's messages and decode them."""
        watch = Watch()
        for message in self._messages():
            _decoded(message)
        return watch.stop(len(self.makers))

    def by_hand(self) -> Round:
        """The same into one table, as many would write it."""
        url = self.up.services.superuser_dsn().replace("postgresql://", "postgresql+psycopg://")
        engine, metadata = sa.create_engine(url), sa.MetaData()
        columns = sa.Column("id", sa.Uuid, primary_key=True), sa.Column("statement", sa.JSON)
        table = sa.Table("by_hand", metadata, *columns)
        metadata.drop_all(engine)
        metadata.create_all(engine)
        messages = map(_decoded, self._messages())
        watch = Watch()
        with engine.connect() as connection:
            while batch := list(islice(messages, _AT_ONCE)):
                rows = [{"id": UUID(one["event_id"]), "statement": one} for one in batch]
                connection.execute(table.insert(), rows)
                connection.commit()
        taken = watch.stop(len(self.makers))
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
        return kafka.KafkaConsumer(**login(access), group_id=None, enable_auto_commit=False)


def _may_say(event: Event | None) -> bool:
    """Whether the bench's party may say it."""
    if event is None or event.on_behalf_of is not None:
        return False
    return bool(entry_of(event).roles & set(_PARTY.roles))


def _decoded(value: bytes) -> dict[str, Any]:
    length = framing.header_length(value) or 0
    schema = avro.by_header()[value[:length]]
    read: Any = fastavro.schemaless_reader(io.BytesIO(value[length:]), schema.reader, None)
    return dict(read)


def _cpu(process: psutil.Process) -> float:
    used = process.cpu_times()
    return float(used.user + used.system)
