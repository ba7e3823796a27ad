"""How a log begins: a new epoch puts the former one's away and says so; the keys are listed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from jejak_lrs.errors import Inconsistent
from jejak_lrs.ledger import epochs
from jejak_lrs.notary import checkpoints
from jejak_lrs.notary.checkpoints import LOOKS, OUTCOMES, RECORDS, TREES
from jejak_lrs.notary.publishedlog import reading
from jejak_lrs.tlog import note
from jejak_lrs.tlog.tiles import CHECKPOINT, Folder

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jejak_lrs.database import Connection
    from jejak_lrs.ledger.epochs import Epoch
    from jejak_lrs.notary.publishedlog import Log
    from jejak_lrs.tlog.keys import Keys

FORMER: Final = "former"  # below it the logs of epochs that ended, by epoch
KEYS: Final = "keys"  # the public keys, a vkey a line
STATEMENT: Final = "epoch"  # the signed note with which an epoch after the first begins
# The checkpoint last: what it speaks of must not outlast it here, should a crash come between.
_MOVED: Final = ("tile", LOOKS, OUTCOMES, KEYS, STATEMENT, CHECKPOINT)


def begin(connection: Connection, records: Log, base: str, keys: Keys) -> None:
    """Put the log of an epoch that has ended away, and sign how it ended.

    Raises:
        Inconsistent: the folder holds the log of something else.
    """
    ended = {
        checkpoints.origins(base, epoch.before)[RECORDS]: epoch
        for epoch in epochs.all_epochs(connection)
    }
    path = records.folder.path
    records.folder.open()  # from here on nobody writes for a log that has ended
    found = checkpoints.base_of(_origin(records.folder) or _origin(Folder(path / OUTCOMES)))
    if found and found != records.origin:
        if found not in ended:
            raise Inconsistent(
                f"{path} holds the log {found}, and the ledger's is {records.origin}"
            )
        records.folder.move_to(path / FORMER / str(ended[found].before), _MOVED)
    # The epoch that ended last: its end is signed once, be it in a later try.
    last = next((each for each in ended.values() if _is(each, records.origin, base)), None)
    if last is not None and not (path / STATEMENT).exists():
        former = Folder(path / FORMER / str(last.before))
        signer = keys.signer(records.origin)
        statement = note.sign(_statement(last, records.origin, base, former), signer)
        records.folder.put([(STATEMENT, statement.encode())])


def list_keys(logs: Iterable[Log], keys: Keys) -> None:
    """Publish the keys whose signatures count."""
    logs = list(logs)
    lines = [str(each) for log in logs for each in keys.verifiers(log.origin)]
    logs[0].folder.put([(KEYS, "".join(f"{line}\n" for line in lines).encode())])


def _origin(folder: Folder) -> str:
    with reading(folder.path):
        signed = folder.checkpoint()
        return "" if signed is None else note.parts(signed)[0].partition("\n")[0]


def _is(epoch: Epoch, origin: str, base: str) -> bool:
    return checkpoints.origins(base, epoch.epoch)[RECORDS] == origin


def _statement(epoch: Epoch, origin: str, base: str, former: Folder) -> str:
    """What is signed when an epoch begins: the log, the one before, and how that one ended."""
    lines = [
        "jejak new epoch",
        f"log {origin}",
        f"before {checkpoints.origins(base, epoch.before)[RECORDS]}",
        f"differs-from {epoch.differs_from}",
        f"began {epoch.began.isoformat()}",
        f"who {' '.join(epoch.who.split())}",
        f"reason {' '.join(epoch.reason.split())}",
    ]
    ends = [
        note.parts(signed)[0]
        for tree in TREES
        if (signed := Folder(former.path / checkpoints.below(tree)).checkpoint()) is not None
    ]
    return "\n".join([*lines, "", *ends]) if ends else "\n".join([*lines, ""])
