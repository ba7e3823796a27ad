"""`make torture-notary`: a notary killed at random steps, hundreds of times, while it signs.

After each kill what is published must be what the ledger says; at the end so must all of the table.
"""

import argparse
import random
import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from jejak_lrs import roles
from jejak_lrs.database import Database
from jejak_lrs.ledger import inboxes
from tests import rows, services
from tests.signing import Site

POINTS = ("log.before-rename", "log.after-rename", "log.before-checkpoint", "log.after-checkpoint",
          "follower.before-commit", "follower.after-commit")  # fmt: skip
MOST_HITS = 8
FULL_TILES = 0.2  # of the turns see some


def torture(site: Site, kills: int, seed: int, tell: Callable[[str], None]) -> int:
    """Kill so often; how much was wrong."""
    chance, struck, wrong = random.Random(seed), 0, 0  # noqa: S311 - repeatable
    while struck < kills:
        many = chance.random() < FULL_TILES
        records = chance.randint(200, 400) if many else chance.randint(1, 9)
        site.happen(records, chance.randint(0, 3))
        site.look(chance.randint(0, 2))
        spec = f"{chance.choice(POINTS)}:{chance.randint(1, MOST_HITS)}"
        struck += site.killed(site.start(spec))
        for each in site.wrong(of_table=4):
            wrong += 1
            tell(f"after {spec}: {each}")
        if struck % 10 == 0:
            tell(f"{struck} of {kills}")
    site.finish()
    return wrong + len(site.wrong())


def main(tell: Callable[[str], None] = print) -> int:
    """Run as many as were asked for; 1 where anything was wrong."""
    parser = argparse.ArgumentParser(prog="torture-notary")
    parser.add_argument("kills", type=int)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        services.embedded_postgres(Path(folder)) as server,
    ):
        own = services.migrated(server, "notary")
        with closing(Database(own.dsn(roles.WRITER))) as writer:
            inboxes.open_inbox(
                writer.connection, topic_id=rows.TOPIC, topic=rows.TOPIC_NAME, partitions=1,
                party="lan",
            )  # fmt: skip
        wrong = torture(Site(own, Path(folder) / "log"), asked.kills, asked.seed, tell)
    tell(f"notary: {asked.kills} kills, wrong {wrong}")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
