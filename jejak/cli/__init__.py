"""The `jejak` command, put together from one module per reader.

A module of this folder that has `register(app)` adds its commands. None of them imports a server's
library at import, so that the plain install has the provider's commands.
"""

import sys
from collections.abc import Sequence
from importlib import import_module, metadata
from importlib.util import find_spec
from typing import Annotated

import typer

from jejak.cli import errors

# In the order of the help. Those that are not there (yet) are passed over.
MODULES = (
    "operator",
    "doctor",
    "parties",
    "provider",
    "agency",
    "person",
    "analyst",
    "nation",
    "replay",
    "record",
    "rebuild",
    "audit",
    "key",
    "quarantine",
    "schema",
    "simulate",
    "demo",
)


def app() -> typer.Typer:
    """The whole command."""
    made = typer.Typer(
        name="jejak",
        help="The learning-record ledger for Indonesia's civil service.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode="markdown",
        context_settings={"help_option_names": ["-h", "--help"]},
    )

    @made.callback()
    def root(
        debug: Annotated[
            bool, typer.Option("--debug", help="Show the traceback of an error.")
        ] = False,
        version: Annotated[
            bool,
            typer.Option("--version", help="Say which Jejak this is.", callback=_say_version),
        ] = False,
    ) -> None:
        del version, debug  # the one is said already; the other is read in `main`

    for name in MODULES:
        if find_spec(f"jejak.cli.{name}") is not None:
            import_module(f"jejak.cli.{name}").register(made)
    return made


def _say_version(wanted: bool) -> None:
    if wanted:
        sys.stdout.write(f"jejak {metadata.version('jejak')}\n")
        raise typer.Exit


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command and end the process with one of its exit codes."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in words
    while "--debug" in words:
        words.remove("--debug")
    sys.exit(run(words, debug=debug))


def run(words: list[str], *, debug: bool) -> int:
    """Run the command; returns its exit code, having said any error in one line."""
    try:
        code = app()(words, prog_name="jejak", standalone_mode=False)
    except (Exception, KeyboardInterrupt) as error:
        if debug:
            raise
        code, line = errors.told(error)
        sys.stderr.write(f"jejak: {line}\n" if line else "")
    else:
        if code == errors.INTERRUPTED:  # what Typer makes of a Ctrl-C, without a word
            sys.stderr.write("jejak: stopped\n")
    return code if isinstance(code, int) else 0
