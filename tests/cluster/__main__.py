"""`python -m tests.cluster [ACT ...]`: hurt three brokers and a standby under load, then count.

Every act, or those named. Progress goes to standard error; standard output has the table and ends
with `cluster: N acts, N promotion, lost 0, doubled 0, gaps 0, unbalanced 0`. Exit codes: 0 nothing
is wrong; 1 something is, or the site did not go on, and the folder named is kept.
"""

import argparse
import shutil
import sys
import tempfile
import time
import traceback
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from jejak import doctor
from jejak.doctor import Level
from jejak.processes import interruptible
from tests.cluster.acts import ACTS, PROMOTION
from tests.cluster.site import Site, opened

Line = tuple[str, float, float]  # what was done; seconds until the site went on, and was whole


def main() -> int:
    """The command; returns its exit code."""
    chosen = _arguments().acts or list(ACTS)
    folder = Path(tempfile.mkdtemp(prefix="jejak-cluster-"))
    say(f"{folder}")
    try:
        with interruptible(), opened(folder) as site:
            wrong = play(site, chosen)
    except Exception:  # noqa: BLE001  whatever it is, it has failed and says why
        say(traceback.format_exc())
        wrong = True
    if wrong:
        say(f"kept in {folder}")
    else:
        shutil.rmtree(folder)
    return 1 if wrong else 0


def play(site: Site, chosen: Sequence[str]) -> bool:
    """Do each act and judge; says what came of it, and whether anything is wrong."""
    wrong = unwell(site)
    lines = [perform(site, name) for name in chosen]
    verdict = site.house.judge()
    wrong += [*verdict.words, *unwell(site)]
    for text in wrong:
        say(text)
    for text in table(lines):
        print(text)  # noqa: T201  a command's answer
    promotions = chosen.count(PROMOTION)
    lost, doubled, gaps, unbalanced = verdict.counts
    say(f"{len(site.house.traffic.log.acknowledged)} messages acknowledged")
    print(  # noqa: T201
        f"cluster: {len(chosen) - promotions} acts, {promotions} promotion, "
        f"lost {lost}, doubled {doubled}, gaps {gaps}, unbalanced {unbalanced}"
    )
    return bool(wrong)


def perform(site: Site, name: str) -> Line:
    """Do one act and wait until the site is whole again."""
    what, act = ACTS[name]
    began = time.monotonic()
    seconds = act(site)
    site.whole()
    say(f"{time.monotonic() - began:6.1f} s  {what}")
    return what, seconds, time.monotonic() - began


def table(lines: Sequence[Line]) -> list[str]:
    """What was done, and how long the site stood still for it."""
    head = f"{'under load':<40} {'goes on after':>13} {'whole after':>12}"
    return [head, *(f"{what:<40} {on:>11.1f} s {whole:>10.1f} s" for what, on, whole in lines)]


def unwell(site: Site) -> list[str]:
    """What the doctor finds wrong with brokers, topics, rights and PostgreSQL.

    Not through our proxy: while libpq waits for its answer, no thread of ours relays one.
    """
    up = site.house.up
    services = replace(up.services, postgres=site.pair.serving.loopback)
    return [
        f"{one.part}: {one.subject}: {one.found}"
        for one in doctor.examine(up.home, services, embedded=False)
        if one.level in (Level.WRONG, Level.AWAY)
    ]


def _arguments() -> argparse.Namespace:
    summary, _, _ = (__doc__ or "").partition("\n")
    parser = argparse.ArgumentParser("python -m tests.cluster", description=summary)
    parser.add_argument("acts", nargs="*", metavar="ACT", help=f"of {', '.join(ACTS)}")
    asked = parser.parse_args()
    if unknown := set(asked.acts) - ACTS.keys():
        parser.error(f"no such act: {', '.join(sorted(unknown))}")
    return asked


def say(line: str) -> None:
    """Progress."""
    print(line, file=sys.stderr, flush=True)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main())
