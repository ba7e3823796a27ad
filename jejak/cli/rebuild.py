"""`jejak rebuild`: every profile anew beside the live ones, the differences, then the switch."""

import os
from contextlib import closing
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jejak.cli import progress, speech
from jejak.cli.options import HomeOption, JsonOption, YesOption, services_of
from jejak.errors import Misuse, Refuse

if TYPE_CHECKING:
    from jejak.rebuilding import Rebuilding
    from jejak_lrs.projection.rebuilt import Differs, Report


def register(app: typer.Typer) -> None:
    """Add this module's command."""
    app.command()(rebuild)


def rebuild(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Stop before the switch; the next run goes on.")
    ] = False,
    rollback: Annotated[
        bool, typer.Option("--rollback", help="Go back to the profiles that were read before.")
    ] = False,
    give_up: Annotated[
        bool, typer.Option("--give-up", help="Drop what a rebuild has made so far.")
    ] = False,
    workers: Annotated[
        int, typer.Option("--workers", min=1, max=64, help="Processes that work side by side.")
    ] = min(2, os.cpu_count() or 1),
    yes: YesOption = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make every profile anew from the records, beside the live ones, and switch to them.

    Stopped, the same command goes on where it was. Agencies hear of it once for each person whose
    profile differs. The profiles of before are kept, and fed on, until the next rebuild.
    """
    from jejak.rebuilding import NAME, Rebuilding  # noqa: PLC0415  not part of the plain install
    from jejak_lrs import database, roles  # noqa: PLC0415
    from jejak_lrs.projection import rebuild as rebuilds  # noqa: PLC0415

    if dry_run + rollback + give_up > 1:
        raise Misuse("--dry-run, --rollback and --give-up do not go together")
    _, services = services_of(home)
    dsn = services.dsn(roles.PROJECTOR)
    with closing(database.connect(dsn, NAME)) as connection:
        if not rebuilds.lead(connection):
            raise Refuse("a rebuild is running already")
        running = Rebuilding(dsn, connection, workers)
        if give_up:
            _give_up(running)
        elif rollback:
            _roll_back(running, yes, as_json)
        elif running.is_restating():
            speech.tell("going on with what the last switch left to tell")
            _restate(running, as_json, {})
        else:
            _rebuild(running, dry_run, yes, as_json)


def _rebuild(running: "Rebuilding", dry_run: bool, yes: bool, as_json: bool) -> None:
    making = running.begin()
    with progress.bar("reading records, folding persons") as watch:
        running.both_phases(lambda _phase, done: watch(done.done, done.parts))
    running.follow()
    report, document = _compare(running, making.generation)
    if not as_json:
        _show(document, report)
    if dry_run:
        speech.tell("nothing is switched; `jejak rebuild` goes on, `--give-up` drops this")
        if as_json:
            speech.answer_json(document | {"switched": False})
        return
    if report.differ and not yes:
        speech.ask(f"Switch, and tell agencies of {report.differ} persons?")
    running.switch(speech.tell)
    _restate(running, as_json, document | {"switched": True})


def _restate(running: "Rebuilding", as_json: bool, document: dict[str, Any]) -> None:
    with progress.bar("telling agencies") as watch:
        running.restate(watch)
    if as_json:
        speech.answer_json(document | {"reads": _active(running)})
    else:
        speech.say(f"generation {_active(running)} is read now; everybody who differs was told")


def _roll_back(running: "Rebuilding", yes: bool, as_json: bool) -> None:
    from jejak_lrs.projection import switching  # noqa: PLC0415  not part of the plain install

    switching.rollback(running.connection)  # whether there is one is known before it is asked
    if not yes:
        speech.ask("Read the profiles of before, and tell agencies?")
    switching.roll_back(running.connection)
    _restate(running, as_json, {"switched": True})


def _give_up(running: "Rebuilding") -> None:
    from jejak_lrs.projection import rebuild as rebuilds  # noqa: PLC0415  not part of the plain install
    from jejak_lrs.projection import switching  # noqa: PLC0415

    making = rebuilds.read(running.connection)
    if making is None:
        raise Refuse("nothing is being rebuilt")
    switching.give_up(running.connection, making)
    speech.say(f"generation {making.generation} is dropped")


def _active(running: "Rebuilding") -> int:
    from jejak_lrs.projection import generations  # noqa: PLC0415  not part of the plain install

    return generations.read(running.connection).active


# -- what it came to ----------------------------------------------------------------------


def _compare(running: "Rebuilding", generation: int) -> "tuple[Report, dict[str, Any]]":
    from jejak_lrs.projection import rebuilt  # noqa: PLC0415  not part of the plain install

    connection, active = running.connection, _active(running)
    report = rebuilt.report(connection, active, generation)
    document = {
        "generation": generation,
        "instead_of": active,
        "persons": report.persons,
        "differ": report.differ,
        "up": dict(report.up),
        "down": dict(report.down),
        "digest": rebuilt.digest_of(connection, generation),
        "some": [_differs(one) for one in report.some],
    }
    return report, document


def _differs(one: "Differs") -> dict[str, Any]:
    return {
        "person_id": str(one.person_id),
        "differences": [
            {"kind": each.kind, **each.content(), "why": list(why)} for each, why in one.differences
        ],
    }


def _show(document: dict[str, Any], report: "Report") -> None:
    speech.say(f"{report.persons} persons, {report.differ} differ; digest {document['digest']}")
    kinds = sorted({*report.up, *report.down})
    if kinds:
        rows = [(kind, report.up[kind], report.down[kind]) for kind in kinds]
        speech.answer_table(("", "up", "down"), rows)
    for one in document["some"]:
        speech.say(one["person_id"])
        for each in one["differences"] or [{"kind": "only on other days", "why": []}]:
            said = {name: of for name, of in each.items() if name not in {"kind", "why"}}
            words = ", ".join(f"{name} {of}" for name, of in said.items() if of is not None)
            speech.say(f"  {each['kind']}: {words}")
            for why in each["why"]:
                speech.say(f"    {why}")
    if report.differ > len(report.some):
        speech.say(f"and {report.differ - len(report.some)} more")
