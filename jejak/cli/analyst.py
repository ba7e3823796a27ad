"""For whoever asks about an agency's people: gaps, learning hours, plans."""

from datetime import MAXYEAR, MINYEAR, date
from typing import Annotated, Literal

import typer

from jejak.cli import asking, speech
from jejak.cli.asking import AgencyOption, PersonOption, Way, answering
from jejak.errors import Misuse, Refuse

UnitOption = Annotated[
    str | None, typer.Option("--unit", help="Only this unit, and those beneath.")
]


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    for command in (gaps, jp, plan):
        app.command()(command)


@answering
def gaps(
    way: Way,
    agency: Annotated[str | None, typer.Option("--agency", help="An agency's code.")] = None,
    person: PersonOption = None,
    unit: UnitOption = None,
    by: Annotated[
        Literal["competency", "unit", "person"], typer.Option("--by", help="What a row is about.")
    ] = "competency",
) -> None:
    """Compare a person, a unit or an agency's people with what their positions require."""
    if (agency is None) == (person is None):
        raise Misuse("name either --agency or --person")
    if person is not None and (unit is not None or by != "competency"):
        raise Misuse("--unit and --by are for an agency's people")
    if person is not None:
        _gaps_of_person(way, person)
    elif by == "person":
        _gaps_of_people(way, agency or "", unit)
    else:
        _gaps_of_agency(way, agency or "", unit, by_unit=by == "unit")


def _gaps_of_person(way: Way, person: str) -> None:
    from jejak import naming, people  # noqa: PLC0415  not part of the plain install
    from jejak.reports import gaps as reports  # noqa: PLC0415
    from jejak_lrs.answers import workforce  # noqa: PLC0415

    with way.reading() as connection:
        asked = workforce.Asked(way.day, way.position(connection))
        registry = workforce.registry_for(connection, asked)
        person_id = people.person_of(connection, person, asked.known_at)
        own = workforce.gaps_of_person(connection, person_id, asked, registry)
    if own is None:
        raise Refuse("no position on that day, or no standard for it")
    names, rules = naming.names_of(registry, way.lang), registry.rules_on(asked.day)
    way.say(reports.of_person(str(person_id), own, names, way.lang, rules))


def _gaps_of_people(way: Way, agency: str, unit: str | None) -> None:
    from jejak import naming  # noqa: PLC0415  not part of the plain install
    from jejak.reports import gaps as reports  # noqa: PLC0415
    from jejak_lrs.answers import workforce  # noqa: PLC0415

    with way.reading() as connection:
        asked = way.asked(connection)
        registry = workforce.registry_for(connection, asked)
        found = workforce.gaps_of_people(connection, agency, asked, registry)
    if unit is not None:
        units = {one.gaps.serving.unit for one in found if one.gaps.serving.unit}
        wanted = workforce.beneath(unit, agency, units, asked.day, registry)
        found = [one for one in found if one.gaps.serving.unit in wanted]
    if not found:
        raise Refuse(f"nobody with a standard works at {_place(agency, unit)} on {asked.day}")
    names, rules = naming.names_of(registry, way.lang), registry.rules_on(asked.day)
    way.say(reports.of_people(agency, found, names, way.lang, rules))


def _gaps_of_agency(way: Way, agency: str, unit: str | None, *, by_unit: bool) -> None:
    from jejak import naming  # noqa: PLC0415  not part of the plain install
    from jejak.reports import gaps as reports  # noqa: PLC0415
    from jejak_lrs.answers import workforce  # noqa: PLC0415

    with way.reading() as connection:
        asked = way.asked(connection)
        registry = workforce.registry_for(connection, asked)
        found = workforce.overview_of(connection, agency, asked, registry, unit)
    if not found.people:
        raise Refuse(f"nobody works at {_place(agency, unit)} on {asked.day}")
    names, rules = naming.names_of(registry, way.lang), registry.rules_on(asked.day)
    if by_unit:
        way.say(reports.of_units(found, way.lang, rules))
    else:
        way.say(reports.of_agency(found, names, way.lang, rules))


def _place(agency: str, unit: str | None) -> str:
    return agency if unit is None else f"{agency}, {unit},"


@answering
def jp(
    way: Way,
    agency: AgencyOption,
    year: Annotated[int, typer.Option("--year", help="A calendar year.", min=MINYEAR, max=MAXYEAR)],
    below: Annotated[
        int | None,
        typer.Option(
            "--below", help="Only people with fewer JP; by unit, how many they are.", min=0
        ),
    ] = None,
    by: Annotated[
        Literal["unit", "person"], typer.Option("--by", help="What a row is about.")
    ] = "person",
) -> None:
    """Show the learning hours of an agency's people in a year, the least first.

    --as-of says who works there; their hours are those of the whole year, as far as it has gone.
    """
    from jejak.reports import hours as reports  # noqa: PLC0415  not part of the plain install
    from jejak_lrs.answers import workforce  # noqa: PLC0415

    day = way.day if way.as_of else min(asking.today(), date(year, 12, 31))
    with way.reading() as connection:
        asked = way.asked(connection, day)
        registry = workforce.registry_for(connection, asked)
        if by == "unit":
            rules = registry.rules_on(day)
            under = rules.hours.pns.minimum if below is None and rules else (below or 0) * 100
            units = workforce.hours_by_unit(connection, agency, year, under, asked, registry)
        else:
            people = workforce.hours_of_people(connection, agency, year, asked, registry)
    if not (units if by == "unit" else people):
        raise Refuse(f"nobody works at {agency} on {day}")
    if way.as_of:
        speech.tell(f"{day} says who works there; their hours are those of the whole year {year}")
    if by == "unit":
        way.say(reports.of_units(agency, year, day, units, under, way.lang))
    else:
        shown = [one for one in people if below is None or one.jp < below * 100]
        way.say(reports.of_people(agency, year, day, shown, way.lang))


@answering
def plan(way: Way, agency: AgencyOption) -> None:
    """Compare what development plans need with what an agency's people can do."""
    from jejak import naming  # noqa: PLC0415  not part of the plain install
    from jejak.reports import plans as reports  # noqa: PLC0415
    from jejak_lrs.answers import counting, workforce  # noqa: PLC0415

    with way.reading() as connection:
        asked = way.asked(connection)
        registry = workforce.registry_for(connection, asked)
        found = workforce.demands_of(connection, agency, asked, registry)
        places = counting.places(connection, agency)
    if not found:
        raise Refuse(f"no plan with needs is in force on {asked.day}")
    if not places and all(one.people is None for one in found):
        raise Refuse(f"nobody has ever worked at {agency}, and it has no plan of its own")
    names = naming.names_of(registry, way.lang)
    way.say(reports.of_agency(agency, asked.day, found, names, way.lang))
