"""`jejak record`: one record, with its proof."""

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer

from jejak.cli import speech
from jejak.cli.options import HomeOption, JsonOption, LogOption, log_of, placed, services_of
from jejak.errors import Misuse, Refuse

if TYPE_CHECKING:
    from jejak_lrs.bundle.proven import Proven, Shown
    from jejak_lrs.database import Connection
    from jejak_lrs.ledger.history import Record


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command()(record)


def record(
    which: Annotated[str, typer.Argument(metavar="POSITION|ID", help="Which record.")],
    proof: Annotated[
        Path | None,
        typer.Option(
            "--proof", dir_okay=False, callback=placed, help="Also write its .tlog-proof here."
        ),
    ] = None,
    log: LogOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> int:
    """Show one record as it is kept, what acts on it, and whether the log proves it.

    Ends with 1 if it is not what its seal or the log says.
    """
    from jejak_lrs import roles  # noqa: PLC0415  not part of the plain install
    from jejak_lrs.bundle import proven  # noqa: PLC0415
    from jejak_lrs.database import reading  # noqa: PLC0415

    wanted = _named(which)
    _, services = services_of(home)
    with closing(reading(services.dsn(roles.READER), "jejak command")) as connection:
        found = _found(connection, wanted)
        shown = proven.shown(connection, found)
    under = _proven(found, log_of(home, log))
    if proof is not None:
        if under is None:
            raise Refuse("there is no proof yet: no checkpoint is published over this record")
        proof.write_text(under.proof.text(), "utf-8")
    if as_json:
        speech.answer_json(_document(shown, under))
    else:
        _show(shown, under)
    return 1 if shown.sealed is False or (under is not None and not under.holds) else 0


def _named(which: str) -> int | UUID:
    """The position or the id of a statement that somebody gave."""
    if which.isascii() and which.isdigit():
        return int(which)
    try:
        return UUID(which)
    except ValueError:
        raise Misuse(f"{which!r} is neither a position nor the id of a statement") from None


def _found(connection: "Connection", wanted: int | UUID) -> "Record":
    from jejak_lrs.ledger import history  # noqa: PLC0415  not part of the plain install

    if isinstance(wanted, int):
        found = history.record_at(connection, wanted)
    else:
        found = history.record_of(connection, wanted)
    if found is None:
        raise Refuse(f"there is no record {wanted}")
    return found


def _proven(found: "Record", log: Path) -> "Proven | None":
    """None where no log is published yet, or none that reaches the record."""
    from jejak_lrs.bundle import making, proven  # noqa: PLC0415  not part of the plain install

    if not (log / "checkpoint").exists():
        return None
    return proven.proven(found, making.log_in(log))


def _document(shown: "Shown", under: "Proven | None") -> dict[str, Any]:
    import orjson  # noqa: PLC0415  not part of the plain install

    from jejak_lrs.replay import lines  # noqa: PLC0415

    told: dict[str, Any] = orjson.loads(lines.line(shown.record, shown.plain))
    return {
        **told,
        "sealed": shown.sealed,
        "acted_on_by": [
            {"position": one.position, "event_type": one.event_type, "party": one.party}
            for one in shown.acting
        ],
        "checkpoint": under
        and {"origin": under.checkpoint.origin, "size": under.checkpoint.size,
             "holds": under.holds},
        "proof": under and under.proof.text(),
    }  # fmt: skip


def _show(shown: "Shown", under: "Proven | None") -> None:
    told = _document(shown, under)
    statement, acting = told.pop("statement"), told.pop("acted_on_by")
    told["warnings"] = ", ".join(told["warnings"] or ()) or None
    hidden = ("checkpoint", "proof", "sealed", "erased")
    pairs = {
        name: value for name, value in told.items() if name not in hidden and value is not None
    }
    speech.answer_pairs(pairs)
    for one in acting:
        speech.say(f"acted on by {one['position']}: {one['event_type']} of {one['party']}")
    if statement is None:
        speech.say("erased: what it said is gone, by order")
    else:
        speech.answer_json(statement)
        speech.say("sealed" if shown.sealed else "NOT SEALED: its commitment is another one")
    speech.say(_log_says(under))


def _log_says(under: "Proven | None") -> str:
    if under is None:
        return "not under a published checkpoint yet"
    signed = under.checkpoint
    if under.holds:
        return f"proven under {signed.origin}, size {signed.size}"
    return f"NOT what the log says: {signed.origin}, size {signed.size}"
