"""For whoever emits: check files, send them, withdraw what was sent."""

import sys
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer
from pydantic import ValidationError

from jejak.cli import receipts, speech
from jejak.cli.identity import (
    PATIENCE,
    IdentityOption,
    LangOption,
    LinesOption,
    identified,
    receipts_of,
)
from jejak.cli.options import HomeOption, home_of
from jejak.cli.outcomes import Report
from jejak.errors import Misuse
from jejak.framing import framing_of
from jejak.tracing import share_of, tracing
from jejak_producers import BadEvent, Producer, bulk, rows
from jejak_producers.answers import Answers
from jejak_producers.bulk import Outcome, Sending
from jejak_producers.journal import Journal
from jejak_schemas import codec
from jejak_schemas.credentials import Credentials
from jejak_schemas.events import StatementVoided
from jejak_schemas.framing import Framing

SourceArgument = Annotated[
    str, typer.Argument(metavar="FILE", help="JSON Lines or CSV of events; - for standard input.")
]
OutcomesOption = Annotated[
    Path | None,
    typer.Option(help="Also write every outcome here: .csv, else JSON Lines.", dir_okay=False),
]
WaitOption = Annotated[
    float, typer.Option("--timeout", help="Seconds to wait for a receipt.", min=0)
]


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command("validate")(validate)
    app.command("emit")(emit)
    app.command("receipts")(receipts.receipts)
    app.command("void")(void)


def validate(
    source: SourceArgument,
    identity: Annotated[
        str | None, typer.Option(help="Check as this party too.", show_default=False)
    ] = None,
    home: HomeOption = None,
    lang: LangOption = "en",
    outcomes: OutcomesOption = None,
    as_json: LinesOption = False,
) -> int:
    """Check a file of events offline: would they be accepted?"""
    credentials = identified(home_of(home), identity) if identity else None
    with lines_of(source) as lines:
        return Report(lang, outcomes, as_json=as_json).of(bulk.check(lines, credentials), source)


def emit(  # noqa: PLR0913  the command's options
    source: SourceArgument,
    identity: IdentityOption,
    *,
    no_wait: Annotated[
        bool, typer.Option("--no-wait", help="End when the brokers have the events.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only check; send nothing.")] = False,
    retry_refused: Annotated[
        bool, typer.Option("--retry-refused", help="Send again what was refused before.")
    ] = False,
    retry_unanswered: Annotated[
        bool,
        typer.Option(
            "--retry-unanswered", help="Send again what brokers took before and nobody answered."
        ),
    ] = False,
    timeout: WaitOption = 60.0,
    home: HomeOption = None,
    lang: LangOption = "en",
    outcomes: OutcomesOption = None,
    as_json: LinesOption = False,
) -> int:
    """Send a file of events and tell what became of each; a rerun resumes."""
    place = home_of(home)
    credentials = identified(place, identity)
    with lines_of(source) as lines:
        if dry_run:
            found = bulk.check(lines, credentials)
        else:
            silence = None if no_wait else timeout
            framing = framing_of(place)
            found = sent(
                source,
                lines,
                credentials,
                framing,
                silence=silence,
                refused=retry_refused,
                unanswered=retry_unanswered,
                share=share_of(place),
            )
        with closing(found):
            return Report(lang, outcomes, as_json=as_json).of(found, source)


def sent(
    source: str,
    lines: Iterator[rows.Line],
    credentials: Credentials,
    framing: Framing,
    *,
    silence: float | None,
    refused: bool,
    unanswered: bool,
    share: float,
) -> Generator[Outcome, None, None]:
    """Send lines through the file's journal; one outcome each."""
    journal = Journal.nowhere() if source == "-" else Journal.beside(Path(source))
    with (
        closing(journal),
        tracing(share, "emit") as traces,
        Producer(
            credentials, patience=PATIENCE, receipts=False, framing=framing, traces=traces
        ) as producer,
        answered(credentials, framing) as answers,
    ):
        yield from Sending(
            producer, journal, answers, silence=silence, refused=refused, unanswered=unanswered
        ).run(lines)


@contextmanager
def answered(credentials: Credentials, framing: Framing) -> Iterator[Answers]:
    """The party's receipts, as they come."""
    with receipts_of(credentials) as inlet:
        yield Answers(inlet, framing)


def void(
    event_id: Annotated[str, typer.Argument(help="The event to withdraw.", show_default=False)],
    identity: IdentityOption,
    reason: Annotated[str, typer.Option(help="Why: a short code, e.g. wrong-person.")],
    timeout: WaitOption = 60.0,
    home: HomeOption = None,
    lang: LangOption = "en",
    as_json: LinesOption = False,
) -> int:
    """Withdraw an event that this party emitted."""
    try:
        target = UUID(event_id)
    except ValueError:
        raise Misuse(f"{event_id} is no event id: give the UUID that its receipt names") from None
    place = home_of(home)
    credentials = identified(place, identity)
    try:
        event = StatementVoided(
            occurred_at=datetime.now(UTC), party=credentials.party, target=target, reason=reason
        )
    except ValidationError as error:
        raise BadEvent.of(codec.refusal_of(error)) from None
    with Producer(credentials, patience=PATIENCE, framing=framing_of(place)) as producer:
        receipt = producer.receipt(producer.emit(event), timeout)
    if as_json:
        speech.answer_json(receipts.receipt_row(receipt))
    else:
        speech.answer_pairs(receipts.receipt_pairs(receipt, lang))
    return 1 if receipt.outcome in ("refused", "conflict") else 0


@contextmanager
def lines_of(source: str) -> Iterator[Iterator[rows.Line]]:
    """The lines of a file, or of standard input."""
    if source == "-":
        yield rows.read(sys.stdin.buffer, "standard input")
        return
    with rows.open_rows(Path(source)) as lines:
        yield lines
