"""Every file of a log, made in one go by the specification's own formula."""

from collections.abc import Sequence

from jejak_lrs.tlog import merkle, tiles


def files_of(entries: Sequence[bytes]) -> dict[str, bytes]:
    """The tiles and bundles that a tree over these entries has, by path."""
    found: dict[str, bytes] = {}
    level, row = 0, [merkle.leaf_hash(entry) for entry in entries]
    while row:
        chunks = [row[first : first + 256] for first in range(0, len(row), 256)]
        for index, few in enumerate(chunks):
            found[tiles.tile_path(level, index, len(few))] = b"".join(few)
        level += 1
        row = [merkle.root(few) for few in chunks if len(few) == 256]
    for first in range(0, len(entries), 256):
        few = list(entries[first : first + 256])
        found[tiles.bundle_path(first // 256, len(few))] = tiles.pack(few)
    return found
