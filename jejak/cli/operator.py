"""For whoever runs a Jejak: up, down, status, run, settings."""

from enum import StrEnum
from typing import Annotated

import typer

from jejak.cli import speech
from jejak.cli.options import (
    HomeOption,
    JsonOption,
    YesOption,
    home_of,
    services_of,
    settings_of,
)


class LoopName(StrEnum):
    """The loops that can be run."""

    RECORDER = "recorder"
    PROJECTOR = "projector"
    PUBLISHER = "publisher"


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    for command in (up, down, status, settings, prepare):
        app.command()(command)
    app.command("run")(run_loop)


def up(
    home: HomeOption = None,
    services_only: Annotated[bool, typer.Option("--services-only", help="Start no loops.")] = False,
) -> None:
    """Start Kafka, PostgreSQL and every loop, until Ctrl-C."""
    from jejak import processes  # noqa: PLC0415  not part of the plain install

    place, chosen = settings_of(home)
    loops = () if services_only else processes.LOOPS
    try:
        with (
            processes.interruptible(),
            processes.running(place, chosen, loops=loops, tell=speech.tell) as running,
        ):
            speech.answer_pairs(
                {
                    "home": place.path,
                    "kafka": running.services.bootstrap_servers,
                    "postgresql": f"127.0.0.1:{running.services.public_postgres.port}",
                    "credentials": place.credentials,
                    "logs": place.log,
                    "loops": ", ".join(loops) or "none",
                }
            )
            speech.tell("up; Ctrl-C stops it")
            running.supervise()
    except KeyboardInterrupt:
        speech.tell("stopped")


def down(
    home: HomeOption = None,
    purge: Annotated[bool, typer.Option("--purge", help="Remove the home's data.")] = False,
    yes: YesOption = False,
) -> None:
    """Stop a home that was left running."""
    from jejak import stopping  # noqa: PLC0415  not part of the plain install

    place = home_of(home)
    if purge and not yes:
        typer.confirm(f"Remove everything in {place.path}, the ledger included?", abort=True)
    stopped = stopping.stop_home(place)
    speech.tell(f"stopped {', '.join(stopped)}" if stopped else f"{place.path} was not up")
    if purge:
        removed = stopping.purge(place)
        speech.tell(f"removed {place.path}" if removed else f"nothing to remove in {place.path}")


def status(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Say how a home is: services, lag, cursors, head, quarantine."""
    from jejak import health  # noqa: PLC0415  not part of the plain install

    place, services = services_of(home)
    found = health.look(place, services)
    if as_json:
        speech.answer_json(found.document())
        return
    speech.answer_pairs(found.summary())
    speech.answer_table(
        ("inbox", "partition", "next offset", "end", "lag"),
        [(i.topic, i.partition, i.next_offset, i.end_offset, i.lag) for i in found.inboxes],
    )


def prepare(home: HomeOption = None) -> None:
    """Set up services that others run: roles, schema, our users on Kafka and their rights.

    `jejak up` does this by itself for the services that it starts.
    """
    from jejak import foundations, provisioning  # noqa: PLC0415  not part of the plain install

    place, services = services_of(home)
    place.make()
    foundations.prepare(services)
    stale = provisioning.refresh_credentials(services, place.credentials)
    speech.tell(f"prepared; {stale} credentials files written anew")


def run_loop(
    loop: Annotated[LoopName, typer.Argument(help="Which loop.", show_default=False)],
    home: HomeOption = None,
) -> None:
    """Run one loop as a process of its own, until SIGTERM."""
    from jejak import loops  # noqa: PLC0415  not part of the plain install

    place, services = services_of(home)
    loops.run(loop.value, place, services)


def settings(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Say what is set, and from where."""
    from jejak import settings as module  # noqa: PLC0415  not part of the plain install

    place, chosen = settings_of(home)
    found = module.origins(place, chosen)
    if as_json:
        speech.answer_json(
            {key: {"value": value, "from": origin} for key, (value, origin) in found.items()}
        )
        return
    speech.answer_table(
        ("setting", "value", "from", "meaning"),
        [
            (f"JEJAK_{key.upper()}", value, origin, module.Settings.model_fields[key].description)
            for key, (value, origin) in found.items()
        ],
        title=f"home {place.path}",
    )
