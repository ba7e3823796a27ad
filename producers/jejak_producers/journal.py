"""`FILE.jejak-journal`: what of a file was sent, so that a rerun resumes.

It fixes each event's id and encoded bytes *before* they are sent, and keeps what came back.
However a run ends, the next sends the rest, and what was not acknowledged once more with the
same id and bytes: the ledger records it once.

It is a SQLite database. A kill, a power cut or a full disk leaves it as it was at its last
commit; its lock keeps a second run out; and nothing of it stays in memory. Only its owner can
read it (0600), and the bytes, which hold NIPs, are erased as soon as they are acknowledged.
"""

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self
from uuid import UUID

from jejak_producers.delivery import Packed, Sent
from jejak_producers.errors import BadFile, NoRoom, SourceChanged
from jejak_producers.receipts import Reading
from jejak_schemas.chain import Place
from jejak_schemas.outgoing import Receipt

SUFFIX: Final = ".jejak-journal"
_OURS: Final = 0x4A454A4B  # SQLite's application_id: "JEJK"
_VERSION: Final = 1
_TABLES: Final = f"""
CREATE TABLE sending (party TEXT NOT NULL, topic TEXT NOT NULL,
    receipts_at INTEGER, epoch BLOB, seq INTEGER);
CREATE TABLE line (number INTEGER PRIMARY KEY, digest BLOB NOT NULL,
    event_id BLOB NOT NULL, event TEXT NOT NULL, partition INTEGER, "offset" INTEGER,
    outcome TEXT, position INTEGER, reason TEXT, field TEXT, detail TEXT, warnings TEXT);
CREATE TABLE packed (number INTEGER PRIMARY KEY, key BLOB NOT NULL, value BLOB NOT NULL);
CREATE INDEX unanswered ON line (partition, "offset")
    WHERE outcome IS NULL AND partition IS NOT NULL;
PRAGMA application_id = {_OURS};
PRAGMA user_version = {_VERSION};
"""


