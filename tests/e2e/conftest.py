"""One nation for all end-to-end tests: a home that is up, with everything sent and settled."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from jejak.demo.play import Told, cast, play
from jejak.demo.stage import Stage, catch_up, staged


@dataclass(frozen=True)
class Played:
    """A nation that has been played: the stage, still up, and what every party was told."""

    stage: Stage
    told: Told


@pytest.fixture(scope="session")
def played() -> Iterator[Played]:
    told = Told()
    with staged(None, tell=lambda _: None) as stage:
        with cast(stage.home) as actors:
            play(actors, stage.nation.phases(), told, tell=lambda _: None)
        catch_up(stage)
        yield Played(stage, told)
