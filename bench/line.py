"""One line of a bench: what was measured, beside the limit that was measured in the same run."""

import json
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.rounds import Round


@dataclass(frozen=True, slots=True)
class Line:
    """One measurement. The fields' names are a fixed form: scripts read them.

    `per_second` and `limit_per_second` are events a second by the clock, `cpu_us` microseconds
    of this process's processor time an event; all are medians. `ratio` is ours over the limit's.
    """

    what: str
    per_second: float
    cpu_us: float
    limit_what: str
    limit_per_second: float
    ratio: float


def line(what: str, ours: Sequence[Round], limit_what: str, limit: Sequence[Round]) -> Line:
    """The line of two runs whose rounds took turns.

    The ratio is the median of the pairs' ratios: what slowed one half of a pair, slowed the other.
    """
    pairs = zip(ours, limit, strict=True)
    return Line(
        what=what,
        per_second=round(statistics.median(one.per_second for one in ours)),
        cpu_us=round(statistics.median(one.cpu_us for one in ours), 1),
        limit_what=limit_what,
        limit_per_second=round(statistics.median(one.per_second for one in limit)),
        ratio=round(statistics.median(o.per_second / m.per_second for o, m in pairs), 3),
    )


def write(folder: Path, name: str, lines: Sequence[Line]) -> Path:
    """Write `<name>.json`: a list of lines, ours first."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.json"
    path.write_text(json.dumps([asdict(one) for one in lines], indent=2) + "\n", "utf-8")
    return path
