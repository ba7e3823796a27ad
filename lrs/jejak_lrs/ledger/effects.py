"""What a record says beside itself, by its event. Pure.

Who may speak, what is withdrawn, what is to be erased: append writes it into `party`,
`statement_reference` and `erasure`; an audit derives it anew.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from jejak_lrs.ledger.batch import PartyChange
from jejak_schemas.catalogue import CHANGES_PARTIES
from jejak_schemas.events import (
    ErasureOrdered,
    PartyDeclared,
    PartySuspended,
    PersonMerged,
    PersonSplit,
    ProviderAccredited,
    ProviderSuspended,
    StatementVoided,
)

if TYPE_CHECKING:
    from uuid import UUID

    from jejak_schemas.events import Event


ACTING: Final = frozenset({"StatementVoided", "PersonMerged", "PersonSplit"})
WITH_EFFECTS: Final = CHANGES_PARTIES | ACTING | {ErasureOrdered.__name__}


def target_of(event: Event) -> UUID | None:
    """What an event acts on; None for nearly all.

    The statement that a void withdraws, the merge that a split undoes, and of a merge the person
    who is absorbed: the record itself is about the one who stays.
    """
    match event:
        case StatementVoided() | PersonSplit():
            return event.target
        case PersonMerged():
            return event.absorbed.person_id
        case _:
            return None


def erased_by(event: Event) -> tuple[int, ...]:
    """The positions whose content an event orders to be erased; () for nearly all."""
    return event.positions if isinstance(event, ErasureOrdered) else ()


def party_change(event: Event) -> PartyChange | None:
    """What an event changes in who may speak; None for nearly all."""
    name = type(event).__name__
    if name not in CHANGES_PARTIES:
        return None
    match event:
        case PartyDeclared():
            return PartyChange(event.code, name, event.valid_from, roles=event.roles)
        case PartySuspended():
            return PartyChange(event.code, name, event.valid_from, event.valid_until)
        case ProviderSuspended():
            return PartyChange(event.provider, name, event.valid_from, event.valid_until)
        case ProviderAccredited():
            return PartyChange(
                event.provider,
                name,
                event.valid_from,
                event.valid_until,
                senders=event.technical_senders,
                forms=event.forms,
            )
        case _:
            return None
