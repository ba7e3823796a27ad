"""A cursor is a fence."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from jejak_lrs import cursor, errors
from jejak_lrs.cursor import START, Cursor
from jejak_lrs.database import Connection, connect
from tests import services

pytestmark = pytest.mark.integration


@pytest.fixture
def projector(database: services.Database) -> Iterator[Connection]:
    with closing(connect(database.dsn("jejak_projector"))) as connection:
        yield connection


def test_a_follower_starts_before_everything(projector: Connection) -> None:
    assert cursor.read(projector, "projector") == START
    with projector.transaction():
        assert cursor.lock(projector, "projector") == START


def test_a_cursor_moves_with_its_transaction(projector: Connection) -> None:
    with projector.transaction():
        cursor.move(projector, "projector", START, Cursor(9, 2))
    with projector.transaction(force_rollback=True):
        cursor.move(projector, "projector", Cursor(9, 2), Cursor(10, 2))

    assert cursor.read(projector, "projector") == Cursor(9, 2)


def test_who_believes_another_place_is_fenced(projector: Connection) -> None:
    with projector.transaction():
        cursor.move(projector, "projector", START, Cursor(9, 2))

    with pytest.raises(errors.Fenced), projector.transaction():
        cursor.move(projector, "projector", START, Cursor(5, 0))
    assert cursor.read(projector, "projector") == Cursor(9, 2)
