"""The transparency log against the ledger: every checkpoint, wherever it is kept, and every tile.

Roots are computed from the ledger alone; the log's files are then held against them. A checkpoint
that an auditor kept counts as much as one of the log's own folder.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from jejak_lrs.audit import cosigned, tilefiles
from jejak_lrs.audit.computed import Computed
from jejak_lrs.audit.difference import Difference
from jejak_lrs.audit.tiled import KINDS
from jejak_lrs.notary import checkpoints, newlog
from jejak_lrs.notary.checkpoints import LOOKS, OUTCOMES, RECORDS, TREES
from jejak_lrs.tlog import checkpoint
from jejak_lrs.tlog.errors import LogError
from jejak_lrs.tlog.tiles import FULL, LEVELS, Folder

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path
    from uuid import UUID

    from jejak_lrs.database import Connection
    from jejak_lrs.ledger.moment import Moment
    from jejak_lrs.notary.checkpoints import Name, Stored
    from jejak_lrs.tlog.checkpoint import Checkpoint
    from jejak_lrs.tlog.note import Verifier

_STEP: Final = 1_000


@dataclass(frozen=True, slots=True)
class Kept:
    """A signed checkpoint, and where it was found.

    `checked`: all that it covers was checked when it was taken. The log's tiles prove that it is
    the same, and only the rest is read.
    """

    place: str
    note: str = field(repr=False)
    checked: bool = False


@dataclass(frozen=True, slots=True)
class Published:
    """What is known of a ledger's log: its folder, the keys that count, and other copies of it.

    `keys` are whoever's hands they came from: the auditor's own, or the operator's; `witnesses` are
    the keys of those who sign beside. `kept` are checkpoints from elsewhere: an auditor's, the
    topic's, a witness's.
    """

    path: Path
    keys: tuple[Verifier, ...]
    kept: tuple[Kept, ...] = ()
    witnesses: tuple[Verifier, ...] = ()

    def folder(self, name: Name) -> Folder:
        """Of one tree."""
        return Folder(self.path / checkpoints.below(name))


class Log:
    """One tree of the log, at the moment of an audit.

    `size` is how much of the ledger is signed, by the largest checkpoint found anywhere;
    `published` how much the folder's own checkpoint covers, None where nothing was published;
    `start`, a multiple of 256, from where on the ledger is to be read.
    """

    def __init__(
        self, connection: Connection, name: Name, published: Published, until: Moment
    ) -> None:
        self.name = name
        self._connection = connection
        self._folder = published.folder(name)
        self._keys = published.keys
        self._witnesses = published.witnesses
        self._epoch: UUID = until.epoch
        self._computed = Computed(connection, name, ends_of(until)[name])
        self._kept = published.kept
        self._found: dict[tuple[int, bytes], str] = {}  # checkpoints, and where they were first
        self._checked: list[int] = []  # sizes
        self._wrong: list[Difference] = []
        self._head: Checkpoint | None = None  # the folder's own
        self._known = 0  # what was checked before
        self.published = self._look()
        self.size = max((size for size, _ in self._found), default=0)
        self._begin_at(max(self._checked, default=0))
        self.start = self._computed.covered

    # -- before the ledger is read ------------------------------------------------------------

    def _look(self) -> int | None:
        """Read the folder's own checkpoint and those kept elsewhere; the former's size."""
        place, signed = f"checkpoint in {self._folder.path}", self._own()
        self._head = own = self._open(place, signed)
        if signed is not None and own is not None and self._witnesses:
            keys = [replace(key, name=own.origin) for key in self._keys]
            for name in cosigned.unknown(signed, keys, self._witnesses):
                what = f"the signature of {name} is of no known witness, or does not verify"
                self._wrong.append(Difference(place, what))
        for kept in self._kept:
            found = self._open(kept.place, kept.note)
            if found is not None and kept.checked:
                self._checked.append(found.size)
            if found is not None and own is not None and found.size > own.size:
                what = f"it covers {found.size}, the log's folder only {own.size}"
                self._wrong.append(Difference(kept.place, what))
        return None if own is None else own.size

    def _begin_at(self, size: int) -> None:
        """Take the tiles' word for what a kept checkpoint covers: its root holds them to it."""
        if self.published is None or size > self.published:
            return
        tree = self._folder.tree(self.published)
        try:
            self._computed.take([tree.hash(LEVELS, index) for index in range(size // FULL)])
        except LogError as exc:
            self._wrong.append(Difference(str(self._folder.path), str(exc)))
        else:
            self._known = size

    def _own(self) -> str | None:
        try:
            return self._folder.checkpoint()
        except LogError as exc:
            self._wrong.append(Difference(f"checkpoint in {self._folder.path}", str(exc)))
            return None

    def _open(self, place: str, note: str | None) -> Checkpoint | None:
        """A checkpoint of this tree and epoch; None where it is none, which is told."""
        if note is None:
            return None
        try:
            found = _opened(note, self._keys)
        except LogError as exc:
            self._wrong.append(Difference(place, str(exc)))
            return None
        if _origin_of(found.origin, self.name, self._epoch) != found.origin:
            return None
        self._found.setdefault((found.size, found.root), place)
        return found

    # -- while it is read ---------------------------------------------------------------------

    def take(self, tops: Sequence[bytes] | None) -> None:
        """The hashes over each full 256 leaves of the next stretch; None: some are missing."""
        self._computed.take(tops)

    # -- afterwards ---------------------------------------------------------------------------

    def differences(self) -> Iterator[Difference]:
        """Whatever of the log is not what the ledger gives."""
        yield from self._table()
        yield from self._wrong
        yield from self._listed()
        if self._computed.whole:
            yield from self._roots()
            if self.published is not None:
                yield from self._computed.differences(self._folder, self.published)
        if self.published is not None:
            yield from tilefiles.differences(self._folder, self.published)

    def _listed(self) -> Iterator[Difference]:
        """That the folder lists the keys that we know, which is how others come by them."""
        path = self._folder.path / newlog.KEYS
        if self.name != RECORDS or self._head is None:
            return
        name = self._head.origin
        listed = set((self._folder.read(newlog.KEYS) or b"").decode(errors="replace").split("\n"))
        for key in self._keys:
            for origin in checkpoints.origins(name.rpartition("/")[0], self._epoch).values():
                if str(replace(key, name=origin)) not in listed:
                    yield Difference(str(path), f"it does not list the key {key.key_id.hex()}")

    def _table(self) -> Iterator[Difference]:
        """The checkpoints that the database keeps: each is what it says, and none is missing."""
        last, sizes = -1, [0]
        while found := checkpoints.after(self._connection, last, _STEP):
            for one in found:
                place = f"checkpoint {one.number}"
                missing, last = one.number != last + 1, one.number
                if (one.tree, one.epoch) == (self.name, self._epoch):
                    self._open(place, one.note)
                    if one.size < sizes[-1]:
                        yield Difference(place, "it is smaller than the one before")
                    sizes.append(one.size)
                if self.name == RECORDS and missing:
                    yield Difference(place, "what stands before it is missing")
                if self.name == RECORDS and not self._says(one):
                    yield Difference(place, "it is not what its signed note says")
        if self.published is not None and sizes[-1] < self.published:
            what = f"the largest of {self.name} covers {sizes[-1]}, the folder's {self.published}"
            yield Difference("table checkpoint", what)
        yield from self._set_back(sizes[-1])

    def _set_back(self, kept: int) -> Iterator[Difference]:
        """Whether the folder is behind the table: the notary writes it first. Read only now, so
        that what was signed meanwhile is in both.
        """  # noqa: D205
        place = f"checkpoint in {self._folder.path}"
        now = self._open(place, self._own())
        if kept and (now is None or now.size < kept):
            what = f"it covers {now.size if now else 0}, the table's last {kept}: it was set back"
            yield Difference(place, what)

    def _says(self, one: Stored) -> bool:
        """Whether a row of the table, of any tree and epoch, is what its note says."""
        try:
            found = _opened(one.note, self._keys)
        except LogError:
            return False
        return _origin_of(found.origin, one.tree, one.epoch) == found.origin and (
            found.size,
            found.root,
        ) == (one.size, one.root)

    def _roots(self) -> Iterator[Difference]:
        for (size, root), place in sorted(self._found.items()):
            if size < self._known:
                continue
            if size > self._computed.end:
                if size > (now := self._end_now()):
                    what = f"it covers {size} {self.name}, the ledger ends at {now}"
                    yield Difference(place, what)
                continue  # signed since the check began: left for the next one
            given = self._computed.root(size)
            if given != root:
                told, ours = (base64.b64encode(one).decode() for one in (root, given))
                what = f"its root over {size} {self.name} is {told}, the ledger gives {ours}"
                yield Difference(place, what)

    def _end_now(self) -> int:
        return checkpoints.goal(self._connection).ends[self.name]


def _opened(note: str, keys: Iterable[Verifier]) -> Checkpoint:
    """A checkpoint that one of the keys has signed for the log that it names."""
    name = note.partition("\n")[0]
    return checkpoint.opened(note, *(replace(key, name=name) for key in keys))


def _origin_of(origin: str, name: Name, epoch: UUID) -> str:
    """What a tree of an epoch is called, where `origin` is what some log of it is called."""
    base = checkpoints.base_of(origin).rpartition("/")[0]
    return checkpoints.origins(base, epoch)[name]


def ends_of(until: Moment) -> dict[Name, int]:
    """How large each tree would be, were all signed."""
    return {
        RECORDS: until.next_position, OUTCOMES: until.next_outcome, LOOKS: until.past_looks,
    }  # fmt: skip


def of(connection: Connection, published: Published, until: Moment) -> dict[Name, Log]:
    """The trees of the log, at a moment."""
    return {name: Log(connection, name, published, until) for name in TREES}


def tail(log: Log, end: int) -> str:
    """What of a tree is not signed yet, in words."""
    count = end - log.size
    kind = KINDS[log.name] if count == 1 else log.name
    return f"{count} {kind} past the last checkpoint" if count > 0 else ""
