"""One record with its proof, as it is shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from jejak_lrs import dictionaries
from jejak_lrs.audit.leaf import record_entry
from jejak_lrs.ledger import history, seal
from jejak_lrs.tlog import merkle
from jejak_lrs.tlog.proof import Proof

if TYPE_CHECKING:
    from jejak_lrs.bundle.making import Log
    from jejak_lrs.database import Connection
    from jejak_lrs.ledger.history import Record
    from jejak_lrs.tlog.checkpoint import Checkpoint
    from jejak_lrs.tlog.tiles import Tree


@dataclass(frozen=True, slots=True)
class Shown:
    """A record, its statement (None: erased), and the records that act on it.

    `sealed`: its commitment is that of its content; None where that is erased.
    """

    record: Record
    plain: bytes | None
    sealed: bool | None
    acting: tuple[Record, ...]


@dataclass(frozen=True, slots=True)
class Proven:
    """A record under a checkpoint. `holds`: it is what the log says."""

    checkpoint: Checkpoint
    proof: Proof
    holds: bool


def shown(connection: Connection, record: Record) -> Shown:
    """A record with all that the ledger says of it."""
    plain = None
    sealed = None
    if record.payload is not None:
        plain = dictionaries.unpacker(connection).unpack(record.payload)
        sealed = seal.record_commitment(record, plain) == record.commitment
    acting = history.acting_on(connection, record.statement_id)
    return Shown(record, plain, sealed, tuple(acting))


def proven(record: Record, log: Log) -> Proven | None:
    """A record's proof; None where the checkpoint is older than the record."""
    signed = log.checkpoint()
    if record.position >= signed.size:
        return None
    return proven_in(log.folder.tree(signed.size), signed, record, log.note)


def proven_in(tree: Tree, signed: Checkpoint, record: Record, note: str) -> Proven:
    """A record's proof by the log's tree at a checkpoint that covers it; `note` is the signed one.

    Raises LogError where a file of the log is missing or damaged.
    """
    position = record.position
    hashes = tree.inclusion(position)
    entry = record_entry(
        position, record.statement_id, record.stored, record.party, record.commitment
    )
    leaf = merkle.leaf_hash(entry)
    holds = merkle.is_included(leaf, position, signed.size, hashes, signed.root)
    return Proven(signed, Proof(position, tuple(hashes), note), holds)
