"""The log's entries, worked out here byte by byte with nothing of ours."""

import hashlib
from datetime import UTC, datetime
from uuid import UUID

from jejak_lrs.audit import leaf

ID = UUID("019340d0-0000-7000-8000-000000000001")
STORED = datetime(2026, 11, 1, 9, 30, 0, 1, tzinfo=UTC)
COMMITMENT = bytes(range(32))


def test_a_records_entry_worked_by_hand() -> None:
    assert leaf.record_entry(258, ID, STORED, "lan", COMMITMENT) == b"".join(
        [
            b"\x01",  # version of the encoding
            b"\x00\x00\x00\x08" + bytes(6) + b"\x01\x02",  # position
            b"\x00\x00\x00\x10" + ID.bytes,
            b"\x00\x00\x00\x08" + (1_793_525_400_000_001).to_bytes(8, "big"),  # stored
            b"\x00\x00\x00\x03lan",
            b"\x00\x00\x00\x20" + COMMITMENT,
        ]
    )


def test_an_outcomes_entry_worked_by_hand() -> None:
    expected = [
        b"\x01",
        b"\x00\x00\x00\x08" + bytes(7) + b"\x07",  # number
        b"\x00\x00\x00\x08" + bytes(6) + b"\x01\x02",  # at_position
        b"\x00\x00\x00\x08" + (1_793_525_400_000_001).to_bytes(8, "big"),  # stored
        b"\x00\x00\x00\x03lan",
        b"\x00\x00\x00\x20" + COMMITMENT,
    ]
    assert leaf.outcome_entry(7, 258, STORED, "lan", COMMITMENT) == b"".join(expected)
    expected[4] = b"\xff\xff\xff\xff"  # nobody's: the party could not be read
    assert leaf.outcome_entry(7, 258, STORED, None, COMMITMENT) == b"".join(expected)


def test_a_looks_entry_worked_by_hand() -> None:
    expected = [
        b"\x01",
        b"\x00\x00\x00\x08" + bytes(7) + b"\x07",  # number
        b"\x00\x00\x00\x08" + (1_793_525_400_000_001).to_bytes(8, "big"),  # at
        b"\x00\x00\x00\x20" + hashlib.sha256(ID.bytes + COMMITMENT).digest(),
    ]
    assert leaf.look_entry(7, STORED, ID, COMMITMENT) == b"".join(expected)
