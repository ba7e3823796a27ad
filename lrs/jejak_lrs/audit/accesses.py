"""Looks at numbers of persons: numbered without a gap, each holding the hash of the one before.

The last hash stands for all of them. An auditor who noted it finds out if any was removed since;
without such a note the last ones could be cut off, as of any list that nobody else keeps.
"""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from jejak_lrs.audit.difference import Difference
from jejak_lrs.audit.order import microseconds

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from jejak_lrs.database import Connection

_STEP: Final = 1_000
_integer = struct.Struct(">Iq").pack
_length = struct.Struct(">I").pack


@dataclass(frozen=True, slots=True)
class Looks:
    """How many there are, and the hash of the last; as text `12:5c37...`."""

    count: int
    chain: str

    def __str__(self) -> str:
        return f"{self.count}:{self.chain}"


NONE: Final = Looks(0, "")


class Accesses:
    """Reads the list from its beginning. `looks` is what it came to, after `differences`."""

    def __init__(self, connection: Connection, noted: Looks | None = None) -> None:
        self._connection = connection
        self._noted = noted
        self.looks = NONE

    def differences(self) -> Iterator[Difference]:
        """Where the list is not what it was."""
        number, last, seen = 0, b"", self._noted in (None, NONE)
        for found, at, role, who, what, purpose, chain in self._rows():
            if found != number:
                yield Difference(f"access {number}", "it is missing")
            must = _chained(last, found, at, role, who, what, purpose)
            if must != chain:
                yield Difference(f"access {found}", "it is altered, or what stands before it")
            number, last = found + 1, chain
            seen |= self._noted == Looks(number, chain.hex())
        self.looks = Looks(number, last.hex())
        if not seen:
            what = f"the list does not go through {self._noted}: looks were removed or altered"
            yield Difference("access", what)

    def _rows(self) -> Iterator[tuple[int, datetime, str, str, str, str, bytes]]:
        after = -(1 << 62)
        while found := self._connection.execute(
            "SELECT number, at, role, who, what, purpose, chain FROM access WHERE number > %s "
            "ORDER BY number LIMIT %s",
            [after, _STEP],
        ).fetchall():
            yield from found
            after = found[-1][0]


def _chained(before: bytes, number: int, at: datetime, *words: str) -> bytes:
    told = [word.encode() for word in words]
    fields = b"".join(_length(len(word)) + word for word in told)
    stamped = _integer(8, number) + _integer(8, microseconds(at))
    return hashlib.sha256(before + b"\x01" + stamped + fields).digest()
