"""The options that many commands share, and what they mean."""

import inspect
import os
from collections.abc import Callable
from datetime import datetime
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeVar

import typer

from jejak.cli import speech
from jejak.errors import Misuse
from jejak.home import Home, default_home
from jejak_schemas.clock import JAKARTA

if TYPE_CHECKING:
    from jejak.services import Services
    from jejak.settings import Settings

R = TypeVar("R")
_MOST: Final = 2**63 - 1  # with what PostgreSQL counts

HomeOption = Annotated[
    Path | None,
    typer.Option(
        "--home",
        envvar="JEJAK_HOME",
        help="The folder of this Jejak; by default in the user's data folder.",
        show_default=False,
        file_okay=False,
    ),
]
LogOption = Annotated[
    Path | None,
    typer.Option("--log", file_okay=False, help="The log's folder; by default the home's."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Answer with one JSON document.")]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


def home_of(path: Path | None) -> Home:
    """The home that `--home` names, or the user's."""
    return Home((path or default_home()).expanduser().absolute())


def settings_of(path: Path | None) -> "tuple[Home, Settings]":
    """The home and what is set in it."""
    from jejak import settings  # noqa: PLC0415  not part of the plain install

    home = home_of(path)
    return home, settings.load(home)


def hint_at_unknown() -> None:
    """Say which variables are taken for settings and are none."""
    from jejak import settings  # noqa: PLC0415  not part of the plain install

    for name in settings.unknown(os.environ):
        speech.tell(f"{name} is no setting and changes nothing; {settings.ALL}")


def services_of(path: Path | None) -> "tuple[Home, Services]":
    """The home and its services; Retry if it was never up."""
    from jejak import services  # noqa: PLC0415  not part of the plain install

    home, settings = settings_of(path)
    return home, services.services_of(home, settings)


def log_of(path: Path | None, given: Path | None = None) -> Path:
    """The folder of the published log: the one given, the one set, or the home's."""
    home, settings = settings_of(path)
    return given or settings.log_folder or home.log


def placed(path: Path | None) -> Path | None:
    """A file to be written, in a folder that is there; else Misuse, before there is any work."""
    if path is not None and not path.parent.is_dir():
        raise Misuse(f"cannot write {path}: there is no folder {path.parent}")
    return path


def moment(text: str) -> datetime:
    """A day or time; without a zone in Jakarta's."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise Misuse(f"--since {text}: give a day, 2026-03-09, or an RFC 3339 time") from None
    return found if found.tzinfo else found.replace(tzinfo=JAKARTA)


def countable(option: str, *numbers: int | None) -> None:
    """Misuse where one is more than a ledger can count."""
    for number in numbers:
        if number is not None and number >= _MOST:
            raise Misuse(f"{option} {number}: no ledger has so many")


def sharing(
    shared: Callable[..., Any], *, first: bool = False
) -> Callable[[Callable[..., R]], Callable[..., R]]:
    """What gives a command the options of a dataclass, one for each of its fields.

    The command gets the dataclass as its first argument; with `first` these options stand before
    its own in its help.
    """
    offered = list(inspect.signature(shared, eval_str=True).parameters.values())

    def give(command: Callable[..., R]) -> Callable[..., R]:
        own = list(inspect.signature(command, eval_str=True).parameters.values())[1:]
        listed = (*offered, *own) if first else (*own, *offered)
        options = [one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in listed]

        @wraps(command)
        def run(**said: Any) -> R:
            made = shared(**{one.name: said.pop(one.name) for one in offered})
            return command(made, **said)

        run.__signature__ = inspect.Signature(options)  # type: ignore[attr-defined]
        run.__annotations__ = {one.name: one.annotation for one in options}
        return run

    return give
