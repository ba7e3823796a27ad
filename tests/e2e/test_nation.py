"""A nation's deliveries, played through the real system: nothing lost, doubled or invented."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from jejak_lrs import database, roles
from jejak_lrs.ledger import books, history
from tests.e2e.conftest import Played


@pytest.fixture
def reader(played: Played) -> Iterator[database.Connection]:
    with closing(played.connect(roles.READER)) as connection:
        yield connection


def test_every_message_became_what_its_sender_had_planned(played: Played) -> None:
    planned = played.stage.nation.manifest
    assert played.told.delivered == planned.delivered
    assert played.told.count("recorded") == planned.recorded
    assert played.told.count("duplicate") == planned.duplicates
    assert played.told.count("conflict") == planned.conflicts
    assert played.told.reasons == planned.refused


def test_the_planted_oddities_draw_their_warnings(played: Played) -> None:
    for warning, least in played.stage.nation.manifest.warned.items():
        assert played.told.warnings[warning] >= least


def test_the_books_balance(reader: database.Connection) -> None:
    kept = books.balance(reader)
    assert sum(each.inbox.delivered for each in kept) > 0
    assert [each for each in kept if not each.balanced] == []


def test_positions_run_from_zero_without_a_gap(reader: database.Connection) -> None:
    count, least, greatest = reader.execute(
        "SELECT count(*), min(position), max(position) FROM record"
    ).fetchall()[0]
    assert (least, greatest) == (0, count - 1)
    assert history.head(reader).next_position == count


def test_what_was_not_taken_is_kept_whole(played: Played) -> None:
    planned = played.stage.nation.manifest
    wanted = {**planned.refused, "conflict": planned.conflicts}
    assert played.quarantined == {("waiting", reason): count for reason, count in wanted.items()}
