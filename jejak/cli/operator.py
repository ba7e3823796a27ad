"""For whoever runs a Jejak: up, down, status, run, settings."""

from dataclasses import asdict
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from jejak.cli import speech
from jejak.cli.errors import OPERATING
from jejak.cli.options import (
    HomeOption,
    JsonOption,
    YesOption,
    hint_at_unknown,
    home_of,
    services_of,
    settings_of,
)
from jejak.errors import Misuse

if TYPE_CHECKING:
    from jejak.health import Health, Ledger
    from jejak.lag import InboxState


class LoopName(StrEnum):
    """The loops that can be run."""

    RECORDER = "recorder"
    PROJECTOR = "projector"
    PUBLISHER = "publisher"
    NOTARY = "notary"
    LOG_SERVER = "log-server"


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    for command in (up, down, status, settings, prepare):
        app.command()(command)
    app.command("run")(run_loop)


def up(
    home: HomeOption = None,
    services_only: Annotated[bool, typer.Option("--services-only", help="Start no loops.")] = False,
) -> None:
    """Start Kafka, PostgreSQL and every loop, until Ctrl-C.

    Where others run both services, only the loops.
    """
    from jejak import processes  # noqa: PLC0415  not part of the plain install

    place, chosen = settings_of(home)
    hint_at_unknown()
    loops = () if services_only else processes.LOOPS
    try:
        with (
            processes.interruptible(),
            processes.running(place, chosen, loops=loops, tell=speech.tell) as running,
        ):
            postgres = running.services.public_postgres
            speech.answer_pairs(
                {
                    "home": place.path,
                    "kafka": running.services.bootstrap_servers,
                    "postgresql": f"{postgres.host}:{postgres.port}",
                    "credentials": place.credentials,
                    "logs": place.logs,
                    "loops": ", ".join(loop.label for loop in running.loops) or "none",
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
        speech.ask(f"Remove everything in {place.path}, the ledger included?")
    stopped = stopping.stop_home(place)
    speech.tell(f"stopped {', '.join(stopped)}" if stopped else f"{place.path} was not up")
    if purge:
        removed = stopping.purge(place)
        speech.tell(f"removed {place.path}" if removed else f"nothing to remove in {place.path}")


def status(home: HomeOption = None, as_json: JsonOption = False) -> int:
    """Say how a home is: services, lag, cursors, head, outcomes, quarantine.

    Ends with 3 if a service is away, with 4 if a partition is stopped.
    """
    from jejak import health, services  # noqa: PLC0415  not part of the plain install

    place, chosen = settings_of(home)
    hint_at_unknown()
    found = health.look(place, services.services_of(place, chosen), embedded=chosen.embedded)
    if as_json:
        speech.answer_json(found.document())
    else:
        speech.answer_pairs(status_lines(found))
        if found.inboxes:
            speech.answer_table(INBOX_COLUMNS, map(inbox_row, found.inboxes))
    for line in found.stopped:
        speech.tell(f"{line}; see {OPERATING}, A stopped partition")
    if found.up is False:
        speech.tell(f"{place.path} is down: start it with `jejak up`")
    return found.exit_code


INBOX_COLUMNS = ("inbox", "partition", "next offset", "end", "lag", "oldest")


def inbox_row(inbox: "InboxState") -> tuple[object, ...]:
    """One inbox partition, for a person."""
    lag = "STOPPED" if inbox.stopped else inbox.lag
    place = (inbox.topic, inbox.partition, inbox.next_offset, inbox.end_offset)
    return (*place, lag, seconds(inbox.lag_seconds))


def status_lines(found: "Health") -> dict[str, object]:
    """How a home is, as lines for a person."""
    state = {True: " (up)", False: " (down)", None: ""}[found.up]
    lines: dict[str, object] = {"home": f"{found.home}{state}"}
    if found.processes:
        lines["processes"] = ", ".join(
            name if runs else f"{name} (ended)" for name, runs in found.processes.items()
        )
    if found.metrics:
        lines["metrics"] = ", ".join(f"{name} {url}" for name, url in found.metrics.items())
    lines |= {"kafka": found.kafka.says, "postgresql": found.postgres.says}
    if found.ledger is None:
        return lines
    return lines | ledger_lines(found.ledger) | {"lag": lag_line(found)}


def ledger_lines(ledger: "Ledger") -> dict[str, object]:
    """How the ledger stands, as lines for a person."""
    waiting = ledger.quarantine.get("waiting", {})
    reasons = "".join(f", {reason} {count}" for reason, count in waiting.items())
    aside = ", ".join(f"{count} ({error})" for error, count in ledger.aside.items())
    return {
        "loops": ", ".join(
            f"{name} {count}" if count else f"{name} (not connected)"
            for name, count in ledger.loops.items()
        ),
        "head": f"position {ledger.head.next_position - 1}, epoch {ledger.head.epoch}",
        "outcomes": ", ".join(f"{kind} {n}" for kind, n in asdict(ledger.outcomes).items()),
        **{
            name: f"at {stands.position}, {stands.behind} behind"
            for name, stands in ledger.cursors.items()
        },
        "checkpoint": ", ".join(
            f"{tree} {last.size}, signed {last.stored:%Y-%m-%dT%H:%M:%SZ}"
            for tree, last in ledger.checkpoints.items()
        )
        or "none yet",
        **({"set aside": f"figures of {aside}"} if aside else {}),
        "refold": f"{ledger.refold} persons waiting",
        "quarantine": f"waiting {sum(waiting.values())}{reasons}",
    }


def lag_line(found: "Health") -> str:
    """The messages that are not in the ledger yet, and the age of the oldest."""
    known = [inbox for inbox in found.inboxes if inbox.lag is not None]
    if found.inboxes and not known:
        return "unknown"
    unread = sum(inbox.lag or 0 for inbox in known)
    oldest = max((inbox.lag_seconds or 0.0 for inbox in known), default=0.0)
    return f"{unread} messages, the oldest {seconds(oldest)} old" if unread else "nothing unread"


def seconds(age: float | None) -> str | None:
    """An age for a person."""
    return None if age is None else f"{age:.1f} s"


def prepare(
    commands: Annotated[
        bool, typer.Option("--commands", help="Only print what an administrator must run.")
    ] = False,
    prepared: Annotated[
        bool, typer.Option("--prepared", help="Those were run: do the rest, without such rights.")
    ] = False,
    home: HomeOption = None,
) -> None:
    """Set up services that others run: roles, schema, our users on Kafka and their rights.

    `jejak up` does this by itself for the services that it starts.
    """
    from jejak import byhand, foundations, provisioning  # noqa: PLC0415  not in the plain install

    place, services = services_of(home)
    place.make()
    if commands:
        speech.say(byhand.script(byhand.for_foundations(services)))
        speech.tell("run these as administrators, then `jejak prepare --prepared`")
        return
    foundations.prepare(services, prepared=prepared)
    stale = provisioning.refresh_credentials(services, place.credentials)
    speech.tell(f"prepared; {stale} credentials files written anew")


def run_loop(
    loop: Annotated[LoopName, typer.Argument(help="Which loop.", show_default=False)],
    home: HomeOption = None,
    slot: Annotated[
        int, typer.Option(min=1, help="Which of the recorders: each process needs its own.")
    ] = 1,
) -> None:
    """Run one loop, or the server of the published log, as a process of its own, until SIGTERM."""
    from jejak import logserver, loops, services  # noqa: PLC0415  not part of the plain install

    if slot > 1 and loop is not LoopName.RECORDER:
        raise Misuse(f"--slot is for recorders; further {loop.value}s stand by without one")
    place, chosen = settings_of(home)
    if loop is LoopName.LOG_SERVER:
        logserver.run(chosen.log_folder or place.log, chosen, speech.tell)
        return
    loops.run(loop.value, place, services.services_of(place, chosen), chosen, slot)


def settings(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Say what is set, and from where."""
    from jejak import settings as module  # noqa: PLC0415  not part of the plain install

    place, chosen = settings_of(home)
    hint_at_unknown()
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
