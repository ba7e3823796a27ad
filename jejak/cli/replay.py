"""`jejak replay`: the record again, as it was stored, or folded and compared with what is live."""

import os
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from jejak.cli import progress, speech
from jejak.cli.asking import today
from jejak.cli.options import HomeOption, JsonOption, countable, placed, services_of
from jejak.cli.selecting import Chosen, choosing
from jejak.errors import Misuse, Refuse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jejak.services import Services
    from jejak_lrs.replay.comparing import Compared
    from jejak_lrs.replay.replays import Replay, Replayed
    from jejak_lrs.replay.selection import Selection

Lang = Literal["id", "en"]
_TOPIC = "topic:"
_LINES, _PARTS = ".jsonl", ".parquet"
_NAMED = 20  # persons that differ, on the screen


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command()(replay)
    app.command("export-segments")(export_segments)


@choosing
def replay(
    chosen: Chosen,
    to: Annotated[
        str | None,
        typer.Option("--to", metavar="TARGET", help="FILE.jsonl, FILE.parquet or topic:NAME."),
    ] = None,
    compare: Annotated[
        bool,
        typer.Option(
            "--compare", help="Fold, and compare with what is stored; exit 1 if it differs."
        ),
    ] = False,
    workers: Annotated[
        int, typer.Option("--workers", min=1, max=64, help="Processes that read side by side.")
    ] = min(2, os.cpu_count() or 1),
    lang: Annotated[Lang, typer.Option("--lang", help="The language of the answer.")] = "id",
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> int:
    """Read the chosen records again, in order: to the screen in short, a file, a topic.

    All records up to the end of the ledger, or only those that fit every option given; where one is
    repeated, any of its values will do. Stopped, it goes on where it was. With --compare, everyone
    whom the chosen records are about is folded anew, with the function that the projector runs.
    """
    if to is not None:
        _check_target(to, compare)
    _, services = services_of(home)
    if compare:
        return _compare(services, chosen, workers, lang, as_json, one=len(chosen.person or ()) == 1)
    found = _replay(services, chosen, to, workers)
    _answer(found, to, as_json)
    return 0


def export_segments(
    folder: Annotated[Path, typer.Argument(file_okay=False, help="Where the segments are kept.")],
    width: Annotated[
        int,
        typer.Option("--width", min=1, help="Positions in a segment; always the same in a folder."),
    ] = 100_000,
    workers: Annotated[
        int, typer.Option("--workers", min=1, max=64, help="Processes that read side by side.")
    ] = 2,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write every full segment of the record as Parquet files: `leaf`, and `payload` beside it.

    A leaf file never changes. Run it again after an erasure: it writes just the payload files anew
    in which something was erased, and adds the segments that are full since.
    """
    from jejak_lrs import roles  # noqa: PLC0415  not part of the plain install
    from jejak_lrs.replay.replays import Replay  # noqa: PLC0415

    countable("--width", width)
    _, services = services_of(home)
    with progress.bar("exporting") as watch:
        how = Replay(services.dsn(roles.READER), workers, watch)
        found = how.write_segments(folder, width)
    if as_json:
        speech.answer_json(found)
    else:
        there = f"{found['segments']} segments are there, positions 0 to {found['end'] - 1}"
        none = f"no segment is full yet: it takes {width:,} records"
        speech.say(f"{found['written']} files written; {there if found['segments'] else none}")


# -- records ------------------------------------------------------------------------------


def _replay(services: "Services", chosen: Chosen, to: str | None, workers: int) -> "Replayed":
    from jejak_lrs import roles  # noqa: PLC0415  not part of the plain install
    from jejak_lrs.replay.replays import Replay  # noqa: PLC0415

    dsn = services.dsn(roles.READER)
    selection = _selection(dsn, chosen)
    with progress.bar("replaying") as watch:
        return _to(services, Replay(dsn, workers, watch), selection, to)


def _to(services: "Services", how: "Replay", selection: "Selection", to: str | None) -> "Replayed":
    if to is None:
        return how.look(selection)
    if to.startswith(_TOPIC):
        from jejak.replay_topic import to_topic  # noqa: PLC0415  not part of the plain install

        return to_topic(services, how, selection, to.removeprefix(_TOPIC))
    path = Path(to)
    return (how.write_lines if path.suffix == _LINES else how.write_parts)(selection, path)


def _check_target(to: str, compare: bool) -> None:
    if compare:
        raise Misuse("--compare and --to do not go together")
    if to.startswith(_TOPIC) and to != _TOPIC:
        from jejak.replay_topic import check_name  # noqa: PLC0415  not part of the plain install

        check_name(to.removeprefix(_TOPIC))
    elif Path(to).suffix not in (_LINES, _PARTS):
        raise Misuse(f"--to {to}: a file that ends in .jsonl or .parquet, or topic:NAME")
    elif to.endswith(_LINES):
        placed(Path(to))


def _selection(dsn: str, chosen: Chosen) -> "Selection":
    from jejak_lrs.database import reading  # noqa: PLC0415  not part of the plain install

    with closing(reading(dsn, "jejak replay")) as connection:
        return chosen.selection(connection)


def _answer(found: "Replayed", to: str | None, as_json: bool) -> None:
    if as_json:
        speech.answer_json(_document(found, to))
        return
    speech.answer_table(("event type", "records"), sorted(found.found.types.items()))
    of = found.found
    erased = f", {of.erased} of them erased" if of.erased else ""
    speech.say(f"{of.records} records{erased}")
    if of.records:
        speech.say(f"positions {of.first} to {of.last}, of epoch {found.epoch}")
    speech.say(f"read up to position {found.selection.to_position}")
    speech.say(f"digest {found.digest}")
    if to is not None:
        speech.tell(f"written to {to}")


def _document(found: "Replayed", to: str | None) -> dict[str, Any]:
    return {
        "epoch": found.epoch,
        "selection": found.selection.document(),
        **found.found.document(),
        "digest": found.digest,
        "to": to,
    }


# -- profiles -----------------------------------------------------------------------------


def _compare(
    services: "Services", chosen: Chosen, workers: int, lang: Lang, as_json: bool, *, one: bool
) -> int:
    from jejak_lrs import roles  # noqa: PLC0415  not part of the plain install
    from jejak_lrs.database import reading  # noqa: PLC0415
    from jejak_lrs.replay.comparing import compare, people_of  # noqa: PLC0415

    dsn = services.dsn(roles.READER)
    selection = _selection(dsn, chosen)
    with progress.bar("reading") as watch:
        people = people_of(dsn, selection, workers, watch)
    with closing(reading(dsn, "jejak replay")) as connection, progress.bar("folding") as watch:
        found = list(compare(connection, people, watch))
    if one:
        return _answer_one(services, found, lang, as_json)
    return _answer_all(found, as_json)


def _answer_one(
    services: "Services", found: "Sequence[Compared]", lang: Lang, as_json: bool
) -> int:
    """One person, whole."""
    from jejak import naming, views  # noqa: PLC0415  not part of the plain install
    from jejak_lrs import roles  # noqa: PLC0415
    from jejak_lrs.answers import individuals  # noqa: PLC0415
    from jejak_lrs.database import reading  # noqa: PLC0415
    from jejak_lrs.replay import gathering  # noqa: PLC0415

    if not found:
        raise Refuse("no profile is stored for this person yet")
    one = found[0]
    day = today()
    answer = individuals.Answer(one.person_id, one.replayed, one.digest, one.position)
    if as_json:
        told = {"equal": one.equal, "pending": one.pending, "stored_digest": one.stored_digest}
        speech.answer_json({**naming.profile_document(answer, day), **told})
    else:
        with closing(reading(services.dsn(roles.READER), "jejak replay")) as connection:
            names = naming.names_of(gathering.registry_at(connection, one.position), lang)
        speech.show(views.profile_view(answer, day, names, lang))
        speech.say(f"position {one.position}, digest {one.digest}")
    speech.tell(_said(one))
    return 1 if one.wrong else 0


def _said(one: "Compared") -> str:
    if one.equal:
        return "replay is equal to the stored profile"
    if one.pending:
        return "replay differs from the stored profile, which is still to be folded anew"
    return f"replay DIFFERS from the stored profile ({one.stored_digest})"


def _answer_all(found: "Sequence[Compared]", as_json: bool) -> int:
    wrong = [one for one in found if one.wrong]
    pending = sum(not one.equal and one.pending for one in found)
    counts = {
        "people": len(found),
        "equal": sum(one.equal for one in found),
        "pending": pending,
        "differing_count": len(wrong),
    }
    rows = [
        {"person_id": one.person_id, "position": one.position, "digest": one.digest,
         "stored_digest": one.stored_digest}
        for one in wrong
    ]  # fmt: skip
    if as_json:
        speech.answer_json({**counts, "differing": rows})
        return 1 if wrong else 0
    if wrong:
        columns = ("person", "position", "replayed", "stored")
        speech.answer_table(columns, [tuple(row.values()) for row in rows[:_NAMED]])
    waiting = f", {pending} still to be folded anew" if pending else ""
    speech.say(f"{len(found)} profiles: {counts['equal']} equal, {len(wrong)} DIFFER{waiting}")
    return 1 if wrong else 0
