"""For whoever asks about one person: the profile, why a level is what it is, the transcript."""

from pathlib import Path
from typing import Annotated

import typer

from jejak.cli import speech
from jejak.cli.asking import PersonArgument, View, Way, answering, viewing
from jejak.cli.options import placed
from jejak.errors import Misuse, Refuse


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    for command in (profile, explain, transcript):
        app.command()(command)


@answering
def profile(way: Way, person: PersonArgument) -> None:
    """Show a person's levels, learning hours, certificates and programmes."""
    from jejak import naming, people  # noqa: PLC0415  not part of the plain install
    from jejak.reports import person as reports  # noqa: PLC0415
    from jejak_lrs.answers import individuals, workforce  # noqa: PLC0415

    with way.reading() as connection:
        asked = workforce.Asked(way.day, way.position(connection))
        person_id = people.person_of(connection, person, asked.known_at)
        found = individuals.profile_of(connection, person_id, asked.known_at)
        if found is None:
            raise Refuse("nothing is folded for this person yet")
        names = naming.names_of(workforce.registry_for(connection, asked), way.lang)
    way.say(reports.of_profile(found, asked.day, names, way.lang))


@answering
def explain(
    way: Way,
    person: PersonArgument,
    competency: Annotated[str, typer.Argument(help="Its IRI, or its code, such as M.01.")],
) -> None:
    """Say why a person has this level, contribution by contribution."""
    from jejak import naming, people  # noqa: PLC0415  not part of the plain install
    from jejak.reports import person as reports  # noqa: PLC0415
    from jejak_lrs.answers import individuals, workforce  # noqa: PLC0415

    with way.reading() as connection:
        asked = workforce.Asked(way.day, way.position(connection))
        iri = naming.competency_of(workforce.registry_for(connection, asked), competency)
        person_id = people.person_of(connection, person, asked.known_at)
        found = individuals.explain(connection, person_id, iri, asked.day, asked.known_at)
    way.say(reports.of_explanation(found, way.lang))


@viewing
def transcript(
    view: View,
    person: PersonArgument,
    output: Annotated[
        Path,
        typer.Option(
            "--output", "-o", metavar="FILE.html", callback=placed, help="Where the page goes."
        ),
    ],
    holder: Annotated[
        str, typer.Option("--holder", help="Whose it is, as it shall stand on the page.")
    ] = "",
) -> None:
    """Write a person's record as a page to print, which needs nothing from outside."""
    from jejak import people, transcripts  # noqa: PLC0415  not part of the plain install
    from jejak_lrs.answers import individuals, workforce  # noqa: PLC0415

    if output.suffix not in (".html", ".htm"):
        raise Misuse("say where the page goes: -o FILE.html")
    with view.reading() as connection:
        asked = workforce.Asked(view.day, view.position(connection))
        person_id = people.person_of(connection, person, asked.known_at)
        found = individuals.profile_of(connection, person_id, asked.known_at)
        if found is None:
            raise Refuse("nothing is folded for this person yet")
        registry = workforce.registry_for(connection, asked)
        done = individuals.activities_of(connection, found.profile)
    page = transcripts.page(found, done, registry, asked.day, view.lang, holder)
    speech.write_file(output, page.encode())
