"""From a selection and a checkpoint to an evidence bundle: the same two, the same bytes."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, field
from importlib import metadata, resources
from typing import TYPE_CHECKING, Any, Final

import orjson

from jejak_lrs import dictionaries
from jejak_lrs.bundle import summary
from jejak_lrs.bundle.content import (
    CHECKPOINT,
    FORMAT,
    IDENTITIES,
    KEYS,
    MANIFEST,
    RECORDS,
    SEAL,
    VERIFIER,
    Piece,
    identity_line,
    proof_name,
    record_line,
)
from jejak_lrs.bundle.proven import proven_in
from jejak_lrs.bundle.verify_bundle import packed
from jejak_lrs.errors import Broken, Refuse
from jejak_lrs.ledger import history, people
from jejak_lrs.ledger.statements import Statements
from jejak_lrs.notary import newlog
from jejak_lrs.replay.lines import WIDTH
from jejak_lrs.replay.selection import Reader, select
from jejak_lrs.tlog import checkpoint
from jejak_lrs.tlog.errors import LogError
from jejak_lrs.tlog.note import Verifier
from jejak_lrs.tlog.tiles import Folder
from jejak_schemas.avro import AVSC
from jejak_schemas.events import FrameworkPublished, RulesetPublished

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from jejak_lrs.database import Connection
    from jejak_lrs.ledger.batch import Alias
    from jejak_lrs.replay.selection import Selection
    from jejak_lrs.tlog.checkpoint import Checkpoint

_RULES: Final = (RulesetPublished.__name__, FrameworkPublished.__name__)
_MOST: Final = 1_000_000  # records; an archive is made in memory
_CHUNK: Final = 1_000


@dataclass(frozen=True, slots=True)
class Log:
    """The published log that a bundle rests on: its folder, one of its checkpoints, its keys."""

    folder: Folder
    note: str
    keys: tuple[str, ...]

    def checkpoint(self) -> Checkpoint:
        """What the note says, once one of the keys has signed it."""
        return checkpoint.opened(self.note, *map(Verifier.parse, self.keys))


@dataclass(frozen=True, slots=True)
class Made:
    """An archive, and what its manifest says."""

    content: bytes = field(repr=False)
    manifest: dict[str, Any]

    @property
    def sha256(self) -> str:
        """By which its maker vouches for all of it."""
        return hashlib.sha256(self.content).hexdigest()


def log_in(path: Path, note: str | None = None) -> Log:
    """The log published in a folder, at its last checkpoint or an earlier one.

    Raises:
        Refuse: nothing is published there, or no key of it signed the checkpoint.
    """
    folder = Folder(path)
    found = note or folder.checkpoint()
    if found is None:
        raise Refuse(f"no checkpoint is published in {path}: has `jejak run notary` run?")
    origin = found.partition("\n")[0]
    listed = (folder.read(newlog.KEYS) or b"").decode().split()
    log = Log(folder, found, tuple(key for key in listed if key.startswith(f"{origin}+")))
    try:
        log.checkpoint()
    except LogError as exc:
        raise Refuse(f"the checkpoint is of no key in {path / newlog.KEYS}: {exc}") from exc
    return log


def make(
    connection: Connection,
    selection: Selection,
    log: Log,
    *,
    identities: bool = False,
    watch: Callable[[int, int], None] = lambda _done, _total: None,
) -> Made:
    """The bundle of what is chosen below the checkpoint.

    Args:
        connection: one that reads; with `identities` the auditor's, who has recorded the access.
        selection: cut at the checkpoint, where it has no end of its own.
        log: on which it rests.
        identities: whether the persons' numbers go with it.
        watch: told how many records are proven, of how many.

    Raises:
        Refuse: the selection reaches beyond the checkpoint, or chooses too much.
        Broken: a record is not what the log says.
    """
    signed = log.checkpoint()
    if selection.to_position is not None and selection.to_position >= signed.size:
        raise Refuse(
            f"position {selection.to_position} is not under the checkpoint, whose size is "
            f"{signed.size}; the notary may be behind"
        )
    fixed = selection.up_to(signed.size - 1)
    chosen = _chosen(connection, fixed)
    aliases = _aliases(connection, chosen) if identities else []
    pieces = _with_context(connection, chosen, aliases, signed.size)
    files = {
        RECORDS: b"".join(map(record_line, pieces)),
        **dict(_proofs(pieces, log, signed, watch)),
        **_schemas(pieces),
        CHECKPOINT: log.note.encode(),
        KEYS: "".join(f"{key}\n" for key in log.keys).encode(),
        VERIFIER: (resources.files(__package__) / VERIFIER).read_bytes(),
    }
    if identities:
        files[IDENTITIES] = b"".join(map(identity_line, aliases))
    manifest = _manifest(connection, fixed, signed, pieces)
    for lang in summary.LANGUAGES:
        files[f"summary.{lang}.html"] = summary.page(manifest, log.keys, lang).encode()
    return _sealed(files, manifest)


def _sealed(files: dict[str, bytes], manifest: dict[str, Any]) -> Made:
    """The archive: the manifest first, so that whoever opens it meets that."""
    listed = dict(sorted(files.items()))
    manifest |= {"files": {name: hashlib.sha256(each).hexdigest() for name, each in listed.items()}}
    told = orjson.dumps(manifest, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    seal = f"{hashlib.sha256(told).hexdigest()}  {MANIFEST}\n".encode()
    return Made(packed({MANIFEST: told, SEAL: seal, **listed}), manifest)


def _manifest(
    connection: Connection, selection: Selection, signed: Checkpoint, pieces: Sequence[Piece]
) -> dict[str, Any]:
    chosen = [piece for piece in pieces if piece.chosen]
    statements = Statements(dictionaries.unpacker(connection))
    events = [
        (piece.position, statements.event_of(piece.record))
        for piece in pieces
        if piece.record.event_type in _RULES
    ]
    return {
        "format": FORMAT,
        "made_by": f"jejak {metadata.version('jejak')}",
        "selection": selection.document(),
        "origin": signed.origin,
        "size": signed.size,
        "root": signed.text().split("\n")[2],
        "records": len(chosen),
        "context": len(pieces) - len(chosen),
        "erased": sum(piece.plain is None for piece in pieces),
        "first_position": chosen[0].position if chosen else None,
        "last_position": chosen[-1].position if chosen else None,
        "first_stored": chosen[0].record.stored if chosen else None,
        "last_stored": chosen[-1].record.stored if chosen else None,
        "types": _counts(piece.record.event_type for piece in chosen),
        "parties": _counts(piece.record.party for piece in chosen),
        "rulesets": [
            {"version": event.version, "valid_from": event.valid_from, "position": position}
            for position, event in events
            if isinstance(event, RulesetPublished)
        ],
        "frameworks": [
            {"framework": event.framework, "version": event.version, "position": position}
            for position, event in events
            if isinstance(event, FrameworkPublished)
        ],
    }


def _counts(names: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(names).items()))


# -- what goes in -------------------------------------------------------------------------


def _chosen(connection: Connection, selection: Selection) -> list[Piece]:
    selected = select(connection, selection)
    reader = Reader(connection, selected)
    pieces: list[Piece] = []
    for span in selected.spans(WIDTH):
        pieces += [Piece(record, plain, chosen=True) for record, plain in reader.records(span)]
        if len(pieces) > _MOST:
            raise Refuse(f"more than {_MOST} records are chosen; choose fewer positions at a time")
    return pieces


def _with_context(
    connection: Connection, chosen: Sequence[Piece], aliases: Sequence[Alias], size: int
) -> list[Piece]:
    """The chosen records, those of the rules, and those that sealed the aliases; in order."""
    records = {one.position: one for one in _rules(connection, size)}
    sealing = history.whereabouts(connection, {alias.statement_id for alias in aliases})
    asked = [position for position, _ in sealing.values() if position < size]
    for at in range(0, len(asked), _CHUNK):
        found = history.records_at(connection, asked[at : at + _CHUNK])
        records |= {one.position: one for one in found}
    unpack = dictionaries.unpacker(connection).unpack
    pieces = {
        position: Piece(one, None if one.payload is None else unpack(one.payload), chosen=False)
        for position, one in records.items()
    }
    pieces |= {piece.position: piece for piece in chosen}
    return [piece for _, piece in sorted(pieces.items())]


def _rules(connection: Connection, size: int) -> Iterator[history.Record]:
    after = -1
    while found := history.records_of_types(connection, _RULES, after, size - 1, _CHUNK):
        yield from found
        after = found[-1].position


def _aliases(connection: Connection, chosen: Sequence[Piece]) -> list[Alias]:
    """Every number of everyone whom the chosen records are about."""
    about = sorted({one.record.person_id for one in chosen if one.record.person_id is not None})
    return [alias for person_id in about for alias in people.aliases_of(connection, person_id)]


def _proofs(
    pieces: Sequence[Piece], log: Log, signed: Checkpoint, watch: Callable[[int, int], None]
) -> Iterator[tuple[str, bytes]]:
    tree = log.folder.tree(signed.size)
    for done, piece in enumerate(pieces):
        found = proven_in(tree, signed, piece.record, log.note)
        if not found.holds:
            raise Broken(
                f"record {piece.position} is not what the log says; run `jejak audit check`"
            )
        yield proof_name(piece.position), found.proof.text().encode()
        if not done % _CHUNK:
            watch(done, len(pieces))


def _schemas(pieces: Sequence[Piece]) -> dict[str, bytes]:
    """Every released schema of the types of event that are there."""
    types = {piece.record.event_type for piece in pieces}
    return {
        f"schemas/{file.name}": file.read_bytes()
        for file in AVSC.iterdir()
        if file.name.partition(".")[0] in types and file.name.endswith(".avsc")
    }
