"""The recorder: polls every inbox, carries each message to a finished row, appends, goes on.

The ledger's own offsets, not Kafka's group commits, say where to go on, and only after the
append does anything count as done. What that promises: docs/guarantees.md, "An event that was
accepted".
"""

import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

import psycopg
import structlog

from jejak_consumers import errors
from jejak_consumers.carriage import Carriage, Learn
from jejak_consumers.directory import Directory, look_up
from jejak_consumers.finish import Finisher
from jejak_consumers.messages import InboxReader, Message, TopicPartition
from jejak_consumers.partitions import Partitions
from jejak_consumers.vitals import OUTCOMES, Vitals
from jejak_consumers.walk import DoorRules, Walk
from jejak_lrs import errors as ledger_errors
from jejak_lrs.database import Database
from jejak_lrs.failpoint import failpoint
from jejak_lrs.ledger import parties
from jejak_lrs.ledger.appending import append
from jejak_lrs.ledger.batch import Appended, Batch, Item, Refused, Row
from jejak_lrs.ledger.people import People
from jejak_lrs.ledger.standing import Behind
from jejak_lrs.tidying import Tidying
from jejak_schemas import backoff
from jejak_schemas.framing import SINGLE_OBJECT, Framing
from jejak_schemas.registry import RegistryError
from jejak_schemas.resolve import Reference
from jejak_schemas.traces import OFF, Step, Traces

log = structlog.get_logger()

WORK: Final = "recorder"  # in the log and the metrics
MOST_MESSAGES: Final = 2_000  # a batch: enough for COPY, few enough for the processor's cache
MOST_AT_ONCE: Final = 10_000  # a poll: some batches, each walked while the one before is appended
_POLL_SECONDS: Final = 0.2
_NOTE_SECONDS: Final = 1.0


