"""A flood about one person: what a fold costs grows with how much there is, not with its square."""

from datetime import date, timedelta
from typing import Any

import pytest

from jejak_lrs.competency import levels
from jejak_lrs.competency.assess import assess
from jejak_lrs.competency.lookups import levels_on
from tests import world
from tests.naive_fold import Naive
from tests.world import INTEGRITY, assessed, certificate, course, passed, registered, usual

BEGUN = date(2023, 1, 1)


def day(number: int) -> str:
    return (BEGUN + timedelta(number)).isoformat()


def flood(count: int) -> list[Any]:
    """Several kinds of evidence for one competency, day after day, of a few sources."""
    return [
        registered(),
        *(passed(day(n), "ab"[n % 2], level=1 + n % 4) for n in range(count)),
        *(course(day(2 * n), "c", party="lain", level=2) for n in range(count)),
        *(certificate(day(3 * n), "d", party="lain", number=f"S-{n}") for n in range(count // 4)),
        *(assessed(day(n), 1 + n % 5, party=("pusat", "balai")[n % 3 == 0]) for n in range(count)),
    ]


def test_a_flood_says_what_the_naive_fold_says() -> None:
    said, decreed = flood(20), usual()
    profile = assess(world.facts(said), world.registry(decreed))
    naive = Naive([*decreed, *said])
    for number in range(0, 2_200, 13):
        on = BEGUN + timedelta(number)
        found = levels_on(profile, on).get(INTEGRITY)
        ours = (found.asserted, found.indicated, found.disputed) if found else (None, None, False)
        assert ours == (
            naive.asserted(INTEGRITY, on), naive.indicated(INTEGRITY, on),
            naive.disputed(INTEGRITY, on),
        ), on  # fmt: skip


def test_steps_do_not_grow_with_a_flood_of_pieces_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    counted: list[int] = []
    weigh = levels._level

    def counting(live: Any, weights: Any, rules: Any) -> int | None:
        counted.append(len(live))
        return weigh(live, weights, rules)

    monkeypatch.setattr(levels, "_level", counting)
    decreed = world.registry(usual())
    costs = []
    for count in (50, 500):
        counted.clear()
        assess(world.facts([registered(), *(passed(day(n)) for n in range(count))]), decreed)
        costs.append(sum(counted))
    assert 0 < costs[1] < 2 * costs[0]
