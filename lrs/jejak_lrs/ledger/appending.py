"""How an event becomes a record exactly once, in order, for good.

`append` is the only writer of the ledger. Its protocol is `_transact`, below, step by step;
`append` itself is what happens around it when something goes wrong.
"""

from __future__ import annotations

import struct
from collections import Counter
from itertools import groupby
from typing import TYPE_CHECKING, cast

import psycopg
from psycopg.errors import LockNotAvailable

from jejak_lrs import errors
from jejak_lrs.failpoint import failpoint
from jejak_lrs.ledger import handling, heads, outcomes, writing
from jejak_lrs.ledger.batch import Appended, Batch, Row
from jejak_lrs.ledger.halving import halves, poisoned
from jejak_lrs.ledger.recovery import Planned, committed
from jejak_lrs.ledger.sorting import Sorted, sort

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from uuid import UUID

    from jejak_lrs.database import Connection, Database
    from jejak_lrs.ledger.batch import NewPerson, Source

# A lock that cannot be had this often in a row is an operator's business.
_ATTEMPTS = 5

# What PostgreSQL (class 22) or the driver says of a value that cannot be stored.
_UNSTORABLE = (psycopg.DataError, UnicodeError, OverflowError, struct.error)


def append(database: Database, batch: Batch) -> Appended:
    """Append a batch: all of it, exactly once, or nothing and an error.

    A value that cannot be stored halves the batch down to the culprit, which is refused
    (`internal`) and quarantined; the halves commit one after the other. So after an error MUST go
    on from the stored offsets (inboxes.stored_offsets), not from what was believed before.

    Raises:
        Fenced: another consumer has moved an offset of this batch.
        NotConsumed: a partition of this batch has no inbox_offset row.
        RegistryMoved: walk the batch again, with the registry of now.
        AliasesLost: resolve these again and walk the batch again.
        HalfAppended: the same, from the stored offsets: a part of the batch is in the ledger.
        StillRefused: a redriven message would be refused again, or is in conflict.
        NotWaiting: a redriven message was settled by somebody else.
        Unreachable, Busy: back off and try again.
        Broken: a defect or a damaged database.
    """
    attempt = _Attempt(batch)
    unstorable = None
    for _ in range(_ATTEMPTS):
        try:
            return attempt.run(database.connection)
        except LockNotAvailable:
            attempt.blocked = True
        except _UNSTORABLE as exc:
            unstorable = type(exc).__name__  # never its words: they can quote the value
            break
        except psycopg.Error as exc:
            if not database.lost:
                raise errors.of(exc) from None  # its DETAIL can quote a row, and that a NIP
            database.reconnect()
    if unstorable is not None:
        return _append_halves(database, batch, unstorable)
    raise errors.Busy(f"the ledger could not be locked or kept in {_ATTEMPTS} attempts")


class _Attempt:
    """An append that may have to be tried again.

    `planned` is what the transaction in doubt would have left; None where COMMIT was not sent.
    """

    def __init__(self, batch: Batch) -> None:
        self._batch = batch
        self._planned: Planned | None = None
        self.blocked = False

    def run(self, connection: Connection) -> Appended:
        if self.blocked:
            # 0. A client frozen inside COPY answers to no timeout and would hold the ledger.
            connection.execute("SELECT ledger_unblock()")
            self.blocked = False
        if self._planned is not None:
            if committed(connection, self._batch, self._planned):
                return self._planned.appended
            self._planned = None
        return _transact(connection, self._batch, self._plan)

    def _plan(self, planned: Planned) -> None:
        self._planned = planned


