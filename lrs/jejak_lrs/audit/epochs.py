"""That the ledger's epochs lead from the one of its Genesis record to the one it has."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from jejak_lrs.audit.difference import Difference
from jejak_lrs.ledger import epochs, history
from jejak_schemas.events import Genesis

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from uuid import UUID

    from jejak_lrs.database import Connection
    from jejak_lrs.ledger.epochs import Epoch
    from jejak_lrs.ledger.moment import Moment
    from jejak_lrs.ledger.statements import Statements


def differences(
    connection: Connection, until: Moment, statements: Statements
) -> Iterator[Difference]:
    """Where they do not; what began after `until` is left for the next time."""
    every = epochs.all_epochs(connection)
    now = history.head(connection).epoch  # whoever begins one moves it in the same transaction
    began = [one for one in every if one.epoch <= until.epoch]
    yield from _links(began, until)
    for one in every:
        if one.epoch > now:
            yield Difference(f"epoch {one.epoch}", "the ledger has not come to it")
    genesis = _of_genesis(connection, statements)
    if genesis is not None and genesis != _first(began, until):
        yield Difference("record 0", f"it names epoch {genesis}, which no epoch leads to")


def _links(began: Sequence[Epoch], until: Moment) -> Iterator[Difference]:
    """One after the other, each at or after the place of the one before, up to the head's."""
    for last, one in pairwise(began):
        if one.before != last.epoch:
            yield Difference(f"epoch {one.epoch}", f"it follows {one.before}, not {last.epoch}")
        if (one.at_position, one.at_outcome) < (last.at_position, last.at_outcome):
            yield Difference(f"epoch {one.epoch}", "it began before the one that it follows")
    if began and began[-1].epoch != until.epoch:
        yield Difference("ledger_head", f"its epoch is {until.epoch}, which nobody began")
    if began and began[-1].at_position > until.next_position:
        yield Difference(f"epoch {began[-1].epoch}", "it began past the end of the ledger")


def _first(began: Sequence[Epoch], until: Moment) -> UUID:
    """The epoch in which position 0 was recorded."""
    later = [one for one in began if one.at_position > 0]
    return later[0].before if later else until.epoch


def _of_genesis(connection: Connection, statements: Statements) -> UUID | None:
    """The epoch that the first record names; None where it names none or cannot be read."""
    for record in history.records(connection, -1, 1):
        if record.position == 0 and record.event_type == Genesis.__name__:
            try:
                event = statements.event_of(record)
            except (ValueError, KeyError):
                return None  # told where records are checked
            return event.epoch if isinstance(event, Genesis) else None
    return None