@dataclass(slots=True)
class Recorder:
    """One recorder process. What it needs comes in; it connects nothing by itself."""

    reader: InboxReader
    database: Database
    people: People
    finisher: Finisher
    rules: DoorRules
    framing: Framing = SINGLE_OBJECT
    vitals: Vitals = field(default_factory=lambda: Vitals("recorder"))
    traces: Traces = OFF
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    partitions: Partitions = field(init=False)
    _hand: ThreadPoolExecutor = field(init=False)  # appends while the loop's own thread walks
    _ahead: Carriage | None = None  # walked while the batch before it was appended
    _noted: float = 0.0
    _oldest: int = 0
    _registry: tuple[int, parties.Parties] | None = None

    def __post_init__(self) -> None:
        self.partitions = Partitions(self.reader, self.database, self.vitals)
        self._hand = ThreadPoolExecutor(1, "append")

    def run(self, stop: threading.Event) -> None:
        """Record until told to stop. Retry errors back off; Fatal ones end the loop."""
        self.vitals.leads(yes=True)
        self.reader.subscribe(self.partitions.assigned, self.partitions.lost)
        try:
            with Tidying() as tidying:
                self._turns(stop, tidying)
        finally:
            self.reader.close()
            self._hand.shutdown()

    def _turns(self, stop: threading.Event, tidying: Tidying) -> None:
        failures = 0
        while not stop.is_set():
            try:
                self.turn()
                failures = 0
            except (errors.Retry, ledger_errors.Retry) as exc:
                failures += 1
                log.warning("retry", error=str(exc), failures=failures)
                self.vitals.retried(exc)
                stop.wait(backoff.pause(failures))
                self.partitions.go_back()
                self._registry = None  # it may be another ledger's by now: one that was restored
            tidying.tidy()

    def turn(self) -> int:
        """Poll once and settle all that came; the number of messages."""
        self.vitals.turned()
        try:
            count = self._turn()
        except psycopg.Error as exc:
            raise ledger_errors.of(exc) from None  # its DETAIL can quote a row, and that a NIP
        self.vitals.reaches("kafka", yes=self.reader.connected())
        return count

    def _turn(self) -> int:
        self.partitions.open_new()
        waiting = self.partitions.sound(self._poll())
        count, oldest = len(waiting), min((each.written for each in waiting), default=0)
        while waiting:
            try:
                waiting = waiting[self._settle(waiting) :]
            except RegistryError as exc:
                waiting = self.partitions.set_aside(waiting, str(exc))
        if count:
            self.reader.report(self.partitions.told())
        self._look(oldest)
        return count

    def _look(self, oldest: int) -> None:
        """Note what is not recorded; `oldest` is when this turn's oldest message was written."""
        if oldest:
            self._oldest = oldest
        if time.monotonic() - self._noted < _NOTE_SECONDS:
            return
        self._noted = time.monotonic()
        self.database.connection.execute("SELECT")  # an idle recorder finds out, too
        self.vitals.reaches("postgres", yes=True)
        unread = self._unread()
        self.vitals.inboxes_lag(unread)
        if not any(unread.values()):
            self._oldest = 0  # what comes next is younger than what came last
        age = time.time() - self._oldest / 1000 if self._oldest else 0.0
        self.vitals.lags(WORK, Behind(sum(unread.values()), max(0.0, age)))

    def _unread(self) -> dict[str, int]:
        """The messages of each inbox that we own that are not recorded."""
        ends, unread = self.reader.ends(), dict[str, int]()
        for where, next_offset in self.partitions.next.items():
            waits = max(0, ends.get(where, next_offset) - next_offset)
            unread[where.topic] = unread.get(where.topic, 0) + waits
        return unread

    def _poll(self) -> Mapping[TopicPartition, Sequence[Message]]:
        """What came; one partition that cannot be read on stops, and the others go on.

        From their stored offsets: what was fetched of them beside the error may be gone.
        """
        try:
            return self.reader.poll(_POLL_SECONDS, MOST_AT_ONCE)
        except errors.OffsetOutOfRange as exc:
            self.partitions.stop(exc.where, exc.what)
            self.partitions.go_back()
            return {}

    # -- settling -------------------------------------------------------------------------

    def _settle(self, messages: Sequence[Message]) -> int:
        """Append a batch of the first messages and walk the next meanwhile; how many it held."""
        carriage, self._ahead = self._ahead, None
        if carriage is None:
            carriage = self._begin(messages)
            carriage.go()
        items = carriage.arrive(self._learn)
        spans = self.partitions.spans(messages[: len(items)])
        batch = Batch(items, carriage.version, spans, carriage.walk.directory.newcomers)
        ahead = self._look_ahead(messages[len(items) :], batch)
        try:
            appended, ended = self._append(batch, ahead)
        except (ledger_errors.RegistryMoved, ledger_errors.AliasesLost):
            return 0  # the world has moved: look up again, walk again
        self._ahead = ahead
        self.partitions.moved(spans)
        self._say(appended, len(items), len(spans), ended - carriage.began)
        if self.traces.on:
            self._trace(items, carriage.began_at)
        return len(items)

    def _append(self, batch: Batch, ahead: Carriage | None) -> tuple[Appended, float]:
        """Append, and walk ahead meanwhile: PostgreSQL works while we do, and the disk too."""
        failpoint("recorder.before-append")
        if ahead is None:
            done = self._append_now(batch)
        else:
            appending = self._hand.submit(self._append_now, batch)
            try:
                ahead.go()
            finally:
                wait([appending])  # nobody else may have the connection before
            done = appending.result()
        failpoint("recorder.after-append")
        return done

    def _append_now(self, batch: Batch) -> tuple[Appended, float]:
        """What was appended, and when that was done."""
        return append(self.database, batch), time.perf_counter()

    def _begin(self, messages: Sequence[Message], learn: Learn | None = None) -> Carriage:
        """A batch of the first messages, and whom their keys name looked up."""
        first = messages[:MOST_MESSAGES]
        version, registry = self._registry = parties.load(self.database.connection, self._registry)
        walk = self._walk(registry)
        (learn or self._learn)(walk.directory, _references_of_keys(first))
        return Carriage(walk, version, first)

    def _look_ahead(self, messages: Sequence[Message], batch: Batch) -> Carriage | None:
        """The next batch, begun before this one is appended, if it can be.

        Not where this one changes who may speak. Where it brings persons or postings, only what no
        append can change is learnt now; whoever else is named waits until it is done.
        """
        rows = [item for item in batch.items if isinstance(item, Row)]
        if not messages or any(row.party_change is not None for row in rows):
            return None
        people = any(row.needs or row.registers is not None for row in rows)
        return self._begin(messages, self._learn_what_lasts if people else None)

    def _say(self, appended: Appended, items: int, spans: int, seconds: float) -> None:
        """The canonical line of a batch: numbers only."""
        handled = dict(zip(OUTCOMES, _counts(appended), strict=True))
        position = appended.next_position - 1
        self.vitals.batch(WORK, handled, position, seconds)
        log.info(
            "batch",
            work=WORK,
            messages=items,
            partitions=spans,
            **handled,
            position=position,
            milliseconds=round(seconds * 1000),
        )

    def _trace(self, items: Iterable[Item], began: int) -> None:
        """Make the spans of those of a batch that are followed."""
        for item in items:
            if isinstance(item, Refused):
                if item.event_id is not None:
                    step = Step("jejak record", item.event_id, {"jejak.refused": item.reason})
                    self.traces.tell(step, began)
            else:
                said = {"jejak.event": item.event_type, "jejak.party": item.party}
                self.traces.tell(Step("jejak record", item.statement_id, said), began)

    def _walk(self, registry: parties.Parties) -> Walk:
        now = self.clock()
        directory = Directory(self.finisher, now)
        topics = self.partitions.topics
        return Walk(topics, registry, directory, self.finisher, self.rules, now, self.framing)

    def _learn(self, directory: Directory, asked: Iterable[Reference]) -> None:
        look_up(directory, self.database.connection, self.people, asked)

    def _learn_what_lasts(self, directory: Directory, asked: Iterable[Reference]) -> None:
        known = self.people.resolve_many(self.database.connection, asked)
        lasts = {reference: person for reference, person in known.items() if person.registered}
        directory.learn(lasts, lasts)


def _references_of_keys(messages: Sequence[Message]) -> set[Reference]:
    """What the keys name, if they name persons: raw text, told apart by its form."""
    references: set[Reference] = set()
    for message in messages:
        try:
            text = (message.key or b"").decode("ascii")
        except UnicodeDecodeError:
            continue
        if len(text) == 18 and text.isdigit():  # noqa: PLR2004  a NIP's length
            references.add(("nip", text))
        elif len(text) == 36:  # noqa: PLR2004  a UUID's length
            references.add(("person_id", text))
    return references


def _counts(appended: Appended) -> tuple[int, int, int, int]:
    return appended.recorded, appended.duplicates, appended.conflicts, appended.refused
