"""The harm: what anybody can do to a home with `kill` and `pg_ctl`."""

import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

import psutil  # type: ignore[import-untyped]

from tests.stranger.home import LOOPS, Home
from tests.stranger.sender import Sender

Act = Callable[[Home, random.Random], None]


def kill_loops(home: Home, chosen: random.Random) -> None:
    """One to three loops, at once."""
    running = [one for loop in LOOPS for one in home.programs().get(loop, ())]
    for each in chosen.sample(running, min(len(running), chosen.randint(1, 3))):
        each.kill()


def freeze_a_loop(home: Home, chosen: random.Random) -> None:
    """`kill -STOP`, and `kill -CONT` after up to forty seconds."""
    running = [one for loop in LOOPS for one in home.programs().get(loop, ())]
    for each in running and [chosen.choice(running)]:
        each.suspend()
        time.sleep(chosen.choice((1, 5, 12, 40)))
        each.resume()


def kill_a_service(home: Home, chosen: random.Random) -> None:
    """Kafka, or PostgreSQL's first process; `jejak up` ends by it."""
    for each in home.programs().get(chosen.choice(("Kafka", "PostgreSQL")), ()):
        each.kill()


def kill_a_backend(home: Home, chosen: random.Random) -> None:
    """Any process of PostgreSQL but the first, which then begins again by itself."""
    for first in home.programs().get("PostgreSQL", ()):
        chosen.choice(first.children()).kill()


def stop_postgres(home: Home, chosen: random.Random) -> None:
    """`pg_ctl stop`, in one of its ways."""
    for first in home.programs().get("PostgreSQL", ()):
        pg_ctl = Path(first.exe()).with_name("pg_ctl")
        data = home.folder / "home/postgres/data"
        way = chosen.choice(("immediate", "fast"))
        subprocess.run(
            [pg_ctl, "stop", "-m", way, "-D", data], check=False, capture_output=True,
            user=first.uids().real if os.geteuid() == 0 else None, cwd="/", timeout=120,
        )  # fmt: skip


def kill_everything(home: Home, chosen: random.Random) -> None:
    """`jejak up` itself; or all that it has started and then it."""
    if home.up is None:
        return
    every = [*home.up.children(recursive=True)] if chosen.random() < 0.5 else []
    for each in (*every, home.up):
        with suppress(psutil.NoSuchProcess):
            each.kill()


def go_down(home: Home, _chosen: random.Random) -> None:
    """`jejak down`."""
    home.answer("down")


ACTS: Final[dict[Act, int]] = {
    kill_loops: 10, freeze_a_loop: 4, kill_a_service: 4, kill_a_backend: 3, stop_postgres: 2,
    kill_everything: 2, go_down: 1,
}  # fmt: skip


def harm(home: Home, senders: list[Sender], until: float, chosen: random.Random) -> Counter[str]:
    """Do harm until then, and start what is down, as anybody would; how often what was done."""
    done: Counter[str] = Counter()
    while time.monotonic() < until:
        (act,) = chosen.choices(list(ACTS), list(ACTS.values()))
        with suppress(psutil.Error, IndexError):  # it was gone before we came
            act(home, chosen)
        done[act.__name__] += 1
        if chosen.random() < 0.2 and (victim := chosen.choice(senders).running):
            victim.kill()
            done["kill_emit"] += 1
        time.sleep(chosen.uniform(0, 8))
        home.start()
        print(f"{done.total():>5} {act.__name__}", file=sys.stderr, flush=True)  # noqa: T201
    return done
