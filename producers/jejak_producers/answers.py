"""The receipts of a file's events, read as a stream into its journal.

However many lines wait for an answer, nothing of them is held here: where each lies is asked of
the journal. Only what is said of a line whose acknowledgement has not been noted waits.
"""

from collections import OrderedDict
from typing import Final

from jejak_producers.delivery import Sent
from jejak_producers.journal import Journal
from jejak_producers.ports import Inlet
from jejak_producers.receipts import Chain, Reading, read
from jejak_schemas.framing import SINGLE_OBJECT, Framing
from jejak_schemas.outgoing import Receipt

_EARLY: Final = 20_000  # receipts of what is not acknowledged yet, or was sent by others


class Answers:
    """Reads a receipts topic for one journal, from where its reading ended; one thread."""

    def __init__(self, inlet: Inlet, framing: Framing = SINGLE_OBJECT) -> None:
        self._inlet = inlet
        self._framing = framing
        self._chain = Chain()
        self._early: OrderedDict[tuple[int, int], Receipt] = OrderedDict()

    def begin(self, journal: Journal) -> None:
        """Stand where the journal's reading ended; of a new one, at the topic's end."""
        beginning = self._inlet.beginning()
        reading = journal.reading or Reading(self._inlet.end())
        kept = reading.offset >= beginning
        self._chain.last = reading.last if kept else None
        self._inlet.seek(max(reading.offset, beginning))
        journal.read_to(reading)

    def recall(self, journal: Journal, sent: Sent) -> None:
        """Tell the journal what was said of a line before it was known where it lies."""
        early = self._early.pop((sent.partition, sent.offset), None)
        if early is not None:
            journal.tell(early)

    def hear(self, journal: Journal, seconds: float) -> int:
        """Read on, waiting up to `seconds` for something; how many lines were answered."""
        answered = 0
        for message in self._inlet.poll(seconds):
            receipt = read(message, self._framing)
            if receipt is not None and self._chain.accepts(receipt):
                answered += self._tell(journal, receipt)
        journal.read_to(Reading(self._inlet.position(), self._chain.last))
        return answered

    def _tell(self, journal: Journal, receipt: Receipt) -> bool:
        if journal.tell(receipt):
            return True
        self._early[receipt.partition, receipt.offset] = receipt
        if len(self._early) > _EARLY:
            self._early.popitem(last=False)
        return False
