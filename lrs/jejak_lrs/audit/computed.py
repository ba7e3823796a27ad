"""A tree of the log as the ledger gives it, against the roots and tiles that were published."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from jejak_lrs.audit.difference import Difference
from jejak_lrs.audit.tiled import leaves_of
from jejak_lrs.errors import Inconsistent
from jejak_lrs.notary import entries
from jejak_lrs.tlog import merkle
from jejak_lrs.tlog.errors import LogError
from jejak_lrs.tlog.tiles import FULL, LEVELS, tile_path

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from jejak_lrs.database import Connection
    from jejak_lrs.notary.checkpoints import Name
    from jejak_lrs.tlog.tiles import Folder

_LEAVES_KEPT: Final = 256  # tiles' leaves, 2 MB


class Computed:
    """A tree, by the hashes over each full 256 of its leaves; other leaves are read when needed.

    `end` is how many leaves the ledger has; `whole`, whether no hash before it is missing.
    """

    def __init__(self, connection: Connection, name: Name, end: int) -> None:
        self.end = end
        self.whole = True
        self._connection = connection
        self._name = name
        self._tops: list[bytes] = []
        self._leaves = lru_cache(_LEAVES_KEPT)(self._read_leaves)

    @property
    def covered(self) -> int:
        """How many leaves the hashes taken so far are over, a multiple of 256."""
        return len(self._tops) * FULL

    def take(self, tops: Sequence[bytes] | None) -> None:
        """The hashes over each full 256 leaves of the next stretch; None: some are missing."""
        if tops is None:
            self.whole = False
        else:
            self._tops += tops

    def root(self, size: int) -> bytes:
        """The root over the first `size` leaves, at most `end`."""
        return merkle.root_of(size, self._hash)

    def differences(self, folder: Folder, size: int) -> Iterator[Difference]:
        """The published tiles above the leaves' that are not what the ledger gives.

        Those at level 0 are compared while the ledger is read (tiled.py).
        """
        tree = folder.tree(size)
        row, level = self._tops[: size // FULL], 1
        while row:
            for at in range(0, len(row), FULL):
                must = row[at : at + FULL]
                try:
                    found = [tree.hash(LEVELS * level, at + each) for each in range(len(must))]
                except LogError as exc:
                    yield Difference(f"log of {self._name}", str(exc))
                    continue
                if found != must:
                    where = str(folder.path / tile_path(level, at // FULL))
                    yield Difference(where, "it is not what the ledger gives")
            full = len(row) - len(row) % FULL
            row = [merkle.root(row[at : at + FULL]) for at in range(0, full, FULL)]
            level += 1

    def _hash(self, level: int, index: int) -> bytes:
        if level >= LEVELS:
            width = 1 << (level - LEVELS)
            return merkle.root(self._tops[index * width : (index + 1) * width])
        first = index << level
        leaves = self._leaves(first // FULL)
        return merkle.root(leaves[first % FULL : first % FULL + (1 << level)])

    def _read_leaves(self, tile: int) -> list[bytes]:
        end = min((tile + 1) * FULL, self.end)
        try:
            return leaves_of(entries.read(self._connection, self._name, tile * FULL, end))
        except Inconsistent:
            return []
