"""Checks a bundle with this package's own seals, leaves and proofs.

The file that goes with every bundle, verify_bundle.py, says what is checked and why. It uses
nothing of this package, and this nothing of it but the bytes of an archive; tests hold that both
find the same things wrong in the same places.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from uuid import UUID  # noqa: TC003  pydantic reads it

import orjson
from pydantic import BaseModel, ConfigDict, ValidationError

from jejak_lrs.audit.leaf import record_entry
from jejak_lrs.bundle.content import (
    CHECKPOINT,
    FORMAT,
    IDENTITIES,
    KEYS,
    MANIFEST,
    RECORDS,
    SEAL,
    proof_name,
)
from jejak_lrs.bundle.verify_bundle import packed
from jejak_lrs.ledger import seal
from jejak_lrs.ledger.batch import SourceKind  # noqa: TC001  pydantic reads it
from jejak_lrs.ledger.history import Record
from jejak_lrs.tlog import checkpoint, merkle, note, proof
from jejak_lrs.tlog.errors import LogError, Malformed
from jejak_lrs.tlog.note import Verifier
from jejak_schemas.events import StatementVoided

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from jejak_lrs.tlog.checkpoint import Checkpoint


_HEADER_BYTES: Final = 30  # of a file in a zip, before its name


class Wrong(NamedTuple):
    """Something that does not hold: where, and what."""

    where: str
    what: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a bundle is, and what is wrong with it. `signed` None: that could not be read."""

    sha256: str
    signed: Checkpoint | None
    records: int
    wrong: tuple[Wrong, ...]

    @property
    def holds(self) -> bool:
        """Whether all of it does."""
        return not self.wrong


class _Line(BaseModel):
    """A record as a bundle spells it."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, val_json_bytes="hex")

    position: int
    chosen: bool
    statement_id: UUID
    stored: datetime
    occurred_at: datetime
    event_type: str
    party: str
    on_behalf_of: str | None
    person_id: UUID | None
    agency: str | None
    verb: str
    activity: str | None
    source_kind: SourceKind
    source_topic: UUID | None
    source_partition: int | None
    source_offset: int | None
    mapping_version: int
    warnings: list[str]
    content_tag: bytes | None
    salt: bytes | None
    commitment: bytes
    statement: str | None

    def record(self) -> Record:
        """It as the ledger reads it."""
        fields = self.model_dump(exclude={"chosen", "statement"})
        return Record(**fields, payload=None)


class _Manifest(BaseModel):
    """What the check needs of a manifest."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    format: str
    files: dict[str, str]
    selection: dict[str, Any]
    origin: str
    size: int
    records: int
    context: int
    erased: int


class _StopError(Exception):
    """Nothing more can be checked; what is wrong is said."""


def verify(content: bytes, keys: Sequence[str] = ()) -> Verdict:
    """Check an archive.

    Args:
        content: its bytes.
        keys: the log's, as the reader has them; those within where none is given.
    """
    bundle = _Bundle(content, keys)
    try:
        bundle.check()
    except _StopError:
        pass
    except (ValueError, LookupError, TypeError):
        bundle.note(MANIFEST, "it is not of the format")
    digest = hashlib.sha256(content).hexdigest()
    return Verdict(digest, bundle.signed, len(bundle.records), tuple(bundle.wrong))


