"""The torture: faults drawn from a seed, on one home under traffic, judged as it goes."""

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from itertools import count
from pathlib import Path
from random import Random
from statistics import median

from jejak.home import Home
from tests.torture.checker import Verdict
from tests.torture.faults import SLOW, Fault
from tests.torture.house import House, opened

STATE = "state.json"
RATE = 15.0  # events a second
EVERY = 50  # faults between two full judgements
SELDOM = 4  # rounds in which a slow fault comes once

Tell = Callable[[str], None]


@dataclass(slots=True)
class Line:
    """One fault that was made, and what came of it."""

    fault: str
    seconds: float
    wrong: tuple[int, int, int, int] = (0, 0, 0, 0)  # lost, doubled, gaps, unbalanced


@dataclass(slots=True)
class Report:
    """What was done; kept in a file, so that a torture that was stopped goes on."""

    seed: int
    lines: list[Line] = field(default_factory=list)
    kills: int = 0
    words: list[str] = field(default_factory=list)

    @property
    def wrong(self) -> tuple[int, int, int, int]:
        """Lost, doubled, gaps, unbalanced, all together."""
        columns = zip((0, 0, 0, 0), *(line.wrong for line in self.lines), strict=True)
        lost, doubled, gaps, unbalanced = (sum(column) for column in columns)
        return lost, doubled, gaps, unbalanced

    def save(self, file: Path) -> None:
        """Write it, whole or not at all."""
        aside = file.with_suffix(".new")
        aside.write_text(json.dumps(asdict(self)))
        aside.replace(file)

    @classmethod
    def load(cls, file: Path, seed: int) -> "Report":
        """What was kept, or a new one."""
        if not file.exists():
            return cls(seed)
        kept = json.loads(file.read_text())
        lines = [Line(one["fault"], one["seconds"], tuple(one["wrong"])) for one in kept["lines"]]
        return cls(kept["seed"], lines, kept["kills"], kept["words"])


def drawn(faults: Mapping[str, Fault], seed: int) -> Iterator[tuple[str, Random]]:
    """Every fault in a shuffled order, then in another, for ever; each with its own chance.

    The slow ones are in every fourth round only, the first too.
    """
    chosen = Random(seed)  # noqa: S311  the same torture from the same seed
    for number in count():
        deck = [name for name in faults if name not in SLOW or number % SELDOM == 0]
        chosen.shuffle(deck)
        for name in deck:
            yield name, Random(chosen.getrandbits(64))  # noqa: S311


def torture(folder: Path, faults: Mapping[str, Fault], most: int, seed: int, tell: Tell) -> Report:
    """Make `most` faults, less those that an earlier torture in this folder has made."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = folder / STATE
    report = Report.load(file, seed)
    draw = drawn(faults, seed)
    for _ in report.lines:
        next(draw)
    with opened(Home(folder / "home"), RATE) as house:
        for number in range(len(report.lines) + 1, most + 1):
            name, chance = next(draw)
            line = one(house, name, faults[name], chance)
            if number % EVERY == 0 or number == most:
                _enter(line, house.judge(), report)
            report.lines.append(line)
            report.kills, house.kills = report.kills + house.kills, 0
            report.save(file)
            tell(f"{number:>4} {name}: recovered in {line.seconds:.1f} s {said(line.wrong)}")
    return report


def one(house: House, name: str, fault: Fault, chance: Random) -> Line:
    """One fault, the recovery, and the quick look after it."""
    house.ended.clear()
    fault(house, chance)
    line = Line(name, house.recover())
    line.wrong = glance(house)
    return line


def glance(house: House) -> tuple[int, int, int, int]:
    """What can be seen at once beside the traffic: positions, ids, and each partition's sums."""
    ((lost, doubled, gaps, unbalanced),) = house.ask(
        "SELECT 0, (SELECT count(*) - count(DISTINCT statement_id) FROM record),"
        " (SELECT coalesce(max(position), -1) + 1 - count(*) FROM record)"
        " + (SELECT coalesce(max(number), -1) + 1 - count(*) FROM outcome),"
        " (SELECT count(*) FROM inbox_offset o WHERE o.next_offset <> o.delivered"
        "  OR o.delivered <> (SELECT count(*) FROM record r WHERE r.source_kind = 'inbox'"
        "   AND r.source_topic = o.topic_id AND r.source_partition = o.partition)"
        "  + (SELECT count(*) FROM outcome r WHERE r.source_kind = 'inbox'"
        "   AND r.source_topic = o.topic_id AND r.source_partition = o.partition))"
    ) or [(0, 0, 0, 1)]
    return lost, doubled, gaps, unbalanced


def _enter(line: Line, verdict: Verdict, report: Report) -> None:
    line.wrong = verdict.counts
    report.words += verdict.words[:100]


def said(wrong: tuple[int, int, int, int]) -> str:
    """In words, where there is something to say."""
    names = ("lost", "doubled", "gaps", "unbalanced")
    return ", ".join(f"{name} {count}" for name, count in zip(names, wrong, strict=True) if count)


def table(report: Report) -> Iterator[str]:
    """The table, a line a fault."""
    by_fault: dict[str, list[Line]] = defaultdict(list)
    for line in report.lines:
        by_fault[line.fault].append(line)
    yield (
        f"{'fault':<58}{'times':>6}{'lost':>6}{'doubled':>8}{'gaps':>6}{'unbalanced':>11}"
        f"{'median s':>10}{'max s':>8}"
    )
    for fault, lines in sorted(by_fault.items()):
        lost, doubled, gaps, unbalanced = (
            sum(column) for column in zip(*(line.wrong for line in lines), strict=True)
        )
        seconds = [line.seconds for line in lines]
        yield (
            f"{fault:<58}{len(lines):>6}{lost:>6}{doubled:>8}{gaps:>6}{unbalanced:>11}"
            f"{median(seconds):>10.1f}{max(seconds):>8.1f}"
        )


def last_line(report: Report) -> str:
    """What people and scripts rely on."""
    lost, doubled, gaps, unbalanced = report.wrong
    return (
        f"torture: {len(report.lines)} faults, lost {lost}, doubled {doubled}, gaps {gaps}, "
        f"unbalanced {unbalanced}"
    )
