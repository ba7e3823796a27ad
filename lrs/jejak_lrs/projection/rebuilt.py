"""What a rebuild came to: its digest, and who goes up or down, and why."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final
from uuid import UUID

from jejak_lrs import cursor
from jejak_lrs.competency.diff import (
    Difference,
    LearningHoursChanged,
    LevelChanged,
    diff,
    moves,
)
from jejak_lrs.competency.explain import explain
from jejak_lrs.competency.profile import EMPTY, canonical, digest, parse
from jejak_lrs.competency.routing import agencies_on
from jejak_lrs.projection import clock, profiles
from jejak_lrs.projection.folding import Folding
from jejak_lrs.projection.generations import Feed
from jejak_lrs.projection.projecting import NAME
from jejak_lrs.replay.gathering import registry_at

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from jejak_lrs.competency.facts import Fact
    from jejak_lrs.competency.registry import Registry
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


Explained = tuple[Difference, tuple[str, ...]]
_SHOWN: Final = 20  # persons
_PAGE: Final = 1_000  # of them


@dataclass(frozen=True, slots=True)
class Differs:
    """One person whose profile differs: what, on the clock's day, and why it is so now.

    No differences: the two differ on other days only.
    """

    person_id: UUID
    differences: tuple[Explained, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """What differs between two generations.

    `up` and `down` count, of each kind, in how many differences something grew or shrank. `some`
    are the first persons, for people to look at.
    """

    persons: int
    differ: int
    up: Counter[str]
    down: Counter[str]
    some: tuple[Differs, ...]


def report(connection: Connection, before: int, after: int) -> Report:
    """Compare two generations, person by person; both should stand at one place."""
    day = clock.day(connection) or date.min
    up, down, differ = Counter[str](), Counter[str](), 0
    first: dict[UUID, list[Difference]] = {}
    for person_id, differences in _differing(connection, before, after, day):
        differ += 1
        up.update(one.kind for one in differences if _way(one) > 0)
        down.update(one.kind for one in differences if _way(one) < 0)
        if len(first) < _SHOWN:
            first[person_id] = differences
    some = _explained(connection, after, first, day) if first else ()
    return Report(_persons(connection, after), differ, up, down, tuple(some))


def _persons(connection: Connection, generation: int) -> int:
    found = connection.execute(
        "SELECT count(*) FROM profile WHERE generation = %s", [generation]
    ).fetchone()
    return int(found[0]) if found else 0


def _differing(
    connection: Connection, before: int, after: int, day: date
) -> Iterator[tuple[UUID, list[Difference]]]:
    """Whoever has another profile, by person, in short reads. A profile of nothing is none.

    By ranges of persons: else each read would join all that is left of both.
    """
    last = None
    while people := profiles.people_after(connection, (before, after), last, _PAGE):
        found = connection.execute(
            "SELECT person_id, b.document, a.document FROM (SELECT * FROM profile "
            "WHERE generation = %(before)s AND person_id BETWEEN %(low)s AND %(high)s) b "
            "FULL JOIN (SELECT * FROM profile "
            "WHERE generation = %(after)s AND person_id BETWEEN %(low)s AND %(high)s) a "
            "USING (person_id) WHERE coalesce(b.digest, %(none)s) <> coalesce(a.digest, %(none)s) "
            "ORDER BY person_id",
            {
                "before": before, "after": after, "low": people[0], "high": people[-1],
                "none": digest(canonical(EMPTY)),
            },
        ).fetchall()  # fmt: skip
        for person_id, old, new in found:
            was, now = (parse(one) if one else EMPTY for one in (old, new))
            moved = moves(agencies_on(was, day), agencies_on(now, day))
            yield person_id, [*moved, *diff(was, now, day)]
        last = people[-1]


def _explained(
    connection: Connection, generation: int, found: Mapping[UUID, list[Difference]], day: date
) -> Iterator[Differs]:
    upto = cursor.read(connection, NAME).position
    registry = registry_at(connection, upto)
    folding = Folding(connection, registry, day, Feed(generation))
    folding.load(found, upto)
    for person_id, differences in found.items():
        facts = folding.facts_of(person_id)
        yield Differs(
            person_id, tuple((one, _why(one, facts, registry, day)) for one in differences)
        )


def _why(one: Difference, facts: Sequence[Fact], registry: Registry, day: date) -> tuple[str, ...]:
    """What makes a level as it is now: what counts, with its strength, and what does not."""
    if not isinstance(one, LevelChanged):
        return ()
    found = explain(facts, registry, one.competency, day)
    counts = [f"{each.event} {each.statement} counts {each.applied}" for each in found.counts]
    idle = [f"{each.event} {each.statement}: {each.reason}" for each in found.counts_not]
    return (f"ruleset {found.ruleset}", *counts, *idle)


def _way(one: Difference) -> int:
    """1: up, -1: down, 0: neither."""
    if isinstance(one, LevelChanged | LearningHoursChanged):
        was, now = one.before or 0, one.after or 0
        return (now > was) - (now < was)
    return 0
