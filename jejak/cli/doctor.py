"""For whoever runs a Jejak: what is wrong with this set-up, and how to mend it; its schema."""

from dataclasses import asdict
from typing import Annotated

import typer

from jejak.cli import speech
from jejak.cli.options import HomeOption, JsonOption, hint_at_unknown, services_of, settings_of


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command()(doctor)
    app.command()(migrate)


def doctor(
    all_of_it: Annotated[bool, typer.Option("--all", help="Show what is well, too.")] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> int:
    """Say what is wrong with this set-up, and how to mend it.

    Ends with 1 if something is wrong, with 3 if a service is away.
    """
    from jejak import doctor, services  # noqa: PLC0415  not part of the plain install

    place, chosen = settings_of(home)
    hint_at_unknown()
    found = list(
        doctor.examine(place, services.services_of(place, chosen), embedded=chosen.embedded)
    )
    if as_json:
        speech.answer_json([asdict(finding) for finding in found])
        return doctor.exit_code(found)
    shown = [one for one in found if all_of_it or one.level is not doctor.Level.WELL]
    if shown:
        rows = [(one.part, one.subject, one.level, one.found, one.mend) for one in shown]
        speech.answer_table(("part", "what", "is", "found", "how to mend it"), rows)
    well = sum(one.level is doctor.Level.WELL for one in found)
    speech.tell(f"{well} of {len(found)} are well")
    return doctor.exit_code(found)


def migrate(
    check: Annotated[bool, typer.Option("--check", help="Only say; exit 1 if it is old.")] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> int:
    """Bring the database's schema to the newest version; forward only; two may run it at once."""
    from jejak_lrs import migrations, roles  # noqa: PLC0415  not part of the plain install

    _, services = services_of(home)
    dsn = services.dsn(roles.MIGRATOR)
    if not check:
        migrations.migrate(dsn)
    here, newest = migrations.revisions(dsn)
    if as_json:
        speech.answer_json({"revision": here, "newest": newest})
    else:
        speech.answer_pairs({"revision": here, "newest": newest})
    return 0 if here == newest else 1
