"""The one rule of waiting before something is tried again."""

from jejak_schemas import backoff


def test_a_pause_is_anything_up_to_a_bound_that_doubles() -> None:
    longest = {n: max(backoff.pause(n, 0.1, 5.0) for _ in range(500)) for n in (1, 2, 4, 40)}
    for failures, bound in {1: 0.1, 2: 0.2, 4: 0.8, 40: 5.0}.items():
        assert bound * 0.9 < longest[failures] <= bound


def test_those_who_failed_together_do_not_come_back_together() -> None:
    assert min(backoff.pause(9, 0.1, 5.0) for _ in range(500)) < 0.1
    assert len({backoff.pause(9) for _ in range(500)}) == 500


def test_the_pause_after_many_failures_stays_short() -> None:
    assert all(0 <= backoff.pause(failures) <= 5.0 for failures in (1, 10, 5_000, 10**9))
