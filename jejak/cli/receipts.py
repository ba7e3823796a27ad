"""`jejak receipts`: what became of what a party sent, from where it last looked."""

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from jejak.cli import speech
from jejak.cli.identity import IdentityOption, LangOption, LinesOption, identified, receipts_of
from jejak.cli.options import HomeOption, home_of, moment
from jejak.cli.outcomes import explained, legend, told
from jejak.framing import framing_of
from jejak.home import Home
from jejak.private import private_folder, write_private
from jejak_producers.receipts import Arrival, Bookmark, backlog
from jejak_schemas import clock
from jejak_schemas.credentials import Credentials
from jejak_schemas.outgoing import Receipt


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


def arrivals(home: Home, credentials: Credentials, begin: datetime | None) -> Iterator[Arrival]:
    """Receipts from `begin` on; without it from where the last look ended."""
    known = None if begin else remembered(home, credentials.party)
    framing = framing_of(home)
    with receipts_of(credentials) as inlet:
        if begin is not None:
            start = inlet.at_time(max(0, int(begin.timestamp() * 1_000)))
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
