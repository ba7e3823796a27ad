"""Checkpoints: what a log signs of its tree (C2SP tlog-checkpoint).

A checkpoint's text is three lines, each ending in a newline: the log's origin, the tree's size in
decimal, its root in base64. There are no extension lines: nobody could audit them.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from jejak_lrs.tlog import note
from jejak_lrs.tlog.errors import Malformed
from jejak_lrs.tlog.merkle import EMPTY, HASH_BYTES

if TYPE_CHECKING:
    from jejak_lrs.tlog.note import Signer, Verifier

NUMBER: Final = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)
_LINES: Final = 4  # three, and nothing behind the last newline


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A tree at one size. `root` is 32 bytes."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        """What is signed."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"

    def signed(self, *signers: Signer) -> str:
        """The note that is published."""
        return note.sign(self.text(), *signers)


def parse(text: str) -> Checkpoint:
    """The checkpoint that a text is; Malformed where it is none."""
    lines = text.split("\n")
    if len(lines) != _LINES or lines[-1]:
        raise Malformed("a checkpoint has three lines: origin, size, root")
    origin, size, root = lines[:-1]
    if not origin or not NUMBER.fullmatch(size):
        raise Malformed("a checkpoint's size is a decimal number without leading zeros")
    found = Checkpoint(origin, int(size), note.decode(root))
    if len(found.root) != HASH_BYTES:
        raise Malformed("a checkpoint's root has 32 bytes")
    if not found.size and found.root != EMPTY:
        raise Malformed("the empty tree's root is the hash of nothing")
    return found


def opened(signed: str, *verifiers: Verifier) -> Checkpoint:
    """The checkpoint of a note that one of the keys has signed.

    Raises:
        Malformed: it is no note, or its text no checkpoint.
        Unsigned: it is not signed by one of these keys.
    """
    return parse(note.opened(signed, *verifiers))
