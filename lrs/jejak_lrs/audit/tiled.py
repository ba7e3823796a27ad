"""A stretch of the ledger against the log's files: the leaves, and what they are hashes of."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Final

from jejak_lrs.audit.difference import Difference
from jejak_lrs.notary.checkpoints import LOOKS, OUTCOMES, RECORDS
from jejak_lrs.tlog import merkle
from jejak_lrs.tlog.errors import LogError
from jejak_lrs.tlog.tiles import FULL

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from jejak_lrs.notary.checkpoints import Name
    from jejak_lrs.tlog.tiles import Tree

KINDS: Final[Mapping[Name, str]] = {RECORDS: "record", OUTCOMES: "outcome", LOOKS: "look"}


def leaves_of(entries: Iterable[bytes]) -> list[bytes]:
    """The hashes of the entries."""
    return [sha256(b"\x00" + entry).digest() for entry in entries]


def tops_of(leaves: Sequence[bytes]) -> list[bytes]:
    """The hash over each full 256 leaves, the first of which is the first of a tile."""
    full = len(leaves) - len(leaves) % FULL
    return [merkle.root(leaves[at : at + FULL]) for at in range(0, full, FULL)]


def differences(
    name: Name, tree: Tree, start: int, entries: Sequence[bytes], leaves: Sequence[bytes]
) -> Iterator[Difference]:
    """Where the log's tiles and bundles are not what the ledger's entries from `start` on make.

    Args:
        name: of the tree.
        tree: the log's, at the size of its checkpoint; entries past it are not looked at.
        start: a multiple of 256.
        entries: the ledger's.
        leaves: their hashes.
    """
    for at in range(start, min(start + len(entries), tree.size), FULL):
        end = min(at + FULL, start + len(entries), tree.size)
        ours = slice(at - start, end - start)
        try:
            yield from _unlike(name, at, "leaf", leaves[ours], tree.leaf_hashes(at, end))
            yield from _unlike(name, at, "entry", entries[ours], tree.entries(at, end))
        except LogError as exc:
            yield Difference(f"log of {name} from {KINDS[name]} {at}", str(exc))


def _unlike(
    name: Name, first: int, what: str, ours: Sequence[bytes], published: Iterable[bytes]
) -> Iterator[Difference]:
    """The first that differs."""
    for number, (one, other) in enumerate(zip(ours, published, strict=True), first):
        if one != other:
            said = f"its {what} in the log is {other.hex()}, the ledger gives {one.hex()}"
            yield Difference(f"{KINDS[name]} {number}", said)
            return
