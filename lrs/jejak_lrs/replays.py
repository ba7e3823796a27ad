"""A whole replay: choose, read in order, hand on, and say what it was.

What is handed on are lines (jejak_lrs.replay_lines); the digest is their SHA-256, so a summary on
the screen, a file and a topic of the same selection have the same one.
"""

from __future__ import annotations

import hashlib
import time
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from jejak_lrs import history
from jejak_lrs.replay_files import JsonLines
from jejak_lrs.replay_lines import WIDTH, Found, Lines
from jejak_lrs.replay_pool import in_order, reading
from jejak_lrs.selection import select

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from uuid import UUID

    from jejak_lrs.replay_lines import Part
    from jejak_lrs.selection import Selected, Selection

    Watch = Callable[[int, int], None]

_PAUSE: Final = 2.0  # seconds between two states that a stopped replay may go on from


@dataclass(frozen=True, slots=True)
class Replayed:
    """What was replayed. `selection` has an end; `digest` is a SHA-256 in hex."""

    epoch: UUID
    selection: Selection
    found: Found
    digest: str


@dataclass(frozen=True, slots=True)
class Replay:
    """How a replay is done: on which ledger, by how many processes, telling whom."""

    dsn: str
    workers: int = 1
    watch: Watch = lambda _done, _total: None

    def look(self, selection: Selection) -> Replayed:
        """Read everything and keep nothing of it: what is there, and its digest."""
        epoch, selected = self.choose(selection)
        found, digest = Found(), hashlib.sha256()
        for part in self.parts(selected):
            digest.update(part.lines)
            found = found.and_then(part.found)
        return Replayed(epoch, selected.selection, found, digest.hexdigest())

    def write_lines(self, selection: Selection, path: Path) -> Replayed:
        """Write a file of JSON Lines; goes on where the same replay was stopped.

        Raises:
            Refuse: the file is there, or what was stopped there was another replay.
        """
        with closing(reading(self.dsn)) as connection:
            epoch = history.head(connection).epoch
            target = JsonLines(path, epoch)
            end = target.stopped_at(selection)
            selected = select(connection, selection if end is None else selection.up_to(end))
        with closing(target):
            stands = target.begin(selected.selection)
            paused = time.monotonic()
            for part in self.parts(selected, stands.next_position):
                target.take(part)
                if time.monotonic() - paused > _PAUSE:
                    target.pause()
                    paused = time.monotonic()
            digest = target.finish()
        return Replayed(epoch, selected.selection, target.standing.found, digest)

    def choose(self, selection: Selection) -> tuple[UUID, Selected]:
        """The epoch, and the selection ready to be read."""
        with closing(reading(self.dsn)) as connection:
            return history.head(connection).epoch, select(connection, selection)

    def parts(self, selected: Selected, start: int = 0) -> Iterator[Part]:
        """The lines of a selection, from a position on, span by span."""
        first = selected.selection.from_position
        total = max(0, selected.end - first)
        self.watch(max(0, start - first), total)
        for part in in_order(self.dsn, Lines(selected), selected.spans(WIDTH, start), self.workers):
            yield part
            self.watch(part.end - first, total)
