"""Receipts are matched to what was sent, and to nothing that merely lies where it lay."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from uuid import UUID

import pytest

from jejak_producers.delivery import Sent
from jejak_producers.errors import NoReceipt
from jejak_producers.ports import Inlet, Message
from jejak_producers.receipts import ReceiptReader
from jejak_schemas import codec
from jejak_schemas.outgoing import Receipt

EPOCH = UUID("00000000-0000-4000-8000-00000000e90c")
MINE, ANOTHERS = UUID(int=1), UUID(int=2)
INBOX = "jejak.inbox.lan"


class Topic(Inlet):
    """A receipts topic in memory, read once."""

    def __init__(self, *receipts: Receipt) -> None:
        self._left = [Message(at, 0, codec.encode(one)) for at, one in enumerate(receipts)]

    def end(self) -> int:
        return 0

    def beginning(self) -> int:
        return 0

    def at_time(self, millis: int) -> int:
        return 0

    def seek(self, offset: int) -> None:
        pass

    def position(self) -> int:
        return 0

    def poll(self, seconds: float) -> Sequence[Message]:
        found, self._left = self._left, []
        return found

    def close(self) -> None:
        pass


def receipt(seq: int, event_id: UUID | None) -> Receipt:
    refused = {"outcome": "refused", "reason": "truncated"}
    said = refused if event_id is None else {"outcome": "recorded", "position": 3}
    place = {"topic": INBOX, "partition": 0, "offset": 0}
    chain = {"epoch": EPOCH, "seq": seq, "prev_seq": seq - 1}
    return Receipt.model_validate(said | place | chain | {"event_id": event_id})


@pytest.fixture
def reader() -> Iterator[ReceiptReader]:
    topic = Topic(receipt(1, ANOTHERS))
    with closing(ReceiptReader(topic)) as made:
        yield made


def test_a_receipt_of_another_event_at_the_same_offset_answers_nobody(
    reader: ReceiptReader,
) -> None:
    """The inbox was deleted and made again: another event lies where ours lay."""
    lost = reader.expect_of(Sent(MINE, INBOX, 0, 0))
    other = reader.expect_of(Sent(ANOTHERS, INBOX, 0, 0))
    assert other.result(5).position == 3
    assert not lost.done()
    late = reader.expect_of(Sent(MINE, INBOX, 0, 0))  # the other's receipt is kept by now
    reader.close()
    for unanswered in (lost, late):
        with pytest.raises(NoReceipt):
            unanswered.result(5)


def test_a_receipt_without_an_event_id_answers_by_its_place() -> None:
    with closing(ReceiptReader(Topic(receipt(1, None)))) as reader:
        assert reader.expect_of(Sent(MINE, INBOX, 0, 0)).result(5).outcome == "refused"
