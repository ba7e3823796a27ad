"""Sending a file: lines in, one outcome per line out, resumed where a run ended.

Per chunk of lines: fix ids and bytes in the journal, commit it, send, note what comes back. If we
crash before the commit, nothing of the chunk was sent; if after, the next run sends what is not
noted as acknowledged once more, with the same bytes, and the ledger records it once.

Memory does not grow with the file: at most `_AHEAD` chunks are between being read and handed out.
"""

import time
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Final
from uuid import UUID

from jejak_producers.answers import Answers
from jejak_producers.delivery import Delivery, Packed, Sent
from jejak_producers.errors import BadEvent, NoReceipt, SourceChanged
from jejak_producers.journal import Entry, Heading, Journal
from jejak_producers.producer import Producer, pack
from jejak_producers.rows import Line
from jejak_schemas.catalogue import BY_NAME
from jejak_schemas.credentials import Credentials

_CHUNK: Final = 500  # lines made durable at once
_AHEAD: Final = 20  # chunks sent whose outcomes have not been handed out
_HEAR_SECONDS: Final = 0.2


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one line.

    `outcome` is recorded, duplicate, conflict or refused as the ledger says; refused with
    `position` and `at` None also where the line itself is no good event; sent where only the
    brokers have answered; valid where it was only checked.
    """

    line: int
    outcome: str
    event: str | None = None
    event_id: UUID | None = None
    at: tuple[int, int] | None = None
    position: int | None = None
    reason: str | None = None
    field: str | None = None
    detail: str | None = None
    warnings: tuple[str, ...] = ()


def check(
    lines: Iterable[Line], credentials: Credentials | None = None
) -> Generator[Outcome, None, None]:
    """Offline: whether each line would be accepted, as far as can be known here.

    With `credentials`, also whether that party, with the roles in its file, may say it.
    """
    for line in lines:
        try:
            packed = _checked(line, credentials)
        except BadEvent as error:
            yield _refused(line, error)
        else:
            yield Outcome(line.number, "valid", packed.event, packed.event_id)


def _checked(line: Line, credentials: Credentials | None) -> Packed:
    event = line.event()
    packed = pack(event, credentials.party if credentials else event.party)
    roles = credentials.roles if credentials else ()
    if roles and not BY_NAME[packed.event].roles.intersection(roles):
        raise BadEvent("role-not-allowed", "party")
    return packed


def _refused(line: Line, error: BadEvent) -> Outcome:
    return Outcome(
        line.number, "refused", line.named,
        reason=error.reason, field=error.field, detail=error.detail,
    )  # fmt: skip


@dataclass(slots=True)
class _Chunk:
    """Some lines in a row: those that are no events, and what is on its way of the others."""

    numbers: list[int]
    refused: dict[int, Outcome] = field(default_factory=dict)
    deliveries: list[Delivery] = field(default_factory=list)

    @property
    def ends(self) -> tuple[int, int]:
        return self.numbers[0], self.numbers[-1]

    @property
    def settled(self) -> bool:
        return all(delivery.done() for delivery in self.deliveries)


class Sending:
    """One run over one file.

    `answers` is where receipts are read, None for a party without; `silence` is how long to wait
    for one, in seconds, None not to wait for any. Once more, with the same ids, are sent with
    `refused` the lines that the ledger refused before, with `unanswered` those that the brokers
    acknowledged before and the ledger did not answer.
    """

    def __init__(
        self,
        producer: Producer,
        journal: Journal,
        answers: Answers | None,
        *,
        silence: float | None,
        refused: bool = False,
        unanswered: bool = False,
    ) -> None:
        self._producer = producer
        self._journal = journal
        self._answers = answers
        self._silence = silence if answers else None
        self._again_refused = refused
        self._again_unanswered = unanswered
        self._acknowledged: deque[tuple[int, Sent]] = deque()  # filled by the client's thread
        self._last = 0  # line read
        self._unanswered = 0

    def run(self, lines: Iterable[Line]) -> Iterator[Outcome]:
        """Send what is not sent; one outcome per line, in order of lines.

        Raises SourceChanged, BadFile, NoRoom, the ProducerError of a failed send; NoReceipt at
        the end, where acknowledged events were not answered. Whatever it raises, a rerun resumes.
        """
        self._journal.begin(Heading(self._producer.party, self._producer.topic))
        if self._answers:
            self._answers.begin(self._journal)
        try:
            yield from self._outcomes(iter(lines))
        finally:
            self._note()
            self._journal.commit()

    def _outcomes(self, lines: Iterator[Line]) -> Iterator[Outcome]:
        waiting: deque[_Chunk] = deque()
        while chunk := list(islice(lines, _CHUNK)):
            waiting.append(self._begin(chunk))
            self._hear(0)
            while len(waiting) > _AHEAD or (waiting and self._is_known(waiting[0])):
                yield from self._end(waiting.popleft())
        while waiting:
            yield from self._end(waiting.popleft())
        self._finish()

    def _finish(self) -> None:
        last = self._journal.last_line()
        if self._last < last:
            raise SourceChanged(f"the file ends at line {self._last}, but line {last} was sent")
        if self._unanswered:
            raise NoReceipt(
                f"{self._unanswered} events are acknowledged but not answered yet; "
                "run the same command again to see their receipts"
            )

    # -- out --------------------------------------------------------------------------------

    def _begin(self, lines: list[Line]) -> _Chunk:
        """Fix what is new, then send what is not acknowledged, in order of lines."""
        chunk = _Chunk([line.number for line in lines])
        known = self._journal.entries(self._last + 1, chunk.numbers[-1])
        self._last = chunk.numbers[-1]
        _expect_all(known.values(), set(chunk.numbers))
        to_send = {number: entry.packed for number, entry in known.items() if entry.packed}
        for line in lines:
            try:
                packed = self._packed(line, known.get(line.number))
            except BadEvent as error:
                chunk.refused[line.number] = _refused(line, error)
            else:
                if packed is not None:
                    self._journal.add(line.number, line.digest, packed)
                    to_send[line.number] = packed
        self._note()
        self._journal.commit()  # from here on, whatever happens, these ids and bytes hold
        chunk.deliveries = [self._send(number, to_send[number]) for number in sorted(to_send)]
        return chunk

    def _packed(self, line: Line, entry: Entry | None) -> Packed | None:
        """What the line becomes on the wire; None where the journal has it. Raises BadEvent."""
        if entry is None or not self._journal.expect(entry, line.digest):
            return self._producer.pack(line.event())
        if (self._again_refused and entry.refused) or (self._again_unanswered and entry.unanswered):
            event = line.event().model_copy(update={"event_id": entry.event_id})
            return self._producer.pack(event)
        return None

    def _send(self, number: int, packed: Packed) -> Delivery:
        delivery = self._producer.send(packed)
        delivery.add_done_callback(lambda _: self._acknowledge(number, delivery))
        return delivery

    def _acknowledge(self, number: int, delivery: Delivery) -> None:
        end = delivery.ended()
        if isinstance(end, Sent):
            self._acknowledged.append((number, end))

    # -- back -------------------------------------------------------------------------------

    def _note(self) -> None:
        """Write down what the client's thread was told."""
        while self._acknowledged:
            number, sent = self._acknowledged.popleft()
            self._journal.acknowledge(number, sent)
            if self._answers:
                self._answers.recall(self._journal, sent)

    def _hear(self, seconds: float) -> int:
        self._note()
        if self._answers is None or self._silence is None:
            return 0
        return self._answers.hear(self._journal, seconds)

    def _is_known(self, chunk: _Chunk) -> bool:
        waits = self._silence is not None and self._journal.unanswered(*chunk.ends)
        return chunk.settled and not waits

    def _end(self, chunk: _Chunk) -> Iterator[Outcome]:
        for delivery in chunk.deliveries:
            delivery.result()
        self._note()
        if self._silence is not None:
            self._wait(chunk, self._silence)
        entries = self._journal.entries(*chunk.ends)
        for number in chunk.numbers:
            yield chunk.refused.get(number) or _outcome_of(entries[number])

    def _wait(self, chunk: _Chunk, silence: float) -> None:
        """Wait for the chunk's receipts; after one silence no other chunk is waited for."""
        patience = 0 if self._unanswered else silence
        until = time.monotonic() + patience
        while unanswered := self._journal.unanswered(*chunk.ends):
            if self._hear(min(_HEAR_SECONDS, patience)):
                until = time.monotonic() + patience
            elif time.monotonic() >= until:
                self._unanswered += unanswered
                return


def _expect_all(entries: Iterable[Entry], numbers: set[int]) -> None:
    """Raise SourceChanged where a line that was sent is in the file no more."""
    for entry in entries:
        if entry.number not in numbers and not entry.refused:
            raise SourceChanged(f"line {entry.number} is blank, but was sent; put it back")


def _outcome_of(entry: Entry) -> Outcome:
    at = (entry.sent.partition, entry.sent.offset) if entry.sent else None
    if entry.told is None:
        return Outcome(entry.number, "sent", entry.event, entry.event_id, at)
    told = entry.told
    return Outcome(
        entry.number, told.outcome, entry.event, entry.event_id, at,
        told.position, told.reason, told.field, told.detail, told.warnings,
    )  # fmt: skip
