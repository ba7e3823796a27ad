"""What witnesses signed, as the database keeps it: each line is of its witness, on a checkpoint.

That none of these lines is missing nobody can tell but the witness, who has its own. Under the
checkpoint that is published stands nobody's line but the log's and a known witness's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, LiteralString

from jejak_lrs.audit.difference import Difference
from jejak_lrs.tlog import note
from jejak_lrs.tlog.errors import LogError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from jejak_lrs.database import Connection
    from jejak_lrs.tlog.note import Signature, Verifier

_STEP: Final = 1_000
_PAGE: LiteralString = (
    "SELECT epoch, tree, size, witness, line, note FROM cosignature c "
    "LEFT JOIN checkpoint USING (epoch, tree, size) "
    "WHERE (epoch, tree, size, witness) > (%s, %s, %s, %s) "
    "ORDER BY epoch, tree, size, witness LIMIT %s"
)
_FIRST: Final = ("00000000-0000-0000-0000-000000000000", "", -1, "")


def differences(connection: Connection, witnesses: Sequence[Verifier]) -> Iterator[Difference]:
    """Every line that is not what it must be.

    Args:
        connection: an auditor's.
        witnesses: their keys; of a witness none of whose keys is here, no signature is verified.
    """
    after = _FIRST
    while found := connection.execute(_PAGE, [*after, _STEP]).fetchall():
        for epoch, tree, size, witness, line, signed in found:
            wrong = _wrong(witness, line, signed, witnesses)
            if wrong is not None:
                yield Difference(f"cosignature of {witness} on {tree} {size} of {epoch}", wrong)
        after = found[-1][:4]


def unknown(signed: str, keys: Iterable[Verifier], witnesses: Iterable[Verifier]) -> Iterator[str]:
    """Who has signed a checkpoint, and is neither the log nor one of the witnesses; by name."""
    text, found = note.parts(signed)
    for signature in found:
        of_log = any(each.made(signature) for each in keys)
        if not of_log and not any(_signed(each, text, signature) for each in witnesses):
            yield signature.name


def _signed(witness: Verifier, text: str, signature: Signature) -> bool:
    return witness.made(signature) and witness.verifies(text, signature.signature)


def _wrong(
    witness: str, line: str, signed: str | None, witnesses: Sequence[Verifier]
) -> str | None:
    if signed is None:
        return "there is no such checkpoint"
    try:
        (signature,) = note.signatures(line)
        text, _ = note.parts(signed)
    except (LogError, ValueError):
        return "it is no signature line"
    if signature.name != witness:
        return f"it is a line of {signature.name}"
    known = [each for each in witnesses if each.name == witness]
    if known and not any(_signed(each, text, signature) for each in known):
        return "the signature does not verify"
    return None
