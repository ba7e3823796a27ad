r"""What the public log holds of a record, an outcome, a look. Nothing of it names a person.

An entry is the canonical encoding (version 1) of seal.py over::

    a record's     position, statement id, stored, party, commitment
    an outcome's   number, at_position, stored, party (null where none is known), commitment
    a look's       number, at, SHA-256 over the row's random id and its link of the chain

So a record's entry is::

    01
    00 00 00 08  position               8 bytes
    00 00 00 10  statement id          16 bytes
    00 00 00 08  stored                 8 bytes, microseconds since 1970-01-01T00:00:00Z
    length       party                 UTF-8
    00 00 00 20  commitment            32 bytes

and an outcome's has `00 00 00 08 at_position` in place of the statement id. The chain is that of
audit.accesses: it holds whoever looked, at what, what for, and every look before.
"""

from __future__ import annotations

import struct
from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from jejak_schemas.clock import micros_of

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

_record_head = struct.Struct(">BIqI16sIq").pack
_outcome_head = struct.Struct(">BIqIqIq").pack
_look_head = struct.Struct(">BIqIq").pack
_COMMITMENT: Final = b"\x00\x00\x00\x20"
_NULL: Final = b"\xff\xff\xff\xff"
_VERSION: Final = 1


def record_entry(
    position: int, statement_id: UUID, stored: datetime, party: str, commitment: bytes
) -> bytes:
    """What the records' tree holds at `position`."""
    return (
        _record_head(_VERSION, 8, position, 16, statement_id.bytes, 8, _microseconds(stored))
        + _code(party)
        + commitment
    )


def outcome_entry(
    number: int, at_position: int, stored: datetime, party: str | None, commitment: bytes
) -> bytes:
    """What the outcomes' tree holds at `number`."""
    return (
        _outcome_head(_VERSION, 8, number, 8, at_position, 8, _microseconds(stored))
        + _code(party)
        + commitment
    )


def look_entry(number: int, at: datetime, look_id: UUID, chain: bytes) -> bytes:
    """What the looks' tree holds at `number`."""
    sealed = sha256(look_id.bytes + chain).digest()
    return _look_head(_VERSION, 8, number, 8, _microseconds(at)) + _COMMITMENT + sealed


_microseconds = lru_cache(1024)(micros_of)  # one append's records share it


@lru_cache(4096)
def _code(party: str | None) -> bytes:
    """A party's code, and the length of the commitment behind it."""
    if party is None:
        return _NULL + _COMMITMENT
    told = party.encode()
    return len(told).to_bytes(4, "big") + told + _COMMITMENT
