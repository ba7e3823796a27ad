"""`python -m tests.stranger [MINUTES] [--seed S]`: half an hour with somebody who knows nothing.

A stranger knows what docs/ say: the commands, `kill`, `pg_ctl`, and the tables of the database. Two
providers emit files the whole time and run the command again where it failed; meanwhile any program
of the home is killed or frozen and PostgreSQL is stopped in its ways; what is down is started with
`jejak up`. Then it counts, by its own list of what was acknowledged. It imports nothing of Jejak.

Ends with one line, and with 0 only where nothing is lost, doubled, moved, lacking or wrong.
"""

import argparse
import random
import shutil
import sys
import tempfile
import threading
import time
from pathlib import Path

from tests.stranger.counting import count, settle
from tests.stranger.harm import harm
from tests.stranger.home import PATIENCE, Home
from tests.stranger.sender import Sender

PARTIES = ("pusdiklat", "bpsdm")


def main() -> int:
    """The whole half hour; returns the exit code."""
    asked = _arguments()
    folder = asked.folder or Path(tempfile.mkdtemp(prefix="jejak-stranger-"))
    folder.mkdir(exist_ok=True)
    home, ended = Home(folder), threading.Event()
    home.start()
    for party in PARTIES:
        home.answer("party", "add", party, "--role", "provider")
    senders = [Sender(home, party, ended) for party in PARTIES]
    threads = [threading.Thread(target=sender.send) for sender in senders]
    for thread in threads:
        thread.start()
    try:
        done = harm(home, senders, time.monotonic() + asked.minutes * 60, random.Random(asked.seed))  # noqa: S311
    finally:
        ended.set()
        home.start()
        for thread in threads:
            thread.join(PATIENCE)
    settle(home)
    wrong = dict(count(home, senders))
    for name, times in sorted(done.items()):
        print(f"{name:<20}{times:>6}")  # noqa: T201
    again = sum(sender.again for sender in senders)
    written = sum(sender.written for sender in senders)
    print(  # noqa: T201
        f"stranger: {done.total()} acts in {asked.minutes:g} minutes, {written} events, "
        f"{again} commands run again, " + ", ".join(f"{what} {n}" for what, n in wrong.items())
    )
    if any(wrong.values()):
        return 1
    shutil.rmtree(folder)
    return 0


def _arguments() -> argparse.Namespace:
    summary, _, _ = (__doc__ or "").partition("\n")
    parser = argparse.ArgumentParser("python -m tests.stranger", description=summary)
    parser.add_argument("minutes", nargs="?", type=float, default=30.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, help="where the home and the files are kept")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
