"""The tables of profiles and changes: written by the projector, read by publisher and answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

import orjson
from msgspec import Struct
from msgspec.structs import astuple
from psycopg.rows import args_row

from jejak_lrs.competency.routing import Agencies
from jejak_lrs.database import array

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date, datetime

    from jejak_lrs.database import Connection


class Stored(Struct, frozen=True, gc=False):
    """A person's profile as it stands; `document` is canonical JSON."""

    person_id: UUID
    version: int
    digest: str
    document: str
    assessed_to: int
    home: str | None
    working: str | None
    turns_on: date | None = None  # the next day on which something in it begins or ends

    @property
    def told(self) -> Agencies:
        """The agencies that were told of the person last."""
        return Agencies(self.home, self.working)


class Change(Struct, frozen=True, gc=False):
    """A change as it is told: `agencies` and `relations` go together.

    `kind` is a class of jejak_schemas.outgoing and `content` its own fields, as JSON values; of
    ProfileState it is empty: the person's stored profile goes to the profile topics of those
    `agencies` that the person still belongs to (`Stored.told`), and after a PersonLeft that
    topic gets a tombstone with this `version`.
    """

    change_id: UUID
    person_id: UUID
    kind: str
    version: int
    changed_at: datetime
    agencies: list[str]
    relations: list[str]
    content: dict[str, Any]
    because_position: int | None  # None: a day came
    because_statement: UUID | None
    because_rule: str
    number: int = -1  # until it is written


def active_generation(connection: Connection) -> int:
    """The generation that is read."""
    found = connection.execute("SELECT active FROM generation").fetchone()
    return int(found[0]) if found else 1


# -- profiles -----------------------------------------------------------------------------

_COLUMNS = "person_id, version, digest, document, assessed_to, home, working, turns_on"


def stored(
    connection: Connection, people: Iterable[UUID], generation: int | None = None
) -> dict[UUID, Stored]:
    """The profiles of persons as they stand; who has none is missing. One query.

    Person by person, as `evidence.of_people`.
    """
    with connection.cursor(row_factory=args_row(Stored)) as cursor:
        cursor.execute(
            "SELECT p.* FROM unnest(%s::uuid[]) AS who, LATERAL ("  # noqa: S608  a constant
            f"SELECT {_COLUMNS} FROM profile WHERE person_id = who AND generation = "
            "(SELECT coalesce(%s, active) FROM generation) LIMIT 1) AS p",
            [list(people), generation],
        )
        return {one.person_id: one for one in cursor}


def of_agency(connection: Connection, agency: str) -> list[Stored]:
    """The profiles of everyone whose home or working agency this is now, by person. One query."""
    with connection.cursor(row_factory=args_row(Stored)) as cursor:
        return cursor.execute(
            f"SELECT {_COLUMNS} FROM profile WHERE %s IN (home, working) AND generation = "  # noqa: S608  a constant
            "(SELECT active FROM generation) ORDER BY person_id",
            [agency],
        ).fetchall()


def standing(
    connection: Connection, generation: int, people: Iterable[UUID] | None = None
) -> list[tuple[int, UUID]]:
    """(assessed_to, person_id) of these persons' profiles, or of all, in this order."""
    return connection.execute(
        "SELECT assessed_to, person_id FROM profile WHERE generation = %s "
        "AND (%s::uuid[] IS NULL OR person_id = ANY(%s)) ORDER BY assessed_to, person_id",
        [generation, *[None if people is None else list(people)] * 2],
    ).fetchall()


def write(connection: Connection, generation: int, profiles: Sequence[Stored]) -> None:
    """Put profiles in the place of what stood."""
    if not profiles:
        return
    people, versions, digests, documents, assessed_to, homes, working, turns = zip(
        *map(astuple, profiles), strict=True
    )
    connection.execute(
        "INSERT INTO profile (generation, person_id, version, digest, document, assessed_to, "
        "home, working, turns_on) SELECT %s, * FROM unnest(%s::uuid[], %s::bigint[], %s::text[], "
        "%b::text[], %s::bigint[], %s::text[], %s::text[], %s::date[]) "
        "ON CONFLICT (generation, person_id) DO UPDATE SET version = excluded.version, "
        "digest = excluded.digest, document = excluded.document, "
        "assessed_to = excluded.assessed_to, home = excluded.home, working = excluded.working, "
        "turns_on = excluded.turns_on",
        [
            generation, array(people), array(versions), array(digests), list(documents),
            array(assessed_to), array(homes), array(working), array(turns),
        ],
    )  # fmt: skip


