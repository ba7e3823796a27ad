"""One pass over everything appended until a moment, and then over what stands beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from jejak_lrs import dictionaries, verbs
from jejak_lrs.arriving import Said
from jejak_lrs.audit import epochs, people, strays
from jejak_lrs.audit.appended import appended
from jejak_lrs.audit.difference import Difference
from jejak_lrs.audit.effects import Effects
from jejak_lrs.audit.order import Order
from jejak_lrs.audit.people import People
from jejak_lrs.audit.sealed import outcome_wrong, record_wrong
from jejak_lrs.books import Books
from jejak_lrs.history import Outcome, Record
from jejak_lrs.statements import Statements
from jejak_schemas.catalogue import CHANGES_PARTIES
from jejak_schemas.events import StatementVoided

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from uuid import UUID

    from jejak_lrs.audit.appended import Found
    from jejak_lrs.database import Connection
    from jejak_lrs.moment import Moment

# The event types that say something beside themselves.
_TELLING: Final = frozenset(
    {people.SEEN, *people.POSTINGS, StatementVoided.__name__, *CHANGES_PARTIES}
)


class Scan:
    """One pass over everything appended until a moment, then over what stands beside it."""

    def __init__(self, connection: Connection, until: Moment) -> None:
        self._connection = connection
        self._until = until
        self._unpacker = dictionaries.unpacker(connection)
        self._statements = Statements(self._unpacker)
        self._order = Order()
        self._people = People(connection, self._unpacker)
        self._effects = Effects(connection)
        self.books = Books(until.inboxes)

    def differences(self, watch: Callable[[int, int], None]) -> Iterator[Difference]:
        """Whatever is not what it must be, as it is met; afterwards `books` are complete."""
        done, total = 0, self._until.next_position + self._until.next_outcome
        watch(0, total)
        for batch in appended(self._connection, self._until):
            yield from self._batch(batch)
            done += len(batch)
            watch(done, total)
        past = self._until.next_position
        yield from self._effects.follow([], past)
        yield from self._order.end(self._until)
        yield from self._effects.end(past)
        yield from self._people.end(past)
        yield from strays.differences(self._connection)
        yield from epochs.differences(self._connection, self._until, self._statements)
        yield from _dictionaries(self._connection)
        yield from _verbs(self._connection)
        for one in self.books.balances():
            if one.wrong is not None:
                yield Difference(f"inbox {one.inbox.topic}/{one.inbox.partition}", one.wrong)

    def _batch(self, batch: Sequence[Found]) -> Iterator[Difference]:
        records = [one for one in batch if isinstance(one, Record)]
        keys = self._keys(records)
        altered = self._quarantine_altered(one for one in batch if isinstance(one, Outcome))
        told: list[Said] = []
        for one in batch:
            if isinstance(one, Difference):
                self._order.skip(one)
                yield one
                continue
            self._enter(one)
            yield from self._order.follow(one)
            if isinstance(one, Record):
                yield from self._record(one, keys.get(one.statement_id), told)
            else:
                yield from self._outcome(one, altered)
        if records:
            yield from self._effects.follow(told, records[-1].position + 1)
        yield from self._people.follow(told)

    def _record(self, record: Record, key: int | None, told: list[Said]) -> Iterator[Difference]:
        """One record by itself; if it is sound and says more, it is added to `told`."""
        where = f"record {record.position}"
        if key != record.position:
            yield Difference(where, f"its position in statement_key is {key}")
        wrong = record_wrong(record, self._unpacker)
        if wrong is not None:
            yield Difference(where, wrong)
        elif record.event_type in _TELLING:
            said = self._said(record)
            if said is None:
                yield Difference(where, f"it does not read as {record.event_type}")
            else:
                told.append(said)

    def _said(self, record: Record) -> Said | None:
        try:
            event = self._statements.event_of(record)
        except (ValueError, KeyError):
            return None
        return Said(record, event) if event is not None else None

    def _outcome(self, outcome: Outcome, altered: set[int]) -> Iterator[Difference]:
        where = f"outcome {outcome.number}"
        if (wrong := outcome_wrong(outcome)) is not None:
            yield Difference(where, wrong)
        if outcome.number in altered:
            yield Difference(where, "its message in quarantine is missing or says otherwise")

    def _enter(self, one: Record | Outcome) -> None:
        source = one.source
        topic_id, partition, offset = source.topic_id, source.partition, source.offset
        if source.kind == "inbox" and topic_id and partition is not None and offset is not None:
            kind = "recorded" if isinstance(one, Record) else one.kind
            self.books.enter((topic_id, partition), offset, kind, one.party)

    def _keys(self, records: Iterable[Record]) -> dict[UUID, int]:
        """The positions that statement_key has for these records' statements."""
        ids = [record.statement_id for record in records]
        if not ids:
            return {}
        query = "SELECT statement_id, position FROM statement_key WHERE statement_id = ANY(%s)"
        return dict(self._connection.execute(query, [ids]).fetchall())

    def _quarantine_altered(self, outcomes: Iterable[Outcome]) -> set[int]:
        """Those of the outcomes that quarantine says otherwise."""
        numbers = [outcome.number for outcome in outcomes]
        if not numbers:
            return set()
        found = self._connection.execute(_QUARANTINE_ALTERED, [numbers])
        return {number for (number,) in found}


# A refusal or conflict has its message in quarantine, whose other columns repeat the outcome's.
_QUARANTINE_ALTERED: Final = (
    "SELECT number FROM outcome o LEFT JOIN quarantine q USING (number) "
    "WHERE number = ANY(%s) AND CASE o.kind WHEN 'duplicate' THEN "
    "q.status IS NOT NULL OR o.detail IS NOT NULL ELSE "
    "(q.status IS NULL OR (q.stored, q.kind, q.party, q.event_id, q.source_kind, q.source_topic, "
    "q.source_partition, q.source_offset, q.reason, q.field, q.detail) IS DISTINCT FROM "
    "(o.stored, o.kind, o.party, o.event_id, o.source_kind, o.source_topic, o.source_partition, "
    "o.source_offset, coalesce(o.reason, 'conflict'), o.field, o.detail)) END"
)


def _dictionaries(connection: Connection) -> Iterator[Difference]:
    """The dictionaries by which payloads are read back are those of this package."""
    kept = dict(dictionaries.read(connection))
    for number, content in dictionaries.shipped().items():
        if kept.get(number) != content:
            yield Difference(f"dictionary {number}", "it is missing or altered")


def _verbs(connection: Connection) -> Iterator[Difference]:
    """The verbs of event types are those of this package."""
    kept = verbs.read(connection)
    for event_type, verb in verbs.OWN.items():
        if kept.get(event_type) != verb:
            yield Difference(f"event_verb {event_type}", "it is missing or altered")
