"""The tables of figures, laid out from a real projection."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from uuid import UUID

import pytest
from uuid_utils.compat import uuid7

from jejak_consumers.figures import Layout
from jejak_consumers.follower import Follower
from jejak_lrs import roles
from jejak_lrs.answers import aside, counting, daily, teaching, workforce
from jejak_lrs.answers.figures import Figures
from jejak_lrs.answers.workforce import Asked
from jejak_lrs.competency.learning import Hours
from jejak_lrs.competency.profile import parse
from jejak_lrs.competency.tallies import Tally, tally
from jejak_lrs.database import Connection, Database, connect
from jejak_lrs.ledger import history
from jejak_lrs.projection import profiles
from jejak_lrs.projection.projecting import Projector
from jejak_schemas.events import LearnerRegistered
from jejak_schemas.parts import PersonRef
from tests import services
from tests.recorded import record
from tests.world import (
    ACTIVITY,
    BASE,
    INTEGRITY,
    PERSON,
    assessed,
    certificate,
    course,
    day,
    event,
    failed,
    finished,
    moved,
    passed,
    registered,
    separated,
    standard,
    usual,
    voided,
)

pytestmark = pytest.mark.integration

TODAY = day("2024-06-20")
OTHER = PersonRef(person_id=UUID("01900000-0000-7000-8000-000000000002"))
WHO = UUID(str(PERSON.person_id))
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
        self.begin()

    def begin(self) -> None:
        """Start the layout, anew."""
        self.layout = Layout(day=lambda: TODAY)
        self.follower = Follower(self.following, self.layout)

    def settle(self) -> None:
        while Projector().project(self.projecting, 100):
            pass
        self.layout.hurry()
        while self.follower.step():
            self.layout.hurry()

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


def test_an_agencys_gaps_and_hours_on_a_day(house: House) -> None:
    record(
        house.writer, *usual(), standard(3), registered(), passed("2024-01-01"),
        assessed("2024-01-05", 2), course("2024-02-01", form="3"),
        registered(person=OTHER, kind="PPPK"),
        moved("2024-05-01", person=OTHER, kind="PPPK", contract_start=day("2024-05-01"),
              position_class="pelaksana", unit="TU"),
        assessed("2024-01-05", 3, learner=OTHER), course("2024-05-02", form="3", learner=OTHER),
        course("2024-05-03", form="3", learner=OTHER),
    )  # fmt: skip
    house.settle()
    head = history.head(house.reader).next_position - 1
    for known_at in (None, head):  # counted in the tables, and folded from the records
        asked = Asked(TODAY, known_at)
        registry = workforce.registry_for(house.reader, asked)
        found = workforce.overview_of(house.reader, "2060", asked, registry)
        assert (found.match.jpm, found.match.short) == (6666, 1)
        assert found.left_out == {"TU": 1}  # no standard for a pelaksana
        (gaps,) = workforce.gaps_of_people(house.reader, "2060", asked, registry)
        assert (gaps.person_id, gaps.gaps.match) == (PERSON.person_id, found.match)
        earlier = Asked(day("2024-04-01"), known_at)
        assert len(workforce.gaps_of_people(house.reader, "2060", earlier, registry)) == 2
        assert not workforce.overview_of(house.reader, "4011", asked, registry).people
        people = workforce.hours_of_people(house.reader, "2060", 2024, asked, registry)
        civil, contracted = people
        assert (civil.jp, civil.minimum, civil.below, civil.ceiling) == (2000, 2000, False, None)
        assert (contracted.jp, contracted.ceiling, contracted.passed) == (4000, 2400, True)
        assert (contracted.unit, contracted.starts) == ("TU", day("2024-05-01"))
        units = workforce.hours_by_unit(house.reader, "2060", 2024, 2500, asked, registry)
        assert units == {"TU": Hours(1, 4000, 0, 1, 0), None: Hours(1, 2000, 0, 0, 1)}
        before = workforce.hours_of_people(house.reader, "2060", 2023, asked, registry)
        assert [(one.jp, one.below, one.starts) for one in before] == [
            (0, True, None),
            (0, False, None),
        ]


def test_who_teaches_the_same_thing_and_how_learners_fare_there(house: House) -> None:
    """Of twelve outcomes at `prov` one was withdrawn, and one is of later; `lain` has too few."""
    withdrawn = passed("2024-01-20")
    record(
        house.writer, *usual(), registered(), *(passed(f"2024-01-{at:02}") for at in range(1, 9)),
        failed("2024-01-09"), failed("2024-01-10", competency=None), passed("2024-06-30"),
        withdrawn, voided(withdrawn), passed("2024-02-01", "c", party="lain"),
    )  # fmt: skip
    house.settle()
    asked = Asked(TODAY)
    registry = workforce.registry_for(house.reader, asked)
    (found,) = teaching.fragments_of(house.reader, asked, registry)
    assert (found.competency, found.providers, found.agencies) == (INTEGRITY, ("lain", "prov"), 1)
    assert found.series == tuple(BASE + f"s/{name}" for name in "abcd")
    assert found.rates == (("prov", 8_000),)
    assert found.spread is None
    pairs = {(one.one.series[-1], one.other.series[-1]) for one in found.alike}
    assert pairs == {("a", "c"), ("a", "d"), ("b", "c"), ("b", "d")}  # all have the same name


def test_a_month_is_published_once_when_its_reports_have_come(house: House) -> None:
    people = [PersonRef(person_id=uuid7()) for _ in range(24)]
    record(
        house.writer, *usual(), standard(3),
        *(registered(person=one, unit="TU" if at < 9 else "SDM")
          for at, one in enumerate(people)),
        *(assessed("2024-01-05", 3, learner=one) for one in people[:12]),
    )  # fmt: skip
    house.settle()
    assert daily.published(house.reader, None, None) == []  # the ledger had not begun
    house.layout.day = lambda: day("2040-03-14")
    house.settle()
    (first,) = daily.published(house.reader, None, "people")[:1]
    kinds = {one.subject.split()[0] for one in daily.published(house.reader, None, None)}
    assert kinds == {"people", "match", "programme"}
    programmes = daily.published(house.reader, None, "programme")
    assert len({one.subject for one in programmes}) == 6
    assert {one.unit for one in programmes} == {None}
    assert first.month_end == day("2040-02-29")
    found = {
        (one.agency, one.unit): one.counts for one in daily.published(house.reader, None, "people")
    }
    assert found[None, None] == found["2060", None] == {"people": 25}
    assert found["2060", "TU"] is found["2060", "SDM"] is None  # 9, and what 9 leaves of 24
    record(house.writer, registered(person=PersonRef(person_id=uuid7())))
    house.settle()
    again = daily.published(house.reader, None, "people")
    assert [one.counts for one in again if one.agency is None] == [{"people": 25}]
    house.layout.day = lambda: day("2040-03-13")
    house.settle()
    assert {one.month_end for one in daily.published(house.reader, None, None)} == {first.month_end}


def test_whoever_has_left_the_service_is_counted_on_earlier_days(house: House) -> None:
    record(
        house.writer, *usual(), standard(3), registered(), assessed("2024-01-05", 2),
        separated("2024-05-01"),
    )  # fmt: skip
    house.settle()
    record(house.writer, assessed("2024-03-05", 4))  # reported late, nobody is told
    house.settle()
    for on in DAYS:
        assert counting.tally(house.reader, "2060", on, WITHIN) == house.folded("2060", on)
    then = Asked(day("2024-04-01"))
    registry = workforce.registry_for(house.reader, then)
    assert workforce.overview_of(house.reader, "2060", then, registry).match.short == 0
    assert counting.tally(house.reader, "2060", TODAY, WITHIN).people.total() == 0


def test_whose_figures_cannot_be_made_is_set_aside_and_stops_nobody(
    house: House, superuser: Connection
) -> None:
    many = [PersonRef(person_id=uuid7()) for _ in range(7)]
    record(house.writer, *usual(), registered(), *(registered(person=one) for one in many))
    while Projector().project(house.projecting, 100):
        pass
    whole = superuser.execute("SELECT document FROM profile WHERE person_id = %s", [WHO]).fetchone()
    superuser.execute("UPDATE profile SET document = '{' WHERE person_id = %s", [WHO])
    house.settle()
    assert counting.behind(house.reader) == 0
    assert aside.people(house.reader) == [WHO]
    assert sum(aside.counts(house.reader).values()) == 1
    assert counting.tally(house.reader, "2060", TODAY, WITHIN).people.total() == len(many)
    superuser.execute("UPDATE profile SET document = %s WHERE person_id = %s", [whole[0], WHO])  # type: ignore[index]
    house.settle()
    assert aside.people(house.reader) == [WHO]
    house.begin()
    house.settle()
    assert aside.counts(house.reader) == {}
    assert counting.tally(house.reader, "2060", TODAY, WITHIN).people.total() == len(many) + 1


def test_a_day_that_cannot_be_made_is_set_aside_and_stops_nobody(
    house: House, superuser: Connection
) -> None:
    superuser.execute("ALTER TABLE required ADD CONSTRAINT broken CHECK (false)")
    record(house.writer, *usual(), standard(3), registered())
    house.settle()
    assert aside.counts(house.reader) == {"CheckViolation": 1}
    assert counting.tally(house.reader, "2060", TODAY, WITHIN).people.total() == 1
    superuser.execute("ALTER TABLE required DROP CONSTRAINT broken")
    house.begin()
    house.settle()
    assert aside.counts(house.reader) == {}
    assert house.reader.execute("SELECT level FROM required").fetchall() == [(3,)]


def test_of_a_programme_states_are_counted_by_person(house: House) -> None:
    record(
        house.writer, *usual(), registered(), finished("2024-02-01", cohort="I"),
        event(LearnerRegistered, "2024-03-01", programme="reformer-academy", cohort="II",
              activity=ACTIVITY),
    )  # fmt: skip
    house.settle()
    (((place, *states), people),) = counting.enrolled(house.reader, TODAY).items()
    assert (place.working, states, people) == (
        "2060", ["reformer-academy", ("completed", "registered")], 1
    )  # fmt: skip
    assert counting.enrolled(house.reader, day("2024-01-31")) == {}


def test_a_year_of_more_hours_than_anybody_learns_stops_nobody(
    house: House, superuser: Connection
) -> None:
    record(house.writer, *usual(), registered(), course("2024-02-01", form="3"))
    house.settle()
    superuser.execute(
        "UPDATE profile SET document = replace(document, %s, %s)",
        ['"jp":2000,"kind"', '"jp":9000000000,"kind"'],
    )
    with house.projecting.transaction():
        Figures().lay_out(house.projecting, [UUID(str(PERSON.person_id))])
    asked = Asked(TODAY)
    registry = workforce.registry_for(house.reader, asked)
    (one,) = workforce.hours_of_people(house.reader, "2060", 2024, asked, registry)
    assert one.jp == 9_000_000_000
    units = workforce.hours_by_unit(house.reader, "2060", 2024, 2000, asked, registry)
    assert units == {None: Hours(1, 9_000_000_000, 0, 0, 0)}
