"""From a record's payload back to the event that it states."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import orjson
from msgspec import DecodeError

from jejak_lrs import dictionaries
from jejak_lrs.competency.extraction import SAYING
from jejak_lrs.competency.gist import reader_of
from jejak_lrs.competency.registry import REGISTRY_EVENTS
from jejak_lrs.ledger.effects import WITH_EFFECTS
from jejak_schemas.events import StatementSubmitted
from jejak_schemas.recalling import recalled
from jejak_schemas.statement import from_statement
from jejak_schemas.wording import PROGRAMMES

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from jejak_lrs.competency.gist import Gist
    from jejak_lrs.ledger.history import Entry
    from jejak_lrs.ledger.payload import Unpacker
    from jejak_schemas.events import Event


class Statements:
    """Reads statements. For one thread."""

    def __init__(self, unpacker: Unpacker | None = None) -> None:
        self._unpacker = unpacker or dictionaries.unpacker()

    def event_of(self, record: Entry) -> Event | None:
        """The resolved event of a record, checked again; None where it was erased.

        Raises:
            BadPayload: the payload cannot be read back.
        """
        if record.payload is None:
            return None
        return _event(record, self._unpacker.unpack(record.payload), from_statement)

    def folded_of(self, record: Entry) -> Event | Gist | None:
        """The same for a projection: not checked again, and None where it says nothing for one.

        That is told by its type and its bytes, without the work of making the event. Of most that
        say something facts are all there is to ask, and their gist will do.
        """
        if record.payload is None:
            return None
        plain = self._unpacker.unpack(record.payload)
        if record.event_type not in _FOLDED and _PROGRAMME not in plain:
            return None
        if record.event_type not in WHOLE and (read := reader_of(record.event_type)) is not None:
            try:
                return read(plain)
            except DecodeError:
                pass  # in doubt, the ordinary way judges
        return _event(record, plain, recalled)


# Of these more than facts is asked; a provider's own statement is judged as a whole.
WHOLE: Final = REGISTRY_EVENTS | WITH_EFFECTS | {StatementSubmitted.__name__}
# Any other learning event is a milestone, if it is of a programme; its IRI stands in the statement.
_FOLDED: Final = SAYING | WHOLE
_PROGRAMME: Final = PROGRAMMES.encode()


def _event(record: Entry, plain: bytes, read: Callable[[dict[str, Any]], Event]) -> Event:
    if record.event_type == StatementSubmitted.__name__:
        return _submitted(record, plain)
    return read(orjson.loads(plain))


def _submitted(record: Entry, plain: bytes) -> StatementSubmitted:
    """The event whose statement this is: the record's columns say the rest of it."""
    return StatementSubmitted.model_validate(
        {
            "event_id": record.statement_id,
            "occurred_at": record.occurred_at,
            "party": record.party,
            "on_behalf_of": record.on_behalf_of,
            "learner": {"person_id": record.person_id},
            "statement": plain.decode(),
        }
    )
