"""The checkpoints that the notary has signed, as the database keeps them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal, LiteralString

from psycopg.rows import class_row

from jejak_lrs.errors import Inconsistent

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from uuid import UUID

    from jejak_lrs.database import Connection

Name = Literal["records", "outcomes", "looks"]
RECORDS: Final = "records"
OUTCOMES: Final = "outcomes"
LOOKS: Final = "looks"  # at numbers of persons: the table access
TREES: Final[tuple[Name, ...]] = (RECORDS, OUTCOMES, LOOKS)

_COLUMNS: LiteralString = "number, epoch, tree, size, root, note, stored"


def origins(base: str, epoch: UUID) -> dict[Name, str]:
    """The names of an epoch's logs: a new epoch begins new ones."""
    return {tree: f"{base}/{epoch}/{below(tree)}".removesuffix("/") for tree in TREES}


def below(tree: Name) -> str:
    """Where a tree's log lies, below that of the records."""
    return "" if tree == RECORDS else tree


def base_of(origin: str) -> str:
    """The name of an epoch's records' log, by that of any of its logs."""
    return next(
        (origin.removesuffix(f"/{tree}") for tree in TREES[1:] if origin.endswith(f"/{tree}")),
        origin,
    )


@dataclass(frozen=True, slots=True)
class Goal:
    """An epoch, and how large each of its trees is to become: where the ledger stood at one read.

    Records and outcomes are of one read of ledger_head. Looks have a lock of their own, and their
    numbers, too, are in commit order and without gaps.
    """

    epoch: UUID
    ends: Mapping[Name, int]


def goal(connection: Connection) -> Goal:
    """What is committed now."""
    row = connection.execute(
        "SELECT epoch, next_position, next_outcome, "
        "(SELECT coalesce(max(number) + 1, 0) FROM access) FROM ledger_head"
    ).fetchone()
    if row is None:
        raise Inconsistent("the ledger has no head")
    epoch, *ends = row
    return Goal(epoch, dict(zip(TREES, ends, strict=True)))


@dataclass(frozen=True, slots=True)
class Stored:
    """One checkpoint: `note` is the signed note. Those of one read of the head share `stored`."""

    number: int
    epoch: UUID
    tree: Name
    size: int
    root: bytes
    note: str = field(repr=False)
    stored: datetime


def add(
    connection: Connection,
    epoch: UUID,
    tree: Name,
    size: int,
    root: bytes,
    note: str,
    stored: datetime,
) -> None:
    """Keep one; only the active notary may, in the transaction that moves its cursor."""
    connection.execute(
        "INSERT INTO checkpoint (number, epoch, tree, size, root, note, stored) "
        "SELECT coalesce(max(number) + 1, 0), %s, %s, %s, %s, %s, %s FROM checkpoint",
        [epoch, tree, size, root, note, stored],
    )


def largest(connection: Connection, epoch: UUID, tree: Name) -> Stored | None:
    """The largest of one tree."""
    where: LiteralString = "WHERE epoch = %s AND tree = %s ORDER BY size DESC LIMIT 1"
    return next(iter(_read(connection, where, epoch, tree)), None)


def after(connection: Connection, number: int, limit: int) -> list[Stored]:
    """Those signed after number `number`, in order; -1 is before the first."""
    return _read(connection, "WHERE number > %s ORDER BY number LIMIT %s", number, limit)


def add_cosignature(
    connection: Connection, epoch: UUID, tree: Name, size: int, witness: str, line: str
) -> None:
    """Keep what a witness signed; one that is kept already stays."""
    connection.execute(
        "INSERT INTO cosignature (epoch, tree, size, witness, line) VALUES (%s, %s, %s, %s, %s) "
        "ON CONFLICT DO NOTHING",
        [epoch, tree, size, witness, line],
    )


def _read(connection: Connection, where: LiteralString, *values: object) -> list[Stored]:
    with connection.cursor(row_factory=class_row(Stored)) as cursor:
        return cursor.execute(
            f"SELECT {_COLUMNS} FROM checkpoint {where}",  # noqa: S608 - our own words
            values,
        ).fetchall()
