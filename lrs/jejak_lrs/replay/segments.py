"""Records as Parquet: files of a fixed range of positions, written whole or not at all.

Two uses. A replay into FILE.parquet, a folder with one part for each range, goes on after the last
part that is there. Segments for an archive are two files for each range: `leaf`, what the public
log holds of the records, which never changes, and `payload`, what they say, which is written anew
once one of them is erased. The same records give the same bytes by the same version of pyarrow.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import orjson
import pyarrow as pa
from pyarrow import parquet

from jejak_lrs.replay.lines import Found, found_in
from jejak_lrs.replay.selection import Reader, Span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from jejak_lrs.database import Connection
    from jejak_lrs.ledger.history import Record
    from jejak_lrs.replay.selection import Selected

RANGE: Final = 100_000  # positions in one file
_GROUP: Final = 2_000  # positions in one of a file's row groups: its bytes rest on it
_FOUND: Final = b"jejak.found"
_TIME: Final = pa.timestamp("us", tz="UTC")
_LEAF: Final = (
    ("position", pa.int64()), ("statement_id", pa.string()), ("stored", _TIME),
    ("party", pa.string()), ("commitment", pa.binary(32)),
)  # fmt: skip
_SAID: Final = (
    ("occurred_at", _TIME), ("event_type", pa.string()), ("on_behalf_of", pa.string()),
    ("person_id", pa.string()), ("agency", pa.string()), ("verb", pa.string()),
    ("activity", pa.string()), ("source_kind", pa.string()), ("source_topic", pa.string()),
    ("source_partition", pa.int32()), ("source_offset", pa.int64()),
    ("mapping_version", pa.int32()), ("warnings", pa.list_(pa.string())),
    ("content_tag", pa.binary()), ("salt", pa.binary()),
)  # fmt: skip
_ENDS: Final = (("erased", pa.bool_()), ("statement", pa.string()))
EVERYTHING: Final = pa.schema([*_LEAF, *_SAID, *_ENDS])
LEAF: Final = pa.schema(_LEAF)
PAYLOAD: Final = pa.schema([_LEAF[0], *_SAID, *_ENDS])
_TEXTS: Final = frozenset({"statement_id", "person_id", "source_topic"})  # UUIDs, as text

_Told = tuple["Record", bytes | None]


@dataclass(frozen=True, slots=True)
class Piece:
    """A file: its name, its hash, the end of its range and what it holds."""

    end: int
    name: str
    sha256: str
    found: Found


@dataclass(frozen=True, slots=True)
class Parts:
    """The work of writing a selection's parts into a folder."""

    selected: Selected
    folder: Path

    def begin(self, connection: Connection) -> Reader:
        """What one connection needs for all its spans."""
        return Reader(connection, self.selected)

    def make(self, reader: Reader, span: Span) -> Piece:
        """The part of a span: written, or found as it was written before."""
        path = self.folder / f"part-{named(span)}"
        if not path.exists():
            write(path, EVERYTHING, partial(_read, reader, span))
        return Piece(span.end, path.name, _sha256(path), held(path))


@dataclass(frozen=True, slots=True)
class Segments:
    """The work of writing a range's leaf and payload files into a folder."""

    selected: Selected
    folder: Path

    def begin(self, connection: Connection) -> tuple[Connection, Reader]:
        """What one connection needs for all its spans."""
        return connection, Reader(connection, self.selected)

    def make(self, begun: tuple[Connection, Reader], span: Span) -> tuple[int, int]:
        """The end of the range, and how many files were written: 0, 1 or 2."""
        connection, reader = begun
        leaf, payload = (self.folder / kind / named(span) for kind in ("leaf", "payload"))
        written = 0
        if not leaf.exists():
            write(leaf, LEAF, partial(_read, reader, span))
            written += 1
        if not payload.exists() or held(payload).erased != erased(connection, span):
            write(payload, PAYLOAD, partial(_read, reader, span))
            written += 1
        return span.end, written


def named(span: Span) -> str:
    """The name of a range's file."""
    return f"{span.start:012}-{span.end - 1:012}.parquet"


def write(path: Path, schema: pa.Schema, read: Callable[[], Iterator[list[_Told]]]) -> None:
    """Write a file, in place of one of that name; its reader learns from it what it holds."""
    fresh = path.with_name(f".{path.name}.new")
    found = Found()
    with parquet.ParquetWriter(fresh, schema, compression="zstd") as file:
        for told in read():
            found = found.and_then(found_in(told))
            file.write_table(_table(told, schema))
        file.add_key_value_metadata({_FOUND: orjson.dumps(found.document())})
    fresh.replace(path)


def held(path: Path) -> Found:
    """What a file holds."""
    metadata = parquet.read_metadata(path).metadata
    return Found.parse(orjson.loads(metadata[_FOUND]))


def erased(connection: Connection, span: Span) -> int:
    """How many records of a range are erased now."""
    found = connection.execute(
        "SELECT count(*) FROM record WHERE position >= %s AND position < %s AND payload IS NULL",
        [span.start, span.end],
    ).fetchone()
    return int(found[0]) if found else 0


def digest(pieces: Sequence[Piece]) -> str:
    """The SHA-256 of what `sha256sum part-*.parquet` says of them."""
    lines = "".join(f"{one.sha256}  {one.name}\n" for one in pieces)
    return hashlib.sha256(lines.encode()).hexdigest()


def _read(reader: Reader, span: Span) -> Iterator[list[_Told]]:
    """A range's records, some at a time: never more in memory than one short query's."""
    for start in range(span.start, span.end, _GROUP):
        told = reader.records(Span(start, min(start + _GROUP, span.end), span.chosen))
        if told:
            yield told


def _table(told: list[_Told], schema: pa.Schema) -> pa.Table:
    columns = [_column(name, told) for name in schema.names]
    return pa.table(columns, schema=schema)


def _column(name: str, told: list[_Told]) -> list[Any]:
    if name == "statement":
        return [None if plain is None else plain.decode() for _, plain in told]
    if name == "erased":
        return [plain is None for _, plain in told]
    values = [getattr(record, name) for record, _ in told]
    if name in _TEXTS:
        return [None if value is None else str(value) for value in values]
    return values


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
