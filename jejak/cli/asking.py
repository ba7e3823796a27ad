"""What the commands that answer share: how persons, days and formats are said, who reads."""

from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from jejak.cli import speech
from jejak.cli.options import services_of
from jejak.errors import Misuse
from jejak_schemas.clock import JAKARTA, jakarta_date

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import RenderableType

    from jejak.sheets import Sheet
    from jejak_lrs.competency.registry import Registry
    from jejak_lrs.database import Connection

Lang = Literal["id", "en"]
Format = Literal["csv", "xlsx"]
PersonArgument = Annotated[
    str, typer.Argument(help="A NIP, @FILE, - for standard input, or a person id.")
]
PersonOption = Annotated[
    str | None, typer.Option("--person", help="A NIP, @FILE, -, or a person id.")
]
DayOption = Annotated[
    str | None, typer.Option("--as-of", metavar="DATE", help="What had happened by the end of it.")
]
KnownOption = Annotated[
    str | None, typer.Option("--known-at", metavar="DATE", help="What was recorded by the end.")
]
LangOption = Annotated[Lang, typer.Option("--lang", help="The language of the answer.")]
AgencyOption = Annotated[str, typer.Option("--agency", help="Its 4-digit code.")]
FormatOption = Annotated[
    Format | None, typer.Option("--format", help="A table for a spreadsheet.", show_default=False)
]
OutputOption = Annotated[
    Path | None,
    typer.Option("--output", "-o", help="Write the table to this file.", dir_okay=False),
]


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer in each of its forms: for a program, a spreadsheet and a person."""

    document: object
    sheet: "Sheet"
    view: "RenderableType"


@dataclass(frozen=True, slots=True)
class Form:
    """The form in which an answer is wanted."""

    as_json: bool = False
    kind: Format | None = None
    output: Path | None = None

    def say(self, reply: Reply) -> None:
        """Give the answer in it; Misuse where the options contradict each other."""
        if self.as_json and (self.kind or self.output):
            raise Misuse("say either --json or --format")
        if self.as_json:
            speech.answer_json(reply.document)
        elif self.kind is None and self.output is None:
            speech.show(reply.view)
        else:
            speech.answer_sheet(reply.sheet, self.kind, self.output)


@contextmanager
def reading(home: Path | None) -> "Iterator[Connection]":
    """A reader's connection to the home's ledger."""
    from jejak_lrs import database, roles  # noqa: PLC0415  not part of the plain install

    _, services = services_of(home)
    connection = database.connect(services.dsn(roles.READER), "jejak command")
    try:
        yield connection
    finally:
        connection.close()


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
    """The last position stored by the end of a day in Jakarta; None where none is said."""
    from jejak_lrs import history  # noqa: PLC0415  not part of the plain install

    if known_at is None:
        return None
    day = min(day_of(known_at), today())
    end = datetime.combine(day + timedelta(days=1), time(), JAKARTA)
    return history.last_stored_before(connection, end)


def registry_of(connection: "Connection", known_at: int | None = None) -> "Registry":
    """The registry by the records up to a position; none means all of them."""
    from jejak_lrs import history, replay  # noqa: PLC0415  not part of the plain install

    last = history.head(connection).next_position - 1 if known_at is None else known_at
    return replay.registry_at(connection, last)
