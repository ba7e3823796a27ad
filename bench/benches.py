"""The table of benches. To add one: a module with `run`, a row here."""

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from bench import (
    answers,
    check,
    emit,
    growth,
    lag,
    millions,
    notary,
    project,
    quarantine,
    record,
    replay,
    walk,
)
from bench.line import Line, write
from bench.table import show

OUT: Final = Path(__file__).parent / "out"

BENCHES: Final[Mapping[str, Callable[[], list[Line]]]] = {
    "emit": emit.run,
    "walk": walk.run,
    "quarantine": quarantine.run,
    "record": record.run,
    "record2": record.run_two,
    "project": project.run,
    "rebuild": project.run_rebuild,
    "notary": notary.run,
    "check": check.run,
    "replay": replay.run,
}

OPT_IN: Final[Mapping[str, Callable[[], list[Line]]]] = {
    "answers": answers.run,
    "growth": growth.run,
    "lag": lag.run,
    "record4": record.run_four,
    "millions": millions.run,
}  # only by name


def named(name: str) -> str:
    """The name itself; LookupError says which there are where this is none."""
    if name in BENCHES or name in OPT_IN:
        return name
    raise LookupError(f"there is no bench {name!r}; there are {', '.join([*BENCHES, *OPT_IN])}")


def main(arguments: list[str]) -> int:
    """Run one bench, or all; 2 where there is none of the name."""
    try:
        names = [named(name) for name in arguments] or list(BENCHES)
    except LookupError as exc:
        print(f"bench: {exc.args[0]}", file=sys.stderr)
        return 2
    for name in names:
        lines: list[Line] = {**BENCHES, **OPT_IN}[name]()
        show(name, lines)
        print(f"written to {write(OUT, name, lines)}\n")
    return 0
