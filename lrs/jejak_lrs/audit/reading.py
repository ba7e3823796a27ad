"""Records and outcomes of a stretch, one by one, also where some cannot be read."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import psycopg

from jejak_lrs.audit.difference import Difference
from jejak_lrs.ledger import history
from jejak_lrs.ledger.history import Outcome, Record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from jejak_lrs.database import Connection

# How many records or outcomes one query reads.
STEP = 1_000

_Reader: TypeAlias = "Callable[[Connection, int, int], list[Record] | list[Outcome]]"


def records(connection: Connection, start: int, end: int) -> Iterator[list[Record | Difference]]:
    """The records at [start, end), some at a time.

    What cannot be read (a date that no calendar has) is a Difference in its place.
    """
    for batch in _read(connection, history.records, start, end):
        yield [one for one in batch if not isinstance(one, Outcome)]


def outcomes(connection: Connection, start: int, end: int) -> Iterator[list[Outcome | Difference]]:
    """The outcomes with the numbers [start, end), likewise."""
    for batch in _read(connection, history.outcomes, start, end):
        yield [one for one in batch if not isinstance(one, Record)]


def number_of(one: Record | Outcome) -> int:
    """A record's position, an outcome's number."""
    return one.position if isinstance(one, Record) else one.number


def _read(
    connection: Connection, reader: _Reader, start: int, end: int
) -> Iterator[list[Record | Outcome | Difference]]:
    for at in range(start, end, STEP):
        yield list(_between(connection, reader, at, min(at + STEP, end)))


def _between(
    connection: Connection, reader: _Reader, start: int, end: int
) -> Iterator[Record | Outcome | Difference]:
    try:
        found = reader(connection, start - 1, end - start)
    except psycopg.DataError as exc:
        if end - start > 1:
            for number in range(start, end):
                yield from _between(connection, reader, number, number + 1)
        else:
            kind = "record" if reader is history.records else "outcome"
            what = f"it cannot be read ({type(exc).__name__})"
            yield Difference(f"{kind} {start}", what)
        return
    yield from (one for one in found if number_of(one) < end)
