"""The one place that turns an error into a line and an exit code."""

import errno
import re
import sys
import traceback
from typing import Any

import typer

# Every package has its own tree of errors, with these branches in all of them.
BRANCHES = {"Refuse": 1, "Misuse": 2, "Retry": 3, "Fatal": 4}
# Typer's own errors of use; it carries its own copy of click, whose names are not public.
USAGE = next(kind for kind in typer.BadParameter.__mro__ if kind.__name__ == "ClickException")
OPERATING = "docs/operating.md"
_EXTRAS = {"pyarrow": "parquet"}  # what is of no server
_NUMBER = re.compile(r"(?<!\d)\d{18}(?!\d)")
INTERRUPTED = 130  # as shells say it: 128 and the signal's number


def told(error: BaseException) -> tuple[int, str]:
    """The exit code and the line for an error that reached the top; an empty line says nothing."""
    if isinstance(error, USAGE):
        said = misused(error)
        return 2, _NUMBER.sub("(a number of a person)", said)
    if isinstance(error, (KeyboardInterrupt, typer.Abort)):
        return INTERRUPTED, "stopped"
    error = of_ledger(error)
    for kind in type(error).__mro__:
        if kind.__name__ in BRANCHES:
            return BRANCHES[kind.__name__], one_line(error)
    return other(error)


def misused(error: Any) -> str:
    """What is wrong with the words of a command, and whose help to read; empty says nothing."""
    said = error.format_message().rstrip(".").replace("Value error, ", "")
    command = error.ctx.command_path if error.ctx else "jejak"
    return f"{said}; see `{command} --help`" if said else ""


def of_ledger(error: BaseException) -> BaseException:
    """The ledger's error for one of PostgreSQL's: it went away between two steps of a command."""
    driver = sys.modules.get("psycopg")  # not part of the plain install
    if driver is None or not isinstance(error, driver.Error):
        return error
    from jejak_lrs import errors  # noqa: PLC0415  as above

    return errors.of(error)


def other(error: BaseException) -> tuple[int, str]:
    """The same for errors that are of no tree of ours."""
    if type(error).__name__ == "CredentialsError":
        return 1, one_line(error)
    if isinstance(error, ModuleNotFoundError) and not str(error.name).startswith("jejak"):
        extras = _EXTRAS.get(str(error.name), "server,embedded")
        return 2, f"this command needs {error.name}: pip install 'jejak[{extras}]'"
    if isinstance(error, OSError) and error.filename is not None:
        return 1, f"{error.filename}: {error.strerror}"
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return 3, f"cannot write the answer: {error.strerror}"
    # Never the text of an unknown error: it may hold what a message held.
    last = traceback.extract_tb(error.__traceback__)[-1:]
    where = f" at {last[0].filename}:{last[0].lineno}" if last else ""
    return 4, f"unexpected {type(error).__name__}{where}; see {OPERATING}, or add --debug"


def one_line(error: BaseException) -> str:
    """An error's text as one line; without the number of a person typed where none belongs."""
    return _NUMBER.sub("(a number of a person)", " ".join(str(error).split()))
