"""`python -m tests.fuzz [N]`: N messages gone wrong through the recorder's walk (1,000,000).

Progress and figures go to standard error. The last line of standard output is
`fuzz: N messages, undocumented 0, raised 0`. Exit codes: 0 all ended as they must; 1 not, and
the messages are kept as hex in the file named; 2 usage.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

from tests.fuzz import run
from tests.fuzz.run import Report

MOST_MORE_MEMORY = 64  # MiB after the first hundredth


def main() -> int:
    """The command; returns its exit code."""
    asked = _arguments()
    began, memory = time.monotonic(), [0]

    def progress(report: Report) -> None:
        if report.messages <= max(asked.messages // 100, 5_000):
            memory[0] = run.peak()
        if report.messages % 20_000 == 0 or report.messages == asked.messages:
            rate = report.messages / (time.monotonic() - began)
            say(f"{report.messages:>9,} messages  {rate:>7,.0f}/s  {run.peak()} MiB")

    say(f"seed {asked.seed}")
    report = run.run(asked.messages, asked.seed, progress)
    grown = run.peak() - memory[0]
    for name, count in report.outcomes.most_common():
        say(f"{count:>9,} {name}")
    say(f"longest {report.longest * 1000:.0f} ms, memory grown by {grown} MiB")
    if report.failures:
        say(f"kept in {_kept(report, asked.seed)}")
    undocumented, raised = report.undocumented, report.raised
    answer = f"fuzz: {report.messages} messages, undocumented {undocumented}, raised {raised}"
    print(answer)  # noqa: T201  a command's answer
    return 0 if report.sound and grown <= MOST_MORE_MEMORY else 1


def _arguments() -> argparse.Namespace:
    summary, _, _ = (__doc__ or "").partition("\n")
    parser = argparse.ArgumentParser("python -m tests.fuzz", description=summary)
    parser.add_argument("messages", nargs="?", type=int, default=1_000_000, metavar="N")
    parser.add_argument("--seed", type=int, default=1, help="the same seed, the same messages")
    return parser.parse_args()


def _kept(report: Report, seed: int) -> Path:
    path = Path(tempfile.gettempdir()) / f"jejak-fuzz-{seed}.txt"
    with path.open("w") as file:
        for why, message in report.failures:
            key, value = (
                part.hex() if part is not None else "none" for part in (message.key, message.value)
            )
            file.write(f"{why}\n  key {key}\n  headers {message.headers}\n  value {value}\n")
    return path


def say(words: str) -> None:
    """Talk, not an answer."""
    print(words, file=sys.stderr)  # noqa: T201  a command's talk


if __name__ == "__main__":
    sys.exit(main())
