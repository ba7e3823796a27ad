"""Records as PostgreSQL's binary COPY gives them: whether a stretch of them is sound, quickly.

A field of COPY (FORMAT binary) is its length in four bytes and then its bytes, absent is
ff ff ff ff: so is a field of a commitment (seal.py), and of a leaf's entry. Columns in the right
order give the bytes that are hashed without a look at any single one. Source: PostgreSQL's manual,
COPY, "Binary Format".

This says yes or no. What is wrong where it says no is the examiner's to name, record by record.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import lru_cache
from struct import Struct
from typing import TYPE_CHECKING, Final, LiteralString
from uuid import UUID

import psycopg

from jejak_lrs.errors import BadPayload
from jejak_lrs.ledger.books import Run

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from jejak_lrs.database import Connection
    from jejak_lrs.ledger.books import Key
    from jejak_lrs.ledger.payload import Unpacker

# Times are sent as microseconds since 2000; added to them, these seconds make it since 1970.
_SINCE_1970: LiteralString = "interval '946684800 s'"
_NOBODY: LiteralString = "'00000000-0000-0000-0000-000000000000'"
_NO_SALT: LiteralString = r"'\x00000000000000000000000000000000'"

# First what has always the same length: a leaf's fields, what the books need, how long the last
# two fields are; then the salt, seal.RECORD_FIELDS in their order, the payload.
_QUERY: LiteralString = (  # our own words only
    f"COPY (SELECT r.position, r.statement_id, r.stored + {_SINCE_1970}, r.commitment, "  # noqa: S608
    "coalesce(k.position, -1), "
    f"coalesce(CASE WHEN r.source_kind = 'inbox' THEN r.source_topic END, {_NOBODY}), "
    "coalesce(r.source_partition, -1), coalesce(r.source_offset, -1), "
    "coalesce(octet_length(r.warnings), -1), coalesce(octet_length(r.payload), -1), "
    f"CASE WHEN octet_length(r.salt) = 16 THEN r.salt ELSE {_NO_SALT} END, "
    f"r.statement_id, r.occurred_at + {_SINCE_1970}, r.event_type, r.party, r.on_behalf_of, "
    "r.person_id, r.agency, coalesce(r.verb, v.verb), r.activity, r.source_kind, r.source_topic, "
    "r.source_partition::bigint, r.source_offset, r.mapping_version::bigint, r.content_tag, "
    "r.warnings, r.payload "
    "FROM record r LEFT JOIN statement_key k ON k.statement_id = r.statement_id "
    "LEFT JOIN event_verb v ON v.event_type = r.event_type "
    "WHERE r.position >= {} AND r.position < {} ORDER BY r.position) TO STDOUT (FORMAT binary)"
)
_HEAD: Final = Struct(">2x 4xq 20x 4xq 4x32s 4xq 4x16s 4xi 4xq 4xi 4xi")
_LEAF: Final = slice(2, 46)  # position, statement id, stored
_COMMITMENT: Final = slice(46, 82)
_SALT: Final = _HEAD.size + 4
_SEALED: Final = _SALT + 16  # where the commitment's fields begin
_EVENT_TYPE: Final = _SEALED + 20 + 12
_SIGNATURE: Final = b"PGCOPY\n\xff\r\n\0"  # before the first row, with eight bytes more
_END: Final = b"\xff\xff"
_NO_TOPIC: Final = bytes(16)
_NULL: Final = b"\xff\xff\xff\xff"
_length = Struct(">I").pack
_length_at = Struct(">i").unpack_from
_sha256 = hashlib.sha256


@dataclass(slots=True)
class Stretch:
    """What a sound stretch of records comes to. `first_stored` is None where it is empty.

    `entries` are what the log holds of them (leaf.py); `telling` are the positions of records of
    the event types asked for, `erased` of those without content. Times are microseconds since 1970.
    """

    entries: list[bytes] = field(default_factory=list)
    runs: list[tuple[Key, Run]] = field(default_factory=list)
    telling: list[int] = field(default_factory=list)
    erased: list[int] = field(default_factory=list)
    first_stored: int | None = None
    last_stored: int = -(1 << 62)


def sound(
    connection: Connection, start: int, end: int, unpacker: Unpacker, asked: Collection[bytes]
) -> Stretch | None:
    """The records at the positions [start, end), if each is there and as it was sealed.

    Args:
        connection: an auditor's.
        start: the first position.
        end: the position after the last.
        unpacker: knows every dictionary.
        asked: event types whose records are named in `telling`.
    """
    found = Stretch()
    runs = _Runs(found.runs)
    head, unpack = _HEAD.unpack_from, unpacker.unpack
    expected = start
    try:
        for row in rows(connection, start, end):
            position, stored, commitment, key, topic, partition, offset, warned, packed = head(row)
            tail = len(row) - 4 - max(packed, 0)
            warnings = tail - 4 - max(warned, 0)
            if not position == key == expected or stored < found.last_stored:
                return None
            if packed >= 0:
                plain = unpack(row[tail + 4 :])
                said = _words(row[warnings + 4 : tail]) if warned >= 0 else _NULL
                if commitment != _sha256(
                    row[_SALT:_SEALED] + b"\x01" + row[_SEALED:warnings] + said
                    + _length(len(plain)) + plain
                ).digest():  # fmt: skip
                    return None
            else:
                found.erased.append(position)
            party_at = _EVENT_TYPE + 4 + _length_at(row, _EVENT_TYPE)[0]
            party = row[party_at : party_at + 4 + _length_at(row, party_at)[0]]
            if row[_EVENT_TYPE + 4 : party_at] in asked:
                found.telling.append(position)
            if topic != _NO_TOPIC:
                runs.enter(topic, partition, party, offset)
            if found.first_stored is None:
                found.first_stored = stored
            found.last_stored = stored
            found.entries.append(b"\x01" + row[_LEAF] + party + row[_COMMITMENT])
            expected += 1
    except (BadPayload, psycopg.DataError):  # the latter: a date that no calendar has
        return None
    runs.end()
    return found if expected == end else None


def rows(connection: Connection, start: int, end: int) -> Iterator[bytes]:
    """The rows of the records at [start, end), as _QUERY asks for them."""
    query = _QUERY.format(int(start), int(end))
    with (
        connection.transaction(),  # so that an error leaves a caller's own transaction alive
        connection.cursor() as cursor,
        cursor.copy(query.encode()) as copy,
    ):
        for row in copy:
            data = bytes(row)
            if data.startswith(_SIGNATURE):
                data = data[len(_SIGNATURE) + 8 :]
            if data and data != _END:
                yield data


@lru_cache(4096)
def _words(warnings: bytes) -> bytes:
    """A list of codes as a commitment has it."""
    words = warnings.split(b" ")
    return _length(len(words)) + b"".join(_length(len(word)) + word for word in words)


class _Runs:
    """Gathers offsets that follow each other into runs."""

    def __init__(self, into: list[tuple[Key, Run]]) -> None:
        self._into = into
        self._open: dict[tuple[bytes, int, bytes], list[int]] = {}

    def enter(self, topic: bytes, partition: int, party: bytes, offset: int) -> None:
        key = (topic, partition, party)
        run = self._open.get(key)
        if run is not None and run[1] == offset:
            run[1] = offset + 1
            return
        if run is not None:
            self._close(key, run)
        self._open[key] = [offset, offset + 1]

    def end(self) -> None:
        for key, run in self._open.items():
            self._close(key, run)

    def _close(self, key: tuple[bytes, int, bytes], run: list[int]) -> None:
        topic, partition, party = key
        entered = Run("recorded", party[4:].decode(), *run)
        self._into.append(((UUID(bytes=topic), partition), entered))
