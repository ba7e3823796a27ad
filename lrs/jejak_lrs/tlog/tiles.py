"""A log's tree and entries as files that never change once written (C2SP tlog-tiles).

    tile/<L>/<N>[.p/<W>]        256 (or W) hashes of 32 bytes: level 0 holds leaf hashes, and a hash
                                at level L is the tree hash of one full tile at level L - 1
    tile/entries/<N>[.p/<W>]    256 (or W) entries, each after its length in two bytes, big-endian

`N` is in elements of three digits, all but the last after an x: 1234067 is `x001/x234/067`. A tile
is partial, with a suffix, only where the tree ends; no partial tile is hashed into a higher one.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Final

from jejak_lrs.tlog import merkle
from jejak_lrs.tlog.errors import Malformed, Missing
from jejak_lrs.tlog.merkle import HASH_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

FULL: Final = 256
LEVELS: Final = 8  # of the tree, from one level of tiles to the next: 256 is 2 to the 8th
MOST_ENTRY_BYTES: Final = 65_535
CHECKPOINT: Final = "checkpoint"

_TILES_KEPT: Final = 512  # 4 MB
_HASHES_KEPT: Final = 65_536  # 6 MB: proofs of many entries meet the same nodes
# What may lie under `tile/`, and nothing else.
NAME: Final = re.compile(
    r"tile/(?:entries|[0-9]|[1-5][0-9]|6[0-3])/(?:x[0-9]{3}/)*[0-9]{3}"
    r"(?:\.p/(?:[1-9]|[1-9][0-9]|1[0-9]{2}|2[0-4][0-9]|25[0-5]))?",
    re.ASCII,
)


def tile_path(level: int, index: int, width: int = FULL) -> str:
    """Where a tile lies, below the log's folder or URL."""
    return f"tile/{level}/{_number(index)}{_suffix(width)}"


def bundle_path(index: int, width: int = FULL) -> str:
    """Where a bundle of entries lies."""
    return f"tile/entries/{_number(index)}{_suffix(width)}"


def pack(entries: Iterable[bytes]) -> bytes:
    """A bundle; OverflowError where an entry is longer than 65,535 bytes."""
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)


def unpack(bundle: bytes) -> list[bytes]:
    """A bundle's entries; Malformed where it ends in the middle of one."""
    entries, at = [], 0
    while at < len(bundle):
        begin = at + 2
        at = begin + int.from_bytes(bundle[at:begin], "big")
        entries.append(bundle[begin:at])
    if at != len(bundle):
        raise Malformed("a bundle ends in the middle of an entry")
    return entries


