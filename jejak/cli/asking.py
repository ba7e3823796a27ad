"""What the commands that answer share: the options, how days and persons are said, who reads."""

from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from jejak.cli import speech
from jejak.cli.options import HomeOption, JsonOption, placed, services_of, sharing
from jejak.errors import Misuse, Refuse
from jejak_schemas.clock import JAKARTA, jakarta_date

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jejak.reports import Reply
    from jejak_lrs.answers.workforce import Asked
    from jejak_lrs.database import Connection

Lang = Literal["id", "en"]
Format = Literal["csv", "xlsx"]
PersonArgument = Annotated[
    str, typer.Argument(help="A NIP, @FILE, - for standard input, or a person id.")
]
PersonOption = Annotated[
    str | None, typer.Option("--person", help="A NIP, @FILE, -, or a person id.")
]
AgencyOption = Annotated[str, typer.Option("--agency", help="Its 4-digit code.")]


@dataclass(frozen=True, slots=True)
class View:
    """How the record is looked at: from which day, as known when, in which language.

    Misuse where a day is none, before anything is connected.
    """

    as_of: Annotated[
        str | None,
        typer.Option("--as-of", metavar="DATE", help="What had happened by the end of that day."),
    ] = None
    known_at: Annotated[
        str | None,
        typer.Option(
            "--known-at", metavar="DATE", help="What was recorded by the end of that day."
        ),
    ] = None
    lang: Annotated[Lang, typer.Option("--lang", help="The language of the answer.")] = "id"
    home: HomeOption = None

    def __post_init__(self) -> None:
        for said in (self.as_of, self.known_at):
            day_of(said)

    @property
    def day(self) -> date:
        """The day that is meant; none said means today in Jakarta."""
        return day_of(self.as_of)

    @contextmanager
    def reading(self) -> "Iterator[Connection]":
        """A reader's connection to the home's ledger."""
        from jejak_lrs import database, roles  # noqa: PLC0415  not part of the plain install

        _, services = services_of(self.home)
        connection = database.connect(services.dsn(roles.READER), "jejak command")
        try:
            yield connection
        finally:
            connection.close()

    def position(self, connection: "Connection") -> int | None:
        """The last position that counts; None: all of them."""
        return position_at(connection, self.known_at)

    def asked(self, connection: "Connection", day: date | None = None) -> "Asked":
        """The day and the records that are asked about; says so where counts are behind."""
        from jejak_lrs.answers import counting, workforce  # noqa: PLC0415  not part of the plain install

        known = self.position(connection)
        behind = counting.behind(connection) if known is None else 0
        if behind:
            speech.tell(f"{behind} changes of profiles are not counted yet")
        return workforce.Asked(self.day if day is None else day, known)


@dataclass(frozen=True, slots=True)
class Way(View):
    """The same, and in which form the answer is wanted: the options of commands with tables."""

    kind: Annotated[Format | None, typer.Option("--format", help="A table for a spreadsheet.")] = (
        None
    )
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="Write the table to this file.", dir_okay=False, callback=placed
        ),
    ] = None
    as_json: JsonOption = False

    def __post_init__(self) -> None:
        View.__post_init__(self)
        if self.as_json and (self.kind or self.output):
            raise Misuse("say either --json or --format")
        speech.sheet_kind(self.kind, self.output)

    def say(self, reply: "Reply") -> None:
        """Give the answer in the form that is wanted."""
        if self.as_json:
            speech.answer_json(reply.document)
        elif self.kind is None and self.output is None:
            speech.show(reply.view)
        else:
            speech.answer_sheet(reply.sheet, self.kind, self.output)


viewing, answering = sharing(View), sharing(Way)
"""Give a command the options of `View`, or of `Way`, which it gets as its first argument."""


def today() -> date:
    """Today in Jakarta."""
    return jakarta_date(datetime.now(UTC))


def day_of(text: str | None) -> date:
    """The day that is meant; none said means today in Jakarta."""
    if text is None:
        return today()
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Misuse(f"{text!r} is not a date YYYY-MM-DD") from None


def position_at(connection: "Connection", known_at: str | None) -> int | None:
    """The last position stored by the end of a day in Jakarta; None where none is said.

    Refuse where nothing was stored by then.
    """
    from jejak_lrs.ledger import history  # noqa: PLC0415  not part of the plain install

    if known_at is None:
        return None
    day = min(day_of(known_at), today())
    end = datetime.combine(day + timedelta(days=1), time(), JAKARTA)
    found = history.last_stored_before(connection, end)
    if found < 0:
        raise Refuse(f"nothing was recorded by the end of {day}")
    return found
