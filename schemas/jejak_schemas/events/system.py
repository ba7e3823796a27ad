"""What only the system itself says: 62 to 66 of the catalogue."""

from typing import Annotated, Final

from pydantic import Field

from jejak_schemas.events.family import SystemEvent, Validity
from jejak_schemas.parts import Institution, PersonRef, Role, SealedAlias
from jejak_schemas.wire import Code, Day, Id, Many, PartyCode, Position, Text

MOST_NAMED: Final = 500  # institutions in a Genesis
MOST_ORDERED: Final = 10_000  # positions in an ErasureOrdered


class Genesis(SystemEvent):
    """Position 0: the institutions that begin the ledger, and its log key (None: none yet)."""

    epoch: Id
    institutions: Annotated[Many[Institution], Field(max_length=MOST_NAMED)]
    log_key: Text | None = None


class PartyDeclared(SystemEvent):
    """An institution and its roles, from a day."""

    code: PartyCode
    name: Text
    roles: Annotated[Many[Role], Field(min_length=1, max_length=10)]
    valid_from: Day


class PartySuspended(SystemEvent, Validity):
    """An institution may not speak; stated again with an end, the suspension is shortened."""

    code: PartyCode
    reason: Code


class PersonSeen(SystemEvent):
    """A person's first sight, with the sealed alias that was seen."""

    person: PersonRef
    alias: SealedAlias


class ErasureOrdered(SystemEvent):
    """The content of these positions is to be erased; `target` is the DestructionApproved."""

    target: Id
    positions: Annotated[Many[Position], Field(min_length=1, max_length=MOST_ORDERED)]
    ordered_by: PartyCode
