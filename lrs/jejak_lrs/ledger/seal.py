r"""Salts, tags and commitments: what binds a record without revealing it. Pure but for salts.

Canonical encoding (version 1) of a list of fields::

    canonical = 0x01 || field ...
    field     = length (4 bytes, big-endian) || bytes      null: FF FF FF FF
    text      = UTF-8                  uuid = its 16 bytes
    integer   = 8 bytes, big-endian, two's complement
    time      = microseconds since 1970-01-01T00:00:00Z, as an integer
    list      = count (4 bytes, big-endian) || a field for each      null: FF FF FF FF

No two lists of fields of the same types have the same encoding.

What is hashed (SHA-256 throughout; salts are 16 bytes)::

    digest d           H( H(writer schema) || body as received )     memory only, never kept
    content tag        H( tag salt || 01 || d )
    alias commitment   H( canonical(alias salt, kind, value) )
    record commitment  H( salt || canonical(RECORD_FIELDS, plain bytes of the statement) )
    outcome commitment H( salt || canonical(OUTCOME_FIELDS) )

A commitment covers every column that never changes, but position (an outcome: number), stored,
the salts and itself: the log's leaf binds position and stored (audit/leaf.py). So a record's is
complete before its position is known. The salt goes with the payload when a record is erased;
the commitment then proves nothing about the content to anybody.
"""

from __future__ import annotations

import hashlib
import os
import struct
from functools import lru_cache
from typing import TYPE_CHECKING

from jejak_schemas.clock import micros_of

if TYPE_CHECKING:
    from uuid import UUID

    from jejak_lrs.ledger.batch import Row, Source
    from jejak_lrs.ledger.history import Record

SALT_BYTES = 16

# The order in which record_commitment and outcome_commitment take the columns.
RECORD_FIELDS = (
    "statement_id", "occurred_at", "event_type", "party", "on_behalf_of", "person_id", "agency",
    "verb", "activity", "source_kind", "source_topic", "source_partition", "source_offset",
    "mapping_version", "content_tag", "warnings",
)  # fmt: skip
OUTCOME_FIELDS = (
    "kind", "party", "event_id", "source_kind", "source_topic", "source_partition",
    "source_offset", "at_position", "of_position", "reason", "field",
)  # fmt: skip

_VERSION = b"\x01"
_NULL = b"\xff\xff\xff\xff"
_ID = b"\x00\x00\x00\x10"  # the length of a UUID
_length = struct.Struct(">I").pack
_eight_bytes = struct.Struct(">Iq").pack


def salts() -> tuple[bytes, bytes]:
    """A record's salt and tag salt, fresh."""
    random = os.urandom(2 * SALT_BYTES)
    return random[:SALT_BYTES], random[SALT_BYTES:]


def salt() -> bytes:
    """One fresh salt: an alias's or an outcome's."""
    return os.urandom(SALT_BYTES)


def digest(schema_sha256: bytes, body: bytes) -> bytes:
    """What a message said, in 32 bytes. Never store or log it: it can be guessed from a NIP."""
    return hashlib.sha256(schema_sha256 + body).digest()


def content_tag(tag_salt: bytes, d: bytes) -> bytes:
    """What is kept of a digest, so that a resend can be compared."""
    return hashlib.sha256(_fixed(tag_salt) + b"\x01" + d).digest()


def alias_commitment(alias_salt: bytes, kind: str, value: str) -> bytes:
    """What a record keeps of an alias; value and salt live in person_alias only."""
    fields = _bytes(_fixed(alias_salt)) + _text(kind) + _bytes(value.encode())
    return hashlib.sha256(_VERSION + fields).digest()


def record_commitment(of: Row | Record, plain: bytes) -> bytes:
    """The commitment of a record; `plain` is the exact statement, before compression.

    ValueError where its salt is gone. Written out, since it is made once an event: a call for each
    field takes a sixth more (measured).
    """
    source, person_id, tag, warnings = of.source, of.person_id, of.content_tag, of.warnings
    return hashlib.sha256(
        b"".join(
            (
                _fixed(of.salt or b""),
                _VERSION,
                _ID,
                of.statement_id.bytes,
                _eight_bytes(8, micros_of(of.occurred_at)),
                _codes(of.event_type, of.party, of.on_behalf_of),
                _NULL if person_id is None else _ID + person_id.bytes,
                _codes(of.agency, of.verb, of.activity),
                _source(source),
                _eight_bytes(8, of.mapping_version),
                _NULL if tag is None else _length(len(tag)) + tag,
                _remarks(*warnings) if warnings else _NULL,  # none are stored as null
                _length(len(plain)),
                plain,
            )
        )
    ).digest()


def outcome_commitment(  # noqa: PLR0913 - one argument for each column that it covers
    outcome_salt: bytes,
    *,
    kind: str,
    party: str | None,
    event_id: UUID | None,
    source: Source,
    at_position: int,
    of_position: int | None,
    reason: str | None,
    field: str | None,
) -> bytes:
    """The commitment of a message that did not become a record. `detail` is not under it."""
    return hashlib.sha256(
        b"".join(
            (
                _fixed(outcome_salt),
                _VERSION,
                _text(kind),
                _text(party),
                _uuid(event_id),
                _source(source),
                _integer(at_position),
                _integer(of_position),
                _text(reason),
                _text(field),
            )
        )
    ).digest()


def _source(source: Source) -> bytes:
    topic_id, offset = source.topic_id, source.offset
    return _place(source.kind, topic_id and topic_id.int, source.partition) + _integer(offset)


@lru_cache(4096)  # by the number of a topic's id: a UUID's own hash is slow
def _place(kind: str, topic_id: int | None, partition: int | None) -> bytes:
    topic = _NULL if topic_id is None else _ID + topic_id.to_bytes(16, "big")
    return _text(kind) + topic + _integer(partition)


def _fixed(value: bytes) -> bytes:
    if len(value) != SALT_BYTES:
        raise ValueError(f"a salt has {SALT_BYTES} bytes, not {len(value)}")
    return value


def _bytes(value: bytes | None) -> bytes:
    return _NULL if value is None else _length(len(value)) + value


@lru_cache(4096)  # codes, verbs, activities: nothing that names a person
def _codes(*values: str | None) -> bytes:
    return b"".join(map(_text, values))


def _text(value: str | None) -> bytes:
    return _NULL if value is None else _bytes(value.encode())


def _uuid(value: UUID | None) -> bytes:
    return _NULL if value is None else _ID + value.bytes


def _integer(value: int | None) -> bytes:
    return _NULL if value is None else _eight_bytes(8, value)


@lru_cache(4096)  # most records with remarks have the same ones
def _remarks(*values: str) -> bytes:
    return _length(len(values)) + b"".join(map(_text, values))
