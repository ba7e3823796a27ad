"""Small changes that somebody with all rights could make to a row: mostly one bit."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from psycopg import sql

from jejak_lrs.database import Connection

ONE_BIT, NULLED = 0.7, 0.85
# Columns that a constraint holds to a few words, and what may stand there in a word's place.
WORDS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "source_kind": dict.fromkeys(("inbox", "redrive", "http", "system"), ("http", "system")),
    "kind": {
        "duplicate": ("conflict",), "conflict": ("duplicate",), "refused": ("refused",),
        "nip": ("nrp",),
    },
}  # fmt: skip


@dataclass(frozen=True)
class Mutation:
    """One column of one row, `before`, changed to `after`."""

    table: str
    key: tuple[str, ...]
    column: str
    before: Mapping[str, Any]
    after: object

    def __str__(self) -> str:
        return f"{self.table}.{self.column}: {self.before[self.column]!r} -> {self.after!r}"

    def apply(self, connection: Connection) -> None:
        rule = sql.SQL(" AND ").join(sql.SQL("{} = %s").format(sql.Identifier(c)) for c in self.key)
        connection.execute(
            sql.SQL("UPDATE {} SET {} = %s WHERE {}").format(
                sql.Identifier(self.table), sql.Identifier(self.column), rule
            ),
            [self.after, *(self.before[column] for column in self.key)],
        )


def mutated(rng: random.Random, column: str, value: Any, others: Sequence[Any]) -> Any:
    """Another value for a column: one bit away, null, or what another row has.

    Args:
        rng: where chance comes from.
        column: its name.
        value: what it is.
        others: what other rows have there that is not null.
    """
    if value is None:
        return rng.choice(others) if others else "x"
    if column in WORDS:
        return rng.choice(WORDS[column][value])
    chance = rng.random()
    if chance < ONE_BIT:
        return _other(rng, value)
    return None if chance < NULLED else rng.choice(others)


def _other(rng: random.Random, value: Any) -> Any:
    match value:
        case bool():
            return not value
        case int():
            return value ^ 1 << rng.randrange(31)
        case UUID():
            return UUID(int=value.int ^ 1 << rng.randrange(128))
        case bytes():
            flipped = int.from_bytes(value) ^ 1 << rng.randrange(8 * len(value))
            return flipped.to_bytes(len(value))
        case str():
            return _text(rng, value)
        case datetime():
            return value + rng.choice((-1, 1)) * timedelta(microseconds=1 << rng.randrange(50))
        case date():
            return value + rng.choice((-1, 1)) * timedelta(days=1 << rng.randrange(16))
        case []:
            return ["x"]
        case [*words]:
            return [*words[:-1], _text(rng, words[-1])]
        case _:
            raise TypeError(type(value))


def _text(rng: random.Random, value: str) -> str:
    """One bit of one ASCII letter; an empty text gets one."""
    at = rng.randrange(len(value) or 1)
    letter = value[at : at + 1] or "`"
    return value[:at] + chr(ord(letter) ^ 1 << rng.randrange(5)) + value[at + 1 :]
