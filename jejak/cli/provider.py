"""For whoever emits: check files, send them, read what became of them."""

import json
import sys
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal
from uuid import UUID

import typer
from pydantic import ValidationError

from jejak.cli import speech
from jejak.cli.options import HomeOption, home_of, moment
from jejak.cli.outcomes import Report, explained, legend, told
from jejak.errors import Misuse, Refuse
from jejak.framing import framing_of
from jejak.home import Home
from jejak.private import private_folder, write_private
from jejak.tracing import share_of, tracing
from jejak_producers import BadEvent, NotAllowed, Producer, bulk, rows
from jejak_producers.answers import Answers
from jejak_producers.bulk import Outcome, Sending
from jejak_producers.journal import Journal
from jejak_producers.kafka import KafkaInlet
from jejak_producers.receipts import Arrival, Bookmark, backlog
from jejak_schemas import clock, codec
from jejak_schemas.credentials import Credentials
from jejak_schemas.events import StatementVoided
from jejak_schemas.framing import Framing
from jejak_schemas.outgoing import Receipt

Lang = Literal["id", "en"]
SourceArgument = Annotated[
    str, typer.Argument(metavar="FILE", help="JSON Lines or CSV of events; - for standard input.")
]
IdentityOption = Annotated[
    str,
    typer.Option(help="The party: its code, or its credentials file.", show_default=False),
]
LangOption = Annotated[Lang, typer.Option(help="The language of reasons.")]
LinesOption = Annotated[bool, typer.Option("--json", help="Answer with JSON Lines.")]
OutcomesOption = Annotated[
    Path | None,
    typer.Option(help="Also write every outcome here: .csv, else JSON Lines.", dir_okay=False),
]
WaitOption = Annotated[
    float, typer.Option("--timeout", help="Seconds to wait for a receipt.", min=0)
]
PATIENCE = 10.0  # seconds until brokers that do not answer are called away


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command("validate")(validate)
    app.command("emit")(emit)
    app.command("receipts")(receipts)
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
                again=retry_refused,
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
    again: bool,
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
        yield from Sending(producer, journal, answers, silence=silence, again=again).run(lines)


@contextmanager
def answered(credentials: Credentials, framing: Framing) -> Iterator[Answers]:
    """The party's receipts, as they come."""
    if credentials.topics.receipts is None:
        raise NotAllowed(f"{credentials.party} has no receipts topic")
    with closing(KafkaInlet(credentials.kafka, credentials.topics.receipts, PATIENCE)) as inlet:
        yield Answers(inlet, framing)


def receipts(
    identity: IdentityOption,
    since: Annotated[
        str | None,
        typer.Option(help="From this day or RFC 3339 time on, seen or not.", show_default=False),
    ] = None,
    refused: Annotated[bool, typer.Option("--refused", help="Only what was refused.")] = False,
    home: HomeOption = None,
    lang: LangOption = "en",
    as_json: LinesOption = False,
) -> int:
    """Show the receipts that came since this was last asked."""
    place = home_of(home)
    credentials = identified(place, identity)
    begin = moment(since) if since else None
    last: Bookmark | None = None
    shown: list[Arrival] = []
    for arrival in arrivals(place, credentials, begin):
        last = arrival.bookmark
        if refused and arrival.receipt.outcome != "refused":
            continue
        if as_json:
            sys.stdout.write(json.dumps(arrival_row(arrival)) + "\n")
        else:
            shown.append(arrival)
    if not as_json:
        show(shown, lang)
    sys.stdout.flush()
    if last is not None and begin is None and not refused:  # what was not shown is not seen
        remember(place, credentials.party, last)
    return 0


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
        speech.answer_json(receipt_row(receipt))
    else:
        speech.answer_pairs(receipt_pairs(receipt, lang))
    return 1 if receipt.outcome in ("refused", "conflict") else 0


