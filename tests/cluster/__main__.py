"""`python -m tests.cluster`: hurt three brokers and a standby under load, then count.

Prints what was done and how long each took to recover, and ends with
`cluster: N acts, lost 0, doubled 0, gaps 0, unbalanced 0`. Exit codes: 0 nothing is wrong; 1 else.
"""

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from jejak import doctor
from jejak.doctor import Level
from jejak.processes import interruptible
from jejak_producers import Producer
from jejak_schemas.credentials import Credentials
from tests.cluster.brokers import PATIENCE
from tests.cluster.site import Site, opened
from tests.torture.traffic import PROVIDERS, completed

AWAY = 8.0  # seconds; a broker counts as gone after 5


def kill_a_broker(site: Site) -> None:
    """SIGKILL to one that does not lead the controllers."""
    leader = site.cluster.controller()
    node = next(each for each in site.cluster.nodes if each is not leader)
    node.kill()
    time.sleep(AWAY)
    node.start()


def kill_the_controller(site: Site) -> None:
    """SIGKILL to the one that leads the controllers."""
    node = site.cluster.controller()
    node.kill()
    time.sleep(AWAY)
    node.start()


def roll_all(site: Site) -> None:
    """Stop and start each in turn, as an upgrade does; the next once all replicas are in sync."""
    for node in site.cluster.nodes:
        node.stop()
        node.start()
        site.house.wait(lambda: site.cluster.in_sync(site.topics), 180, "not in sync")


def cut_one_off(site: Site) -> None:
    """One broker neither hears nor speaks for a while, and comes back believing what it did."""
    node = site.cluster.controller()
    node.freeze()
    time.sleep(2 * AWAY)
    node.thaw()


def leave_one(site: Site) -> None:
    """Two of three are gone: our SDK MUST NOT call anything recorded that one disk alone holds."""
    site.house.wait(lambda: site.cluster.in_sync(site.topics), 180, "not in sync")
    leader = site.cluster.controller()
    gone = [node for node in site.cluster.nodes if node is not leader]
    known = Credentials.load(site.house.up.home.credentials_file(PROVIDERS[0]))
    with Producer(known) as producer:
        producer.emit(completed(PROVIDERS[0], 1)).result(60)
        for node in gone:
            node.kill()
        future = producer.emit(completed(PROVIDERS[0], 2))
        time.sleep(AWAY)
        held = future.done()
        for node in gone:
            node.launch()
        for node in gone:
            node.wait_until_ready(PATIENCE)
        if held:
            raise AssertionError("an event was acknowledged by one broker of three")
        future.result(120)


def promote_the_standby(site: Site) -> None:
    """PostgreSQL's primary is gone; the epoch stays, for nothing that was committed is lost."""
    (before,) = site.house.ask("SELECT epoch, next_position FROM ledger_head")
    site.promote()
    (after,) = site.house.ask("SELECT epoch, next_position FROM ledger_head")
    if before[0] != after[0] or before[1] > after[1]:
        raise AssertionError(f"{before} was committed, and {after} is there")


ACTS: dict[str, Callable[[Site], None]] = {
    "kill -9 a broker": kill_a_broker,
    "kill -9 the controllers' leader": kill_the_controller,
    "roll all three": roll_all,
    "cut one off": cut_one_off,
    "leave one of three": leave_one,
    "promote PostgreSQL's standby": promote_the_standby,
}


def main() -> int:
    """The command; returns its exit code."""
    with (
        interruptible(),
        tempfile.TemporaryDirectory(prefix="jejak-cluster-", ignore_cleanup_errors=True) as folder,
        opened(Path(folder)) as site,
    ):
        unwell = look(site)
        for name, act in ACTS.items():
            act(site)
            say(f"{name:<34} recovered in {site.house.recover():6.1f} s")
        verdict = site.house.judge()
    for line in [*unwell, *verdict.words]:
        say(line)
    lost, doubled, gaps, unbalanced = verdict.counts
    say(f"{len(site.house.traffic.log.acknowledged)} messages acknowledged")
    say(
        f"cluster: {len(ACTS)} acts, lost {lost}, doubled {doubled}, gaps {gaps}, "
        f"unbalanced {unbalanced}"
    )
    return 1 if unwell or any(verdict.counts) else 0


def look(site: Site) -> list[str]:
    """What the doctor finds wrong with the cluster before anything is hurt."""
    up = site.house.up
    found = list(doctor.examine(up.home, up.services, embedded=False))
    return [
        f"{one.part}: {one.subject}: {one.found}"
        for one in found
        if one.level in (Level.WRONG, Level.AWAY)
    ]


def say(line: str) -> None:
    """The answer, line by line."""
    print(line, flush=True)  # noqa: T201  a command's answer


if __name__ == "__main__":
    sys.exit(main())
