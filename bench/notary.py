"""The notary catching up from nothing: entries out of the ledger, both hashes, tiles, signatures.

Beside it the bare hashing of as many entries (a leaf and a node each), and COPY of the same columns
out of the same ledger, thrown away. The folder is on this machine's disk, every file brought to it.
"""

import shutil
import tempfile
from collections.abc import Sequence
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Final

from bench.ledgers import running_server
from bench.line import Line, line
from bench.rounds import Round, Watch, take_turns
from bench.sealed import append_sealed
from jejak_lrs import roles
from jejak_lrs.database import Connection, Database
from jejak_lrs.notary import checkpoints, entries
from jejak_lrs.notary.checkpoints import RECORDS
from jejak_lrs.notary.notary import MOST, Notary
from jejak_lrs.tlog.keys import Keys
from jejak_lrs.tlog.note import Signer

_RECORDS: Final = 200_000
_ROUNDS: Final = 5
_KEYS: Final = Keys(Signer.new("bench"))
_COLUMNS: Final = (
    "COPY (SELECT position, statement_id, stored, party, commitment FROM record ORDER BY position) "
    "TO STDOUT (FORMAT binary)"
)


def run() -> list[Line]:
    """Measure all three in turns, over one ledger."""
    with running_server() as server, tempfile.TemporaryDirectory(prefix="jejak-bench-") as folder:
        server.make_ledger("bench")
        writer = Database(server.dsn(roles.WRITER, "bench"))
        records = append_sealed(writer, _RECORDS)
        writer.close()
        database = Database(server.dsn(roles.NOTARY, "bench"))
        connection = database.connection
        sample = entries.read(connection, RECORDS, 0, MOST)
        works = [
            partial(_catch_up, connection, Path(folder) / "log"),
            partial(_hash, sample),
            partial(_copy_out, connection, records),
        ]
        ours, hashing, copying = take_turns(works, _ROUNDS)
        database.close()
    return [
        line("notary, catching up", ours, "bare hashing", hashing),
        line("notary, catching up", ours, "COPY out", copying),
    ]


def _catch_up(connection: Connection, folder: Path) -> Round:
    notary = Notary(folder, "bench.example", _KEYS)
    notary.open(connection)
    goal = checkpoints.goal(connection)
    watch = Watch()
    while notary.waiting(goal):
        notary.grow(notary.read(connection, goal))
    taken = watch.stop(goal.ends[RECORDS])
    shutil.rmtree(folder)
    return taken


def _hash(sample: Sequence[bytes]) -> Round:
    watch = Watch()
    for entry in sample:
        leaf = sha256(b"\x00" + entry).digest()
        sha256(b"\x01" + leaf + leaf).digest()
    return watch.stop(len(sample))


def _copy_out(connection: Connection, records: int) -> Round:
    watch = Watch()
    with connection.cursor() as cursor, cursor.copy(_COLUMNS) as source:
        for _ in source:
            pass
    return watch.stop(records)
