"""The torture draws the same faults from the same seed, goes on where it stopped, and counts."""

from itertools import islice
from pathlib import Path

from tests.torture.faults import FAULTS, SLOW
from tests.torture.run import Line, Report, drawn, last_line, table


def names(seed: int, count: int) -> list[str]:
    return [name for name, _ in islice(drawn(FAULTS, seed), count)]


def test_the_same_seed_draws_the_same_faults_each_once_a_round_the_slow_ones_in_every_fourth() -> (
    None
):
    size, quick = len(FAULTS), len(FAULTS) - len(SLOW)
    drawn = names(1, 2 * size + 3 * quick)
    assert drawn == names(1, len(drawn))
    assert drawn[:size] != names(2, size)
    rounds = [drawn[:size], *batched(drawn[size:-size], quick), drawn[-size:]]
    assert [set(FAULTS) - set(one) for one in rounds] == [set(), SLOW, SLOW, SLOW, set()]
    assert [len(one) for one in rounds] == [size, quick, quick, quick, size]


def batched(every: list[str], size: int) -> list[list[str]]:
    return [every[start : start + size] for start in range(0, len(every), size)]


def test_what_was_done_is_kept(tmp_path: Path) -> None:
    report = Report(7, [Line("Kafka killed", 2.5, (0, 1, 0, 0))], 3, ["twice"])
    report.save(tmp_path / "state.json")
    assert Report.load(tmp_path / "state.json", 7) == report
    assert Report.load(tmp_path / "none.json", 7) == Report(7)


def test_the_table_adds_up_and_the_last_line_is_the_agreed_one() -> None:
    lines = [Line("Kafka killed", 2.0), Line("Kafka killed", 4.0, (1, 0, 0, 2)), Line("flood", 1.0)]
    report = Report(1, lines)
    _, killed, flood = table(report)
    assert flood.split() == ["flood", "1", "0", "0", "0", "0", "1.0", "1.0"]
    assert killed.split() == ["Kafka", "killed", "2", "1", "0", "0", "2", "3.0", "4.0"]
    assert last_line(report) == "torture: 3 faults, lost 1, doubled 0, gaps 0, unbalanced 2"
