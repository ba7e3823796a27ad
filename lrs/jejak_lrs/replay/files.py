"""Replay into a file of JSON Lines that can be stopped at any time and gone on with.

While it grows the file is FILE.partial, and FILE.partial.json says up to where it is whole, and of
which selection. What stands behind that is cut off when the replay goes on; the selection's end is
kept, so the bytes are those of a replay that was never stopped.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO, Final

import orjson

from jejak_lrs.errors import Refuse
from jejak_lrs.replay.lines import Found
from jejak_lrs.replay.selection import Selection

if TYPE_CHECKING:
    from pathlib import Path
    from uuid import UUID

    from jejak_lrs.replay.lines import Part

_BLOCK: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Standing:
    """Up to where a replay has come: the next position to read, and what was found below it."""

    next_position: int = 0
    size: int = 0
    found: Found = Found()  # noqa: RUF009  frozen


def stopped_at(state: Path, epoch: UUID, selection: Selection) -> int | None:
    """The last position of the replay that a state is of; None where there is no state.

    Raises:
        Refuse: it is of another selection, or of another ledger.
    """
    if not state.exists():
        return None
    kept = orjson.loads(state.read_bytes())
    end: int = kept["selection"]["to_position"]
    asked = {**selection.document(), "to_position": end}
    same = (kept["epoch"], kept["selection"]) == (str(epoch), asked)
    if not same or selection.to_position not in (None, end):
        raise Refuse(f"{state} is of another replay: finish that, or remove it")
    return end


def keep(state: Path, epoch: UUID, selection: Selection, **more: Any) -> None:
    """Keep whose replay this is, and how far it is, in place of what was kept."""
    document = {"epoch": str(epoch), "selection": selection.document(), **more}
    fresh = state.with_name(f"{state.name}.new")
    fresh.write_bytes(orjson.dumps(document))
    fresh.replace(state)


class JsonLines:
    """The file of one selection: `begin`, then `take` each part, then `finish`; always `close`."""

    def __init__(self, path: Path, epoch: UUID) -> None:
        if path.exists():
            raise Refuse(f"{path} is there already: name another file, or remove it")
        self._path = path
        self._partial = path.with_name(path.name + ".partial")
        self._state = path.with_name(path.name + ".partial.json")
        self._epoch = epoch
        self._hash = hashlib.sha256()
        self._file: BinaryIO | None = None
        self._selection = Selection()
        self.standing = Standing()

    def stopped_at(self, selection: Selection) -> int | None:
        """The last position of the same selection's replay that was stopped here; None: none was.

        Raises:
            Refuse: what was stopped here was another selection, or of another ledger.
        """
        if not self._partial.exists():
            return None
        end = stopped_at(self._state, self._epoch, selection)
        if end is not None:
            kept = orjson.loads(self._state.read_bytes())
            found = Found.parse(kept["found"])
            self.standing = Standing(kept["next_position"], kept["size"], found)
        return end

    def begin(self, selection: Selection) -> Standing:
        """Open the file, cut to where it is whole. `selection` has an end."""
        self._selection = selection
        self._file = self._partial.open("r+b" if self._partial.exists() else "w+b")
        self._file.truncate(self.standing.size)
        while block := self._file.read(_BLOCK):
            self._hash.update(block)
        return self.standing

    def take(self, part: Part) -> None:
        """Add the next lines."""
        if self._file is None:
            raise RuntimeError("begin comes first")
        self._file.write(part.lines)
        self._hash.update(part.lines)
        self.standing = Standing(
            part.end,
            self.standing.size + len(part.lines),
            self.standing.found.and_then(part.found),
        )

    def pause(self) -> None:
        """Keep what is there, to be gone on with."""
        if self._file is None:
            raise RuntimeError("begin comes first")
        self._file.flush()
        os.fsync(self._file.fileno())
        keep(
            self._state,
            self._epoch,
            self._selection,
            next_position=self.standing.next_position,
            size=self.standing.size,
            found=self.standing.found.document(),
        )

    def close(self) -> None:
        """Keep what is there, if it is not finished, and end."""
        if self._file is not None:
            with self._file:  # closed though the disk is full
                self.pause()
            self._file = None

    def finish(self) -> str:
        """Give the file its name; its SHA-256."""
        self.close()
        self._partial.replace(self._path)
        self._state.unlink(missing_ok=True)
        return self._hash.hexdigest()
