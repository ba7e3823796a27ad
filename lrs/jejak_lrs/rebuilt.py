"""What a rebuild came to: its digest, and who goes up or down, and why."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from jejak_lrs.competency.diff import (
    Difference,
    LearningHoursChanged,
    LevelChanged,
    diff,
    moves,
)
from jejak_lrs.competency.profile import EMPTY, canonical, digest, parse
from jejak_lrs.competency.routing import agencies_on

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date

    from jejak_lrs.database import Connection


def digest_of(connection: Connection, generation: int) -> str:
    """SHA-256 over every person's id and digest, by person, in hex: equal profiles, equal digest.

    Profiles of nothing do not count: a generation may know of a person by what another had wrong.
    """
    nothing = digest(canonical(EMPTY))
    whole = hashlib.sha256()
    for person_id, own in _digests(connection, generation):
        if own != nothing:
            whole.update(person_id.bytes + bytes.fromhex(own))
    return whole.hexdigest()


def _digests(connection: Connection, generation: int) -> Iterator[tuple[UUID, str]]:
    after = UUID(int=0)
    while found := connection.execute(
        "SELECT person_id, digest FROM profile WHERE generation = %s AND person_id > %s "
        "ORDER BY person_id LIMIT 10000",
        [generation, after],
    ).fetchall():
        yield from found
        after = found[-1][0]


@dataclass(frozen=True, slots=True)
class Differs:
    """One person whose profile differs: what, on the clock's day; nothing if only on other days."""

    person_id: UUID
    differences: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """What differs between two generations.

    `up` and `down` count the differences of each kind in which something grew or shrank; `some`
    holds the first persons, for people to look at.
    """

    persons: int
    differ: int
    up: Mapping[str, int]
    down: Mapping[str, int]
    some: tuple[Differs, ...]


def report(connection: Connection, before: int, after: int, day: date, most: int = 20) -> Report:
    """Compare two generations, person by person; both should stand at one place."""
    up, down, some, differ = Counter[str](), Counter[str](), list[Differs](), 0
    for one in _differing(connection, before, after, day):
        differ += 1
        up.update(each.kind for each in one.differences if _way(each) > 0)
        down.update(each.kind for each in one.differences if _way(each) < 0)
        if len(some) < most:
            some.append(one)
    return Report(_persons(connection, after), differ, up, down, tuple(some))


def _persons(connection: Connection, generation: int) -> int:
    found = connection.execute(
        "SELECT count(*) FROM profile WHERE generation = %s", [generation]
    ).fetchone()
    return int(found[0]) if found else 0


def _differing(connection: Connection, before: int, after: int, day: date) -> Iterator[Differs]:
    """Whoever has another profile, by person, in short reads. A profile of nothing is none."""
    last = UUID(int=0)
    while found := connection.execute(
        "SELECT person_id, b.document, a.document FROM "
        "(SELECT * FROM profile WHERE generation = %(before)s AND person_id > %(last)s) b "
        "FULL JOIN (SELECT * FROM profile WHERE generation = %(after)s AND person_id > %(last)s) a "
        "USING (person_id) WHERE coalesce(b.digest, %(none)s) <> coalesce(a.digest, %(none)s) "
        "ORDER BY person_id LIMIT 1000",
        {"before": before, "after": after, "last": last, "none": digest(canonical(EMPTY))},
    ).fetchall():
        for person_id, old, new in found:
            was, now = (parse(one) if one else EMPTY for one in (old, new))
            moved = moves(agencies_on(was, day), agencies_on(now, day))
            yield Differs(person_id, (*moved, *diff(was, now, day)))
        last = found[-1][0]


def _way(one: Difference) -> int:
    """1: up, -1: down, 0: neither."""
    match one:
        case LevelChanged() | LearningHoursChanged():
            return _sign((one.after or 0) - (one.before or 0))
        case _:
            return 0


def _sign(number: int) -> int:
    return (number > 0) - (number < 0)
