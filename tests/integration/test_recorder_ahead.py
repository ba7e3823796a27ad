"""The recorder where a batch is walked while the one before it is being appended."""

from datetime import timedelta
from threading import Event as Flag
from typing import Final

import pytest

from jejak.loops import finisher
from jejak_consumers import recorder
from jejak_consumers.finish import Finisher
from jejak_lrs import errors, failpoint
from jejak_lrs.database import Database
from jejak_lrs.ledger import appending
from jejak_lrs.ledger.batch import Appended, Batch
from jejak_schemas.events import Event, StatementVoided
from tests.integration.test_recorder import (
    NIP,
    NOW,
    House,
    completed,
    registered,
)

PATIENCE: Final = 30.0  # seconds; reached only where the test fails


@pytest.fixture(autouse=True)
def _batches_of_two(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder, "MOST_MESSAGES", 2)


def settled(house: House, *events: Event) -> list[list[str]]:
    """The warnings of what became of the events, all of them polled at once."""
    messages = [house.send(event) for event in events]
    house.settle()
    assert [house.outcome(message)[0] for message in messages] == ["recorded"] * len(events)
    assert house.balanced()
    warned = {record.statement_id: record.warnings or [] for record in house.records()}
    return [warned[event.event_id] for event in events]


def test_a_batch_is_walked_while_the_one_before_it_is_appended(house: House) -> None:
    settled(house, registered(NIP))
    walked, walked_ahead = 0, Flag()
    pack = finisher().pack

    def packing(plain: bytes) -> bytes:
        nonlocal walked
        walked += 1
        if walked == 4:
            walked_ahead.set()
        return pack(plain)

    overtaken: list[bool] = []

    def before_commit(point: str) -> None:
        if point == "append.before-commit" and not overtaken:
            overtaken.append(walked_ahead.wait(PATIENCE))

    house.recorder.finisher = Finisher(packing)
    failpoint.arm(before_commit)
    settled(house, *(completed() for _ in range(4)))
    assert overtaken == [True]


def test_who_is_new_in_a_batch_is_the_same_person_in_the_next(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    appends: list[int] = []

    def counted(database: Database, batch: Batch) -> Appended:
        appends.append(len(batch.items))
        return appending.append(database, batch)

    monkeypatch.setattr(recorder, "append", counted)
    settled(house, *(completed() for _ in range(7)))
    assert [record.event_type for record in house.records()].count("PersonSeen") == 1
    assert appends == [2, 2, 2, 1]  # no batch was walked in vain


def test_who_is_registered_in_a_batch_is_so_in_the_next(house: House) -> None:
    settled(house, completed())  # known, and not registered
    warned = settled(house, registered(NIP), completed(), completed())
    assert ["person-unconfirmed" in of_one for of_one in warned] == [False, True, False]


def test_a_void_knows_what_stands_in_the_batch_before(house: House) -> None:
    target = completed()
    void = StatementVoided(
        occurred_at=NOW, party="pusdiklat", target=target.event_id, reason="error"
    )
    _, _, of_void = settled(house, target, completed(), void)
    assert "target-unknown-yet" not in of_void


@pytest.mark.parametrize("raised", [errors.RegistryMoved(1, 2), errors.AliasesLost([])])
def test_what_was_walked_ahead_is_walked_again_where_the_world_has_moved(
    house: House, monkeypatch: pytest.MonkeyPatch, raised: Exception
) -> None:
    first = True

    def moved_once(database: Database, batch: Batch) -> Appended:
        nonlocal first
        if first:
            first = False
            raise raised
        return appending.append(database, batch)

    monkeypatch.setattr(recorder, "append", moved_once)
    settled(house, *(completed() for _ in range(5)))
    assert not first


def test_what_was_walked_ahead_is_forgotten_where_the_append_fails(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    messages = [house.send(completed()) for _ in range(5)]
    with monkeypatch.context() as broken:
        broken.setattr(recorder, "append", _away)
        with pytest.raises(errors.Unreachable):
            house.recorder.turn()
    house.recorder.partitions.go_back()
    house.recorder.clock = lambda: NOW + timedelta(seconds=1)
    house.look_again()
    assert [house.outcome(message)[0] for message in messages] == ["recorded"] * 5
    assert house.balanced()


def _away(database: Database, batch: Batch) -> Appended:
    raise errors.Unreachable(f"{len(batch.items)} items for {database}")
