"""`python -m tests.torture [N] [--seed S]`: N faults on real services (1,000).

Goes on where an earlier torture of the same seed stopped; `--anew` begins again. Ctrl-C or SIGTERM
stop it, and the fault that was under way is made again. Progress goes to
standard error; standard output has the table and ends with
`torture: N faults, lost 0, doubled 0, gaps 0, unbalanced 0`. Exit codes: 0 nothing is wrong;
1 something is, or the system did not recover, and the folder named is kept; 2 usage; 130 stopped.

A wrong that only a full judgement sees (each 50 faults, and the last) stands at the fault before
it. A stored profile that is not the fold of its history counts as unbalanced.
"""

import argparse
import shutil
import sys
import tempfile
import traceback
from pathlib import Path

from jejak.cli.errors import INTERRUPTED
from jejak.processes import interruptible
from tests.torture import run
from tests.torture.faults import FAULTS


def main() -> int:
    """The command; returns its exit code."""
    asked = _arguments()
    folder = asked.folder or Path(tempfile.gettempdir()) / f"jejak-torture-{asked.seed}"
    if asked.anew:
        shutil.rmtree(folder, ignore_errors=True)
    faults = {name: fault for name, fault in FAULTS.items() if asked.only in name}
    code = 0
    try:
        with interruptible():
            report = run.torture(folder, faults, asked.faults, asked.seed, say)
    except KeyboardInterrupt:
        report, code = run.Report.load(folder / run.STATE, asked.seed), INTERRUPTED
        say(f"stopped; it goes on by the same command, from {folder}")
    except Exception:  # noqa: BLE001  whatever it is, the torture has failed and says why
        say(traceback.format_exc())
        say(f"did not recover; kept in {folder}")
        return 1
    for line in run.table(report):
        print(line)  # noqa: T201  a command's answer
    for line in report.words:
        say(line)
    say(f"{report.kills} programs killed; kept in {folder}")
    print(run.last_line(report))  # noqa: T201
    return 1 if any(report.wrong) else code


def _arguments() -> argparse.Namespace:
    summary, _, _ = (__doc__ or "").partition("\n")
    parser = argparse.ArgumentParser("python -m tests.torture", description=summary)
    parser.add_argument("faults", nargs="?", type=int, default=1_000, metavar="N")
    parser.add_argument("--seed", type=int, default=1, help="the same seed, the same faults")
    parser.add_argument("--folder", type=Path, help="where the home and the state are kept")
    parser.add_argument("--anew", action="store_true", help="begin again")
    parser.add_argument("--only", default="", help="only faults whose name holds this")
    return parser.parse_args()


def say(line: str) -> None:
    """Progress."""
    print(line, file=sys.stderr, flush=True)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main())
