"""What a partition holds: how far its log goes, and its messages, whatever their headers are."""

from collections.abc import Sequence
from typing import Any, Final

from kafka.record import memory_records
from kafka.record.default_records import DefaultRecordBatch
from kafka.record.util import decode_varint
from kafka.structs import TopicPartition as TheirPartition
from msgspec import Struct

from jejak_consumers.kafka.line import Line, milliseconds
from jejak_consumers.messages import Message, TopicPartition

# Of a batch's attributes: whether it marks a transaction's end, and whose clock it bears.
_MARKER: Final = DefaultRecordBatch.CONTROL_MASK
_BROKERS: Final = DefaultRecordBatch.TIMESTAMP_TYPE_MASK


def bounds(
    line: Line, client: Any, asked: Sequence[TheirPartition]
) -> dict[TheirPartition, tuple[int, int]]:
    """Of each, the first offset still kept and the next one to be written; two requests."""
    if not asked:
        return {}
    wait = milliseconds(line.patience)
    with line.explained():
        firsts = client.beginning_offsets(asked, timeout_ms=wait)
        ends = client.end_offsets(asked, timeout_ms=wait)
    return {where: (int(firsts[where]), int(ends[where])) for where in asked}


def message(record: Any) -> Message:
    """One of the library's records as ours."""
    return Message(
        record.topic,
        record.partition,
        record.offset,
        record.key,
        record.value,
        tuple(record.headers),
        record.timestamp,
    )


def their_partition(where: TopicPartition) -> TheirPartition:
    """A partition as the library names it."""
    return TheirPartition(where.topic, where.partition)


def read_as_here() -> None:
    """From now on, in this process; again does no harm."""
    memory_records.DefaultRecordBatch = _Records


class _Record(Struct, gc=False):
    """The library's record, as it reads one without headers: what it asks of one, as fields."""

    size_in_bytes: int
    offset: int
    timestamp: int
    timestamp_type: int
    key: bytes | None
    value: bytes | None
    headers: tuple[()] = ()
    checksum: None = None

    def validate_crc(self) -> bool:
        """Always: the batch has one checksum, and that was looked at."""
        return True

    def __repr__(self) -> str:
        return f"_Record({self.offset})"


class _Records(DefaultRecordBatch):  # type: ignore[misc]
    """Reads a record without headers in two thirds of the time, and a header not named in UTF-8.

    For such a header the library calls the whole batch corrupt. Anybody can send one, and no
    message may hold up its partition.
    """

    _pos: int
    _buffer: Any
    _header_data: Sequence[int]

    def _read_msg(self, *rest: Any) -> Any:
        return self._plain() or self._any(*rest)

    def _plain(self) -> _Record | None:
        """A record with key and value and nothing else; None: it is another, or none."""
        buffer, header = self._buffer, self._header_data
        base, attributes, first, last = header[0], header[5], header[7], header[8]
        if attributes & _MARKER:
            return None
        size, start = decode_varint(buffer, self._pos)
        later, pos = decode_varint(buffer, start + 1)  # behind its attributes, which are none
        further, pos = decode_varint(buffer, pos)
        length, pos = decode_varint(buffer, pos)
        key = bytes(buffer[pos : pos + length])
        length_of_value, pos = decode_varint(buffer, pos + length)
        end = pos + length_of_value
        if (
            min(length, length_of_value) < 0
            or buffer[start]
            or buffer[end]
            or end + 1 != start + size
        ):
            return None
        self._pos = end + 1
        brokers = int(bool(attributes & _BROKERS))
        written = last if brokers else first + later
        return _Record(size, base + further, written, brokers, key, bytes(buffer[pos:end]))

    def _any(self, *rest: Any) -> Any:
        """Any record, as the library reads it."""
        start, buffer = self._pos, self._buffer
        try:
            return super()._read_msg(*rest)
        except UnicodeDecodeError:
            self._pos, self._buffer = start, _EscapedName(buffer)
            try:
                return super()._read_msg(*rest)
            finally:
                self._buffer = buffer


class _EscapedName(bytes):
    """Bytes whose `decode` never fails: what is not UTF-8 stands escaped, with a backslash."""

    def __getitem__(self, key: Any) -> Any:
        found = super().__getitem__(key)
        return _EscapedName(found) if isinstance(key, slice) else found

    def decode(self, *_: Any) -> str:
        return super().decode("utf-8", "backslashreplace")
