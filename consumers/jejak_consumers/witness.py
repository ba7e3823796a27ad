"""One witness: somebody else who signs a checkpoint once it has seen that it goes on from the last.

C2SP tlog-witness over HTTP; a cosignature is a line of the note (C2SP tlog-cosignature).
"""

import base64
import hashlib
import urllib.error
import urllib.request
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from jejak_consumers.errors import WitnessAway
from jejak_lrs.errors import Inconsistent
from jejak_lrs.notary.publishedlog import Log, Signed, said
from jejak_lrs.tlog import note
from jejak_lrs.tlog.checkpoint import NUMBER
from jejak_lrs.tlog.errors import LogError, Malformed
from jejak_lrs.tlog.note import COSIGNATURE, Verifier

PATIENCE: Final = 10.0  # seconds for an answer
_TIME_BYTES: Final = 8
_LONGEST_ANSWER: Final = 65_536


@dataclass(frozen=True, slots=True)
class Witness:
    """A witness: the URL before `/add-checkpoint`, and the key of its cosignatures."""

    url: str
    verifier: Verifier

    @classmethod
    def parse(cls, text: str) -> "Witness":
        """The witness of a setting, `URL VKEY`; Malformed where it is none."""
        url, _, vkey = text.partition(" ")
        if not url.startswith(("http://", "https://")):
            raise Malformed("a witness is a URL, a space, and its key: <name>+<key id>+<base64>")
        verifier = Verifier.parse(vkey.strip())
        if verifier.algorithm != COSIGNATURE:
            raise Malformed(f"the key of {verifier.name} is not one for cosignatures (Ed25519, 04)")
        return cls(url.rstrip("/"), verifier)


def ask(witness: Witness, one: Signed, about: Log, known: int, patience: float = PATIENCE) -> str:
    """The witness's signature line on a checkpoint.

    Args:
        witness: whom to ask.
        one: what it shall sign.
        about: the log, whose tiles prove that it goes on from what the witness knows.
        known: the size that it has signed last, as far as we know.
        patience: seconds for an answer.

    Raises:
        WitnessAway: there is no cosignature to be had now.
        Inconsistent: it has signed what is not the beginning of ours.
    """
    size, tree = one.checkpoint.size, about.folder.tree(one.checkpoint.size)
    told = False  # whether `known` is the witness's own word
    while True:
        proof = [base64.b64encode(each).decode() for each in tree.consistency(known)]
        request = "\n".join([f"old {known}", *proof, "", one.note])
        status, body = _post(f"{witness.url}/add-checkpoint", request, patience)
        if status == HTTPStatus.OK:
            return _cosignature(witness, one, body)
        if status == HTTPStatus.CONFLICT and not told:
            known, told = _size(witness, body), True
            if known <= size:
                continue
        if known > size or (told and known and status == HTTPStatus.UNPROCESSABLE_ENTITY):
            raise Inconsistent(
                f"the witness {witness.verifier.name} has signed {_theirs(witness, about, known)}, "
                f"and {said(one.checkpoint)} does not go on from it: an older state was restored"
            )
        if status == HTTPStatus.UNPROCESSABLE_ENTITY and known:
            known = 0  # what we believe it knows may be wrong: let it say
            continue
        raise WitnessAway(f"{witness.url} answers {status}")


def _size(witness: Witness, body: str) -> int:
    """The size in an answer that says: another one than you think."""
    if not NUMBER.fullmatch(body.removesuffix("\n")):
        raise WitnessAway(f"{witness.url} answers 409 without a size")
    return int(body)


def _cosignature(witness: Witness, one: Signed, body: str) -> str:
    """Its own valid line among those of the answer; others are nobody's."""
    try:
        found = note.signatures(body)
    except LogError as exc:
        raise WitnessAway(f"{witness.url} answers no signature lines: {exc}") from exc
    for each in found:
        dated = any(each.signature[:_TIME_BYTES])
        made = witness.verifier.made(each) and dated
        if made and witness.verifier.verifies(one.checkpoint.text(), each.signature):
            return str(each)
    raise WitnessAway(f"{witness.url} answers no valid cosignature of {witness.verifier.name}")


def _theirs(witness: Witness, about: Log, size: int) -> str:
    """What the witness holds of a log, for a person: its checkpoint where it shows it."""
    name = hashlib.sha256(about.origin.encode()).hexdigest()
    try:
        _, body = _send(_request(f"{witness.url}/{name}/checkpoint"), PATIENCE)
        return said(about.opened(body, "the witness's copy"))
    except (WitnessAway, Inconsistent):
        return f"'{about.origin} {size}'"


def _post(url: str, body: str, patience: float) -> tuple[int, str]:
    return _send(_request(url, body.encode()), patience)


def _request(url: str, body: bytes | None = None) -> urllib.request.Request:
    headers = {"Content-Type": "text/plain; charset=utf-8"}
    return urllib.request.Request(url, body, headers)  # noqa: S310 - Witness.parse has looked


def _send(request: urllib.request.Request, patience: float) -> tuple[int, str]:
    """Status and body. WitnessAway where there is no answer, or none that is text."""
    try:
        with urllib.request.urlopen(request, timeout=patience) as answer:  # noqa: S310 - the same
            return answer.status, answer.read(_LONGEST_ANSWER).decode()
    except urllib.error.HTTPError as exc:
        with exc:
            return exc.code, exc.read(_LONGEST_ANSWER).decode(errors="replace")
    except (OSError, ValueError) as exc:
        raise WitnessAway(f"{request.full_url}: {exc}") from exc
