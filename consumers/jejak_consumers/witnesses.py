"""All witnesses, each asked by a thread of its own.

A witness that is away delays nothing: it is asked again after growing pauses, and about the newest
checkpoint only. What a witness has seen is a copy of ours that nobody here can restore: where it is
not the beginning of what we have, the notary stops.
"""

import queue
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

import structlog

from jejak_consumers.errors import WitnessAway
from jejak_consumers.witness import PATIENCE, Witness, ask
from jejak_lrs.errors import Inconsistent
from jejak_lrs.notary.checkpoints import Name
from jejak_lrs.notary.publishedlog import Log, Signed
from jejak_schemas import backoff

log = structlog.get_logger()

FIRST_PATIENCE: Final = 2.0  # seconds for all answers together, before anything is signed
_LONGEST_PAUSE: Final = 60.0


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
