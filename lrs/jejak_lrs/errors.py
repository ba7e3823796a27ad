"""What can go wrong in the ledger, by what the operator does about it.

LedgerError
├── Refuse             the input is wrong: quarantine it, go on
│   ├── StillRefused   a redriven message is no better today: it stays in quarantine
│   ├── NotWaiting     a message in quarantine was redriven or discarded before
│   └── Unready        a generation of the projection is not what this can be done with, now
├── Retry              back off, do not acknowledge, go on from the stored offsets
│   ├── Unreachable    no connection to PostgreSQL, or it was lost
│   ├── Busy           a lock was not to be had, even after ending who held it too long
│   ├── RegistryMoved  the batch was walked against another registry version: walk it again
│   ├── AliasesLost    another writer gave these aliases to other persons: resolve them again
│   ├── HalfAppended   one of these two, after a part of the batch was appended
│   └── FolderAway     the published log's folder cannot be written, or another process writes it
└── Fatal              state unknown or wrong: exit; a restart recovers or says the same again
    ├── Fenced         another process has taken over this partition or cursor
    ├── NotConsumed    the inbox has no row in inbox_offset
    ├── BadPayload     a payload cannot be read back
    ├── Newer          a newer Jejak has migrated this database
    ├── Inconsistent   the ledger, or a copy of the log, is not what a signed checkpoint says
    └── Broken         PostgreSQL refused what can only be a defect or a damaged database
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jejak_lrs.ledger.batch import Alias


class LedgerError(Exception):
    """Root of everything this package raises on purpose."""


class Refuse(LedgerError):  # noqa: N818 - says what to do, as its siblings do
    """The input is wrong; nothing else is affected."""


class Retry(LedgerError):  # noqa: N818
    """A dependency is away or the world has moved; the same work can succeed later."""


class Fatal(LedgerError):  # noqa: N818
    """The state is unknown or wrong; only a restart or an operator can go on."""


class StillRefused(Refuse):
    """A message that was redriven is refused again, or in conflict: nothing was written."""

    def __init__(self, reason: str, field: str | None = None) -> None:
        super().__init__(f"refused again: {reason}")
        self.reason = reason
        self.field = field


class Unready(Refuse):
    """A generation is not there, or something about it is still to be done; says what."""


class NotWaiting(Refuse):
    """Somebody was faster: the message waits in quarantine no more."""

    def __init__(self, number: int, status: str | None) -> None:
        super().__init__(
            f"quarantine {number} is {status}" if status else f"no quarantine {number}"
        )
        self.number = number


class Unreachable(Retry):
    """PostgreSQL cannot be reached, or the connection was lost."""


class Busy(Retry):
    """A lock was held by others for longer than this writer may wait."""


class RegistryMoved(Retry):
    """The batch was walked against another registry version than the ledger has now."""

    def __init__(self, walked: int, current: int) -> None:
        super().__init__(f"walked against registry version {walked}, the ledger has {current}")
        self.walked = walked
        self.current = current


class AliasesLost(Retry):
    """Aliases this batch wanted for new persons belong to other persons by now."""

    def __init__(self, aliases: Sequence[Alias]) -> None:
        # Values never enter a message: an alias may be a NIP.
        super().__init__(f"{len(aliases)} aliases were given to other persons meanwhile")
        self.aliases = tuple(aliases)


class HalfAppended(Retry):
    """The world has moved after a part of a batch was appended: go on from the stored offsets."""


class FolderAway(Retry):
    """The published log's folder cannot be written now."""


class Fenced(Fatal):
    """Another process has moved what this one believed to be its own."""


class NotConsumed(Fatal):
    """A batch came from a partition that no `party add` has opened."""


class BadPayload(Fatal):
    """A stored payload has an unknown format or dictionary, or does not decompress."""


class Newer(Fatal):
    """The database's schema is of a newer Jejak; there is no way back but a restore."""

    def __init__(self, here: str, newest: str | None) -> None:
        super().__init__(
            f"the database's schema is {here}, this Jejak knows it up to {newest}: "
            "a newer Jejak has migrated it, run that one (docs/operating.md, Upgrade)"
        )


class Inconsistent(Fatal):
    """Two checkpoints that cannot both be true, or one that the ledger does not keep."""


class Broken(Fatal):
    """PostgreSQL refused something that correct code on a sound database never asks."""


# SQLSTATE classes and codes after which the same work may succeed.
_RETRIED_CLASSES = frozenset({"08", "40", "53", "57", "58"})
_RETRIED_CODES = frozenset({"55P03", "25P03", "25P04"})


def of(exc: psycopg.Error) -> LedgerError:
    """The error of this package for one of psycopg's, told by SQLSTATE; raise it `from None`.

    PostgreSQL's own words are not repeated: its DETAIL can quote a row, and a row can hold a NIP.
    """
    state = exc.sqlstate
    if state is None and isinstance(exc, psycopg.OperationalError):
        return Unreachable("the connection to PostgreSQL failed or was lost")
    if state in _RETRIED_CODES or (state or "")[:2] in _RETRIED_CLASSES:
        return Busy(f"PostgreSQL answered SQLSTATE {state}")
    told = ", ".join(filter(None, (type(exc).__name__, exc.diag.constraint_name)))
    return Broken(f"PostgreSQL answered SQLSTATE {state} ({told})")
