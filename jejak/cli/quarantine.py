"""For whoever looks after what was not taken: list it, and look at one."""

import csv
import getpass
import sys
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import asdict, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from jejak.cli import settling, speech
from jejak.cli.options import HomeOption, JsonOption, services_of
from jejak.cli.outcomes import legend
from jejak.errors import Misuse, Refuse
from jejak_schemas.clock import JAKARTA

if TYPE_CHECKING:
    from jejak.specimen import Specimen
    from jejak_lrs.ledger.quarantine import Quarantined

Lang = Literal["id", "en"]
COLUMNS = (
    "number", "stored", "party", "kind", "event_id", "partition", "offset", "reason", "field",
    "status", "again",
)  # fmt: skip
LangOption = Annotated[Lang, typer.Option("--lang", help="The language of what is explained.")]


class Status(StrEnum):
    """Where a message in quarantine stands."""

    WAITING = "waiting"
    REDRIVEN = "redriven"
    DISCARDED = "discarded"
    ANY = "any"


class Format(StrEnum):
    """How a list is written."""

    TABLE = "table"
    CSV = "csv"


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    group = typer.Typer(help="Messages that were not taken.", no_args_is_help=True)
    group.command("list")(list_held)
    for command in (show, settling.redrive, settling.discard):
        group.command()(command)
    app.add_typer(group, name="quarantine")


def list_held(  # noqa: PLR0913, PLR0917  one for each option
    party: settling.PartyOption = None,
    reason: settling.ReasonOption = None,
    since: settling.SinceOption = None,
    status: Annotated[Status, typer.Option("--status", help="Only such.")] = Status.WAITING,
    after: Annotated[int, typer.Option("--after", help="Go on after this number.")] = -1,
    limit: Annotated[
        int, typer.Option("--limit", min=1, max=10_000, help="So many at most.")
    ] = 100,
    form: Annotated[Format, typer.Option("--format", help="How it is written.")] = Format.TABLE,
    lang: LangOption = "en",
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """List messages that were refused or in conflict, without their content."""
    from jejak_lrs import database, roles  # noqa: PLC0415  not of the plain install
    from jejak_lrs.ledger import quarantine  # noqa: PLC0415

    asked = replace(settling.selection(party, reason, since), status=_status(status))
    _, services = services_of(home)
    with closing(database.connect(services.dsn(roles.READER))) as connection:
        found = quarantine.find(connection, asked, after=after, limit=limit)
    rows = [row_of(one) for one in found]
    if as_json:
        speech.answer_json(rows)
    elif form is Format.CSV:
        _write_csv(rows)
    elif found:
        _write_table(found, lang)
    else:
        speech.tell("no messages")
    if len(found) == limit:
        speech.tell(f"there may be more: --after {found[-1].number}")


def show(
    number: Annotated[int, typer.Argument(help="The message's number, as `list` shows it.")],
    reveal: Annotated[
        bool, typer.Option("--reveal", help="Show numbers of persons; needs --purpose.")
    ] = False,
    purpose: Annotated[
        str | None, typer.Option("--purpose", help="What for; recorded for good with your name.")
    ] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show one message: why it is here, what was done with it, taken apart, and in hex."""
    from jejak import loops, specimen  # noqa: PLC0415  not part of the plain install
    from jejak_lrs import access, database, roles  # noqa: PLC0415
    from jejak_lrs.ledger import handling, quarantine  # noqa: PLC0415

    if reveal != bool((purpose or "").strip()):
        raise Misuse("--reveal and --purpose go together: say what the numbers are needed for")
    settling.refuse_number("--purpose", purpose)
    _, services = services_of(home)
    with closing(database.connect(services.dsn(roles.AUDITOR))) as connection:
        held = quarantine.show(connection, number)
        if held is None:
            raise Refuse(f"there is no message {number} in quarantine")
        if purpose is not None:
            what = f"quarantine {number}"
            access.record(connection, who=getpass.getuser(), what=what, purpose=purpose)
        done = [asdict(step) for step in handling.steps(connection, number)]
    seen = specimen.specimen(held, loops.framing(services), reveal=reveal)
    words = (lambda text: text) if reveal else specimen.masked
    document = _document(held, seen, done, words)
    if as_json:
        speech.answer_json(document)
    else:
        _write_specimen(document, seen)


# -- what the commands share --------------------------------------------------------------


def row_of(one: "Quarantined") -> dict[str, Any]:
    """A message as a program reads it: `COLUMNS`, nothing of its content."""
    values = (
        one.number, one.stored, one.party, one.kind, one.event_id, one.source.partition,
        one.source.offset, one.reason, one.field, one.status, one.again,
    )  # fmt: skip
    return dict(zip(COLUMNS, values, strict=True))


def _status(status: Status) -> str | None:
    return None if status is Status.ANY else status.value


def _write_csv(rows: Iterable[dict[str, Any]]) -> None:
    table = csv.DictWriter(sys.stdout, COLUMNS, lineterminator="\n")
    table.writeheader()
    for row in rows:
        table.writerow(row | {"stored": speech.plain(row["stored"])})


def _write_table(found: "Sequence[Quarantined]", lang: Lang) -> None:
    columns = ("number", "stored (WIB)", "party", "kind", "at", "reason", "field", "status",
               "again")  # fmt: skip
    speech.answer_table(
        columns,
        [
            (
                one.number, one.stored.astimezone(JAKARTA).strftime("%Y-%m-%d %H:%M"), one.party,
                one.kind, f"{one.source.partition}:{one.source.offset}", one.reason, one.field,
                one.status, one.again,
            )
            for one in found
        ],
    )  # fmt: skip
    speech.answer_pairs(legend((one.reason for one in found), lang))


def _document(
    held: "Quarantined", seen: "Specimen", done: list[dict[str, Any]], words: Any
) -> dict[str, Any]:
    """All that is shown of a message, but for its table."""
    content = seen.content
    return {
        **row_of(held),
        "detail": words(held.detail) if held.detail else None,
        "steps": done,
        "key": seen.key,
        "headers": seen.headers,
        "schema": content.schema,
        "version": content.version,
        "fields": content.fields,
        "fault": content.fault,
        "bytes": seen.size,
        "hex": seen.dump,
        "trace": words(held.trace) if held.trace else None,
    }


def _write_specimen(document: dict[str, Any], seen: "Specimen") -> None:
    done = document.pop("steps")
    apart = ("headers", "fields", "hex", "trace")
    said = {name: of for name, of in document.items() if name not in apart and of is not None}
    speech.answer_pairs(said | {"stored": speech.plain(document["stored"])})
    for step in done:
        speech.say(" ".join(str(of) for of in step.values() if of is not None))
    for title in ("headers", "fields"):
        if document[title]:
            speech.answer_table((title, ""), document[title].items())
    speech.say("\n".join(seen.dump))
    if document["trace"]:
        speech.say(document["trace"])
