"""From a reference (kind, value) to a person: one query for many, through a bounded memory."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import UUID

from jejak_lrs.ledger.batch import Alias

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jejak_lrs.database import Connection
    from jejak_schemas.resolve import Reference

# One entry is about 400 bytes. The nation has five million persons; a batch some thousands.
REMEMBERED = 200_000


@dataclass(frozen=True, slots=True)
class Known:
    """A person in the ledger. `salt` is the alias's, None for a reference by person_id.

    `registered`: BKN has confirmed the person; never undone.
    """

    person_id: UUID
    salt: bytes | None = field(repr=False)
    registered: bool


class People:
    """The look-up of references, for one thread and one connection at a time."""

    def __init__(self, remembered: int = REMEMBERED) -> None:
        self._remembered = remembered
        self._memory: OrderedDict[Reference, Known] = OrderedDict()

    def resolve_many(
        self, connection: Connection, references: Iterable[Reference]
    ) -> dict[Reference, Known]:
        """Those of the references that are known. At most one query.

        A kind is "person_id" or any alias kind. An alias never moves and a registration is never
        undone, so what is known and registered is remembered; anything else is asked again.
        """
        known: dict[Reference, Known] = {}
        asked: list[Reference] = []
        for reference in references:
            found = self._memory.get(reference)
            if found is None:
                asked.append(reference)
            else:
                self._memory.move_to_end(reference)
                known[reference] = found
        if asked:
            fresh = resolve_many(connection, asked)
            known.update(fresh)
            self._remember(fresh)
        return known

    def _remember(self, fresh: dict[Reference, Known]) -> None:
        self._memory.update({ref: person for ref, person in fresh.items() if person.registered})
        while len(self._memory) > self._remembered:
            self._memory.popitem(last=False)


def resolve_many(connection: Connection, references: Iterable[Reference]) -> dict[Reference, Known]:
    """Those of the references that are known, in one query, remembering nothing."""
    asked = set(references)
    aliases = [reference for reference in asked if reference[0] != "person_id"]
    ids = [value for kind, value in asked if kind == "person_id" and _is_uuid(value)]
    found = connection.execute(
        "SELECT kind, value, person_id, salt, r.person_id IS NOT NULL "
        "FROM unnest(%b::text[], %b::text[]) AS asked (kind, value) "
        "JOIN person_alias USING (kind, value) LEFT JOIN person_registered r USING (person_id) "
        "UNION ALL "
        "SELECT 'person_id', asked, person_id, NULL, r.person_id IS NOT NULL "
        "FROM unnest(%b::text[]) AS asked JOIN person ON person_id = asked::uuid "
        "LEFT JOIN person_registered r USING (person_id)",
        [[kind for kind, _ in aliases], [value for _, value in aliases], ids],
        binary=True,
    ).fetchall()
    return {(kind, value): Known(*person) for kind, value, *person in found}


def aliases_of(connection: Connection, person_id: UUID) -> list[Alias]:
    """Every alias a person has, the oldest first."""
    found = connection.execute(
        "SELECT kind, value, person_id, salt, since, statement_id FROM person_alias "
        "WHERE person_id = %s ORDER BY since, kind, value",
        [person_id],
    )
    return [Alias(*row) for row in found]


def _is_uuid(text: str) -> bool:
    """Whether it is a UUID as we write one: Python reads spellings that PostgreSQL does not."""
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False
