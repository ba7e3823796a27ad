"""Two writers, interleaved in every way the locks allow, held against a list and a dict."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import LiteralString, TypeAlias
from uuid import UUID

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from uuid_utils.compat import uuid7

from jejak_lrs import errors, failpoint
from jejak_lrs.database import Connection, Database
from jejak_lrs.ledger import appending, books, history, inboxes
from jejak_lrs.ledger.batch import Batch, Item, NewPerson, Row, Span
from tests import rows, services
from tests.integration.test_append_recovery import end_backend, lose_connection, once

pytestmark = pytest.mark.integration

# (which of six ids, what it says, which of three aliases it needs or 3), None for a refusal
Message: TypeAlias = tuple[int, bytes, int] | None
MESSAGES = st.lists(
    st.none() | st.tuples(st.integers(0, 5), st.sampled_from([b"a", b"b"]), st.integers(0, 3)),
    min_size=1,
    max_size=5,
)
WRITERS = st.sampled_from([0, 1])
POINTS = st.sampled_from(["append.before-copy", "append.after-copy", "append.before-commit"])


_BLOCKED: LiteralString = (
    "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() "
    "AND usename = 'jejak_writer' AND cardinality(pg_blocking_pids(pid)) > 0)"
)


@dataclass
class Model:
    """The ledger: a list of ids, what each said, who holds an alias, where each inbox stands."""

    first: int
    offsets: list[int]
    records: list[UUID] = field(default_factory=list)
    said: dict[UUID, bytes] = field(default_factory=dict)
    holders: dict[str, NewPerson] = field(default_factory=dict)
    outcomes: list[tuple[str, int | None]] = field(default_factory=list)

    def takes(self, batch: Batch) -> type[errors.LedgerError] | None:
        """What append must raise for a batch, if anything."""
        if any(span.start != self.offsets[span.partition] for span in batch.spans):
            return errors.Fenced
        for row in self.survivors(batch):
            for alias in row.needs:
                holder = self.holders.get(alias.value)
                if holder is not None and holder.person_id != alias.person_id:
                    return errors.AliasesLost
        return None

    def survivors(self, batch: Batch) -> list[Row]:
        """The rows that are the first to say their id."""
        seen = set(self.said)
        found = []
        for item in batch.items:
            if isinstance(item, Row) and item.statement_id not in seen:
                seen.add(item.statement_id)
                found.append(item)
        return found

    def append(self, batch: Batch) -> None:
        """Take a batch."""
        survivors = self.survivors(batch)
        for row in survivors:
            for alias in row.needs:
                if alias.value not in self.holders:
                    self.holders[alias.value] = new = batch.newcomers[alias.person_id]
                    self.records.append(new.row.statement_id)
        self.records += [row.statement_id for row in survivors]
        mine = {id(row) for row in survivors}
        self.said |= {row.statement_id: row.digest for row in survivors}
        self.outcomes += [self._fate(item) for item in batch.items if id(item) not in mine]
        for span in batch.spans:
            self.offsets[span.partition] = span.end

    def _fate(self, item: Item) -> tuple[str, int | None]:
        if not isinstance(item, Row):
            return "refused", None
        same = self.said[item.statement_id] == item.digest
        of = self.first + self.records.index(item.statement_id)
        return ("duplicate" if same else "conflict"), of


class TwoWriters(RuleBasedStateMachine):
    """Each writer has a partition of its own; both may also write to the other's, and be fenced."""

    def __init__(self, writers: Sequence[Database], superuser: Connection) -> None:
        super().__init__()
        self.writers = writers
        self.superuser = superuser

    @initialize()
    def begin(self) -> None:
        """Examples follow one another on one ledger, each with ids and aliases of its own."""
        head = history.head(self.superuser)
        stands = {box.partition: box.next_offset for box in inboxes.all_inboxes(self.superuser)}
        self.before = head
        self.model = Model(head.next_position, [stands[0], stands[1]])
        self.ids = [uuid7() for _ in range(6)]
        names = [str(uuid7()) for _ in range(3)]
        # What each writer believes: every one would give the same aliases to persons of its own.
        self.people = [[rows.newcomer(name, kind="bkn-id") for name in names] for _ in range(2)]

    @rule(writer=WRITERS, messages=MESSAGES)
    def one_appends(self, writer: int, messages: list[Message]) -> None:
        self.settle(writer, messages, self.batch(writer, writer, messages))

    @rule(writer=WRITERS, messages=MESSAGES, point=POINTS, others=MESSAGES)
    def the_other_begins_while_one_holds_the_lock(
        self, writer: int, messages: list[Message], point: str, others: list[Message]
    ) -> None:
        other = 1 - writer
        late = self.batch(other, other, others)
        waiting = threading.Thread(target=self.settle_late(other, others, late))

        def begin() -> None:
            waiting.start()
            self.until_blocked(waiting)

        once(point, begin)
        self.settle(writer, messages, self.batch(writer, writer, messages))
        failpoint.arm(None)
        if waiting.ident is None:  # the first was turned away before it came to that point
            waiting.start()
        waiting.join()
        self.check_late()

    @rule(writer=WRITERS, messages=MESSAGES, behind=st.integers(1, 3))
    def a_zombie_writes_from_an_old_offset(
        self, writer: int, messages: list[Message], behind: int
    ) -> None:
        start = self.model.offsets[writer] - behind
        if start >= 0:
            self.settle(writer, messages, self.batch(writer, writer, messages, start))

    @rule(writer=WRITERS, messages=MESSAGES)
    def one_takes_the_others_partition(self, writer: int, messages: list[Message]) -> None:
        batch = self.batch(writer, 1 - writer, messages)
        self.settle(writer, messages, batch)

    @rule(writer=WRITERS, messages=MESSAGES)
    def the_registry_has_moved(self, writer: int, messages: list[Message]) -> None:
        batch = self.batch(writer, writer, messages, version=7)
        with pytest.raises(errors.RegistryMoved):
            appending.append(self.writers[writer], batch)

    @rule(writer=WRITERS, messages=MESSAGES, point=POINTS)
    def the_backend_ends(self, writer: int, messages: list[Message], point: str) -> None:
        once(point, lambda: end_backend(self.writers[writer], self.superuser))
        self.settle(writer, messages, self.batch(writer, writer, messages))
        failpoint.arm(None)

    @rule(writer=WRITERS, messages=MESSAGES)
    def the_answer_to_commit_is_lost(self, writer: int, messages: list[Message]) -> None:
        once("append.after-commit", lambda: lose_connection(self.writers[writer]))
        self.settle(writer, messages, self.batch(writer, writer, messages))
        failpoint.arm(None)

    @invariant()
    def the_ledger_is_its_model(self) -> None:
        first, told = self.before.next_position, self.before.next_outcome
        recorded = history.records(self.superuser, first - 1, 1000)
        outcomes = history.outcomes(self.superuser, told - 1, 1000)
        stands = {box.partition: box for box in inboxes.all_inboxes(self.superuser)}
        assert [one.position for one in recorded] == [first + n for n in range(len(recorded))]
        assert [one.statement_id for one in recorded] == self.model.records
        assert [one.number for one in outcomes] == [told + n for n in range(len(outcomes))]
        assert [(one.kind, one.of_position) for one in outcomes] == self.model.outcomes
        for partition, offset in enumerate(self.model.offsets):
            assert (stands[partition].next_offset, stands[partition].delivered) == (offset, offset)

    def teardown(self) -> None:
        failpoint.arm(None)
        assert all(each.balanced for each in books.balance(self.superuser))

    # -- the parts --------------------------------------------------------------------------

    def batch(
        self, writer: int, partition: int, messages: list[Message], start: int = -1,
        version: int = 0,
    ) -> Batch:  # fmt: skip
        """Messages as this writer walks them, believing what it believes."""
        begin = self.model.offsets[partition] if start < 0 else start
        people = self.people[writer]
        items: list[Item] = []
        for offset, message in enumerate(messages, begin):
            if message is None:
                items.append(rows.refused(offset, partition=partition))
                continue
            which, said, alias = message
            row = rows.row(offset, partition=partition, statement_id=self.ids[which], said=said)
            items.append(rows.needing(row, people[alias]) if alias < len(people) else row)
        span = Span(rows.TOPIC, rows.TOPIC_NAME, partition, begin, begin + len(items))
        return Batch(items, version, [span], {new.person_id: new for new in people})

    def settle(self, writer: int, messages: list[Message], batch: Batch) -> None:
        """Append as the model says it must go; an alias lost to the other is looked up again."""
        due = self.model.takes(batch)
        if due is None:
            self.model.append(batch)
            appending.append(self.writers[writer], batch)
            return
        with pytest.raises(due):
            appending.append(self.writers[writer], batch)
        if due is errors.AliasesLost:
            self.resolve(writer)
            (span,) = batch.spans
            again = self.batch(writer, span.partition, messages)
            self.settle(writer, messages, again)

    def settle_late(self, writer: int, messages: list[Message], batch: Batch) -> Callable[[], None]:
        """The thread of the writer that comes second; what went wrong there is kept."""
        self.trouble: list[BaseException] = []

        def run() -> None:
            try:
                appending.append(self.writers[writer], batch)
            except errors.LedgerError as exc:
                self.trouble.append(exc)

        self.late = (writer, messages, batch)
        return run

    def check_late(self) -> None:
        """The second came after the first: so says the model too."""
        writer, messages, batch = self.late
        due = self.model.takes(batch)
        assert [type(each) for each in self.trouble] == ([] if due is None else [due])
        if due is None:
            self.model.append(batch)
        elif due is errors.AliasesLost:
            self.resolve(writer)
            self.settle(writer, messages, self.batch(writer, writer, messages))

    def resolve(self, writer: int) -> None:
        """Learn who holds each alias by now."""
        self.people[writer] = [
            self.model.holders.get(new.alias.value, new) for new in self.people[writer]
        ]

    def until_blocked(self, thread: threading.Thread) -> None:
        """Wait until a writer waits for a lock, or has gone through without one.

        Whichever backend it is: a writer whose connection was lost has another one by then.
        """
        while thread.is_alive() and not self.superuser.execute(_BLOCKED).fetchall()[0][0]:
            pass


@pytest.fixture
def other(database: services.Database) -> Iterator[Database]:
    """A second writer."""
    with closing(Database(database.dsn("jejak_writer"))) as own:
        yield own


def test_two_writers_are_their_model(
    writer: Database, other: Database, superuser: Connection
) -> None:
    class OnThisLedger(TwoWriters):
        def __init__(self) -> None:
            super().__init__([writer, other], superuser)

    run_state_machine_as_test(
        OnThisLedger,
        settings=settings(
            max_examples=25,
            stateful_step_count=12,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
