"""Work beside a live stream is done in turns that take about so long."""

from jejak_lrs.projection.pacing import SECONDS, Pace


def test_a_turn_that_took_too_long_is_followed_by_a_shorter_one() -> None:
    pace = Pace(1_000)
    pace.took(250, 5 * SECONDS)
    assert pace.count == 50
    pace.took(20, 100 * SECONDS)
    assert pace.count == 1


def test_a_turn_grows_by_twice_at_most_and_never_above_the_most() -> None:
    pace = Pace(1_000)
    counts = []
    for _ in range(4):
        counts.append(pace.count)
        pace.took(pace.count, SECONDS / 10)
    assert counts == [250, 500, 1_000, 1_000]


def test_a_turn_that_was_not_full_says_nothing() -> None:
    pace = Pace(1_000)
    pace.took(3, SECONDS / 10)
    pace.took(0, SECONDS)
    assert pace.count == 250
