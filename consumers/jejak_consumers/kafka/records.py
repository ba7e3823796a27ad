"""What a partition holds: how far its log goes, and its messages, whatever their headers are."""

from collections.abc import Sequence
from typing import Any

from kafka.record import memory_records
from kafka.structs import TopicPartition as TheirPartition

from jejak_consumers.kafka.line import Line, milliseconds
from jejak_consumers.messages import Message, TopicPartition


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


def read_every_header() -> None:
    """From now on, in this process; again does no harm."""
    memory_records.DefaultRecordBatch = _Records


class _Records(memory_records.DefaultRecordBatch):  # type: ignore[misc]
    """Reads a header whose name is not UTF-8, where the library calls the whole batch corrupt.

    Anybody can send one, and no message may hold up its partition.
    """

    _pos: int
    _buffer: Any

    def _read_msg(self, *rest: Any) -> Any:
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