def identified(home: Home, identity: str) -> Credentials:
    """The credentials of a party, by its code or by the path of its file."""
    if identity.endswith(".toml"):
        return Credentials.load(Path(identity))
    path = home.credentials_file(identity)
    if not path.is_file():
        known = ", ".join(sorted(one.stem for one in home.credentials.glob("*.toml"))) or "none"
        raise Refuse(f"no credentials of {identity} in {home.credentials}; known here: {known}")
    return Credentials.load(path)


@contextmanager
def lines_of(source: str) -> Iterator[Iterator[rows.Line]]:
    """The lines of a file, or of standard input."""
    if source == "-":
        yield rows.read(sys.stdin.buffer, "standard input")
        return
    with rows.open_rows(Path(source)) as lines:
        yield lines


def arrivals(home: Home, credentials: Credentials, begin: datetime | None) -> Iterator[Arrival]:
    """Receipts from `begin` on; without it from where the last look ended."""
    if credentials.topics.receipts is None:
        raise NotAllowed(f"{credentials.party} has no receipts topic")
    known = None if begin else remembered(home, credentials.party)
    framing = framing_of(home)
    with closing(KafkaInlet(credentials.kafka, credentials.topics.receipts, PATIENCE)) as inlet:
        if begin is not None:
            start = inlet.at_time(int(begin.timestamp() * 1_000))
        else:
            start = known.offset if known else 0
        if known is not None and known.offset < inlet.beginning():
            speech.tell("receipts older than the brokers keep were not seen")
        yield from backlog(inlet, start, known, framing)


def bookmark_file(home: Home, party: str) -> Path:
    """Where it is kept how far a party's receipts were shown."""
    return home.path / "bookmarks" / f"{party}.receipts.json"


def remember(home: Home, party: str, bookmark: Bookmark) -> None:
    """Keep how far a party's receipts were shown."""
    path = bookmark_file(home, party)
    private_folder(home.path)
    private_folder(path.parent)
    write_private(path, json.dumps(asdict(bookmark), default=str))


def remembered(home: Home, party: str) -> Bookmark | None:
    """How far a party's receipts were shown; None if never, or if that cannot be read."""
    try:
        kept = json.loads(bookmark_file(home, party).read_text("utf-8"))
        return Bookmark(UUID(kept["epoch"]), int(kept["seq"]), int(kept["offset"]))
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError):
        speech.tell("where the last look ended cannot be read; showing all receipts kept")
        return None


def receipt_row(receipt: Receipt) -> dict[str, object]:
    """A receipt as a program reads it."""
    return receipt.model_dump(mode="json", exclude={"prev_seq"})


def arrival_row(arrival: Arrival) -> dict[str, object]:
    """A receipt that came, as a program reads it."""
    return {"at": clock.rfc3339(arrival.at), **receipt_row(arrival.receipt)}


def receipt_pairs(receipt: Receipt, lang: str) -> dict[str, object]:
    """A receipt as a person reads it."""
    said = {
        "outcome": receipt.outcome,
        "event": receipt.event_id,
        "position": receipt.position,
        "field": receipt.field,
        "why": explained(receipt.reason, receipt.warnings, lang),
    }
    return {name: value for name, value in said.items() if value not in (None, "")}


def show(found: list[Arrival], lang: str) -> None:
    """Receipts as a table."""
    if not found:
        speech.tell("no receipts")
        return
    columns = ("time (WIB)", "outcome", "event id", "position", "field", "why")
    speech.answer_table(columns, map(cells, found))
    kinds = [(one.receipt.reason, *one.receipt.warnings) for one in found]
    speech.answer_pairs(legend((code for kind in kinds for code in kind if code), lang))


def cells(arrival: Arrival) -> tuple[object, ...]:
    """A receipt's row in the table."""
    receipt = arrival.receipt
    return (
        arrival.at.astimezone(clock.JAKARTA).strftime("%Y-%m-%d %H:%M:%S"),
        receipt.outcome,
        receipt.event_id or f"at {receipt.partition}:{receipt.offset}",
        receipt.position,
        receipt.field,
        told(receipt.reason, receipt.detail, receipt.warnings),
    )
