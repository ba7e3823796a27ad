"""What is remembered is bounded, and made once while it is held."""

from jejak_lrs.competency.memo import Kept, Memo


def test_an_answer_is_made_once_and_all_are_forgotten_where_too_many_are_held() -> None:
    made: list[int] = []

    def double(number: int) -> int:
        made.append(number)
        return 2 * number

    memo = Memo(double, most=2)
    assert [memo[one] for one in (1, 2, 1, 2)] == [2, 4, 2, 4]
    assert made == [1, 2]
    assert memo[3] == 6
    assert dict(memo) == {3: 6}


def test_what_is_kept_never_grows_beyond_its_bound() -> None:
    kept: Kept[int, int] = Kept(3)
    for number in range(10):
        assert kept.keep(number, -number) == -number
        assert len(kept) <= 3
