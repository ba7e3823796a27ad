"""`python -m bench [NAME]`: prints a table, writes bench/out/<name>.json."""

import sys
from pathlib import Path

from bench.benches import BENCHES, OPT_IN, named
from bench.line import Line, write
from bench.table import show

OUT = Path(__file__).parent / "out"


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


sys.exit(main(sys.argv[1:]))
