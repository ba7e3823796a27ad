"""Which generation of the projection is read, and which is kept for a rollback.

A profile's `version` belongs to the person: it grows whatever generation is read. Agencies were
told of one generation's profiles at most: of another's, not told yet, `version` is not greater.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from psycopg.rows import args_row

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from jejak_lrs.database import Connection


@dataclass(frozen=True, slots=True)
class Generations:
    """The pointer. See migrations/sql/0013_rebuild.sql."""

    active: int
    last: int
    kept: int | None
    switched: datetime | None
    restating: bool
    restated_to: UUID | None


@dataclass(frozen=True, slots=True)
class Feed:
    """A generation that is fed: whether agencies are told.

    `instead_of` which other one it came to be read, and `since` when, while agencies are still to
    be told where the two differ.
    """

    generation: int
    tell: bool = False
    instead_of: int | None = None
    since: datetime | None = None


def fed(connection: Connection) -> list[Feed]:
    """The generation that is read, and then the one that is kept."""
    found = read(connection)
    instead_of = found.kept if found.restating else None
    active = Feed(found.active, tell=True, instead_of=instead_of, since=found.switched)
    return [active] if found.kept is None else [active, Feed(found.kept)]


def read(connection: Connection) -> Generations:
    """Where the pointer is. It moves under the projector's cursor only."""
    with connection.cursor(row_factory=args_row(Generations)) as cursor:
        cursor.execute(
            "SELECT active, last, kept, switched, restating, restated_to FROM generation"
        )
        return next(iter(cursor))


def begin(connection: Connection) -> int:
    """A new generation, of a number that none had, with room for its evidence and profiles."""
    found = connection.execute(
        "UPDATE generation SET last = last + 1 RETURNING last, projection_make_room(last)"
    ).fetchone()
    return int(found[0]) if found else 1


def point_to(connection: Connection, generation: int) -> None:
    """Read this generation from now on, keep the one read until now, and have it restated."""
    connection.execute(
        "UPDATE generation SET active = %s, kept = active, switched = clock_timestamp(), "
        "restating = true, restated_to = NULL",
        [generation],
    )


def restated(connection: Connection, to: UUID | None) -> None:
    """Agencies have been told of persons up to here; None: of everybody."""
    connection.execute(
        "UPDATE generation SET restated_to = %s, restating = %s", [to, to is not None]
    )


def keep_none(connection: Connection) -> None:
    """Keep no generation for a rollback."""
    connection.execute("UPDATE generation SET kept = NULL, restated_to = NULL, restating = false")
