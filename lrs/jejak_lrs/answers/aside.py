"""Of whom, or of which day, figures cannot be made: set aside, so that all others are.

Figures are made in the projector's process: what is wrong with one person's data, or with what
stands in the registry, must neither stop the fold nor anybody else's figures.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import psycopg

from jejak_lrs import errors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from uuid import UUID

    from jejak_lrs.database import Connection

DAY: Final = "day"  # the day's tables, or a month's publication


def attempt(connection: Connection, act: Callable[[], object]) -> str | None:
    """Do something in a part of the transaction of its own, which is undone if it fails.

    Returns:
        None where it is done; else what kind of error there is.

    Raises:
        LedgerError: of those that say what to do.
        psycopg.Error: of those after which the same may succeed.
    """
    try:
        with connection.transaction():
            act()
    except errors.LedgerError:
        raise
    except psycopg.Error as exc:
        if isinstance(errors.of(exc), errors.Retry):
            raise
        return type(exc).__name__
    except Exception as exc:  # noqa: BLE001  whatever it is, it is in the data
        return type(exc).__name__
    return None


def put(connection: Connection, subject: str, error: str) -> None:
    """Note that something is set aside; since when, if it is already, stays."""
    connection.execute(
        "INSERT INTO figure_aside (subject, error) VALUES (%s, %s) "
        "ON CONFLICT (subject) DO UPDATE SET error = excluded.error",
        [subject, error],
    )


def clear(connection: Connection, subjects: Iterable[str]) -> None:
    """Note that figures could be made of these."""
    connection.execute("DELETE FROM figure_aside WHERE subject = ANY(%s)", [list(subjects)])


def people(connection: Connection) -> list[UUID]:
    """Who is set aside."""
    found = connection.execute(
        "SELECT subject::uuid FROM figure_aside WHERE subject <> %s ORDER BY subject", [DAY]
    )
    return [person_id for (person_id,) in found]


def counts(connection: Connection) -> dict[str, int]:
    """How many subjects are set aside, by the kind of error."""
    found = connection.execute("SELECT error, count(*) FROM figure_aside GROUP BY error")
    return dict(sorted(found.fetchall()))
