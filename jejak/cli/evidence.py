"""`jejak audit bundle|verify`: what an inspector takes home, and checks without us."""

import getpass
import os
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jejak.cli import exceptions, progress, settling, speech
from jejak.cli.options import HomeOption, JsonOption, LogOption, log_of, placed, services_of
from jejak.cli.selecting import Chosen, choosing
from jejak.errors import Misuse, Refuse

if TYPE_CHECKING:
    from jejak_lrs.bundle.making import Log, Made
    from jejak_lrs.bundle.verifying import Verdict
    from jejak_lrs.replay.selection import Selection

_NAMED = 20  # wrongs on the screen


def add_to(audit: typer.Typer) -> None:
    """Add this module's commands to the group `audit`."""
    audit.command("bundle")(bundle)
    audit.command("verify")(verify)
    audit.command("exceptions")(exceptions.exceptions)


@choosing
def bundle(  # noqa: PLR0917  one for each option
    chosen: Chosen,
    output: Annotated[
        Path,
        typer.Option(
            "-o", "--output", metavar="FILE.zip", callback=placed, help="Where it is written."
        ),
    ],
    identities: Annotated[
        bool,
        typer.Option("--identity-annex", help="With the persons' numbers; needs --purpose."),
    ] = False,
    purpose: Annotated[
        str | None, typer.Option("--purpose", help="What for; recorded for good with your name.")
    ] = None,
    checkpoint: Annotated[
        Path | None,
        typer.Option("--checkpoint", help="An earlier checkpoint's file; by default the last."),
    ] = None,
    log: LogOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make an evidence bundle of the chosen records, each with its proof.

    Of those that fit every option given; where one is repeated, any of its values will do. The same
    selection and checkpoint make the same bytes. Whoever has the file checks it with the program
    within, which needs only Python.
    """
    from jejak_lrs import roles  # noqa: PLC0415  not part of the plain install
    from jejak_lrs.bundle import making  # noqa: PLC0415
    from jejak_lrs.database import reading  # noqa: PLC0415

    if identities != bool((purpose or "").strip()):
        raise Misuse("--identity-annex and --purpose go together: say what the numbers are for")
    settling.refuse_number("--purpose", purpose)
    if output.exists():
        raise Refuse(f"{output} is there already: name another file, or remove it")
    _, services = services_of(home)
    whose = _log(log_of(home, log), checkpoint)
    dsn = services.dsn(roles.AUDITOR)
    with closing(reading(dsn, "jejak audit")) as connection:
        selection = chosen.selection(connection)
        if purpose is not None:
            _note_access(dsn, selection, purpose)
        with progress.bar("proving") as watch:
            made = making.make(connection, selection, whose, identities=identities, watch=watch)
    _write(output, made.content)
    if as_json:
        speech.answer_json(_document(made, output))
        return
    told = made.manifest
    speech.say(f"{told['records']} records, {told['context']} beside them for context")
    speech.say(f"under {told['origin']}, size {told['size']}")
    speech.say(f"SHA-256 {made.sha256}  {output}")
    speech.tell("write the SHA-256 down; to check: jejak audit verify, or verify_bundle.py within")


def verify(
    bundle: Annotated[Path, typer.Argument(metavar="BUNDLE.zip", help="The bundle.")],
    key: Annotated[
        list[str] | None,
        typer.Option("--key", help="The log's key (a vkey), as you have it from elsewhere."),
    ] = None,
    as_json: JsonOption = False,
) -> int:
    """Check an evidence bundle; ends with 1 if anything in it does not hold. Needs no home."""
    from jejak_lrs.bundle import verifying  # noqa: PLC0415  not part of the plain install

    found = verifying.verify(bundle.read_bytes(), key or ())
    if as_json:
        speech.answer_json(_verdict(found))
    else:
        _say_verdict(found, given=bool(key))
    return 0 if found.holds else 1


# -- making -------------------------------------------------------------------------------


def _log(folder: Path, checkpoint: Path | None) -> "Log":
    from jejak_lrs.bundle.making import log_in  # noqa: PLC0415  not part of the plain install

    given = None if checkpoint is None else checkpoint.read_text("utf-8")
    return log_in(folder, given)


def _note_access(dsn: str, selection: "Selection", purpose: str) -> None:
    """Before a number is read, who will see it and what for is kept."""
    from jejak_lrs import access, database  # noqa: PLC0415  not part of the plain install

    what = ", ".join(f"{name} {value}" for name, value in selection.document().items())
    with closing(database.connect(dsn, "jejak audit")) as connection:
        access.record(
            connection, who=getpass.getuser(), what=f"identity annex: {what}", purpose=purpose
        )


def _write(path: Path, content: bytes) -> None:
    """Whole or not at all; only its owner may read it."""
    fresh = path.with_name(path.name + ".partial")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
    fresh.replace(path)


def _document(made: "Made", output: Path) -> dict[str, Any]:
    told = {name: value for name, value in made.manifest.items() if name != "files"}
    return {**told, "sha256": made.sha256, "output": output}


# -- verifying ----------------------------------------------------------------------------


def _verdict(found: "Verdict") -> dict[str, Any]:
    signed = found.signed
    return {
        "holds": found.holds,
        "sha256": found.sha256,
        "origin": signed and signed.origin,
        "size": signed and signed.size,
        "records": found.records,
        "wrong": [{"where": where, "what": what} for where, what in found.wrong],
    }


def _say_verdict(found: "Verdict", *, given: bool) -> None:
    speech.say(f"SHA-256 {found.sha256}")
    if found.signed is not None:
        speech.say(f"log {found.signed.origin}, size {found.signed.size}")
    for where, what in found.wrong[:_NAMED]:
        speech.say(f"WRONG  {where}: {what}")
    if not found.holds:
        speech.say(f"wrong: {len(found.wrong)}")
        return
    speech.say(f"everything holds: {found.records} records")
    if not given:
        speech.tell("by the keys within; give --key to know that the log's own key signed it")
