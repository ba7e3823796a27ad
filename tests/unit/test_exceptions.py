"""Each rule of the exceptions report finds its case, and leaves what only looks like it alone."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

import orjson
import pytest
from msgspec.structs import astuple

from jejak_lrs.errors import Refuse
from jejak_lrs.exceptions import judging, thresholds
from jejak_lrs.exceptions.rules.odd import Known, Odd
from jejak_lrs.exceptions.rules.timing import long_day
from jejak_lrs.exceptions.sightings import VOID, Sighting, parse, sighting
from jejak_lrs.ledger.history import Record
from jejak_schemas import events
from jejak_schemas.clock import micros_of
from jejak_schemas.events import Event
from jejak_schemas.statement import to_statement
from tests import world
from tests.recorded import row_of
from tests.world import ACTIVITY, BASE, PERSON, course, day, moment

LIMITS: Final = thresholds.on(day("2026-01-01"))
STORED: Final = moment("2026-06-01")
PAGE: Final = Path(__file__).parents[2] / "docs/exceptions.md"


def seen(event: Event, position: int, **changed: Any) -> Sighting:
    """What is sighted of an event that was recorded soon after it happened."""
    row = row_of(event)
    stored = event.occurred_at + timedelta(hours=1)
    columns = {name: getattr(row, name) for name in Record.__match_args__ if hasattr(row, name)}
    columns |= {"position": position, "stored": stored, "warnings": None}
    columns |= dict(zip(_SOURCE, astuple(row.source), strict=True))
    found = sighting(Record(**columns), orjson.dumps(to_statement(event)))
    assert found is not None
    return parse(found.document())._replace(**changed)


_SOURCE = ("source_kind", "source_topic", "source_partition", "source_offset")


def odd(*happened: Event | Sighting, group: str = "p", decreed: Iterable[Event] = ()) -> list[Odd]:
    """What the rules of a group find in what happened."""
    registry = world.registry(decreed or world.usual())
    sighted = [
        one if isinstance(one, Sighting) else seen(one, at) for at, one in enumerate(happened)
    ]
    sighted.sort(key=lambda one: (one.occurred_at, one.position))
    return list(judging.judged(group, sighted, Known(LIMITS, registry, micros_of(STORED))))


def of(rule: str, found: Sequence[Odd]) -> list[tuple[int, ...]]:
    return [one.positions for one in found if one.rule == rule]


def session(on: str, hours: float, name: str = "x", **fields: Any) -> Any:
    given = {"duration": int(hours * 3600), "activity": ACTIVITY.model_copy(
        update={"id": BASE + name})} | fields  # fmt: skip
    return world.event(events.SessionAttended, on, **given)


def classroom(first: str, last: str, series: str = "a", form: str = "3", **fields: Any) -> Any:
    days: dict[str, Any] = {"started_on": day(first), "ended_on": day(last), "form": form}
    return course(last, series=series, **(days | fields))


def enrolled(on: str, series: str = "a", **fields: Any) -> Any:
    given = {"activity": ACTIVITY, "offering": BASE + "o/" + series} | fields
    return world.event(events.LearnerRegistered, on, **given)


def separated(on: str) -> Any:
    return world.event(
        events.PersonSeparated, on, party="bkn", person=PERSON, reason="retired",
        valid_from=day(on),
    )  # fmt: skip


def roster(agency: str, since: str, until: str | None = None) -> Any:
    return world.event(
        events.RosterDeclared, since, party=agency, person=PERSON, valid_from=day(since),
        valid_until=day(until) if until else None,
    )  # fmt: skip


def certified(on: str, number: str = "S-1", **fields: Any) -> Any:
    return world.certificate(on, number=number, **fields)


# Each a planted case, and what looks like it.
PLANTED: dict[str, Callable[[], list[Odd]]] = {
    "overlapping": lambda: odd(
        session("2026-03-02T05:00", 3, "a"), session("2026-03-02T06:00", 3, "b")
    ),
    "long-day": lambda: odd(
        *(session(f"2026-03-02T{at:02}:00", 9, f"s{at}") for at in (3, 8, 15))
    ),
    "certificate-twice": lambda: odd(
        certified("2026-03-02"), certified("2026-04-02"), group="c"
    ),
    "after-separation": lambda: odd(
        world.registered(), separated("2026-03-01"), session("2026-03-02", 1)
    ),
    "unregistered": lambda: odd(course("2026-03-02")),
    "outside-accreditation": lambda: odd(
        enrolled("2026-03-01"), course("2026-03-02"), decreed=[world.rules(), world.genesis()]
    ),
    "void-without-effect": lambda: odd(
        seen(world.voided(course("2026-03-02"), party="lain"), 1, of="prov"), group="v"
    ),
    "jp-claimed": lambda: odd(course("2026-03-02", form="3", jp_claimed=2001)),
    "two-agencies": lambda: odd(roster("2060", "2026-01-01"), roster("4011", "2026-02-01")),
    "burst": lambda: odd(
        *(course(f"2026-03-02T05:{at:02}", series=None, activity=ACTIVITY.model_copy(
            update={"id": f"{BASE}k/{at}"})) for at in range(0, 40, 5))
    ),
    "late": lambda: odd(
        seen(course("2026-03-02"), 0, stored=micros_of(moment("2026-05-31T02:00:01")))
    ),
}  # fmt: skip
LOOK_ALIKE: dict[str, Callable[[], list[Odd]]] = {
    # one after the other; the same session by two parties; a class and a day of the same course
    "overlapping": lambda: odd(
        session("2026-03-02T05:00", 3, "a"), session("2026-03-02T08:10", 3, "b"),
        session("2026-03-02T08:10", 3, "b", party="lain"),
        classroom("2026-03-02", "2026-03-06"), session("2026-03-03T05:00", 2, "hari-2"),
        classroom("2026-03-09", "2026-03-13", "b"),
        classroom("2026-03-02", "2026-03-13", "c", form="16"),  # e-learning, beside one's work
    ),
    # forty hours over five days; a self-paced course that names no days
    "long-day": lambda: odd(
        classroom("2026-03-02", "2026-03-06", duration=40 * 3600), session("2026-03-02T05:00", 8),
        course("2026-03-02", duration=60 * 3600),
    ),
    # stated twice, once taken back; reissued under the same number
    "certificate-twice": lambda: odd(
        first := certified("2026-03-02"), certified("2026-04-02"),
        seen(world.voided(first), 2, of="prov"),
        world.event(
            events.CertificateReissued, "2026-05-02", certificate=first.certificate, replaces="S-1"
        ),
        group="c",
    ),
    # the day before; the certificate of it a month later; and after coming back
    "after-separation": lambda: odd(
        world.registered(), session("2026-02-28", 1), separated("2026-03-01"),
        certified("2026-04-01"), world.registered("2026-05-01", of=events.PersonMoved),
        session("2026-05-01", 1),
    ),
    # enrolled under the same registration by the marketplace; in the same offering, without one
    "unregistered": lambda: odd(
        enrolled("2026-03-01", registration=world.ASSESSOR.person_id, offering=None),
        course("2026-03-02", registration=world.ASSESSOR.person_id),
        enrolled("2026-03-01", "b"), course("2026-03-02", series="b"),
    ),
    # accredited by a later word for an earlier day
    "outside-accreditation": lambda: odd(
        enrolled("2026-03-01"), course("2026-03-02"),
        decreed=[world.rules(), world.genesis(), world.accredited("prov", "2026-01-01")],
    ),
    # its own; by LAN; one whose target may still come
    "void-without-effect": lambda: odd(
        seen(world.voided(course("2026-03-02")), 1, of="prov"),
        seen(world.voided(course("2026-03-02"), party="lan"), 2, of="prov"),
        seen(world.voided(course("2026-03-02"), on="2026-05-20"), 3),
        group="v",
    ),
    # as programmed; abroad; fewer; nothing to be programmed by
    "jp-claimed": lambda: odd(
        course("2026-03-02", form="3", jp_claimed=2000),
        course("2026-03-03", form="3", jp_claimed=2400, scope="international"),
        course("2026-03-04", form="3", jp_claimed=100),
        course("2026-03-05", series=None, jp_claimed=9900),
    ),
    # one after the other; until BKN moved the person there
    "two-agencies": lambda: odd(
        roster("2060", "2026-01-01", "2026-01-31"), roster("4011", "2026-02-01"),
        *[world.moved("2026-06-01", home_agency="2060", working_agency="2060"),
          roster("2060", "2026-06-01")],
    ),
    # as many in a day; and in an hour what one course brings with it
    "burst": lambda: odd(
        *(course(f"2026-03-02T{at:02}:00", series=None, activity=ACTIVITY.model_copy(
            update={"id": f"{BASE}k/{at}"})) for at in range(2, 12)),
        *(world.passed("2026-03-03T05:00", activity=ACTIVITY.model_copy(
            update={"id": f"{BASE}u/{at}"})) for at in range(10)),
    ),
    # to the day
    "late": lambda: odd(
        seen(course("2026-03-02"), 0, stored=micros_of(moment("2026-05-31T02:00:00")))
    ),
}  # fmt: skip


@pytest.mark.parametrize("rule", judging.NAMES)
def test_a_rule_finds_what_was_planted(rule: str) -> None:
    assert of(rule, PLANTED[rule]())


@pytest.mark.parametrize("rule", judging.NAMES)
def test_a_rule_leaves_what_only_looks_like_it(rule: str) -> None:
    assert of(rule, LOOK_ALIKE[rule]()) == []


def test_what_was_taken_back_is_not_odd() -> None:
    one, other = session("2026-03-02T05:00", 3, "a"), session("2026-03-02T06:00", 3, "b")
    void = seen(world.voided(other), 2, of="prov")
    assert of("overlapping", odd(one, other)) == [(0, 1)]
    assert of("overlapping", odd(one, other, void)) == []
    assert of("overlapping", odd(one, other, void._replace(of="lain"))) == [(0, 1)]


def test_two_classes_in_one_week_are_at_two_places() -> None:
    found = odd(classroom("2026-03-02", "2026-03-06"), classroom("2026-03-05", "2026-03-09", "b"))
    assert [(one.positions, one.measure) for one in found if one.rule == "overlapping"] == [
        ((0, 1), "48 h")
    ]


def test_a_void_of_a_void_has_no_effect() -> None:
    void = seen(world.voided(course("2026-03-02")), 1, of=VOID)
    assert of("void-without-effect", odd(void, group="v")) == [(1,)]


def test_a_finding_names_its_records_its_day_and_its_measure() -> None:
    (found,) = PLANTED["overlapping"]()
    assert found == Odd("overlapping", date(2026, 3, 2), (0, 1), "2 h")


# -- thresholds -----------------------------------------------------------------------------


def test_thresholds_are_data(tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    text = (Path(thresholds.__file__).parent / "2026.1.toml").read_text("utf-8")
    own.write_text(text.replace("hours = 24", "hours = 30"), "utf-8")
    assert thresholds.read(own).long_day.hours == 30
    wide = replace(Known(LIMITS, world.registry(()), 0), thresholds=thresholds.read(own))
    sighted = [seen(session(f"2026-03-02T{at:02}:00", 9, f"s{at}"), at) for at in (3, 8, 15)]
    assert [one.rule for one in long_day(sighted, wide)] == []
    for wrong in ("hours = 24.5", "hours = -1", "hour = 24", 'hours = 24\nevents = ["Nonsense"]'):
        own.write_text(text.replace("hours = 24", wrong), "utf-8")
        with pytest.raises(Refuse):
            thresholds.read(own)


def test_every_rule_is_explained_with_its_thresholds() -> None:
    told = re.findall(r"^### `([a-z-]+)`", PAGE.read_text("utf-8"), re.MULTILINE)
    assert told == list(judging.NAMES)