def first_turn(connection: Connection, generation: int, until: date) -> date | None:
    """The earliest day up to `until` on which a profile turns; None: none does."""
    found = connection.execute(
        "SELECT min(turns_on) FROM profile WHERE generation = %s AND turns_on <= %s",
        [generation, until],
    ).fetchone()
    return found[0] if found else None


def turning(connection: Connection, generation: int, day: date, most: int) -> list[UUID]:
    """Up to `most` persons whose profiles turn on a day."""
    found = connection.execute(
        "SELECT person_id FROM profile WHERE generation = %s AND turns_on = %s "
        "ORDER BY person_id LIMIT %s",
        [generation, day, most],
    )
    return [person_id for (person_id,) in found]


# -- changes ------------------------------------------------------------------------------


def write_changes(connection: Connection, changes: Sequence[Change]) -> None:
    """Add changes, numbered in commit order and without gaps: the head is locked until commit."""
    if not changes:
        return
    (change_ids, people, kinds, versions, moments, agencies, relations, contents, positions,
     statements, rules, _) = zip(*map(astuple, changes), strict=True)  # fmt: skip
    connection.execute(
        "WITH head AS (UPDATE change_head SET next_number = next_number + %s "
        "RETURNING next_number - %s AS first) "
        "INSERT INTO change (number, change_id, person_id, kind, version, changed_at, "
        "agencies, relations, content, because_position, because_statement, because_rule) "
        "SELECT first + nth - 1, change_id, person_id, kind, version, changed_at, "
        "string_to_array(agencies, ' '), string_to_array(relations, ' '), content::jsonb, "
        "because_position, because_statement, because_rule FROM head, unnest("
        "%s::uuid[], %s::uuid[], %s::text[], %s::bigint[], %s::timestamptz[], %s::text[], "
        "%s::text[], %b::text[], %s::bigint[], %s::uuid[], %s::text[]) WITH ORDINALITY AS told ("
        "change_id, person_id, kind, version, changed_at, agencies, relations, content, "
        "because_position, because_statement, because_rule, nth)",
        [
            len(changes), len(changes), array(change_ids), array(people), array(kinds),
            array(versions), array(moments), array(map(" ".join, agencies)),
            array(map(" ".join, relations)), [orjson.dumps(one).decode() for one in contents],
            array(positions), array(statements), array(rules),
        ],
    )  # fmt: skip


def turned(connection: Connection, generation: int, day: date, most: int) -> list[UUID]:
    """Up to `most` persons whose profiles turn on a day or did before."""
    found = connection.execute(
        "SELECT person_id FROM profile WHERE generation = %s AND turns_on <= %s LIMIT %s",
        [generation, day, most],
    )
    return [person_id for (person_id,) in found]


def people_after(
    connection: Connection, some: Sequence[int], after: UUID | None, most: int
) -> list[UUID]:
    """Up to `most` persons of some generations, in order, after one; None: from the first."""
    found = connection.execute(
        "SELECT person_id FROM unnest(%s::int[]) AS g, LATERAL (SELECT person_id FROM profile "
        "WHERE generation = g AND person_id > %s ORDER BY person_id LIMIT %s) AS p "
        "GROUP BY person_id ORDER BY person_id LIMIT %s",
        [list(some), after or UUID(int=0), most, most],
    )
    return [person_id for (person_id,) in found]


def told_already(connection: Connection, change_ids: Iterable[UUID]) -> set[UUID]:
    """Those of the changes that have been told."""
    found = connection.execute(
        "SELECT change_id FROM change WHERE change_id = ANY(%s)", [list(change_ids)]
    )
    return {change_id for (change_id,) in found}


def changes(connection: Connection, after: int, limit: int) -> list[Change]:
    """The changes with number > `after`, in order; -1 is before the first."""
    with connection.cursor(row_factory=args_row(Change)) as cursor:
        return cursor.execute(
            "SELECT change_id, person_id, kind, version, changed_at, agencies, relations, "
            "content, because_position, because_statement, because_rule, number FROM change "
            "WHERE number > %s ORDER BY number LIMIT %s",
            [after, limit],
        ).fetchall()


def last_change(connection: Connection) -> int:
    """The number of the last change; -1 before the first."""
    found = connection.execute("SELECT next_number - 1 FROM change_head").fetchone()
    return int(found[0]) if found else -1
