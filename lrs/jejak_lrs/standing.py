"""What an operator watches of the ledger, in short reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jejak_lrs.database import Connection


@dataclass(frozen=True, slots=True)
class Outcomes:
    """What became of every message delivered from an inbox, as of one moment.

    `recorded` is what the others leave of what was delivered; that this many records are there is
    what the books say (`jejak_lrs.books`), which count them.
    """

    recorded: int
    duplicate: int
    conflict: int
    refused: int


def outcomes(connection: Connection) -> Outcomes:
    """The totals by kind. Reads all of `outcome`, which is short beside the record."""
    found = connection.execute(
        "SELECT (SELECT coalesce(sum(delivered), 0)::bigint FROM inbox_offset) - count(*), "
        "count(*) FILTER (WHERE kind = 'duplicate'), count(*) FILTER (WHERE kind = 'conflict'), "
        "count(*) FILTER (WHERE kind = 'refused') FROM outcome WHERE source_kind = 'inbox'"
    ).fetchone()
    return Outcomes(*(found or (0, 0, 0, 0)))


def sessions(connection: Connection) -> dict[str, int]:
    """How many connections of each name there are to this database, whoever's they are."""
    found = connection.execute(
        "SELECT application_name, count(*) FROM pg_stat_activity "
        "WHERE datname = current_database() AND application_name <> '' GROUP BY 1"
    )
    return dict(found.fetchall())
