"""A whole replay: choose, read in order, hand on, and say what it was.

What is handed on are lines (jejak_lrs.replay.lines); the digest is their SHA-256, so a summary on
the screen, a file and a topic of the same selection have the same one.
"""

from __future__ import annotations

import hashlib
import time
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from jejak_lrs import database
from jejak_lrs.ledger import history
from jejak_lrs.replay.files import JsonLines, keep, stopped_at
from jejak_lrs.replay.lines import WIDTH, Found, Lines
from jejak_lrs.replay.selection import NAME, Selection, Span, select
from jejak_lrs.workers import in_order

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from uuid import UUID

    from jejak_lrs.replay.lines import Part
    from jejak_lrs.replay.selection import Selected
    from jejak_lrs.workers import Connect

    Watch = Callable[[int, int], None]

_STATE: Final = "_selection.json"  # in a folder of parts: whose they are
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
        with closing(self._connect()) as connection:
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

    def write_parts(self, selection: Selection, folder: Path) -> Replayed:
        """Write a folder of Parquet parts; those that are there are not written again.

        The digest is of what `sha256sum part-*.parquet` says.

        Raises:
            Refuse: the folder holds the parts of another replay.
        """
        from jejak_lrs.replay import segments  # noqa: PLC0415  needs pyarrow

        folder.mkdir(parents=True, exist_ok=True)
        with closing(self._connect()) as connection:
            epoch = history.head(connection).epoch
            end = stopped_at(folder / _STATE, epoch, selection)
            selected = select(connection, selection if end is None else selection.up_to(end))
        keep(folder / _STATE, epoch, selected.selection)
        pieces: list[segments.Piece] = []
        first, found = selected.selection.from_position, Found()
        work = segments.Parts(selected, folder)
        for piece in in_order(
            self._connect, work, selected.spans(segments.RANGE), self.workers, worth=self.workers
        ):
            pieces.append(piece)
            found = found.and_then(piece.found)
            self.watch(piece.end - first, max(0, selected.end - first))
        return Replayed(epoch, selected.selection, found, segments.digest(pieces))

    def write_segments(self, folder: Path, width: int) -> dict[str, int]:
        """Write every full segment's leaf and payload files; what is written and what is there.

        Raises:
            Refuse: the folder holds segments of another width, or of another ledger.
        """
        from jejak_lrs.replay import segments  # noqa: PLC0415  needs pyarrow

        for kind in ("leaf", "payload"):
            (folder / kind).mkdir(parents=True, exist_ok=True)
        epoch, selected = self.choose(Selection())
        end = selected.end - selected.end % width
        whose = Selection(to_position=width - 1)  # the first segment's
        stopped_at(folder / _STATE, epoch, whose)
        keep(folder / _STATE, epoch, whose)
        spans = (Span(start, start + width) for start in range(0, end, width))
        written = 0
        work = segments.Segments(selected, folder)
        for done, files in in_order(self._connect, work, spans, self.workers, worth=self.workers):
            written += files
            self.watch(done, end)
        return {"written": written, "segments": end // width, "end": end}

    @property
    def _connect(self) -> Connect:
        return partial(database.reading, self.dsn, NAME)

    def epoch(self) -> UUID:
        """The ledger's."""
        with closing(self._connect()) as connection:
            return history.head(connection).epoch

    def choose(self, selection: Selection) -> tuple[UUID, Selected]:
        """The epoch, and the selection ready to be read."""
        with closing(self._connect()) as connection:
            return history.head(connection).epoch, select(connection, selection)

    def parts(self, selected: Selected, start: int = 0) -> Iterator[Part]:
        """The lines of a selection, from a position on, span by span."""
        first = selected.selection.from_position
        total = max(0, selected.end - first)
        self.watch(max(0, start - first), total)
        spans = selected.spans(WIDTH, start)
        for part in in_order(self._connect, Lines(selected), spans, self.workers):
            yield part
            self.watch(part.end - first, total)