class Edge:
    """The right edge of a growing tree: of each level the hashes that no full tile has yet."""

    def __init__(self, size: int = 0, rows: Sequence[Sequence[bytes]] = ()) -> None:
        self.size = size
        self._rows = [list(row) for row in rows]
        if [len(row) for row in self._rows] != widths(size):
            raise Malformed(f"these are not the last tiles of a tree of size {size}")

    def grow(self, leaf_hashes: Iterable[bytes]) -> list[tuple[str, bytes]]:
        """Add leaves; the paths and bytes of the tiles that are full by it."""
        full: list[tuple[str, bytes]] = []
        coming = iter(leaf_hashes)
        while few := list(islice(coming, FULL - len(self._rows[0]) if self._rows else FULL)):
            self._extend(0, few, full)
            self.size += len(few)
        return full

    def partials(self) -> list[tuple[str, bytes]]:
        """The paths and bytes of the partial tiles that a checkpoint of this size needs."""
        return [
            (tile_path(level, (self.size >> LEVELS * level) // FULL, len(row)), b"".join(row))
            for level, row in enumerate(self._rows)
            if row
        ]

    def root(self) -> bytes:
        """The tree's root."""
        return merkle.root_of(self.size, self._hash)

    def _extend(self, level: int, few: list[bytes], full: list[tuple[str, bytes]]) -> None:
        if level == len(self._rows):
            self._rows.append([])
        row = self._rows[level]
        row += few
        if len(row) == FULL:
            index = self.size >> LEVELS * (level + 1)
            full.append((tile_path(level, index), b"".join(row)))
            self._rows[level] = []
            self._extend(level + 1, [merkle.root(row)], full)

    def _hash(self, level: int, index: int) -> bytes:
        tile_level, within = divmod(level, LEVELS)
        first = (index << within) % FULL
        return merkle.root(self._rows[tile_level][first : first + (1 << within)])


def widths(size: int) -> list[int]:
    """The width of the last tile at each level of a tree; 0 where all its tiles are full."""
    found = []
    while size:
        found.append(size % FULL)
        size >>= LEVELS
    return found


class Tree:
    """A tree of one size, read from its tiles. `hash` is what merkle asks for.

    Args:
        size: a checkpoint's.
        read: a file's bytes by its path; None where there is none.
    """

    def __init__(self, size: int, read: Callable[[str], bytes | None]) -> None:
        self.size = size
        self._read = read
        self._tile = lru_cache(_TILES_KEPT)(self._read_tile)
        self.hash = lru_cache(_HASHES_KEPT)(self._hash)

    def root(self) -> bytes:
        """Its root."""
        return merkle.root_of(self.size, self.hash)

    def inclusion(self, index: int) -> list[bytes]:
        """The proof of one of its entries."""
        return merkle.inclusion(index, self.size, self.hash)

    def consistency(self, old: int) -> list[bytes]:
        """The proof that it begins with the tree of size `old`."""
        return merkle.consistency(old, self.size, self.hash)

    def edge(self) -> Edge:
        """Where it can grow on."""
        rows = [
            self._row(level, (self.size >> LEVELS * level) // FULL) if width else []
            for level, width in enumerate(widths(self.size))
        ]
        return Edge(self.size, rows)

    def leaf_hashes(self, first: int, end: int) -> Iterator[bytes]:
        """The hashes of its leaves first to end - 1."""
        return self._between(first, end, lambda index: self._row(0, index))

    def entries(self, first: int, end: int) -> Iterator[bytes]:
        """Its entries first to end - 1; nothing says that they are those of its leaves."""
        return self._between(first, end, self._bundle)

    def tile(self, level: int, index: int) -> bytes:
        """The bytes of one of its tiles."""
        return self._tile(level, index)

    def _between(self, first: int, end: int, few: Callable[[int], list[bytes]]) -> Iterator[bytes]:
        if not 0 <= first <= end <= self.size:
            raise ValueError(f"a tree of size {self.size} has no leaves {first} to {end - 1}")
        for index in range(first // FULL, -(-end // FULL)):
            begin = index * FULL
            yield from few(index)[max(first - begin, 0) : end - begin]

    def _hash(self, level: int, index: int) -> bytes:
        tile_level, within = divmod(level, LEVELS)
        tile, first = divmod(index << within, FULL)
        row = self._row(tile_level, tile)[first : first + (1 << within)]
        if len(row) != 1 << within:
            raise Missing(f"a tree of size {self.size} has no full subtree {index} at {level}")
        return merkle.root(row)

    def _row(self, level: int, index: int) -> list[bytes]:
        tile = self._tile(level, index)
        return [tile[at : at + HASH_BYTES] for at in range(0, len(tile), HASH_BYTES)]

    def _read_tile(self, level: int, index: int) -> bytes:
        width = self._width(level, index)
        found = self._full_or_partial(lambda width: tile_path(level, index, width), width)
        if len(found) % HASH_BYTES or len(found) < width * HASH_BYTES:
            raise Missing(f"{tile_path(level, index, width)} has {len(found)} bytes")
        return found[: width * HASH_BYTES]

    def _bundle(self, index: int) -> list[bytes]:
        width = self._width(0, index)
        found = unpack(self._full_or_partial(lambda width: bundle_path(index, width), width))
        if len(found) < width:
            raise Missing(f"{bundle_path(index, width)} has {len(found)} entries")
        return found[:width]

    def _width(self, level: int, index: int) -> int:
        width = min(FULL, (self.size >> LEVELS * level) - FULL * index)
        if width <= 0:
            raise Missing(f"a tree of size {self.size} has no tile {index} at {level}")
        return width

    def _full_or_partial(self, path: Callable[[int], str], width: int) -> bytes:
        # A partial tile may be deleted once the full one exists.
        found = self._read(path(width))
        if found is None and width < FULL:
            found = self._read(path(FULL))
        if found is None:
            raise Missing(f"{path(width)} is missing")
        return found


class Folder:
    """A log in a folder, for reading. It may grow meanwhile."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def checkpoint(self) -> str | None:
        """The signed checkpoint; None where nothing was published."""
        found = self.read(CHECKPOINT)
        if found is None:
            return None
        try:
            return found.decode()
        except UnicodeDecodeError:
            raise Malformed(f"{self.path / CHECKPOINT} is not UTF-8") from None

    def tree(self, size: int) -> Tree:
        """Its tree at a checkpoint's size."""
        return Tree(size, self.read)

    def read(self, name: str) -> bytes | None:
        """One file's bytes; None where it is not there."""
        try:
            return (self.path / name).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None


def _number(index: int) -> str:
    elements = [f"{index % 1000:03}"]
    while index := index // 1000:
        elements.append(f"x{index % 1000:03}")
    return "/".join(reversed(elements))


def _suffix(width: int) -> str:
    if not 0 < width <= FULL:
        raise ValueError(f"a tile is 1 to {FULL} wide, not {width}")
    return "" if width == FULL else f".p/{width}"
