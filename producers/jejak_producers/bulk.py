"""Sending a file: lines in, one outcome per line out, resumed where a run ended.

Per chunk of lines: fix ids and bytes in the journal, make it durable, send, mark. If we
crash before the journal is durable, nothing of the chunk was sent; if after, the next run sends
what is not marked once more, with the same bytes, and the ledger records it once.
"""

from collections import deque
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final
from uuid import UUID

from jejak_producers.delivery import Awaited, Delivery, Packed
from jejak_producers.errors import BadEvent, BrokersAway, NoReceipt, SourceChanged
from jejak_producers.journal import Entry, Heading, Journal, Told
from jejak_producers.producer import Producer, pack
from jejak_producers.rows import Line
from jejak_schemas.catalogue import BY_NAME
from jejak_schemas.credentials import Credentials

_CHUNK: Final = 500  # lines made durable at once
_AHEAD: Final = 10_000  # lines sent whose outcome has not been handed out


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
            yield _refused(line.number, error)
        else:
            yield Outcome(line.number, "valid", packed.event, packed.event_id)


def _checked(line: Line, credentials: Credentials | None) -> Packed:
    event = line.event()
    packed = pack(event, credentials.party if credentials else event.party)
    roles = credentials.roles if credentials else ()
    if roles and not BY_NAME[packed.event].roles.intersection(roles):
        raise BadEvent("role-not-allowed")
    return packed


def _refused(number: int, error: BadEvent) -> Outcome:
    return Outcome(number, "refused", reason=error.reason, field=error.field, detail=error.detail)


@dataclass(slots=True)
class _Pending:
    """A line whose outcome has not been handed out; `known` once there is nothing to wait for."""

    number: int
    entry: Entry | None = None
    known: Outcome | None = None
    waits: Delivery | Awaited | None = None

    @property
    def done(self) -> bool:
        return self.known is not None or self.waits is None or self.waits.done()


class Sending:
    """One run over one file.

    `silence` is how long to wait for a receipt, in seconds, None not to wait for receipts;
    with `again`, lines that the ledger refused before are sent once more, with the same ids.
    """

    def __init__(
        self, producer: Producer, journal: Journal, *, silence: float | None, again: bool = False
    ) -> None:
        self._producer = producer
        self._journal = journal
        self._silence = silence
        self._again = again
        self._unanswered = 0
        self._earlier: dict[int, Awaited] = {}

    def run(self, lines: Iterable[Line]) -> Iterator[Outcome]:
        """Send what is not sent; one outcome per line, in order of lines.

        Raises SourceChanged, BadFile, the ProducerError of a failed send; NoReceipt at the
        end, where acknowledged events were not answered. Whatever it raises, a rerun resumes.
        """
        producer = self._producer
        self._journal.begin(Heading(producer.party, producer.topic, producer.receipts_from))
        if self._silence is not None:
            self._earlier = {
                number: producer.receipt_of(entry.sent)
                for number, entry in self._journal.unanswered()
                if entry.sent
            }
        try:
            yield from self._outcomes(iter(lines))
        finally:
            self._journal.sync()

    def _outcomes(self, lines: Iterator[Line]) -> Iterator[Outcome]:
        pending: deque[_Pending] = deque()
        last = 0
        while chunk := list(islice(lines, _CHUNK)):
            last = chunk[-1].number
            pending.extend(self._begin(chunk))
            while pending and (pending[0].done or len(pending) > _AHEAD):
                yield self._outcome(pending.popleft())
        while pending:
            yield self._outcome(pending.popleft())
        self._finish(last)

    def _finish(self, last: int) -> None:
        if last < self._journal.last_line():
            raise SourceChanged(
                f"the file ends at line {last}, but line {self._journal.last_line()} was sent"
            )
        if self._unanswered:
            raise NoReceipt(
                f"{self._unanswered} events are acknowledged but not answered yet; "
                "run the same command again to see their receipts"
            )

    def _begin(self, chunk: list[Line]) -> list[_Pending]:
        begun = [self._journaled(line) for line in chunk]
        self._journal.sync()  # from here on, whatever happens, these ids and bytes hold
        for one in begun:
            if one.entry is not None:
                one.waits = self._sent(one.number, one.entry)
        return begun

    def _journaled(self, line: Line) -> _Pending:
        entry = self._journal.entry(line.number, line.digest)
        if entry is None:
            try:
                packed = self._producer.pack(line.event())
            except BadEvent as error:
                return _Pending(line.number, known=_refused(line.number, error))
            entry = self._journal.add(line.number, line.digest, packed)
        elif self._again and entry.told is not None and entry.told.outcome == "refused":
            event = line.event().model_copy(update={"event_id": entry.event_id})
            packed = self._producer.pack(event)
            entry = self._journal.add(line.number, line.digest, packed)
        return _Pending(line.number, entry)

    def _sent(self, number: int, entry: Entry) -> Delivery | Awaited | None:
        """Send an entry that is not acknowledged; what is to be waited for, if anything."""
        if entry.packed is None:
            return self._earlier.pop(number, None)
        delivery = self._producer.send(entry.packed)
        delivery.add_done_callback(lambda _: self._mark(number, delivery))
        return delivery if self._silence is None else self._producer.await_receipt(delivery)

    def _mark(self, number: int, delivery: Delivery) -> None:
        end = delivery.ended()
        if not isinstance(end, BaseException):
            self._journal.mark_sent(number, end)

    def _outcome(self, one: _Pending) -> Outcome:
        if one.known is not None or one.entry is None:
            return one.known or Outcome(one.number, "refused")
        if isinstance(one.waits, Awaited):
            self._wait_for_receipt(one.number, one.entry, one.waits)
        elif one.waits is not None:
            one.waits.result()
        return _outcome_of(one.number, one.entry)

    def _wait_for_receipt(self, number: int, entry: Entry, awaited: Awaited) -> None:
        try:
            # After one silence the others are not waited for in turn.
            receipt = awaited.result(0 if self._unanswered else self._silence)
        except TimeoutError:
            if entry.sent is None:
                raise BrokersAway(f"line {number} was not acknowledged; run it again") from None
            self._unanswered += 1
        else:
            self._journal.mark_told(number, Told.of(receipt))


def _outcome_of(number: int, entry: Entry) -> Outcome:
    at = (entry.sent.partition, entry.sent.offset) if entry.sent else None
    if entry.told is None:
        return Outcome(number, "sent", entry.event, entry.event_id, at)
    told = entry.told
    return Outcome(
        number, told.outcome, entry.event, entry.event_id, at,
        told.position, told.reason, told.field, told.detail, told.warnings,
    )  # fmt: skip