class _Bundle:
    def __init__(self, content: bytes, keys: Sequence[str]) -> None:
        self._content = content
        self._keys = keys
        self._files: dict[str, bytes] = {}
        self._signed_note = ""
        self.signed: Checkpoint | None = None
        self.records: dict[int, _Line] = {}
        self.wrong: list[Wrong] = []

    def note(self, where: str, what: str) -> None:
        self.wrong.append(Wrong(where, what))

    def check(self) -> None:
        self._open()
        manifest = self._manifest()
        self._checkpoint(manifest)
        self._records(manifest)
        self._selection(manifest.selection)
        self._identities()
        self._archive()

    def _stop(self, where: str, what: str) -> _StopError:
        self.note(where, what)
        return _StopError()

    def _text(self, name: str) -> str:
        try:
            return self._files[name].decode()
        except (KeyError, UnicodeDecodeError):
            raise self._stop(name, "it is missing or cannot be read") from None

    def _lines(self, name: str) -> Iterator[tuple[int, str]]:
        *lines, rest = self._text(name).split("\n")
        if rest:
            raise self._stop(name, "its last line does not end")
        return iter(enumerate(lines, 1))

    def _open(self) -> None:
        try:
            with zipfile.ZipFile(io.BytesIO(self._content)) as archive:
                listed = archive.infolist()
        except Exception as exc:  # noqa: BLE001  zipfile raises what it likes on what is none
            raise self._stop("archive", f"it cannot be read ({type(exc).__name__})") from None
        for one in listed:
            start = one.header_offset + _HEADER_BYTES + len(one.filename.encode())
            self._files[one.filename] = self._content[start : start + one.file_size]

    def _archive(self) -> None:
        if packed(self._files) != self._content:
            self.note("archive", "it is not what its files make")

    def _manifest(self) -> _Manifest:
        told = self._files.get(MANIFEST, b"")
        if self._files.get(SEAL) != f"{_sha256(told)}  {MANIFEST}\n".encode():
            raise self._stop(MANIFEST, "its hash is not the one sealed")
        try:
            manifest = _Manifest.model_validate_json(told)
        except ValidationError:
            raise self._stop(MANIFEST, "it is missing or cannot be read") from None
        if manifest.format != FORMAT or not {"from_position", "to_position"} <= set(
            manifest.selection
        ):
            raise self._stop(MANIFEST, "it is of another format")
        for name in sorted(set(self._files) - set(manifest.files) - {MANIFEST, SEAL}):
            self.note(name, "the manifest does not name it")
        for name, expected in sorted(manifest.files.items()):
            if name not in self._files:
                self.note(name, "it is missing")
            elif _sha256(self._files[name]) != expected:
                self.note(name, "its hash is another one")
        return manifest

    def _checkpoint(self, manifest: _Manifest) -> None:
        self._signed_note = self._text(CHECKPOINT)
        try:
            self.signed = checkpoint.parse(note.parts(self._signed_note)[0])
        except Malformed:
            raise self._stop(CHECKPOINT, "it is missing or cannot be read") from None
        if not self._is_signed():
            self.note(CHECKPOINT, "no signature of the key verifies")
        if (manifest.origin, manifest.size) != (self.signed.origin, self.signed.size):
            self.note(MANIFEST, "it names another checkpoint")

    def _is_signed(self) -> bool:
        for key in self._keys or self._text(KEYS).split():
            try:
                if note.signed_by(self._signed_note, Verifier.parse(key)):
                    return True
            except LogError:
                continue
        return False

    def _records(self, manifest: _Manifest) -> None:
        last = -1
        for number, line in self._lines(RECORDS):
            try:
                record = _Line.model_validate_json(line)
                self._record(record)
            except (ValueError, LookupError, TypeError):
                self.note(RECORDS, f"line {number} is no record")
                continue
            if record.position <= last:
                self.note(RECORDS, f"line {number} is out of order")
            last = record.position
            self.records[last] = record
        named = {proof_name(position) for position in self.records}
        for name in sorted(self._files):
            if name.startswith("proofs/") and name not in named:
                self.note(name, "it proves nothing")
        chosen = sum(record.chosen for record in self.records.values())
        erased = sum(record.statement is None for record in self.records.values())
        counts = (chosen, len(self.records) - chosen, erased)
        if counts != (manifest.records, manifest.context, manifest.erased):
            self.note(MANIFEST, "it counts other records")

    def _record(self, record: _Line) -> None:
        where = f"record {record.position}"
        if record.statement is None:
            if (record.salt, record.content_tag, record.person_id) != (None, None, None):
                self.note(where, "it is erased, but not whole")
        elif (
            seal.record_commitment(record.record(), record.statement.encode()) != record.commitment
        ):
            self.note(where, "its commitment is not that of its content")
        name = proof_name(record.position)
        try:
            given = proof.parse(self._files[name].decode())
        except (KeyError, ValueError):
            self.note(name, "it is missing or cannot be read")
            return
        if not self._leads(given, record):
            self.note(name, f"it does not lead from {where} to the checkpoint")
        if given.checkpoint != self._signed_note:
            self.note(name, "it is of another checkpoint")

    def _leads(self, given: proof.Proof, record: _Line) -> bool:
        if self.signed is None or given.index != record.position:
            return False
        entry = record_entry(
            record.position, record.statement_id, record.stored, record.party, record.commitment
        )
        leaf = merkle.leaf_hash(entry)
        size, root = self.signed.size, self.signed.root
        return merkle.is_included(leaf, given.index, size, given.hashes, root)

    def _selection(self, asked: dict[str, Any]) -> None:
        for position, record in sorted(self.records.items()):
            if record.chosen and not _chosen_by(asked, record):
                self.note(f"record {position}", "the selection is not for it")
        if set(asked) <= {"from_position", "to_position"}:
            count = sum(record.chosen for record in self.records.values())
            if count != max(0, asked["to_position"] + 1 - asked["from_position"]):
                self.note(RECORDS, "not all records of these positions are there")

    def _identities(self) -> None:
        if IDENTITIES not in self._files:
            return
        sealed = {str(one.statement_id): one.statement or "" for one in self.records.values()}
        for number, line in self._lines(IDENTITIES):
            if not _is_sealed(line, sealed):
                self.note(IDENTITIES, f"no record sealed what line {number} says")


def _is_sealed(line: str, sealed: dict[str, str]) -> bool:
    """Whether the statement that a line names seals this number for this person."""
    try:
        alias = orjson.loads(line)
        salt, kind, value = bytes.fromhex(alias["salt"]), alias["kind"], alias["value"]
        commitment = seal.alias_commitment(salt, kind, value).hex()
        statement = sealed[alias["statement_id"]]
        return commitment in statement and alias["person_id"] in statement
    except (ValueError, LookupError, TypeError, AttributeError):
        return False


def _chosen_by(asked: dict[str, Any], record: _Line) -> bool:
    within = asked["from_position"] <= record.position <= asked["to_position"]
    timely = ("since" not in asked or record.occurred_at >= _moment(asked["since"])) and (
        "until" not in asked or record.occurred_at < _moment(asked["until"])
    )
    said = _one_of(asked, "parties", record.party) and _one_of(asked, "types", record.event_type)
    if record.event_type == StatementVoided.__name__ or record.statement is None:
        return within and timely and said
    about = _one_of(asked, "people", str(record.person_id))
    return within and timely and said and about and _one_of(asked, "agencies", record.agency)


def _one_of(asked: dict[str, Any], name: str, value: str | None) -> bool:
    return name not in asked or value in asked[name]


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
