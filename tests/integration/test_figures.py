"""The tables of figures, laid out from a real projection."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from uuid import UUID

import pytest

from jejak_consumers.figures import Layout
from jejak_consumers.follower import Follower
from jejak_lrs import counting, profiles, roles
from jejak_lrs.competency.profile import parse
from jejak_lrs.competency.tallies import Tally, tally
from jejak_lrs.database import Connection, Database, connect
from jejak_lrs.projection import Projector
from jejak_schemas.parts import PersonRef
from tests import services
from tests.recorded import record
from tests.world import (
    assessed,
    certificate,
    course,
    day,
    finished,
    moved,
    passed,
    registered,
    standard,
    usual,
    voided,
)

pytestmark = pytest.mark.integration

TODAY = day("2024-06-20")
OTHER = PersonRef(person_id=UUID("01900000-0000-7000-8000-000000000002"))
DAYS = [day(f"{year}-01-31") for year in (2019, 2024, 2025, 2027, 2030)]
WITHIN = 90


@dataclass
class House:
    """An agency's ledger, its projector and the layout of its figures."""

    writer: Database
    projecting: Connection
    following: Database
    reader: Connection

    def __post_init__(self) -> None:
        self.layout = Layout(day=lambda: TODAY)
        self.follower = Follower(self.following, self.layout)

    def settle(self) -> None:
        while Projector().project(self.projecting, 100):
            pass
        self.layout._not_before = 0.0
        while self.follower.step():
            self.layout._not_before = 0.0

    def folded(self, agency: str | None, on: object) -> Tally:
        """What the profiles say, counted in Python."""
        people = [row[0] for row in self.reader.execute("SELECT person_id FROM profile")]
        stored = profiles.stored(self.reader, people).values()
        known = [parse(one.document) for one in stored]
        return tally(known, agency, on, WITHIN)  # type: ignore[arg-type]


@pytest.fixture
def house(writer: Database, database: services.Database) -> Iterator[House]:
    with (
        closing(connect(database.dsn(roles.PROJECTOR))) as projecting,
        closing(Database(database.dsn(roles.PROJECTOR))) as following,
        closing(connect(database.dsn(roles.READER))) as reader,
    ):
        yield House(writer, projecting, following, reader)


def test_counts_are_those_of_the_profiles_on_any_day(house: House) -> None:
    tested = passed("2024-01-01")
    record(
        house.writer, *usual(), standard(3), registered(), tested, assessed("2024-01-05", 2),
        course("2024-02-01", form="3"), certificate("2024-01-01", until="2024-12-31"),
        finished("2024-02-01", cohort="I"), registered(person=OTHER, kind="PPPK"),
        assessed("2023-01-05", 3, learner=OTHER),
    )  # fmt: skip
    house.settle()
    record(house.writer, voided(tested), moved("2024-05-01", person=OTHER, working_agency="4011"))
    house.settle()
    for on in DAYS:
        for agency in ("2060", "4011", None):
            counted = counting.tally(house.reader, agency, on, WITHIN)
            assert counted == house.folded(agency, on)
    assert counting.tally(house.reader, "2060", DAYS[2], WITHIN).people.total() == 1
    assert counting.behind(house.reader) == 0
