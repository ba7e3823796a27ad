"""What the published retention schedule lets go, as a count by class and year. It erases nothing.

A RetentionPublished carries a TOML document; which event types belong to a class, and how many
years it is kept, is its data::

    [[class]]
    code = "KP.02"
    name = "Pelatihan"
    types = ["CourseCompleted", "SessionAttended"]
    years = 10            # after the year in which it happened

What is let go is destroyed only by an agency's DestructionApproved.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from jejak_lrs import errors
from jejak_lrs.ledger import history
from jejak_lrs.ledger.statements import Statements
from jejak_schemas.events import RetentionPublished

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from jejak_lrs.database import Connection

_STEP: Final = 50_000
_CHUNK: Final = 1_000


class _Class(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    code: str
    name: str
    types: tuple[str, ...]
    years: int = Field(ge=0, le=200)


class _Schedule(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    classes: tuple[_Class, ...] = Field(alias="class")


@dataclass(frozen=True, slots=True)
class Due:
    """Records of one class, event type and year whose time is over."""

    code: str
    name: str
    event_type: str
    year: int
    records: int


def due(connection: Connection, on: date) -> tuple[str | None, list[Due]]:
    """The version of the schedule in force on a day, and what it lets go by then.

    Raises:
        Refuse: the schedule cannot be read.
    """
    published = _in_force(connection, on)
    if published is None:
        return None, []
    try:
        schedule = _Schedule.model_validate(tomllib.loads(published.document))
    except (tomllib.TOMLDecodeError, ValidationError) as exc:
        raise errors.Refuse(f"retention schedule {published.version} cannot be read") from exc
    counts = _counts(connection)
    return published.version, [
        Due(one.code, one.name, event_type, year, count)
        for one in schedule.classes
        for (event_type, year), count in sorted(counts.items())
        if event_type in one.types and year + one.years < on.year
    ]


def _in_force(connection: Connection, on: date) -> RetentionPublished | None:
    found = [one for one in _published(connection) if one.valid_from <= on]
    return max(found, key=lambda one: one.valid_from, default=None)


def _published(connection: Connection) -> Iterator[RetentionPublished]:
    statements, upto, after = Statements(), history.head(connection).next_position, -1
    kinds = [RetentionPublished.__name__]
    while records := history.records_of_types(connection, kinds, after, upto, _CHUNK):
        for record in records:
            event = statements.event_of(record)
            if isinstance(event, RetentionPublished):
                yield event
        after = records[-1].position


def _counts(connection: Connection) -> dict[tuple[str, int], int]:
    """Records that have content, by event type and Jakarta's year; in short queries."""
    counts: dict[tuple[str, int], int] = {}
    for start in range(0, history.head(connection).next_position, _STEP):
        for event_type, year, count in connection.execute(
            "SELECT event_type, extract(year FROM occurred_at AT TIME ZONE 'Asia/Jakarta')::int, "
            "count(*) FROM record WHERE position >= %s AND position < %s AND payload IS NOT NULL "
            "GROUP BY 1, 2",
            [start, start + _STEP],
        ):
            counts[event_type, year] = counts.get((event_type, year), 0) + count
    return counts
