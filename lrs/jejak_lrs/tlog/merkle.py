"""Merkle trees: RFC 6962, section 2.1 (the same as RFC 9162, section 2.1).

A tree over n entries splits at the largest power of two below n. So it consists of full subtrees
only, which never change once they are full; everything here asks for these by `Hashes`, and how
they are kept is tiles' matter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from hashlib import sha256
from typing import Final

Hashes = Callable[[int, int], bytes]
"""(level, index) to the hash of the full subtree over leaves index * 2**level and 2**level on."""

EMPTY: Final = sha256(b"").digest()
HASH_BYTES: Final = 32


def leaf_hash(entry: bytes) -> bytes:
    """The hash of one entry."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash over two subtrees."""
    return sha256(b"\x01" + left + right).digest()


def root(leaf_hashes: Iterable[bytes]) -> bytes:
    """The root of the tree over these leaves."""
    row = list(leaf_hashes)
    if not row:
        return EMPTY
    while len(row) > 1:
        # A node without a right sibling rises as it is: that is the split at a power of two.
        alone = row[-1:] if len(row) % 2 else []
        row = [sha256(b"\x01" + row[i] + row[i + 1]).digest() for i in range(0, len(row) - 1, 2)]
        row += alone
    return row[0]


def root_of(size: int, hashes: Hashes) -> bytes:
    """The root of the tree over the first `size` leaves."""
    return subtree(0, size, hashes) if size else EMPTY


def subtree(first: int, end: int, hashes: Hashes) -> bytes:
    """The hash over leaves first to end - 1, a node of some tree: `first` is a multiple of a
    power of two that is not below their number.
    """  # noqa: D205
    split = _split(end - first)
    if not split:
        level = (end - first).bit_length() - 1
        return hashes(level, first >> level)
    return node_hash(subtree(first, first + split, hashes), subtree(first + split, end, hashes))


def inclusion(index: int, size: int, hashes: Hashes) -> list[bytes]:
    """The proof that leaf `index` is in the tree of `size`: PATH, from the leaf's sibling up.

    ValueError where the tree has no such leaf.
    """
    if not 0 <= index < size:
        raise ValueError(f"a tree of size {size} has no leaf {index}")
    return list(_path(index, 0, size, hashes))


def consistency(old: int, new: int, hashes: Hashes) -> list[bytes]:
    """The proof that the tree of size `new` begins with that of size `old`: PROOF.

    Empty where old is 0: the empty tree begins every tree. ValueError where old is above new.
    """
    if not 0 <= old <= new:
        raise ValueError(f"a tree of size {new} does not begin with one of size {old}")
    return list(_subproof(old, 0, new, hashes, known=True)) if old else []


def is_included(
    leaf_hash: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes
) -> bool:
    """Whether the proof leads from the leaf to the root (RFC 9162, section 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    node, last, found = index, size - 1, leaf_hash
    for sibling in proof:
        if not last:
            return False
        if node & 1 or node == last:
            found = node_hash(sibling, found)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        node, last = node >> 1, last >> 1
    return not last and found == root


def is_consistent(
    old_size: int, old_root: bytes, new_size: int, new_root: bytes, proof: Sequence[bytes]
) -> bool:
    """Whether the proof shows that the new tree begins with the old (RFC 9162, 2.1.4.2)."""
    if not 0 <= old_size <= new_size:
        return False
    if not old_size:
        return not proof and old_root == EMPTY and (new_size > 0 or new_root == EMPTY)
    if old_size == new_size:
        return not proof and old_root == new_root
    # A full old tree is itself the first node of the proof, which is left out as it is known.
    nodes = proof if old_size & (old_size - 1) else [old_root, *proof]
    return bool(nodes) and _leads(old_size, old_root, new_size, new_root, nodes)


def _leads(
    old_size: int, old_root: bytes, new_size: int, new_root: bytes, nodes: Sequence[bytes]
) -> bool:
    node, last = old_size - 1, new_size - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    old = new = nodes[0]
    for sibling in nodes[1:]:
        if not last:
            return False
        if node & 1 or node == last:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            new = node_hash(new, sibling)
        node, last = node >> 1, last >> 1
    return not last and old == old_root and new == new_root


def _split(count: int) -> int:
    """The largest power of two below; 0 where `count` is itself one: a full subtree."""
    return 1 << (count.bit_length() - 1) if count & (count - 1) else 0


def _halves(first: int, end: int) -> int:
    """Where the node over these leaves, at least two, splits."""
    return first + (1 << ((end - first - 1).bit_length() - 1))


def _path(index: int, first: int, end: int, hashes: Hashes) -> Iterator[bytes]:
    if end - first == 1:
        return
    middle = _halves(first, end)
    if index < middle:
        yield from _path(index, first, middle, hashes)
        yield subtree(middle, end, hashes)
    else:
        yield from _path(index, middle, end, hashes)
        yield subtree(first, middle, hashes)


def _subproof(old: int, first: int, end: int, hashes: Hashes, *, known: bool) -> Iterator[bytes]:
    """SUBPROOF over leaves first to end - 1, of which those before `old` are the old tree's."""
    if old == end:
        if not known:
            yield subtree(first, end, hashes)
        return
    middle = _halves(first, end)
    if old <= middle:
        yield from _subproof(old, first, middle, hashes, known=known)
        yield subtree(middle, end, hashes)
    else:
        yield from _subproof(old, middle, end, hashes, known=False)
        yield subtree(first, middle, hashes)
