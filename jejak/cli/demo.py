"""`jejak demo`: the main job on a small nation, from end to end."""

import os
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from jejak.cli import speech
from jejak.cli.options import JsonOption, services_of

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from jejak.demo.stage import Stage

Lang = Literal["id", "en"]


def register(app: typer.Typer) -> None:
    """Add this module's command."""
    app.command()(demo)


def demo(
    lang: Annotated[Lang, typer.Option("--lang", help="The language of the tables.")] = "en",
    home: Annotated[
        Path | None,
        typer.Option(
            "--home", help="Keep its home here; otherwise it is removed.", file_okay=False
        ),
    ] = None,
    external: Annotated[
        bool,
        typer.Option(
            "--external",
            help="On the services and loops that --home's settings name; they must be new.",
        ),
    ] = False,
    as_json: JsonOption = False,
) -> int:
    """Play six programmes' stories on a small nation, show what came of it, stop everything."""
    from jejak import processes  # noqa: PLC0415  not part of the plain install
    from jejak.demo import findings, play, show, stage  # noqa: PLC0415

    began = time.monotonic()
    told = play.Told()
    with processes.interruptible(), staged_in(home, external=external) as staged:
        with play.cast(staged.home) as actors:
            phases = staged.nation.phases()
            play.play(actors, phases, told, speech.tell, staged.tend)
        stage.catch_up(staged)
        speech.tell("everything is folded and told; asking the services")
        found = replace(findings.look(staged, told), seconds=time.monotonic() - began)
    if as_json:
        speech.answer_json(found.document())
    else:
        for picture in show.pictures(found, lang):
            speech.show(picture)
    return 0 if found.as_planned and found.balanced and found.replay.equal else 1


def staged_in(home: Path | None, *, external: bool) -> "AbstractContextManager[Stage]":
    """The stage of its own, or the one that others run."""
    from jejak.demo import stage  # noqa: PLC0415  not part of the plain install

    if not external:
        return stage.staged(home, speech.tell)
    named = os.environ.get("JEJAK_HOME")  # which is never a demo's own home
    _, services = services_of(home or (Path(named) if named else None))
    return stage.external(services, speech.tell)
