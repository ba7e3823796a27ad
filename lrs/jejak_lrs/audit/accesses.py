"""Looks at numbers of persons: numbered without a gap, each holding the hash of the one before.

The log's third tree has each of them, by this hash: so the last ones cannot be cut off either.
"""

from __future__ import annotations

import hashlib
import struct
from typing import TYPE_CHECKING, Final

from jejak_lrs.audit.difference import Difference
from jejak_schemas.clock import micros_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from jejak_lrs.database import Connection

_STEP: Final = 1_000
_integer = struct.Struct(">Iq").pack
_length = struct.Struct(">I").pack


def differences(connection: Connection) -> Iterator[Difference]:
    """Where the list, read from its beginning, is not one chain."""
    number, last = 0, b""
    for found, at, role, who, what, purpose, chain in _rows(connection):
        if found != number:
            yield Difference(f"access {number}", "it is missing")
        must = _chained(last, found, at, role, who, what, purpose)
        if must != chain:
            yield Difference(f"access {found}", "it is altered, or what stands before it")
        number, last = found + 1, chain


def _rows(connection: Connection) -> Iterator[tuple[int, datetime, str, str, str, str, bytes]]:
    after = -(1 << 62)
    while found := connection.execute(
        "SELECT number, at, role, who, what, purpose, chain FROM access WHERE number > %s "
        "ORDER BY number LIMIT %s",
        [after, _STEP],
    ).fetchall():
        yield from found
        after = found[-1][0]


def _chained(before: bytes, number: int, at: datetime, *words: str) -> bytes:
    told = [word.encode() for word in words]
    fields = b"".join(_length(len(word)) + word for word in told)
    stamped = _integer(8, number) + _integer(8, micros_of(at))
    return hashlib.sha256(before + b"\x01" + stamped + fields).digest()
