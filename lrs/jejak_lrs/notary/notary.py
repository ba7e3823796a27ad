"""The notary: grows the logs by what the ledger has committed, and signs their heads.

The truth of its effect lies in the folder of the log. Before anything is signed, that folder is
held against the database, and against every copy of a checkpoint that can be had: what was signed
once must still be the beginning of what is signed now, whatever was restored, from wherever. Order
of what lasts: tiles and bundles, checkpoints (the records' last), the table, the topic, witnesses;
so no copy is ever ahead of the folder, unless somebody went back.
What stands in the folder, byte by byte: docs/transparency-log.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from jejak_lrs.cursor import Cursor
from jejak_lrs.errors import Inconsistent
from jejak_lrs.notary import checkpoints, entries, newlog
from jejak_lrs.notary.checkpoints import LOOKS, OUTCOMES, RECORDS, TREES, Name
from jejak_lrs.notary.logfolder import LogFolder
from jejak_lrs.notary.publishedlog import Log, Signed, reading, said
from jejak_lrs.tlog import note
from jejak_lrs.tlog.checkpoint import Checkpoint
from jejak_lrs.tlog.merkle import EMPTY

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path
    from uuid import UUID

    from jejak_lrs.database import Connection
    from jejak_lrs.notary.checkpoints import Goal, Stored
    from jejak_lrs.tlog.keys import Keys
    from jejak_lrs.tlog.tiles import Tree

MOST: Final = 65_536  # entries handled at once
_TABLE: Final = "the table checkpoint"


@dataclass(frozen=True, slots=True)
class Growth:
    """What comes next: entries of each tree, and whether all then stand where one head stood."""

    coming: Mapping[Name, Sequence[bytes]]
    complete: bool


class Notary:
    """The logs of a ledger's epoch. Open it before anything else, and again after any error.

    Args:
        path: the folder of the published log.
        base: what the logs' names begin with; the epoch follows.
        keys: who signs.
        most: entries handled at once.
    """

    def __init__(self, path: Path, base: str, keys: Keys, most: int = MOST) -> None:
        self._path = path
        self._base = base
        self._keys = keys
        self._most = most
        self._target: Goal | None = None
        self.epoch: UUID | None = None
        self.logs: Mapping[Name, Log] = {}
        self.unkept: list[Signed] = []  # published, and not in the table: a crash came between

    def open(self, connection: Connection) -> None:
        """Read where the logs stand, and hold them against the database.

        Raises:
            Inconsistent: what was signed is not what the ledger, or its table, holds.
            FolderAway: the folder cannot be written.
        """
        goal = checkpoints.goal(connection)
        origins = checkpoints.origins(self._base, goal.epoch)
        logs = {
            tree: Log(
                tree,
                origins[tree],
                LogFolder(self._path / checkpoints.below(tree), str(goal.epoch)),
                self._keys,
            )
            for tree in TREES
        }
        newlog.begin(connection, logs[RECORDS], self._base, self._keys)
        self.unkept = []
        for tree, log in logs.items():
            log.open()
            self._hold(connection, goal, log, checkpoints.largest(connection, goal.epoch, tree))
        newlog.list_keys(logs.values(), self._keys)
        self.epoch, self.logs, self._target = goal.epoch, logs, None

    def compare(self, tree: Name, signed: str, place: str) -> None:
        """Inconsistent where a checkpoint seen at some place is not the beginning of ours."""
        log = self.logs[tree]
        log.compare(log.opened(signed, place), place)

    def heads(self) -> list[Signed]:
        """What each log has signed last; of one that has nothing, the empty tree, as signed now."""
        return [log.head or log.signed(log.last) for log in self.logs.values()]

    @property
    def stands(self) -> Cursor:
        """The last record and the last outcome in the logs."""
        return Cursor(self.logs[RECORDS].edge.size - 1, self.logs[OUTCOMES].edge.size - 1)

    def waiting(self, goal: Goal) -> int:
        """How many entries the logs do not have yet."""
        return sum(end - self.logs[tree].edge.size for tree, end in goal.ends.items())

    def read(self, connection: Connection, goal: Goal) -> Growth:
        """The next entries, up to a goal that stays the goal until it is reached."""
        self._target = goal = self._target or goal
        coming: dict[Name, Sequence[bytes]] = {}
        room = self._most
        for tree, end in goal.ends.items():
            first = self.logs[tree].edge.size
            coming[tree] = entries.read(connection, tree, first, min(end, first + room))
            room -= len(coming[tree])
        return Growth(coming, complete=self.waiting(goal) == self._most - room)

    def grow(self, growth: Growth) -> list[Signed]:
        """Add entries; where the logs then stand where one head stood, sign and publish them."""
        for tree, coming in growth.coming.items():
            self.logs[tree].grow(coming)
        if not growth.complete:
            return []
        self._target = None
        # What all speak of is on disk before the first is published. Looks are rare: their log
        # begins with the first.
        begun = [log for log in self.logs.values() if log.tree != LOOKS or log.edge.size]
        signed = [one for log in begun if (one := log.sign())]
        for one in reversed(signed):
            self.logs[one.tree].publish(one)
        return signed

    def keep(self, connection: Connection, signed: Iterable[Signed], made_at: datetime) -> None:
        """Put what was published into the table; in the transaction that moves the cursor."""
        for one in signed:
            found = one.checkpoint
            checkpoints.add(
                connection, self._epoch(), one.tree, found.size, found.root, one.note, made_at
            )

    def cosign(self, connection: Connection, tree: Name, size: int, line: str) -> None:
        """Keep a witness's signature line, and put it under the checkpoint if it still stands."""
        log = self.logs[tree]
        if log.head is None:
            return
        (signature,) = note.signatures(line)
        checkpoints.add_cosignature(connection, self._epoch(), tree, size, signature.name, line)
        if log.last.size == size and not any(
            signature.is_like(each) for each in note.parts(log.head.note)[1]
        ):
            log.publish(Signed(tree, log.head.checkpoint, log.head.note + line))

    def _epoch(self) -> UUID:
        if self.epoch is None:
            raise ValueError("the notary is not open")
        return self.epoch

    def _hold(self, connection: Connection, goal: Goal, log: Log, stored: Stored | None) -> None:
        """Hold a log against the database: its table, its end, and what the table does not have."""
        kept = Checkpoint(log.origin, 0, EMPTY)
        if stored is not None:
            kept = log.opened(stored.note, _TABLE)
            log.compare(kept, _TABLE)
        if log.head is not None:
            self._hold_ledger(connection, goal, log, kept)
            if log.last.size > kept.size or stored is None:
                self.unkept.append(log.head)

    def _hold_ledger(self, connection: Connection, goal: Goal, log: Log, kept: Checkpoint) -> None:
        """Hold a log against the ledger, whose table goes up to `kept`.

        Only a crash between folder and table, or an older database, leaves something to compare.
        """
        ours, end = log.last, goal.ends[log.tree]
        told = (
            f"{log.folder.path} has the checkpoint {said(ours)}, and the ledger, whose last one is "
            f"{said(kept)}, holds"
        )
        if ours.size > end:
            raise Inconsistent(f"{told} {end} {log.tree}: an older database was restored")
        tree = log.folder.tree(ours.size)
        with reading(log.folder.path, ours):
            self._compare_entries(connection, log, tree, kept.size, told)

    def _compare_entries(
        self, connection: Connection, log: Log, tree: Tree, kept: int, told: str
    ) -> None:
        for first in range(kept, tree.size, self._most):
            past = min(first + self._most, tree.size)
            held = entries.read(connection, log.tree, first, past)
            published = tree.entries(first, past)
            for index, (one, other) in enumerate(zip(held, published, strict=True), first):
                if one != other:
                    raise Inconsistent(f"{told} something else as {log.tree} {index}")