def _transact(connection: Connection, batch: Batch, plan: Callable[[Planned], None]) -> Appended:
    """The protocol, one transaction. A crash anywhere in it leaves nothing behind."""
    delivered = _delivered(batch)
    with connection.transaction():
        # 1. The offsets are the fence: a zombie believes another start and stops here.
        owners = heads.lock_inboxes(connection, batch.spans)
        if batch.redrive is not None:  # its fence is its status
            handling.lock_waiting(connection, batch.redrive.number)

        # 2. The head lock is held until commit: positions are in commit order, without gaps.
        head = heads.lock_head(connection, batch.registry_version)

        # 3. Under the lock nobody else can record an id, so what is unknown now stays unknown.
        parts = sort(batch.items, writing.find_known(connection, batch.items))
        if batch.redrive is not None:
            handling.require_better(parts)

        # 4. Only what is recorded makes a person. Another's alias: nothing is written, walk again.
        newcomers = writing.insert_aliases(connection, parts.survivors, batch.newcomers)

        # 5. Numbers. PersonSeen records stand before the records that brought them.
        rows = [new.row for new in newcomers] + parts.survivors
        first, past = head.next_position, head.next_position + len(rows)
        if past + head.partition_width // 4 > head.partitioned_to:
            writing.make_room(connection, past)
        failpoint("append.before-copy")
        writing.copy_keys(connection, rows, first)
        writing.copy_records(connection, rows, first, head.stored)
        writing.insert_effects(connection, rows, first, newcomers)
        failpoint("append.after-copy")

        # 6. What did not become a record, then both heads. If we crash before the COMMIT arrives,
        #    the messages are delivered again and nothing has happened.
        told = outcomes.copy_outcomes(
            connection,
            parts.others,
            first_number=head.next_outcome,
            at_position=first,
            first_survivor=first + len(newcomers),
            stored=head.stored,
            owners=owners,
        )
        if batch.redrive is not None:
            handling.mark_redriven(connection, batch.redrive, parts, past - 1)
        heads.move_inboxes(connection, batch.spans, delivered)
        heads.move_head(connection, head, rows, len(parts.others))
        appended = _appended(head, past, parts, newcomers)
        plan(Planned.of(appended, rows, head.next_outcome, told))
        failpoint("append.before-commit")
    # 7. If the connection is lost from COMMIT on, the outcome is unknown: see recovery.py. If we
    #    crash here, the next consumer goes on from the stored offset.
    failpoint("append.after-commit")
    return appended


def _delivered(batch: Batch) -> Counter[tuple[UUID, int]]:
    """How many messages of each inbox partition the batch holds.

    Raises:
        ValueError: an item's partition has no span, or lies outside it.
    """
    spans = {span.key: span for span in batch.spans}
    delivered: Counter[tuple[UUID, int]] = Counter()
    sources = (item.source for item in batch.items if item.source.kind == "inbox")
    for inbox, run in groupby(sources, _inbox):  # a UUID's hash is slow: not one for each message
        offsets = [cast("int", source.offset) for source in run]
        span = spans.get(inbox)
        if span is None or not span.start <= min(offsets) <= max(offsets) < span.end:
            raise ValueError(f"a source of {inbox} lies in no span of the batch")
        delivered[inbox] += len(offsets)
    return delivered


def _inbox(source: Source) -> tuple[UUID, int]:
    return cast("UUID", source.topic_id), cast("int", source.partition)


def _appended(
    head: heads.Head, past: int, parts: Sorted, newcomers: Sequence[NewPerson]
) -> Appended:
    return Appended(
        first_position=head.next_position,
        next_position=past,
        recorded=len(parts.survivors),
        duplicates=parts.count("duplicate"),
        conflicts=parts.count("conflict"),
        refused=parts.count("refused"),
        winners=frozenset(new.person_id for new in newcomers),
    )


def _append_halves(database: Database, batch: Batch, unstorable: str) -> Appended:
    if len(batch.items) > 1:
        left, right = halves(batch)
        done = append(database, left)
        try:
            return done.then(append(database, right))
        except (errors.RegistryMoved, errors.AliasesLost) as exc:
            raise errors.HalfAppended(f"a part of the batch is appended; then: {exc}") from exc
    if not isinstance(batch.items[0], Row):
        raise errors.Broken(f"a refusal cannot be stored: {unstorable}")
    return append(database, poisoned(batch, f"not storable: {unstorable}"))
