"""Events of tests.world put into a real ledger, without Kafka."""

from collections.abc import Iterable

import orjson
from msgspec.structs import replace

from jejak_lrs.database import Database
from jejak_lrs.ledger import appending, parties
from jejak_lrs.ledger.batch import SYSTEM, Row
from jejak_lrs.ledger.effects import erased_by, target_of
from jejak_schemas.catalogue import entry_of
from jejak_schemas.events import Event
from jejak_schemas.mapping import activity_of
from jejak_schemas.parts import PersonRef
from jejak_schemas.statement import to_statement
from tests import rows


def row_of(event: Event) -> Row:
    """The finished row of a resolved event, by the system."""
    statement = to_statement(event)
    plain = orjson.dumps(statement)
    person = getattr(event, "learner", None) or getattr(event, "person", None)
    made = replace(
        rows.row(0, statement_id=event.event_id, said=plain, source=SYSTEM),
        occurred_at=event.occurred_at,
        event_type=type(event).__name__,
        party=event.party,
        on_behalf_of=event.on_behalf_of,
        person_id=person.person_id if isinstance(person, PersonRef) else None,
        verb=entry_of(event).verb,
        activity=activity_of(statement),
        target=target_of(event),
        erases=erased_by(event),
    )
    return replace(made, commitment=rows.commitment_of(made, plain))


def record(writer: Database, *events: Event) -> int:
    """Append events as records, in this order; the next position."""
    version, _ = parties.load(writer.connection)
    batch = rows.batch([row_of(event) for event in events], registry_version=version)
    return appending.append(writer, batch).next_position


def record_each(writer: Database, events: Iterable[Event]) -> None:
    """Append events one by one, each in a transaction of its own."""
    for event in events:
        record(writer, event)
