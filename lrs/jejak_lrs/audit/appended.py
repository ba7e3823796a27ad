"""Everything that was appended below a moment, in the order of appends, in short reads."""

from __future__ import annotations

import heapq
from operator import itemgetter
from typing import TYPE_CHECKING, TypeAlias

import psycopg

from jejak_lrs import history
from jejak_lrs.audit.difference import Difference
from jejak_lrs.history import Outcome, Record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from jejak_lrs.database import Connection
    from jejak_lrs.moment import Moment

# How many records or outcomes one query reads.
STEP = 1_000

Found: TypeAlias = Record | Outcome | Difference
_Reader: TypeAlias = "Callable[[Connection, int, int], list[Record] | list[Outcome]]"


def appended(connection: Connection, until: Moment) -> Iterator[list[Found]]:
    """Records and outcomes in the order of appends, some at a time.

    What cannot be read (a date that no calendar has) is a Difference in its place.
    """
    streams = (
        _read(connection, history.records, min(until.next_position, until.past_records)),
        _read(connection, history.outcomes, min(until.next_outcome, until.past_outcomes)),
    )
    batch: list[Found] = []
    for _, found in heapq.merge(*streams, key=itemgetter(0)):
        batch.append(found)
        if len(batch) >= STEP:
            yield batch
            batch = []
    if batch:
        yield batch


def number_of(one: Record | Outcome) -> int:
    """A record's position, an outcome's number."""
    return one.position if isinstance(one, Record) else one.number


def _read(
    connection: Connection, reader: _Reader, past: int
) -> Iterator[tuple[tuple[int, int], Found]]:
    """All below `past`, each with its place in the order of appends."""
    for start in range(0, past, STEP):
        yield from _between(connection, reader, start, min(start + STEP, past))


def _between(
    connection: Connection, reader: _Reader, start: int, end: int
) -> Iterator[tuple[tuple[int, int], Found]]:
    try:
        found = reader(connection, start - 1, end - start)
    except psycopg.DataError as exc:
        if end - start > 1:
            for number in range(start, end):
                yield from _between(connection, reader, number, number + 1)
        else:
            kind = "record" if reader is history.records else "outcome"
            what = f"it cannot be read ({type(exc).__name__})"
            yield (start, 1), Difference(f"{kind} {start}", what)
        return
    yield from ((_place(one), one) for one in found if number_of(one) < end)


def _place(one: Record | Outcome) -> tuple[int, int]:
    """Outcomes come before the record at their `at_position`."""
    return (one.position, 1) if isinstance(one, Record) else (one.at_position, 0)
