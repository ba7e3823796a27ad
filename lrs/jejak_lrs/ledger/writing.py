"""The queries of append, one function each. All run inside its transaction, under the head lock."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jejak_lrs import errors, tables
from jejak_lrs.ledger import verbs
from jejak_lrs.ledger.batch import Row
from jejak_lrs.ledger.copying import copy
from jejak_lrs.ledger.sorting import Stored

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from jejak_lrs.database import Connection
    from jejak_lrs.ledger.batch import Alias, Item, NewPerson

Reference = tuple[str, str]


def find_known(connection: Connection, items: Iterable[Item]) -> dict[UUID, Stored]:
    """The records that have one of these ids already."""
    ids = [item.statement_id for item in items if isinstance(item, Row)]
    found = connection.execute(
        "SELECT statement_id, position FROM statement_key WHERE statement_id = ANY(%b)", [ids]
    ).fetchall()
    if not found:
        return {}
    stored = connection.execute(
        "SELECT position, tag_salt, content_tag FROM record WHERE position = ANY(%b)",
        [[position for _, position in found]],
        binary=True,
    ).fetchall()
    by_position = {row[0]: Stored(*row) for row in stored}
    return {statement_id: by_position[position] for statement_id, position in found}


def insert_aliases(
    connection: Connection, survivors: Iterable[Row], newcomers: Mapping[UUID, NewPerson]
) -> list[NewPerson]:
    """Insert the aliases that the survivors need; the persons that are new by it, in order.

    The very same alias is no loss: an earlier half of the batch, or the same batch before its
    connection was lost, has inserted it. With another salt it is one, also where it names the same
    person: the record's commitment could never be checked against it.

    Raises:
        AliasesLost: an alias names another person by now, or has another salt.
    """
    wanted = _wanted(survivors, newcomers)
    if not wanted:
        return []
    aliases = list(wanted.values())
    inserted: set[Reference] = set(
        connection.execute(
            "INSERT INTO person_alias (kind, value, person_id, salt, since, statement_id) "
            "SELECT * FROM unnest(%s::text[], %s::text[], %s::uuid[], %s::bytea[], %s::date[], "
            "%s::uuid[]) ON CONFLICT DO NOTHING RETURNING kind, value",
            [
                [alias.kind for alias in aliases],
                [alias.value for alias in aliases],
                [alias.person_id for alias in aliases],
                [alias.salt for alias in aliases],
                [alias.since for alias in aliases],
                [alias.statement_id for alias in aliases],
            ],
        ).fetchall()
    )
    _require_ours(connection, [alias for alias in aliases if alias.reference not in inserted])
    people = dict.fromkeys(alias.person_id for alias in aliases)
    new = (newcomers[person_id] for person_id in people if person_id in newcomers)
    return [newcomer for newcomer in new if newcomer.alias.reference in inserted]


def _wanted(
    survivors: Iterable[Row], newcomers: Mapping[UUID, NewPerson]
) -> dict[Reference, Alias]:
    wanted: dict[Reference, Alias] = {}
    for row in survivors:
        for needed in row.needs:
            newcomer = newcomers.get(needed.person_id)
            # Whoever needs a new person needs the alias it was first seen by.
            for alias in (needed,) if newcomer is None else (newcomer.alias, needed):
                if wanted.setdefault(alias.reference, alias).person_id != alias.person_id:
                    raise errors.AliasesLost([alias])
    return wanted


def _require_ours(connection: Connection, missed: Sequence[Alias]) -> None:
    if not missed:
        return
    holders = {
        (kind, value): tuple(holder)
        for kind, value, *holder in connection.execute(
            "SELECT kind, value, person_id, salt FROM person_alias "
            "JOIN unnest(%s::text[], %s::text[]) AS missed (kind, value) USING (kind, value)",
            [[alias.kind for alias in missed], [alias.value for alias in missed]],
        )
    }
    lost = [one for one in missed if holders[one.reference] != (one.person_id, one.salt)]
    if lost:
        raise errors.AliasesLost(lost)


def make_room(connection: Connection, upto: int) -> None:
    """Make partitions for positions below `upto`, and some ahead."""
    connection.execute("SELECT ledger_make_room(%s)", [upto])


def copy_keys(connection: Connection, rows: Iterable[Row], first: int) -> None:
    """The ids of records numbered from `first`."""
    copy(
        connection,
        tables.statement_key,
        ((row.statement_id, position) for position, row in enumerate(rows, first)),
    )


def copy_records(connection: Connection, rows: Iterable[Row], first: int, stored: datetime) -> None:
    """The records, numbered from `first`."""
    own_verb = verbs.OWN.get
    copy(
        connection,
        tables.record,
        (
            (
                position,
                row.statement_id,
                stored,
                row.occurred_at,
                row.event_type,
                row.party,
                row.on_behalf_of,
                row.person_id,
                row.agency,
                None if row.verb == own_verb(row.event_type) else row.verb,
                row.activity,
                row.source.kind,
                row.source.topic_id,
                row.source.partition,
                row.source.offset,
                row.mapping_version,
                " ".join(row.warnings) or None,
                row.payload,
                row.salt,
                row.tag_salt,
                row.content_tag,
                row.commitment,
            )
            for position, row in enumerate(rows, first)
        ),
    )


def insert_effects(
    connection: Connection, rows: Sequence[Row], first: int, newcomers: Sequence[NewPerson]
) -> None:
    """What records say about persons, parties and other records, beside the records.

    `newcomers` are the first of `rows`, in this order.
    """
    numbered = list(enumerate(rows, first))
    people = [(new.person_id, position) for position, new in enumerate(newcomers, first)]
    targets = [(row.target, position) for position, row in numbered if row.target is not None]
    changes = [
        (position, c.code, c.event_type, list(c.roles), c.valid_from, c.valid_until,
         list(c.senders), list(c.forms))
        for position, row in numbered if (c := row.party_change) is not None
    ]  # fmt: skip
    copy(connection, tables.person, people)
    copy(connection, tables.statement_reference, targets)
    copy(connection, tables.party, changes)
    for position, row in numbered:
        if row.erases:
            connection.execute(  # what was ordered before stays ordered by that
                "INSERT INTO erasure (position, ordered) SELECT unnest(%s::bigint[]), %s "
                "ON CONFLICT DO NOTHING",
                [list(row.erases), position],
            )
    registered = [(row.registers, at) for at, row in numbered if row.registers is not None]
    if registered:
        connection.execute(  # only the first confirmation of a person counts
            "INSERT INTO person_registered (person_id, position) "
            "SELECT * FROM unnest(%s::uuid[], %s::bigint[]) ON CONFLICT DO NOTHING",
            [[person_id for person_id, _ in registered], [at for _, at in registered]],
        )
