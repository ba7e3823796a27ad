"""Every file below a log's `tile/`: none but tiles and bundles, and the partial ones as they were.

What is full, or is the last of the folder's own checkpoint, is held against the ledger elsewhere.
Here partial ones of earlier checkpoints are held against those, for whoever kept such a checkpoint
proves by them. What lies past the checkpoint is being written, and nothing speaks of it yet.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from jejak_lrs.audit.difference import Difference
from jejak_lrs.tlog.errors import LogError
from jejak_lrs.tlog.merkle import HASH_BYTES
from jejak_lrs.tlog.tiles import FULL, LEVELS, NAME, bundle_path, pack, tile_path

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jejak_lrs.tlog.tiles import Folder, Tree


@dataclass(frozen=True, slots=True)
class _Part:
    """A tile, or the bundle with the entries of one (`level` is None)."""

    level: int | None
    index: int
    width: int

    @property
    def path(self) -> str:
        if self.level is None:
            return bundle_path(self.index, self.width)
        return tile_path(self.level, self.index, self.width)

    def of(self, tree: Tree) -> bytes | None:
        """What a tree has in its place; None where it does not reach so far."""
        first = self.index * FULL
        if first + self.width > tree.size >> LEVELS * (self.level or 0):
            return None
        if self.level is None:
            return pack(tree.entries(first, first + self.width))
        return tree.tile(self.level, self.index)[: self.width * HASH_BYTES]


def differences(folder: Folder, size: int) -> Iterator[Difference]:
    """Files that must not lie there, or are not what the log's other files say.

    Args:
        folder: of one tree.
        size: that of its published checkpoint.
    """
    tree = folder.tree(size)
    for path in sorted((folder.path / "tile").rglob("*")):
        if path.is_dir() and not path.is_symlink():
            continue
        name = path.relative_to(folder.path).as_posix()
        part = _parsed(name)
        if part is None or path.is_symlink():
            yield Difference(str(path), "no tile and no bundle of a log is such a file")
        elif part.width < FULL:
            yield from _unlike(folder, tree, part)


def _unlike(folder: Folder, tree: Tree, part: _Part) -> Iterator[Difference]:
    try:
        must = part.of(tree)
    except LogError:
        return  # told where the ledger is held against the log
    if must is not None and folder.read(part.path) not in (must, None):
        yield Difference(str(folder.path / part.path), "it is not what the log goes on from")


def _parsed(name: str) -> _Part | None:
    """What a path names; None where nothing of a log is called so."""
    if not NAME.fullmatch(name):
        return None
    whole, _, width = name.partition(".p/")
    _, kind, *elements = whole.split("/")
    index = int("".join(each.removeprefix("x") for each in elements))
    part = _Part(None if kind == "entries" else int(kind), index, int(width or FULL))
    return part if part.path == name else None
