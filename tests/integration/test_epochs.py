"""A new epoch on a real ledger: begun once, kept for good, and everybody is told anew."""

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from jejak_consumers import errors as loop_errors
from jejak_consumers import tail
from jejak_consumers.messages import Reported
from jejak_consumers.publisher import Postman, Receipts
from jejak_lrs import database, errors
from jejak_lrs.audit.check import check
from jejak_lrs.cursor import START
from jejak_lrs.database import Connection
from jejak_lrs.ledger import epochs, history
from jejak_producers.receipts import Chain
from jejak_schemas import codec
from jejak_schemas.outgoing import Receipt
from tests import services
from tests.integration.test_recorder import House, completed
from tests.unit.test_publisher import MemoryOutbox

pytestmark = pytest.mark.integration


@pytest.fixture
def house(database: services.Database) -> Iterator[House]:
    made = House(database)
    made.send(completed())
    made.settle()
    yield made
    made.ledger.close()


@pytest.fixture
def operator(house: House) -> Iterator[Connection]:
    with closing(database.connect(house.own.dsn("jejak_migrator"))) as connection:
        yield connection


def begin(house: House, operator: Connection, **more: Any) -> history.Head:
    """Begin a new epoch; where the ledger stood before."""
    head = history.head(house.ledger.connection)
    epochs.begin(operator, head.epoch, "the archive lacked its end", "budi", **more)
    return head


def found(house: House) -> list[str]:
    with closing(database.connect(house.own.dsn("jejak_auditor"))) as connection:
        return [one.where for one in check(connection).differences]


def test_a_new_epoch_is_later_goes_on_from_the_same_place_and_says_why(
    house: House, operator: Connection
) -> None:
    before = begin(house, operator)
    head = history.head(house.ledger.connection)
    assert head.epoch > before.epoch
    assert head.next_position == before.next_position
    (told,) = epochs.all_epochs(house.ledger.connection)
    assert (told.before, told.epoch, told.reason, told.who) == (
        before.epoch, head.epoch, "the archive lacked its end", "budi",
    )  # fmt: skip
    assert told.at_position == told.differs_from == before.next_position
    house.send(completed())
    house.settle()
    assert house.balanced()
    assert found(house) == []


def test_an_epoch_ends_once_and_differs_from_no_position_beyond_the_end(
    house: House, operator: Connection
) -> None:
    with pytest.raises(errors.Refuse, match="no such position"):
        begin(house, operator, differs_from=999)
    before = begin(house, operator, differs_from=1)
    with pytest.raises(errors.Refuse, match="any more"):
        epochs.begin(operator, before.epoch, "again", "budi")
    assert [one.differs_from for one in epochs.all_epochs(house.ledger.connection)] == [1]


def test_an_audit_follows_the_epochs_and_finds_one_that_nobody_began(
    house: House, operator: Connection
) -> None:
    begin(house, operator)
    begin(house, operator)
    assert found(house) == []
    with closing(database.connect(house.own.superuser_dsn)) as superuser:
        superuser.execute("UPDATE ledger_head SET epoch = ledger_uuid7()")
        assert found(house) == ["ledger_head"]
        superuser.execute(
            "UPDATE ledger_head SET epoch = (SELECT epoch FROM epoch ORDER BY 1 DESC LIMIT 1)"
        )
        assert found(house) == []
        superuser.execute("ALTER TABLE epoch DISABLE TRIGGER ALL")
        superuser.execute(
            "DELETE FROM epoch WHERE epoch = (SELECT epoch FROM epoch ORDER BY 1 LIMIT 1)"
        )
        superuser.execute("ALTER TABLE epoch ENABLE ALWAYS TRIGGER append_only")
    assert found(house) == ["record 0"]


def test_a_ledger_that_lost_its_end_is_not_recorded_into_until_a_new_epoch(
    house: House, operator: Connection
) -> None:
    sent = house.send(completed())
    house.settle()
    assert house.inbox.told[sent.where].next_offset == 2
    head = history.head(house.ledger.connection)
    life = tail.life(head.epoch, house.inbox.ids[sent.topic])
    house.inbox.told[sent.where] = Reported(3, life)  # as if one more had been recorded
    late = house.send(completed())
    house.recorder = house.new_recorder()
    with pytest.raises(loop_errors.TailLost, match="stands at 2, it had recorded up to 3"):
        house.recorder.turn()
    assert history.head(house.ledger.connection) == head

    begin(house, operator)
    house.recorder = house.new_recorder()
    house.settle()
    assert house.outcome(late)[0] == "recorded"


def test_receipts_begin_anew_and_a_reader_takes_them(house: House, operator: Connection) -> None:
    work, at, reader, taken = Receipts(Postman(lambda: MemoryOutbox([]))), START, Chain(), []
    with closing(database.connect(house.own.dsn("jejak_publisher"))) as connection:
        for _ in range(2):
            batch = work.read(connection, at)
            assert batch is not None
            work.keep(connection, batch.items)
            at = batch.to
            said = [codec.read_as(Receipt, post.value) for post in batch.items.posts]
            taken += [(one.epoch, one.seq) for one in said if reader.accepts(one)]
            begin(house, operator)
            house.send(completed())
            house.settle()
    (first, _), (second, _) = taken
    assert [seq for _, seq in taken] == [1, 1]
    assert first < second
