"""One published log as its writer has it: its folder, its right edge, and its last signed head."""

from __future__ import annotations

import base64
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING

from jejak_lrs.errors import Inconsistent
from jejak_lrs.tlog import checkpoint, merkle, tiles
from jejak_lrs.tlog.checkpoint import Checkpoint
from jejak_lrs.tlog.errors import LogError
from jejak_lrs.tlog.tiles import FULL, Edge

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from jejak_lrs.notary.checkpoints import Name
    from jejak_lrs.notary.logfolder import LogFolder
    from jejak_lrs.tlog.keys import Keys


@dataclass(frozen=True, slots=True)
class Signed:
    """One log's signed head."""

    tree: Name
    checkpoint: Checkpoint
    note: str = field(repr=False)


@dataclass(slots=True)
class Log:
    """One of the logs: its folder, its right edge, and what was last signed of it."""

    tree: Name
    origin: str
    folder: LogFolder
    keys: Keys
    edge: Edge = field(default_factory=Edge)
    head: Signed | None = None
    _tail: list[bytes] = field(default_factory=list)  # the entries of no full bundle

    @property
    def last(self) -> Checkpoint:
        """What was last published; the empty tree where nothing was."""
        return self.head.checkpoint if self.head else Checkpoint(self.origin, 0, merkle.EMPTY)

    def open(self) -> None:
        """Read where it stands.

        Raises:
            Inconsistent: its files are not what its checkpoint says.
        """
        self.folder.open()
        with reading(self.folder.path):
            signed = self.folder.checkpoint()
        if signed is None:
            return
        found = self.opened(signed, f"the checkpoint in {self.folder.path}")
        self.head = Signed(self.tree, found, signed)
        with reading(self.folder.path, found):
            self._load(found)

    def opened(self, signed: str, place: str) -> Checkpoint:
        """A checkpoint of this log, signed by one of its keys; Inconsistent where it is not."""
        try:
            found = checkpoint.opened(signed, *self.keys.verifiers(self.origin))
        except LogError as exc:
            raise Inconsistent(f"{place} is not one of {self.origin}: {exc}") from exc
        if found.origin != self.origin:
            raise Inconsistent(f"{place} is of {found.origin}, not of {self.origin}")
        return found

    def grow(self, coming: Sequence[bytes]) -> None:
        """Add entries; what is full by them is on disk when this returns."""
        self._tail += coming
        full = self.edge.grow([sha256(b"\x00" + entry).digest() for entry in coming])
        first = (self.edge.size - len(self._tail)) // FULL
        for at in range(len(self._tail) // FULL):
            bundle = self._tail[at * FULL : (at + 1) * FULL]
            full.append((tiles.bundle_path(first + at), tiles.pack(bundle)))
        del self._tail[: len(self._tail) // FULL * FULL]
        if full:
            self.folder.put(full)

    def sign(self) -> Signed | None:
        """Bring the rest to disk and sign; None where it did not grow. Nothing is published yet."""
        if self.head is not None and self.head.checkpoint.size == self.edge.size:
            return None
        partials = self.edge.partials()
        if self._tail:
            bundle = tiles.bundle_path(self.edge.size // FULL, len(self._tail))
            partials.append((bundle, tiles.pack(self._tail)))
        self.folder.put(partials)
        return self.signed(Checkpoint(self.origin, self.edge.size, self.edge.root()))

    def signed(self, one: Checkpoint) -> Signed:
        """A checkpoint with our signature."""
        return Signed(self.tree, one, one.signed(self.keys.signer(self.origin)))

    def publish(self, signed: Signed) -> None:
        """Put a signed head in place of the last one."""
        self.folder.publish(signed.note, self.head.note if self.head else None)
        self.head = signed

    def compare(self, theirs: Checkpoint, place: str) -> None:
        """Inconsistent where a checkpoint seen somewhere is not the beginning of ours."""
        ours = self.last
        if theirs.size > ours.size:
            raise Inconsistent(
                f"{place} has the checkpoint {said(theirs)}, and {self.folder.path} ends before "
                f"it, at {said(ours)}: an older state was restored"
            )
        with reading(self.folder.path):
            root = merkle.root_of(theirs.size, self.folder.tree(ours.size).hash)
        if root != theirs.root:
            raise Inconsistent(
                f"{place} has the checkpoint {said(theirs)}, which {said(ours)} in "
                f"{self.folder.path} does not begin with"
            )

    def _load(self, found: Checkpoint) -> None:
        tree = self.folder.tree(found.size)
        self.edge = tree.edge()
        if self.edge.root() != found.root:
            raise LogError("its tiles have another root")
        first = found.size - found.size % FULL
        self._tail = list(tree.entries(first, found.size))
        if [merkle.leaf_hash(each) for each in self._tail] != [
            *tree.leaf_hashes(first, found.size)
        ]:
            raise LogError("its last bundle holds other entries than its tile")


@contextmanager
def reading(path: Path, one: Checkpoint | None = None) -> Iterator[None]:
    """Say of a log's folder that it is not what it says itself to be."""
    try:
        yield
    except LogError as exc:
        of = f" ({said(one)})" if one else ""
        raise Inconsistent(f"{path} is not what its checkpoint says{of}: {exc}") from exc


def said(one: Checkpoint) -> str:
    """A checkpoint in one line."""
    return f"'{one.origin} {one.size} {base64.b64encode(one.root).decode()}'"
