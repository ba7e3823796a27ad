"""`jejak audit`: that nothing was altered, lost or invented."""

import os
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict
from getpass import getuser
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jejak.cli import erasing, evidence, inspecting, progress, settling, speech
from jejak.cli.errors import OPERATING
from jejak.cli.options import (
    HomeOption,
    JsonOption,
    LogOption,
    YesOption,
    countable,
    services_of,
)
from jejak.errors import Misuse, Refuse
from jejak_schemas.topics import INBOX_PREFIX

if TYPE_CHECKING:
    from jejak_lrs.audit.check import Report
    from jejak_lrs.audit.logs import Published
    from jejak_lrs.database import Connection
    from jejak_lrs.ledger.books import Balance

SOUND = "nothing is altered, missing or invented"
ALONE = "as far as the database alone can show: no log is published yet"


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    audit = typer.Typer(
        help="Prove that nothing was lost or invented; bundles, erasure, epochs.",
        no_args_is_help=True,
    )
    audit.command("check")(check)
    audit.command("erase")(erasing.erase)
    audit.command("new-epoch")(new_epoch)
    evidence.add_to(audit)
    audit.callback()(lambda: None)
    app.add_typer(audit, name="audit")


def check(  # noqa: PLR0917  one for each option
    home: HomeOption = None,
    books: Annotated[bool, typer.Option("--books", help="Only whether the books balance.")] = False,
    since: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="CHECKPOINT",
            help="A checkpoint that you kept: proves that it still holds, and reads only the rest.",
            dir_okay=False,
        ),
    ] = None,
    key: Annotated[
        list[str] | None,
        typer.Option(
            metavar="VKEY",
            help="A public key of the log or a witness, or a file of them; by default the home's.",
        ),
    ] = None,
    log: LogOption = None,
    profiles: Annotated[
        bool, typer.Option("--profiles", help="Fold everybody anew, not only some by chance.")
    ] = False,
    workers: Annotated[
        int | None,
        typer.Option(help="Processes that read; by default one a processor.", min=1, max=64),
    ] = None,
    as_json: JsonOption = False,
) -> int:
    """Check every record, outcome, alias, offset, trigger and grant; ends with 1 if one is wrong.

    Up to the moment at which it starts, beside the writers; with the log, its checkpoints wherever
    they are kept, and the projections.
    """
    if books:
        return _check_books(home, as_json)
    published = inspecting.published(home, log, key or [], since or [])
    workers = workers or os.cpu_count() or 1
    return _check_all(home, published, workers, as_json, everybody=profiles)


def new_epoch(
    reason: Annotated[str, typer.Option(help="Why, in a line; kept for good.")],
    home: HomeOption = None,
    who: Annotated[
        str | None, typer.Option(help="Who says so; by default your login.", show_default=False)
    ] = None,
    differs_from: Annotated[
        int | None,
        typer.Option(
            help="First position that may have been another record's; by default the next one.",
            min=0,
            show_default=False,
        ),
    ] = None,
    yes: YesOption = False,
    as_json: JsonOption = False,
) -> None:
    """Go on under a new epoch, after the ledger's end was truly lost: every reader begins anew.

    Only while no loop runs. See docs/operating.md, A lost tail. It cannot be taken back.
    """
    from jejak import health  # noqa: PLC0415  not part of the plain install
    from jejak_lrs import database, roles  # noqa: PLC0415
    from jejak_lrs.ledger import epochs, history  # noqa: PLC0415

    if not reason.strip():
        raise Misuse("say why, with --reason TEXT")
    settling.refuse_number("--reason", reason)
    settling.refuse_number("--who", who)
    countable("--differs-from", differs_from)
    _, services = services_of(home)
    with closing(database.connect(services.dsn(roles.READER), "jejak command")) as connection:
        head = history.head(connection)
        running = [name for name, count in health.loops_of(connection).items() if count]
    if running:
        raise Refuse(
            f"{', '.join(running)} may tell more under the old epoch: stop every loop first "
            f"(`jejak up --services-only` starts none); see {OPERATING}, A lost tail"
        )
    if not yes:
        speech.ask(f"End epoch {head.epoch} at position {head.next_position}? Every agency reloads")
    with closing(database.connect(services.dsn(roles.MIGRATOR), "jejak command")) as connection:
        begun = epochs.begin(connection, head.epoch, reason, who or getuser(), differs_from)
    if as_json:
        speech.answer_json({"epoch": begun, "before": head.epoch})
    else:
        speech.say(f"epoch {begun} has begun; {head.epoch} is over")


