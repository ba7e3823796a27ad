"""A loop's garbage: whatever is dead in a cycle goes within a minute, and not after each batch."""

import gc
import weakref

import pytest

from jejak_lrs import tidying
from jejak_lrs.tidying import Tidying


class Knot:
    """Something that holds itself."""

    def __init__(self) -> None:
        self.self = self


def test_garbage_is_collected_once_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1_000.0
    monkeypatch.setattr(tidying.time, "monotonic", lambda: now)
    with Tidying() as tidy:
        dead = weakref.ref(Knot())
        tidy.tidy()
        assert dead() is not None
        now += 61
        tidy.tidy()
        assert dead() is None


def test_garbage_is_pythons_own_matter_afterwards() -> None:
    frozen = gc.get_freeze_count()
    with Tidying() as tidy:
        tidy.tidy()
        with Tidying():
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled()
    assert gc.get_freeze_count() <= frozen
