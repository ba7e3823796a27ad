"""Batches of Kafka records: read here as the library reads them, and what it cannot read as well.

The library's own builder makes them, so these tests know nothing of the form.
"""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kafka.errors import CorruptRecordError
from kafka.record.default_records import DefaultRecordBatch, DefaultRecordBatchBuilder
from kafka.record.memory_records import MemoryRecords

from jejak_consumers.kafka import records

FIELDS = ["offset", "timestamp", "timestamp_type", "key", "value", "size_in_bytes", "checksum"]
LOG_APPEND_TIME = 8  # the bit of a batch's attributes

some_bytes = st.none() | st.binary(max_size=300)
headers = st.lists(st.tuples(st.text(max_size=5), some_bytes), max_size=2)
record = st.tuples(
    st.integers(0, 3_000),  # how much later
    st.integers(1_500_000_000_000, 2_000_000_000_000),
    some_bytes,
    some_bytes,
    st.just([]) | headers,
)


def batch(of: list[tuple[Any, ...]], attributes: int = 0) -> bytes:
    builder = DefaultRecordBatchBuilder(2, 0, 0, -1, -1, -1, 1 << 20)
    offset = -1
    for further, *rest in of:
        offset += further + 1
        builder.append(offset, *rest)
    made = bytearray(builder.build())
    made[22] |= attributes
    return bytes(made)


def read(by: type, buffer: bytes) -> list[tuple[object, ...]] | str:
    """What each record says, or that the batch is corrupt."""
    try:
        return [
            (*(getattr(one, name) for name in FIELDS), list(one.headers), one.validate_crc())
            for one in by(buffer)
        ]
    except CorruptRecordError:
        return "corrupt"


def has_escaped_name(found: Any) -> bool:
    return any("\\x" in name for *_, headers, _ in found for name, _ in headers)


@given(st.lists(record, min_size=1, max_size=5), st.sampled_from([0, LOG_APPEND_TIME]))
def test_every_record_is_what_the_library_says(of: list[tuple[Any, ...]], attributes: int) -> None:
    made = batch(of, attributes)
    assert read(records._Records, made) == read(DefaultRecordBatch, made) != "corrupt"


@given(st.lists(record, min_size=1, max_size=3), st.data())
def test_of_bent_bytes_nothing_else_is_read(of: list[tuple[Any, ...]], data: st.DataObject) -> None:
    bent = bytearray(batch(of))
    at = data.draw(st.integers(DefaultRecordBatch.HEADER_STRUCT.size, len(bent) - 1))
    bent[at] = data.draw(st.integers(0, 255))
    made = bytes(bent[: data.draw(st.integers(at + 1, len(bent)))])
    here, there = read(records._Records, made), read(DefaultRecordBatch, made)
    assert here == there or (there == "corrupt" and has_escaped_name(here))


@pytest.mark.parametrize("attributes", [0, LOG_APPEND_TIME])
def test_a_record_without_headers_is_read_here(
    attributes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the tests above would compare the library with itself."""
    monkeypatch.setattr(DefaultRecordBatch, "_read_msg", None)
    (found,) = records._Records(batch([(0, 1_500_000_000_000, b"key", b"value", [])], attributes))
    assert (found.key, found.value, found.offset) == (b"key", b"value", 0)


def test_a_header_whose_name_is_not_utf_8_is_read() -> None:
    made = batch([(0, 1_500_000_000_000, b"key", b"value", [("name", b"here")])])
    bent = made.replace(b"name", b"n\xffme")
    (found,) = records._Records(bent)
    assert found.headers == [("n\\xffme", b"here")]


def test_the_marker_of_a_transaction_stays_a_control_record() -> None:
    made = batch([(0, 1_500_000_000_000, b"\0\0\0\1", b"\0\0\0\0\0\0", [])], 0x20)
    (found,) = records._Records(made)
    assert found.commit


def test_the_library_reads_batches_as_here_from_then_on() -> None:
    records.read_as_here()
    found = MemoryRecords(batch([(0, 1_500_000_000_000, None, b"value", [])])).next_batch()
    assert isinstance(found, records._Records)