def _check_all(
    home: Path | None,
    published: "Published | None",
    workers: int,
    as_json: bool,
    *,
    everybody: bool,
) -> int:
    from jejak_lrs.audit import check as module  # noqa: PLC0415  not part of the plain install

    sample = None if everybody else module.SAMPLE
    with _auditing(home) as connection, progress.bar("checking") as watch:
        report = module.check(connection, watch, workers, published, sample)
    if as_json:
        speech.answer_json(_document(report))
        return 0 if report.sound else 1
    if report.until is not None:
        records, outcomes = report.until.next_position, report.until.next_outcome
        speech.say(f"{records} records and {outcomes} outcomes of epoch {report.until.epoch}")
    for one in report.differences:
        speech.say(str(one))
    for line in _besides(report):
        speech.say(line)
    sound = SOUND if report.signed else f"{SOUND}, {ALONE}"
    speech.say(sound if report.sound else _summary(report))
    return 0 if report.sound else 1


def _besides(report: "Report") -> Iterator[str]:
    """What lies past the last checkpoint: nobody has signed it yet."""
    if report.until is None:
        return
    from jejak_lrs.audit.logs import ends_of  # noqa: PLC0415  not part of the plain install

    ends = ends_of(report.until)
    for name, size in report.signed.items():
        if size < ends[name]:
            yield f"unsigned tail: {ends[name] - size} {name} past the last checkpoint, {size}"


def _summary(report: "Report") -> str:
    more = report.count - len(report.differences)
    unnamed = f", {more} of them not named" if more else ""
    unread = "; the records could not be read" if report.until is None else ""
    return f"{report.count} differences{unnamed}{unread}"


def _document(report: "Report") -> dict[str, Any]:
    until = report.until
    return {
        "sound": report.sound,
        "epoch": until and until.epoch,
        "records": until and until.next_position,
        "outcomes": until and until.next_outcome,
        "signed": dict(report.signed),
        "looks": until and until.past_looks,
        "difference_count": report.count,
        "differences": [asdict(one) for one in report.differences],
        "partitions": _rows(report.balances),
    }


def _check_books(home: Path | None, as_json: bool) -> int:
    from jejak_lrs.ledger import books as keeping  # noqa: PLC0415  not part of the plain install

    with _auditing(home) as connection, progress.bar("counting") as watch:
        found = keeping.balance(connection, watch=watch)
    wrong = [one for one in found if not one.balanced]
    if as_json:
        speech.answer_json({"balanced": not wrong, "partitions": _rows(found)})
        return 1 if wrong else 0
    speech.answer_table(
        ("inbox", "delivered", "recorded", "duplicates", "conflicts", "refused", "balances"),
        [
            (
                f"{one.inbox.topic.removeprefix(INBOX_PREFIX)}/{one.inbox.partition}",
                one.inbox.delivered, one.recorded, one.duplicates, one.conflicts, one.refused,
                one.wrong or "yes",
            )
            for one in found
        ],
    )  # fmt: skip
    unbalanced = f"{len(wrong)} of {len(found)} partitions do not balance"
    speech.say(unbalanced if wrong else "the books balance")
    return 1 if wrong else 0


def _rows(balances: Sequence["Balance"]) -> list[dict[str, Any]]:
    return [
        {
            "topic": one.inbox.topic, "partition": one.inbox.partition,
            "delivered": one.inbox.delivered, "recorded": one.recorded,
            "duplicates": one.duplicates, "conflicts": one.conflicts, "refused": one.refused,
            "next_offset": one.inbox.next_offset, "balanced": one.balanced, "wrong": one.wrong,
        }
        for one in balances
    ]  # fmt: skip


@contextmanager
def _auditing(home: Path | None) -> "Iterator[Connection]":
    from jejak_lrs import database, roles  # noqa: PLC0415  not part of the plain install

    _, services = services_of(home)
    with closing(database.connect(services.dsn(roles.AUDITOR), "jejak audit")) as connection:
        yield connection
