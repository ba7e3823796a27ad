"""`FILE.jejak-journal`: what of a file was sent, so that a rerun resumes.

It fixes each event's id and encoded bytes *before* they are sent, and keeps what came back.
However a run ends, the next sends the rest, and what was not acknowledged once more with the
same id and bytes: the ledger records it once. Append-only lines of JSON; a torn last line is
dropped; readable by its owner alone (0600), for it holds NIPs.

    {"journal": 1, "party": "lan", "topic": "jejak.inbox.lan", "receipts_from": 12}
    {"line": 3, "digest": "..", "id": "..", "event": "CourseCompleted", "key": "..", "value": ".."}
    {"line": 3, "at": [0, 41]}
    {"line": 3, "told": {"outcome": "recorded", "position": 7}}
"""

import base64
import json
import os
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self
from uuid import UUID

from jejak_producers.delivery import Packed, Sent
from jejak_producers.errors import BadFile, SourceChanged
from jejak_schemas.outgoing import Receipt

SUFFIX: Final = ".jejak-journal"
_VERSION: Final = 1
_TOLD: Final = {"outcome", "position", "reason", "field", "detail", "warnings"}


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
        return cls(**{name: getattr(receipt, name) for name in _TOLD})


@dataclass(slots=True)
class Entry:
    """One line of the source: what it became on the wire, where it lies, what was said of it.

    `packed` is None once acknowledged: its bytes are needed no more.
    """

    digest: bytes
    event_id: UUID
    event: str
    packed: Packed | None
    sent: Sent | None = None
    told: Told | None = None


@dataclass(frozen=True, slots=True)
class Heading:
    """Whose sending this is: party, inbox, and the receipts topic's offset when it began."""

    party: str
    topic: str
    receipts_from: int | None


