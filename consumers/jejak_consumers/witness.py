"""Witnesses: others who sign a checkpoint once they have seen that it goes on from the last one.

C2SP tlog-witness over HTTP; a cosignature is a line of the note (C2SP tlog-cosignature). A witness
that is away delays nothing: each has a thread of its own, is asked again after growing pauses, and
about the newest checkpoint only. What a witness has seen is a copy of ours that nobody here can
restore: where it is not the beginning of what we have, the notary stops.
"""

import base64
import hashlib
import queue
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final, NamedTuple

import structlog

from jejak_consumers.errors import WitnessAway
from jejak_lrs.errors import Inconsistent
from jejak_lrs.notary.checkpoints import Name
from jejak_lrs.notary.publishedlog import Log, Signed, said
from jejak_lrs.tlog import note
from jejak_lrs.tlog.checkpoint import NUMBER
from jejak_lrs.tlog.errors import LogError, Malformed
from jejak_lrs.tlog.note import COSIGNATURE, Verifier
from jejak_schemas import backoff

log = structlog.get_logger()

PATIENCE: Final = 10.0  # seconds for an answer
FIRST_PATIENCE: Final = 2.0  # seconds for all answers together, before anything is signed
_TIME_BYTES: Final = 8
_LONGEST_ANSWER: Final = 65_536
_LONGEST_PAUSE: Final = 60.0


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


class Answer(NamedTuple):
    """A witness's signature line on a checkpoint of ours."""

    tree: Name
    size: int
    line: str


class Witnesses:
    """All of them. MUST be begun before anything is signed.

    Args:
        witnesses: whom to ask.
        patience: seconds for an answer.
    """

    def __init__(self, witnesses: Sequence[Witness] = (), patience: float = PATIENCE) -> None:
        self._answers: queue.SimpleQueue[Answer | Inconsistent] = queue.SimpleQueue()
        self._lines = [_Line(each, patience, self._answers.put) for each in witnesses]

    def begin(self, heads: Iterable[Signed], logs: Mapping[Name, Log]) -> None:
        """Ask all about what was signed last, and wait a little for their answers."""
        offered = list(heads)
        for line in self._lines:
            line.begin(offered, logs)
        for line in self._lines:
            line.idle.wait(FIRST_PATIENCE)

    def offer(self, signed: Iterable[Signed]) -> None:
        """Ask all about new heads; returns at once."""
        for line in self._lines:
            line.offer(signed)

    def answers(self) -> Iterator[Answer]:
        """What came meanwhile.

        Raises:
            Inconsistent: a witness has seen another log than ours.
        """
        while not self._answers.empty():
            answer = self._answers.get()
            if isinstance(answer, Inconsistent):
                raise answer
            yield answer

    def rest(self) -> None:
        """Ask nobody anything until it begins again."""
        for line in self._lines:
            line.rest()


NONE: Final = Witnesses()


class _Line:
    """The line to one witness, on a thread of its own. `idle`: all it was offered was tried."""

    def __init__(
        self, witness: Witness, patience: float, answer: Callable[[Answer | Inconsistent], None]
    ) -> None:
        self._witness = witness
        self._patience = patience
        self._answer = answer
        self._logs: Mapping[Name, Log] = {}
        self._offered: dict[Name, Signed] = {}
        self._known: dict[str, int] = {}  # by origin: what it has signed last, as far as we know
        self._news = threading.Condition()
        self._failures = 0
        self.idle = threading.Event()
        self._thread: threading.Thread | None = None

    def begin(self, heads: Iterable[Signed], logs: Mapping[Name, Log]) -> None:
        with self._news:
            self._logs = logs
        self.offer(heads)
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="witness", daemon=True)
            self._thread.start()

    def offer(self, heads: Iterable[Signed]) -> None:
        with self._news:
            self._offered |= {one.tree: one for one in heads}
            self.idle.clear()
            self._news.notify()

    def rest(self) -> None:
        with self._news:
            self._offered.clear()

    def _run(self) -> None:
        while True:
            with self._news:
                while not self._offered:
                    self.idle.set()
                    self._news.wait()
                taken, logs = dict(self._offered), self._logs
                self._offered.clear()
            for one in taken.values():
                self._ask(one, logs[one.tree])
            self.idle.set()
            if self._failures:
                with self._news:
                    self._news.wait(backoff.pause(self._failures, longest=_LONGEST_PAUSE))

    def _ask(self, one: Signed, about: Log) -> None:
        origin, name = one.checkpoint.origin, self._witness.verifier.name
        try:
            line = ask(self._witness, one, about, self._known.get(origin, 0), self._patience)
        except WitnessAway as exc:
            if not self._failures:
                log.warning("witness away", witness=name, error=str(exc))
            self._failures += 1
            with self._news:
                self._offered.setdefault(one.tree, one)
        except Inconsistent as exc:
            self._answer(exc)
        else:
            if self._failures:
                log.info("witness back", witness=name)
            self._failures = 0
            self._known[origin] = one.checkpoint.size
            self._answer(Answer(one.tree, one.checkpoint.size, line))


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
