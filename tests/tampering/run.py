"""Many deeds, each undone before the next: which were found, and whether any alarm was false."""

import json
import random
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from tests.tampering.deeds import DEEDS, Nothing
from tests.tampering.site import Ledger

UNTOUCHED_EVERY = 50


@dataclass
class Score:
    """What was done, and what was not found."""

    number: int = 0  # tried, of the seed's endless row
    made: Counter[str] = field(default_factory=Counter)
    missed: list[str] = field(default_factory=list)
    untouched: int = 0
    false_alarms: list[str] = field(default_factory=list)

    @property
    def line(self) -> str:
        """What the run ends with, in a fixed form that machines can read."""
        return (
            f"tampering: {self.made.total()} made, missed {len(self.missed)}, "
            f"false alarms {len(self.false_alarms)}"
        )

    @classmethod
    def load(cls, state: Path) -> "Score":
        """What an earlier run came to; the beginning where there was none."""
        if not state.exists():
            return cls()
        kept = json.loads(state.read_text("utf-8"))
        return cls(**kept | {"made": Counter(kept["made"])})

    def save(self, state: Path) -> None:
        """Keep it, so that another run goes on from here."""
        aside = state.with_suffix(".new")
        aside.write_text(json.dumps(vars(self)), "utf-8")
        aside.rename(state)


def tamper(ledger: Ledger, count: int, seed: int, score: Score | None = None) -> Iterator[Score]:
    """Do deeds until there are so many in all; the score after each."""
    score = score or Score()
    kinds, weights = list(DEEDS), [weight for _, weight in DEEDS.values()]
    while score.made.total() < count:
        score.number += 1
        number = score.number
        rng = random.Random(f"{seed}-{number}")  # noqa: S311 - repeatable
        kind = rng.choices(kinds, weights)[0]
        if number % UNTOUCHED_EVERY == 1:
            score.untouched += 1
            report = ledger.audited(profiles=True)
            score.false_alarms += map(str, report.differences)
        with _everything_undone(ledger):
            if not _done(kind, rng, ledger):
                continue
            if ledger.audited(profiles=kind.startswith("profile")).sound:
                score.missed.append(f"{kind}, seed {seed}, number {number}")
        score.made[kind] += 1
        yield score


def _done(kind: str, rng: random.Random, ledger: Ledger) -> bool:
    """Whether it could be done: a constraint may forbid it, or chance have found nothing."""
    try:
        with ledger.superuser.transaction():
            DEEDS[kind][0](rng, ledger)
    except (Nothing, psycopg.Error):
        return False
    return True


@contextmanager
def _everything_undone(ledger: Ledger) -> Iterator[None]:
    before = {path: path.read_bytes() for path in _files(ledger.folder)}
    try:
        with ledger.undone():
            yield
    finally:
        for path in _files(ledger.folder):
            if path not in before:
                path.unlink()
        for path, content in before.items():
            if not path.exists() or path.read_bytes() != content:
                path.write_bytes(content)


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]