class Journal:
    """The journal of one source file. One process at a time; any thread may `mark`."""

    def __init__(self, path: Path) -> None:
        """Open or make `path`; raises BadFile where it is in use or no journal."""
        self.path = path
        self.heading: Heading | None = None
        self._entries: dict[int, Entry] = {}
        self._unwritten: list[str] = []
        self._lock = threading.Lock()
        self._file = self._locked(path)
        self._load()

    @classmethod
    def beside(cls, source: Path) -> Self:
        """The journal of a source file, `FILE.jejak-journal`."""
        return cls(source.with_name(source.name + SUFFIX))

    @classmethod
    def nowhere(cls) -> Self:
        """A journal that keeps nothing: for input that cannot be read twice."""
        return cls(Path(os.devnull))

    def begin(self, heading: Heading) -> None:
        """Fix whose sending this is; raises SourceChanged where it was begun as another's."""
        if self.heading is None:
            self.heading = heading
            self._write(
                journal=_VERSION,
                party=heading.party,
                topic=heading.topic,
                receipts_from=heading.receipts_from,
            )
        elif (self.heading.party, self.heading.topic) != (heading.party, heading.topic):
            raise SourceChanged(
                f"{self.path.name} was begun as {self.heading.party} to {self.heading.topic}, "
                f"not as {heading.party} to {heading.topic}; use the same identity"
            )

    def entry(self, number: int, digest: bytes) -> Entry | None:
        """What is journaled of line `number`, None where it is new or a corrected refusal.

        Raises SourceChanged where the line was sent with other contents.
        """
        entry = self._entries.get(number)
        if entry is None or entry.digest == digest:
            return entry
        if entry.told is not None and entry.told.outcome == "refused":
            return None
        raise SourceChanged(
            f"line {number} was changed since it was sent; put it back, and give what is new as "
            f"new lines or another file ({self.path.name} remembers what was sent)"
        )

    def add(self, number: int, digest: bytes, packed: Packed) -> Entry:
        """Fix a line's id and bytes. They are safe once `sync` has returned."""
        self._write(
            line=number,
            digest=digest.hex(),
            id=str(packed.event_id),
            event=packed.event,
            key=base64.b64encode(packed.key).decode(),
            value=base64.b64encode(packed.value).decode(),
        )
        entry = Entry(digest, packed.event_id, packed.event, packed)
        self._entries[number] = entry
        return entry

    def mark_sent(self, number: int, sent: Sent) -> None:
        """The brokers acknowledged the line's event."""
        self._entries[number].sent = sent
        self._entries[number].packed = None
        self._write(line=number, at=[sent.partition, sent.offset])

    def mark_told(self, number: int, told: Told) -> None:
        """The ledger answered."""
        self._entries[number].told = told
        said = {name: getattr(told, name) for name in sorted(_TOLD)}
        known = {name: value for name, value in said.items() if value not in (None, ())}
        self._write(line=number, told=known)

    def unanswered(self) -> list[tuple[int, Entry]]:
        """Lines acknowledged but not answered yet, in order."""
        found = ((number, one) for number, one in self._entries.items() if one.sent)
        return sorted((number, one) for number, one in found if one.told is None)

    def last_line(self) -> int:
        """The greatest line journaled; 0 for none."""
        return max(self._entries, default=0)

    def sync(self) -> None:
        """Write what is added and marked to the disk, and return when it is there."""
        with self._lock:
            lines, self._unwritten = self._unwritten, []
        if lines:
            self._file.write("".join(lines).encode())
            self._file.flush()
            if self.path != Path(os.devnull):
                os.fsync(self._file.fileno())

    def close(self) -> None:
        """Sync and close."""
        self.sync()
        self._file.close()

    def _write(self, **fields: Any) -> None:
        line = json.dumps(fields, separators=(",", ":")) + "\n"
        with self._lock:
            self._unwritten.append(line)

    @staticmethod
    def _locked(path: Path) -> Any:
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
            file = os.fdopen(descriptor, "r+b")
        except OSError as exc:
            raise BadFile(f"cannot write the journal {path}: {exc.strerror}") from None
        if path == Path(os.devnull):
            return file
        if not _lock(file):
            file.close()
            raise BadFile(f"another process is sending this file ({path} is locked)")
        return file

    def _load(self) -> None:
        whole = 0
        for raw in self._file:
            if not raw.endswith(b"\n"):
                break  # torn by the end of the run before: never sent, so never happened
            self._take(raw)
            whole += len(raw)
        if self.path != Path(os.devnull):
            self._file.truncate(whole)
            self._file.seek(whole)

    def _take(self, raw: bytes) -> None:
        try:
            self._apply(json.loads(raw))
        except (ValueError, KeyError, TypeError):
            self._file.close()
            raise BadFile(f"{self.path} is not a journal of jejak emit, or damaged") from None

    def _apply(self, said: dict[str, Any]) -> None:
        if "journal" in said:
            self.heading = Heading(said["party"], said["topic"], said["receipts_from"])
        elif "told" in said:
            told = said["told"] | {"warnings": tuple(said["told"].get("warnings", ()))}
            self._entries[said["line"]].told = Told(**told)
        elif "at" in said:
            self._acknowledge(said["line"], *said["at"])
        else:
            self._entries[said["line"]] = _entry(said)

    def _acknowledge(self, number: int, partition: int, offset: int) -> None:
        if self.heading is None:
            raise ValueError("no heading")
        entry = self._entries[number]
        entry.sent = Sent(entry.event_id, self.heading.topic, partition, offset)
        entry.packed = None


def _lock(file: Any) -> bool:
    """Hold the file until it is closed, where the system can; False if another process does."""
    try:
        import fcntl  # noqa: PLC0415  not there on Windows
    except ImportError:
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _entry(said: dict[str, Any]) -> Entry:
    key, value = base64.b64decode(said["key"]), base64.b64decode(said["value"])
    packed = Packed(UUID(said["id"]), said["event"], key, value)
    return Entry(bytes.fromhex(said["digest"]), packed.event_id, packed.event, packed)
