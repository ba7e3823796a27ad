"""The verb of each event type: it stands once in the ledger, not in every record.

`record.verb` is null where it is its event type's own, which `event_verb` says. It is there where
it is another: in a statement that a provider wrote itself, and in records older than `event_verb`.
A commitment covers the verb either way. An event type's verb never changes. A ledger learns it when
it is migrated, so migrate before a newer Jejak writes to it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from jejak_lrs.errors import Broken
from jejak_schemas.catalogue import CATALOGUE, Actor

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jejak_lrs.database import Connection

OWN: Final[Mapping[str, str]] = {
    entry.name: entry.verb for entry in CATALOGUE if entry.actor is not Actor.STATED
}


def copy(connection: Connection) -> None:
    """Copy the catalogue's verbs into the table `event_verb`; as the owner, in its transaction.

    Raises:
        Broken: an event type stands there with another verb.
    """
    connection.execute(
        "INSERT INTO event_verb (event_type, verb) SELECT * FROM unnest(%s::text[], %s::text[]) "
        "ON CONFLICT DO NOTHING",
        [list(OWN), list(OWN.values())],
    )
    if not OWN.items() <= read(connection).items():
        raise Broken("the database has another verb for an event type of this package")


def read(connection: Connection) -> dict[str, str]:
    """The verbs of the database by event type."""
    return dict(connection.execute("SELECT event_type, verb FROM event_verb").fetchall())
