"""The lines of a bundle: what a commitment is over, spelled as JSON.

The statement is one text, exactly the bytes that were sealed. Nothing here names a person but the
identities, which are a file of their own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import orjson

from jejak_lrs.replay.lines import columns

if TYPE_CHECKING:
    from jejak_lrs.ledger.batch import Alias
    from jejak_lrs.ledger.history import Record

FORMAT: Final = "jejak-evidence-bundle/1"
MANIFEST: Final = "manifest.json"
SEAL: Final = "manifest.sha256"
CHECKPOINT: Final = "checkpoint"
KEYS: Final = "keys.txt"
RECORDS: Final = "records.jsonl"
IDENTITIES: Final = "identities.jsonl"
VERIFIER: Final = "verify_bundle.py"


@dataclass(frozen=True, slots=True)
class Piece:
    """A record with its statement (None: erased), `chosen` or beside the chosen for context."""

    record: Record
    plain: bytes | None
    chosen: bool

    @property
    def position(self) -> int:
        """Where it stands."""
        return self.record.position


def proof_name(position: int) -> str:
    """The file that proves the record at a position."""
    return f"proofs/{position:012}.tlog-proof"


def record_line(piece: Piece) -> bytes:
    """A record as a line."""
    record = piece.record
    document = {
        **columns(record),
        "chosen": piece.chosen,
        "content_tag": _hex(record.content_tag),
        "salt": _hex(record.salt),
        "statement": None if piece.plain is None else piece.plain.decode(),
    }
    return orjson.dumps(document, option=orjson.OPT_APPEND_NEWLINE)


def identity_line(alias: Alias) -> bytes:
    """A number of a person, with the salt that its seal was made with."""
    document = {
        "person_id": str(alias.person_id),
        "kind": alias.kind,
        "value": alias.value,
        "salt": alias.salt.hex(),
        "since": alias.since.isoformat(),
        "statement_id": str(alias.statement_id),
    }
    return orjson.dumps(document, option=orjson.OPT_APPEND_NEWLINE)


def _hex(value: bytes | None) -> str | None:
    return None if value is None else value.hex()
