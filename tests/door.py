"""The recorder's door without Kafka or PostgreSQL: the real walk, and a ledger held in memory."""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Final, get_args
from uuid import UUID

from uuid_utils.compat import uuid7

from jejak.loops import door_rules, finisher
from jejak_consumers.directory import Directory
from jejak_consumers.finish import Finisher
from jejak_consumers.messages import Message
from jejak_consumers.walk import Inbox, Walk
from jejak_lrs.ledger import parties, seal
from jejak_lrs.ledger.batch import PartyChange
from jejak_lrs.ledger.parties import Parties
from jejak_lrs.ledger.people import Known
from jejak_schemas import topics
from jejak_schemas.framing import SINGLE_OBJECT, Framing
from jejak_schemas.parts import Role
from jejak_schemas.resolve import Reference

PARTY: Final = "prov"  # may say everything
INBOX: Final = topics.inbox(PARTY)
NOW: Final = datetime(2026, 11, 24, 3, tzinfo=UTC)
_INBOXES: Final = {INBOX: Inbox(PARTY, UUID(int=7))}
_PARTIES: Final = Parties.of(
    [
        PartyChange(code, parties.DECLARED, date(1950, 1, 1), roles=get_args(Role))
        for code in (PARTY, "other")
    ]
    + [PartyChange("other", parties.ACCREDITED, date(1950, 1, 1), senders=(PARTY,))]
)


class Remembered(Directory):
    """A directory whose ledger is memory: whoever is asked for is known, and some statements."""

    def find_all(self, named: Iterable[Reference], event_id: UUID) -> dict[Reference, UUID | None]:
        """As the port says it; a person of an even number is known to this ledger."""
        asked = set(named)
        held = {ref for ref in asked if ref[1].endswith(tuple("02468"))}
        self.learn(
            asked,
            {ref: Known(uuid7(), seal.salt(), registered=True) for ref in held - self.known.keys()},
        )
        return super().find_all(asked, event_id)

    def holds(self, statement_id: UUID) -> bool:
        """As the port says it; asked for at once."""
        self.asked.add(("statement", str(statement_id)))
        return super().holds(statement_id)


def open_door(framing: Framing = SINGLE_OBJECT, finishing: Finisher | None = None) -> Walk:
    """A walk of one batch."""
    made = finishing or finisher()
    return Walk(_INBOXES, _PARTIES, Remembered(made, NOW), made, door_rules(), NOW, framing)


def message(value: bytes | None, key: bytes | None = b"") -> Message:
    """What came into the party's inbox."""
    return Message(INBOX, 0, 0, key, value)
