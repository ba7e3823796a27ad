"""One entry's proof in one file, `.tlog-proof`, checked offline (C2SP tlog-proof).

Its lines::

c2sp.org/tlog-proof@v1
extra <base64>               optional; nothing vouches for it
index <decimal>
<base64 of a hash>           one a line, from the leaf's sibling up
                             an empty line
<the signed checkpoint>      verbatim
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from jejak_lrs.tlog import checkpoint, merkle, note
from jejak_lrs.tlog.checkpoint import NUMBER, Checkpoint
from jejak_lrs.tlog.errors import Malformed

if TYPE_CHECKING:
    from jejak_lrs.tlog.note import Verifier

FIRST_LINE: Final = "c2sp.org/tlog-proof@v1"


@dataclass(frozen=True, slots=True)
class Proof:
    """That one entry is in the tree of a signed checkpoint. `checkpoint` is the whole note."""

    index: int
    hashes: tuple[bytes, ...]
    checkpoint: str
    extra: bytes | None = None

    def text(self) -> str:
        """The file."""
        extra = [] if self.extra is None else [f"extra {base64.b64encode(self.extra).decode()}"]
        hashes = [base64.b64encode(each).decode() for each in self.hashes]
        lines = [FIRST_LINE, *extra, f"index {self.index}", *hashes, "", self.checkpoint]
        return "\n".join(lines)

    def verified(self, entry: bytes, *verifiers: Verifier) -> Checkpoint:
        """The checkpoint that the entry is under; whose origin it may be is the caller's to judge.

        Raises:
            Malformed: the proof does not lead from the entry to the checkpoint's root.
            Unsigned: the checkpoint is not signed by one of these keys.
        """
        found = checkpoint.opened(self.checkpoint, *verifiers)
        leaf = merkle.leaf_hash(entry)
        if not merkle.is_included(leaf, self.index, found.size, self.hashes, found.root):
            raise Malformed(f"the entry is not number {self.index} of {found.origin}")
        return found


def parse(text: str) -> Proof:
    """The proof that a file is; Malformed where it is none."""
    head, between, signed = text.partition("\n\n")
    lines = head.split("\n")
    if not between or lines.pop(0) != FIRST_LINE:
        raise Malformed(f"a proof begins with {FIRST_LINE}")
    extra = _after("extra ", lines)
    index = _after("index ", lines)
    if index is None or not NUMBER.fullmatch(index):
        raise Malformed("a proof has a line: index, and a decimal number without leading zeros")
    hashes = tuple(note.decode(line) for line in lines)
    if any(len(each) != merkle.HASH_BYTES for each in hashes):
        raise Malformed("a proof's hashes have 32 bytes")
    return Proof(int(index), hashes, signed, None if extra is None else note.decode(extra))


def _after(word: str, lines: list[str]) -> str | None:
    """What stands behind a word at the beginning of the next line, which is then read."""
    if not lines or not lines[0].startswith(word):
        return None
    return lines.pop(0).removeprefix(word)
