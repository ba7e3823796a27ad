"""For whoever asks: profiles, why a level is what it is, gaps, hours."""

from contextlib import contextmanager
from dataclasses import asdict
from datetime import MAXYEAR, MINYEAR, UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from jejak.cli import speech
from jejak.cli.options import HomeOption, JsonOption, services_of
from jejak.errors import Misuse, Refuse
from jejak_schemas.clock import JAKARTA, jakarta_date

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jejak_lrs.competency.registry import Registry
    from jejak_lrs.database import Connection

Lang = Literal["id", "en"]
PersonArgument = Annotated[
    str, typer.Argument(help="A NIP, @FILE, - for standard input, or a person id.")
]
DayOption = Annotated[
    str | None, typer.Option("--as-of", metavar="DATE", help="What had happened by the end of it.")
]
KnownOption = Annotated[
    str | None, typer.Option("--known-at", metavar="DATE", help="What was recorded by the end.")
]
LangOption = Annotated[Lang, typer.Option("--lang", help="The language of the answer.")]
AgencyOption = Annotated[str, typer.Option("--agency", help="Its 4-digit code.")]


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    for command in (profile, explain, gaps, jp):
        app.command()(command)


def profile(
    person: PersonArgument,
    as_of: DayOption = None,
    known_at: KnownOption = None,
    lang: LangOption = "id",
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show a person's levels, learning hours, certificates and programmes."""
    from jejak import naming, people, views  # noqa: PLC0415  not part of the plain install
    from jejak_lrs import answers  # noqa: PLC0415

    day = _day(as_of)
    with _reading(home) as connection:
        known = _position(connection, known_at)
        found = answers.profile_of(connection, people.person_of(connection, person), known)
        if found is None:
            raise Refuse("nothing is folded for this person yet")
        if as_json:
            speech.answer_json(naming.profile_document(found, day))
            return
        names = naming.names_of(_registry(connection), lang)
        speech.show(views.profile_view(found, day, names, lang))


def explain(
    person: PersonArgument,
    competency: Annotated[str, typer.Argument(help="Its IRI, or its code, such as M.01.")],
    as_of: DayOption = None,
    known_at: KnownOption = None,
    lang: LangOption = "id",
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say why a person has this level, contribution by contribution."""
    from jejak import naming, people  # noqa: PLC0415  not part of the plain install
    from jejak_lrs import answers  # noqa: PLC0415
    from jejak_lrs.competency import wording  # noqa: PLC0415

    with _reading(home) as connection:
        iri = naming.competency_of(_registry(connection), competency)
        person_id = people.person_of(connection, person)
        known = _position(connection, known_at)
        found = answers.explain(connection, person_id, iri, _day(as_of), known)
    if as_json:
        speech.answer_json(asdict(found))
    else:
        speech.say(wording.text(found, lang))


def gaps(
    agency: Annotated[str | None, typer.Option("--agency", help="An agency's code.")] = None,
    person: Annotated[str | None, typer.Option("--person", help="A NIP, @FILE, -, or id.")] = None,
    as_of: DayOption = None,
    lang: LangOption = "id",
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Compare a person, or an agency's people, with what their positions require."""
    from jejak import naming, people, views  # noqa: PLC0415  not part of the plain install
    from jejak_lrs import answers  # noqa: PLC0415

    if (agency is None) == (person is None):
        raise Misuse("name either --agency or --person")
    day = _day(as_of)
    with _reading(home) as connection:
        registry = _registry(connection)
        if agency is not None:
            found = answers.gaps_of_agency(connection, agency, day)
            if not found.people and not found.left_out:
                raise Refuse(f"nobody works at {agency} on {day}")
        else:
            person_id = people.person_of(connection, person or "")
            own = answers.gaps_of_person(connection, person_id, day)
            if own is None:
                raise Refuse("no position on that day, or no standard for it")
            one = answers.PersonGaps(person_id, own)
            found = answers.AgencyGaps(own.serving.working, day, (one,), 0)
    if as_json:
        match = found.match
        sums = {"jpm": match.jpm, "uncapped": match.uncapped, "coverage": match.coverage}
        speech.answer_json({**asdict(found), **sums})
        return
    rules = registry.rules_on(day)
    scales = {name: scale.grade for name, scale in rules.scales.items()} if rules else {}
    speech.show(views.gaps_view(found, naming.names_of(registry, lang), lang, scales))


def jp(
    agency: AgencyOption,
    year: Annotated[int, typer.Option("--year", help="A calendar year.", min=MINYEAR, max=MAXYEAR)],
    below: Annotated[
        int | None, typer.Option("--below", help="Only those with fewer whole JP than this.")
    ] = None,
    lang: LangOption = "id",
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the learning hours of an agency's people in a year, the least first."""
    from jejak import views  # noqa: PLC0415  not part of the plain install
    from jejak_lrs import answers  # noqa: PLC0415

    day = min(jakarta_date(datetime.now(UTC)), date(year, 12, 31))
    with _reading(home) as connection:
        people = answers.hours_of_agency(connection, agency, year, day)
    if not people:
        raise Refuse(f"nobody works at {agency} on {day}")
    shown = [one for one in people if below is None or one.jp < below * 100]
    if as_json:
        speech.answer_json([{**asdict(one), "below": one.below} for one in shown])
    else:
        speech.show(views.hours_view(shown, lang))


# -- what the commands share --------------------------------------------------------------


@contextmanager
def _reading(home: Path | None) -> "Iterator[Connection]":
    from jejak_lrs import database, roles  # noqa: PLC0415  not part of the plain install

    _, services = services_of(home)
    connection = database.connect(services.dsn(roles.READER), "jejak command")
    try:
        yield connection
    finally:
        connection.close()


def _day(text: str | None) -> date:
    if text is None:
        return jakarta_date(datetime.now(UTC))
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Misuse(f"{text!r} is not a date YYYY-MM-DD") from None


def _position(connection: "Connection", known_at: str | None) -> int | None:
    """The last position stored by the end of a day in Jakarta."""
    from jejak_lrs import history  # noqa: PLC0415  not part of the plain install

    if known_at is None:
        return None
    day = min(_day(known_at), jakarta_date(datetime.now(UTC)))
    end = datetime.combine(day + timedelta(days=1), time(), JAKARTA)
    return history.last_stored_before(connection, end)


def _registry(connection: "Connection") -> "Registry":
    from jejak_lrs import history, replay  # noqa: PLC0415  not part of the plain install

    return replay.registry_at(connection, history.head(connection).next_position - 1)
