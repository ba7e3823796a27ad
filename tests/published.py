"""A published log of whatever a ledger holds: tiles and a signed checkpoint, without a notary."""

from pathlib import Path

from jejak_lrs.audit.leaf import record_entry
from jejak_lrs.bundle.making import Log, log_in
from jejak_lrs.database import Connection
from jejak_lrs.ledger import history
from jejak_lrs.tlog.checkpoint import Checkpoint
from jejak_lrs.tlog.merkle import leaf_hash
from jejak_lrs.tlog.note import Signer
from jejak_lrs.tlog.tiles import CHECKPOINT, Edge

ORIGIN = "jejak.contoh.id/log"
SIGNER = Signer.new(ORIGIN)


def publish(connection: Connection, folder: Path, signer: Signer = SIGNER) -> Log:
    """The log of every record that stands now."""
    edge = Edge()
    after = -1
    tiles: list[tuple[str, bytes]] = []
    while found := history.records(connection, after, 1_000):
        tiles += edge.grow(
            leaf_hash(
                record_entry(one.position, one.statement_id, one.stored, one.party, one.commitment)
            )
            for one in found
        )
        after = found[-1].position
    for path, content in [*tiles, *edge.partials()]:
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    signed = Checkpoint(ORIGIN, edge.size, edge.root()).signed(signer)
    (folder / CHECKPOINT).write_text(signed, "utf-8")
    (folder / "keys").write_text(f"{signer.verifier}\n", "utf-8")
    return log_in(folder)
