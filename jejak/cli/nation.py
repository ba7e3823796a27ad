"""For whoever looks at more than one agency: programmes, who teaches the same thing, the nation."""

from typing import Annotated

import typer

from jejak.cli.asking import PersonOption, Way, answering
from jejak.errors import Misuse, Refuse


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    for command in (programmes, fragmentation, national):
        app.command()(command)


@answering
def programmes(
    way: Way,
    agency: Annotated[
        str | None, typer.Option("--agency", help="Only people who work there.")
    ] = None,
    person: PersonOption = None,
) -> None:
    """Show how far people have come in programmes, who left, who completed.

    By cohort at an agency; of the nation what is published for a month's end, as `jejak national`.
    """
    if person is not None:
        _say_steps(way, person)
    elif agency is not None:
        _say_cohorts(way, agency)
    else:
        _say_published(way, "programme")


def _say_steps(way: Way, person: str) -> None:
    from jejak import people  # noqa: PLC0415  not part of the plain install
    from jejak.reports import programmes as reports  # noqa: PLC0415
    from jejak_lrs.answers import individuals  # noqa: PLC0415

    with way.reading() as connection:
        known = way.position(connection)
        who = people.person_of(connection, person, known)
        found = individuals.profile_of(connection, who, known)
    if found is None:
        raise Refuse("nothing is folded for this person yet")
    way.say(reports.of_person(found, way.lang))


def _say_cohorts(way: Way, agency: str) -> None:
    from jejak.reports import programmes as reports  # noqa: PLC0415  not part of the plain install
    from jejak_lrs.answers import programmes as asking  # noqa: PLC0415
    from jejak_lrs.answers import workforce  # noqa: PLC0415

    if way.known_at is not None:
        raise Misuse("--known-at is for one person: say --person")
    with way.reading() as connection:
        asked = way.asked(connection)
        rules = workforce.registry_for(connection, asked).rules_on(asked.day)
        cohorts = asking.cohorts(connection, asked.day, rules, agency)
    if not cohorts:
        raise Refuse(f"nobody there had entered a programme by {asked.day}")
    way.say(reports.of_cohorts(str(asked.day), cohorts, way.lang))


@answering
def fragmentation(way: Way) -> None:
    """Show who teaches the same thing, and how far apart their pass rates are."""
    from jejak import naming  # noqa: PLC0415  not part of the plain install
    from jejak.reports import fragments as reports  # noqa: PLC0415
    from jejak_lrs.answers import teaching, workforce  # noqa: PLC0415

    with way.reading() as connection:
        asked = workforce.Asked(way.day, way.position(connection))
        registry = workforce.registry_for(connection, asked)
        found = teaching.fragments_of(connection, asked, registry)
    if not found:
        raise Refuse(f"nothing is taught under an alignment in force on {asked.day}")
    names = naming.names_of(registry, way.lang)
    way.say(reports.of_nation(str(asked.day), found, names, way.lang))


@answering
def national(
    way: Way,
    subject: Annotated[
        str | None,
        typer.Option(
            "--subject", help="One table, or all of a kind: people, 'match IRI', programme, ..."
        ),
    ] = None,
) -> None:
    """Show counts across agencies as published for a month's end (--as-of), the last by default."""
    _say_published(way, subject)


def _say_published(way: Way, subject: str | None) -> None:
    """Say counts across agencies: nobody is shown others than these."""
    from jejak.reports import national as reports  # noqa: PLC0415  not part of the plain install
    from jejak_lrs.answers import daily  # noqa: PLC0415
    from jejak_lrs.competency.national import month_end  # noqa: PLC0415

    end = way.day if way.as_of else None
    if end is not None and month_end(end) != end:
        raise Misuse(f"{end} is not the last day of a month: only those are published")
    if way.known_at is not None:
        raise Misuse("a month is published once: there is no --known-at")
    with way.reading() as connection:
        found = daily.published(connection, end, subject)
    if not found:
        what = f"of {subject!r} " if subject else ""
        raise Refuse(
            f"nothing is published {what}for {end or 'any month'}: a month's end is, once, 14 days "
            "later; see docs/analyst.md, Across agencies"
        )
    way.say(reports.of_figures(found, way.lang))
