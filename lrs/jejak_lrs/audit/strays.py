"""Rows that name a record which is not what they need: in the small tables beside the record."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, LiteralString
from uuid import UUID

from jejak_lrs.audit.difference import Difference

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterator

    from jejak_lrs.database import Connection

_STEP: Final = 10_000
_FIRST: Final = UUID(int=0)
_BELOW_ALL: Final = -(1 << 63)


@dataclass(frozen=True, slots=True)
class _Table:
    """A table, its key, and what the record at a row's position must be."""

    name: LiteralString
    key: LiteralString
    right: LiteralString
    erasable: bool = False  # its records may be: then only the right type of event still speaks

    def count(self) -> LiteralString:
        erased: LiteralString = (
            "EXISTS (SELECT FROM record r "
            f"WHERE r.position = t.position AND r.payload IS NULL AND {self.right})"
        )
        confirmable: LiteralString = f"NOT {erased}" if self.erasable else "true"
        return (
            f"SELECT count(*) FILTER (WHERE position >= %s AND position < %s "  # noqa: S608
            f"AND {confirmable}), "
            "count(*) FILTER (WHERE position >= (SELECT next_position FROM ledger_head)) "
            f"FROM {self.name} t"
        )

    def next_start(self) -> LiteralString:
        return (
            f"SELECT {self.key} FROM {self.name} WHERE {self.key} >= %s "  # noqa: S608 - our own names
            f"ORDER BY {self.key} OFFSET %s LIMIT 1"
        )

    def strays(self) -> LiteralString:
        return (
            f"SELECT t.{self.key}, t.position FROM {self.name} t WHERE t.{self.key} >= %s "  # noqa: S608
            f"AND (%s::uuid IS NULL OR t.{self.key} < %s) AND NOT EXISTS ("
            f"SELECT FROM record r WHERE r.position = t.position AND {self.right}) "
            f"ORDER BY t.{self.key}"
        )


_TABLES: Final = (
    _Table("statement_key", "statement_id", "r.statement_id = t.statement_id"),
    _Table(
        "statement_reference",
        "target",
        "r.event_type IN ('StatementVoided', 'PersonMerged', 'PersonSplit')",
        erasable=True,
    ),
    _Table("person", "person_id", "r.event_type = 'PersonSeen' AND r.person_id = t.person_id"),
    _Table(
        "person_registered",
        "person_id",
        "r.event_type IN ('PersonRegistered', 'PersonMoved') AND r.person_id = t.person_id",
    ),
)


def differences(
    connection: Connection, since: int, past: int, confirmed: Counter[str]
) -> Iterator[Difference]:
    """Every row that stands for no record.

    A row and its record come in one transaction, so one query sees both or neither. Of each table
    so many rows of records at [since, past) are known to be right; where that is all, and none is
    of a record above the head, none is looked at again.
    """
    lowest = since or _BELOW_ALL
    for table in _TABLES:
        below, above = connection.execute(table.count(), [lowest, past]).fetchone() or (0, 0)
        if (below, above) == (confirmed[table.name], 0):
            continue
        named = False
        for value, position in _strays(connection, table):
            named = True
            yield Difference(f"{table.name} {value}", f"record {position} is not there, or another")
        if not named and below > confirmed[table.name]:
            what = f"it has {below} rows, the records call for {confirmed[table.name]}"
            yield Difference(table.name, what)


def _strays(connection: Connection, table: _Table) -> Iterator[tuple[UUID, int]]:
    start: UUID | None = _FIRST
    while start is not None:
        found = connection.execute(table.next_start(), [start, _STEP]).fetchone()
        end = found[0] if found and found[0] != start else None
        yield from connection.execute(table.strays(), [start, end, end]).fetchall()
        start = end
