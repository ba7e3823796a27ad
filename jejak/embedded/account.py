"""Whose account PostgreSQL runs under: it refuses to be root, so root hands it to `nobody`.

Folders above the data and the wheel may be closed to everybody but root (a clone under /root), and
opening them would be a leak. So the process keeps one right of root's, to read and pass through
folders (CAP_DAC_READ_SEARCH), and the folders stay as they are.
"""

import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jejak.embedded.child import setpriv_works
from jejak.errors import Fatal

UNPRIVILEGED = "nobody"
READ_ANYWHERE = ("dac_read_search", "dac_override")  # containers often leave root the second only


@dataclass(frozen=True, slots=True)
class Account:
    """The words before a command that change the account, and whom files belong to then."""

    prefix: tuple[str, ...] = ()
    owner: tuple[int, int] | None = None

    def own(self, folder: Path) -> None:
        """Make `folder`, private to this account."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self.owner is not None:
            os.chown(folder, *self.owner)


def unprivileged(program: Path) -> Account:
    """The account to run `program` under: our own, or for root one that is not root.

    Fatal where root has no way to hand the program over.
    """
    if os.geteuid() != 0:
        return Account()
    owner = identity(UNPRIVILEGED)
    for prefix in handovers(owner):
        if works(prefix, program):
            return Account(prefix, owner)
    raise Fatal(
        f"PostgreSQL refuses to run as root and {program} could not be handed to the account "
        f"{UNPRIVILEGED!r}; run jejak as an ordinary user, or install util-linux"
    )


def identity(name: str) -> tuple[int, int]:
    """The numbers of an account's user and group."""
    import pwd  # noqa: PLC0415  not there on Windows, where nobody is root

    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        raise Fatal(
            f"PostgreSQL refuses to run as root and there is no account {name!r}; "
            "run jejak as an ordinary user"
        ) from None
    return entry.pw_uid, entry.pw_gid


def handovers(owner: tuple[int, int]) -> list[tuple[str, ...]]:
    """Ways to become `owner`, the least powerful that works in closed folders first."""
    if not setpriv_works():
        return []
    become = ("setpriv", f"--reuid={owner[0]}", f"--regid={owner[1]}", "--clear-groups")
    keeping = [
        (*become, f"--inh-caps=+{right}", f"--ambient-caps=+{right}") for right in READ_ANYWHERE
    ]
    return [*keeping, become]


def works(prefix: Sequence[str], program: Path) -> bool:
    """Whether `program` starts under this account."""
    attempt = subprocess.run(
        [*prefix, str(program), "--version"], capture_output=True, check=False, cwd="/"
    )
    return attempt.returncode == 0