@dataclass(frozen=True, slots=True)
class Told:
    """What the ledger said about one event: the lasting part of its receipt."""

    outcome: str
    position: int | None = None
    reason: str | None = None
    field: str | None = None
    detail: str | None = None
    warnings: tuple[str, ...] = ()

    @classmethod
    def of(cls, receipt: Receipt) -> Self:
        """The lasting part of a receipt."""
        return cls(
            receipt.outcome, receipt.position, receipt.reason, receipt.field, receipt.detail,
            receipt.warnings,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the source: what it became on the wire, where it lies, what was said of it.

    `packed` is None once acknowledged: its bytes are needed no more.
    """

    number: int
    digest: bytes
    event_id: UUID
    event: str
    packed: Packed | None
    sent: Sent | None = None
    told: Told | None = None

    @property
    def refused(self) -> bool:
        """Whether the ledger refused it: then its line may be corrected."""
        return self.told is not None and self.told.outcome == "refused"

    @property
    def unanswered(self) -> bool:
        """Whether the brokers acknowledged it and the ledger has not answered."""
        return self.sent is not None and self.told is None


@dataclass(frozen=True, slots=True)
class Heading:
    """Whose sending this is."""

    party: str
    topic: str


class Journal:
    """The journal of one source file: one process at a time, and one thread."""

    def __init__(self, path: Path | None) -> None:
        """Open or make `path`, None for one that is forgotten at its end.

        Raises BadFile where it is in use, or no journal; NoRoom.
        """
        self.heading: Heading | None = None
        self._open = True
        self._name = path.name if path else "the journal"
        if path is not None:
            _make(path)
        self._database = sqlite3.connect(path or "", timeout=0)
        try:
            with self._ours():
                self._begin()
        except BaseException:
            self._database.close()
            raise

    @classmethod
    def beside(cls, source: Path) -> Self:
        """The journal of a source file, `FILE.jejak-journal`."""
        return cls(source.with_name(source.name + SUFFIX))

    @classmethod
    def nowhere(cls) -> Self:
        """A journal that is forgotten at its end: for input that cannot be read twice."""
        return cls(None)

    @property
    def reading(self) -> Reading | None:
        """How far its receipts are read; None where none were to be read yet."""
        row = self._one("SELECT receipts_at, epoch, seq FROM sending")
        if row is None or row[0] is None:
            return None
        at, epoch, seq = row
        return Reading(at, Place(UUID(bytes=epoch), seq) if epoch else None)

    def begin(self, heading: Heading) -> None:
        """Fix whose sending this is; raises SourceChanged where it was begun as another's."""
        begun = self.heading
        if begun is None:
            values = (heading.party, heading.topic)
            self._do("INSERT INTO sending (party, topic) VALUES (?, ?)", values)
            self.heading = heading
        elif begun != heading:
            raise SourceChanged(
                f"{self._name} was begun as {begun.party} to {begun.topic}, "
                f"not as {heading.party} to {heading.topic}; use the same identity"
            )

    def entries(self, first: int, last: int) -> dict[int, Entry]:
        """What is journaled of the lines `first` to `last`, by line."""
        topic = self.heading.topic if self.heading else ""
        with self._ours():
            rows = self._database.execute(
                "SELECT * FROM line LEFT JOIN packed USING (number) WHERE number BETWEEN ? AND ?",
                (first, last),
            )
            return {row[0]: _entry(row, topic) for row in rows}

    def expect(self, entry: Entry, digest: bytes) -> bool:
        """Whether `entry` is that of a line with this digest; False for a corrected refusal.

        Raises SourceChanged where the line was sent with other contents.
        """
        if entry.digest == digest:
            return True
        if entry.refused:
            return False
        raise SourceChanged(
            f"line {entry.number} was changed since it was sent; put it back, and give what is new "
            f"as new lines or another file ({self._name} remembers what was sent)"
        )

    def add(self, number: int, digest: bytes, packed: Packed) -> None:
        """Fix a line's id and bytes. They are safe once `commit` has returned."""
        self._do(
            "INSERT OR REPLACE INTO line (number, digest, event_id, event) VALUES (?, ?, ?, ?)",
            (number, digest, packed.event_id.bytes, packed.event),
        )
        self._do(
            "INSERT OR REPLACE INTO packed VALUES (?, ?, ?)", (number, packed.key, packed.value)
        )

    def acknowledge(self, number: int, sent: Sent) -> None:
        """The brokers acknowledged the line's event; its bytes are erased."""
        self._do(
            'UPDATE line SET partition = ?, "offset" = ? WHERE number = ?',
            (sent.partition, sent.offset, number),
        )
        self._do("DELETE FROM packed WHERE number = ?", (number,))

    def tell(self, receipt: Receipt) -> bool:
        """The ledger answered; whether it answered an acknowledged line of this journal."""
        if self.heading is None or receipt.topic != self.heading.topic:
            return False
        told = Told.of(receipt)
        event_id = receipt.event_id.bytes if receipt.event_id else None
        return self._do(
            "UPDATE line SET (outcome, position, reason, field, detail, warnings) ="
            " (?, ?, ?, ?, ?, ?) WHERE outcome IS NULL"
            ' AND partition = ? AND "offset" = ? AND event_id = coalesce(?, event_id)',
            (
                told.outcome, told.position, told.reason, told.field, told.detail,
                " ".join(told.warnings), receipt.partition, receipt.offset, event_id,
            ),
        ) > 0  # fmt: skip

    def read_to(self, reading: Reading) -> None:
        """How far receipts are read, from now on."""
        epoch, seq = (reading.last.epoch.bytes, reading.last.seq) if reading.last else (None, None)
        self._do(
            "UPDATE sending SET receipts_at = ?, epoch = ?, seq = ?", (reading.offset, epoch, seq)
        )

    def unanswered(self, first: int, last: int) -> int:
        """How many of the lines `first` to `last` are acknowledged and not answered."""
        row = self._one(
            "SELECT count(*) FROM line WHERE number BETWEEN ? AND ?"
            " AND outcome IS NULL AND partition IS NOT NULL",
            (first, last),
        )
        return int(row[0]) if row else 0

    def last_line(self) -> int:
        """The greatest line journaled; 0 for none."""
        row = self._one("SELECT max(number) FROM line")
        return int(row[0] or 0) if row else 0

    def commit(self) -> None:
        """Write everything to the disk, and return when it is there."""
        with self._ours():
            self._database.commit()

    def close(self) -> None:
        """Commit and close; once is enough."""
        if not self._open:
            return
        self._open = False
        try:
            self.commit()
        finally:
            self._database.close()

    def _begin(self) -> None:
        database = self._database
        database.execute("PRAGMA locking_mode = EXCLUSIVE")
        database.execute("PRAGMA secure_delete = ON")
        database.execute("PRAGMA synchronous = FULL")
        database.execute("BEGIN EXCLUSIVE")  # holds the file from here to the end
        (tables,) = database.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        (ours,) = database.execute("PRAGMA application_id").fetchone()
        if tables and ours != _OURS:
            raise BadFile(f"{self._name} is not a journal of jejak emit")
        for statement in () if tables else _TABLES.split(";"):
            database.execute(statement)
        begun = database.execute("SELECT party, topic FROM sending").fetchone()
        self.heading = Heading(*begun) if begun else None
        database.commit()
        database.execute("PRAGMA journal_mode = WAL")

    def _one(self, query: str, values: tuple[Any, ...] = ()) -> tuple[Any, ...] | None:
        with self._ours():
            row: tuple[Any, ...] | None = self._database.execute(query, values).fetchone()
            return row

    def _do(self, query: str, values: tuple[Any, ...]) -> int:
        with self._ours():
            return self._database.execute(query, values).rowcount

    @contextmanager
    def _ours(self) -> Iterator[None]:
        """SQLite's errors as ours."""
        try:
            yield
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode == sqlite3.SQLITE_BUSY:
                raise BadFile(f"another process is sending this file ({self._name})") from None
            raise NoRoom(f"cannot write {self._name}: {error}") from error
        except sqlite3.DatabaseError as error:
            raise BadFile(f"{self._name} is not a journal of jejak emit, or damaged") from error


def _make(path: Path) -> None:
    """Make an empty file that only its owner can read, where there is none."""
    # Never opened where it is there: closing it would drop the locks of this process on it.
    flags = os.O_CREAT | os.O_EXCL | os.O_RDWR
    try:
        with contextlib.suppress(FileExistsError):
            os.close(os.open(path, flags, 0o600))
    except OSError as exc:
        raise BadFile(f"cannot write the journal {path}: {exc.strerror}") from None


def _entry(row: tuple[Any, ...], topic: str) -> Entry:
    """A row of `line`, then key and value."""
    number, digest, raw_id, event, partition, offset, *told, key, value = row
    event_id = UUID(bytes=raw_id)
    return Entry(
        number,
        digest,
        event_id,
        event,
        Packed(event_id, event, key, value) if key is not None else None,
        Sent(event_id, topic, partition, offset) if partition is not None else None,
        _told(*told) if told[0] else None,
    )


def _told(outcome: str, *rest: Any) -> Told:
    position, reason, field, detail, warnings = rest
    return Told(outcome, position, reason, field, detail, tuple(warnings.split()))
