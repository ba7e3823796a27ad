"""Which records are meant, and the reading of just these: for replay and evidence bundles.

A void names no person: it is chosen with the record that it voids, if that stands at or below the
selection's last position. Competencies stand in statements only (jejak_lrs.replay.naming).

Every query reads the positions of one span, so it is short however little it finds.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, LiteralString

from jejak_lrs import dictionaries
from jejak_lrs.ledger import history
from jejak_schemas.clock import rfc3339

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID

    from jejak_lrs.database import Connection
    from jejak_lrs.ledger.history import Record
    from jejak_lrs.replay.naming import Words

NAME: Final = "jejak replay"  # of connections that read it
_FEW: Final = 1_000  # positions named in one query


@dataclass(frozen=True, slots=True)
class Selection:
    """The records for which every condition given holds; of several values, any.

    Positions are inclusive, None: to the end. `since` <= occurred_at < `until`.
    """

    from_position: int = 0
    to_position: int | None = None
    since: datetime | None = None
    until: datetime | None = None
    people: tuple[UUID, ...] = ()
    parties: tuple[str, ...] = ()
    agencies: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    competencies: tuple[str, ...] = ()

    def document(self) -> dict[str, Any]:
        """The conditions given, as JSON values: the same for the same selection."""
        return {
            name: _plain(value) for name, value in asdict(self).items() if value not in (None, ())
        }

    @property
    def end(self) -> int:
        """The position after the last, of a selection that ends (`up_to`)."""
        return -1 if self.to_position is None else self.to_position + 1

    def up_to(self, last: int) -> Selection:
        """The same, but ending at a known position at the latest: what is below never changes."""
        end = last if self.to_position is None else min(self.to_position, last)
        return replace(self, to_position=end)


@dataclass(frozen=True, slots=True)
class Span:
    """Positions from `start`, below `end`; of these only `chosen`, if given."""

    start: int
    end: int
    chosen: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class Selected:
    """A selection on a ledger, ready to be read by any number of connections.

    `words`: what a statement must name one of, for the sake of its competencies; None: nothing.
    """

    selection: Selection
    positions: tuple[int, ...] | None
    words: Words | None

    @property
    def end(self) -> int:
        """The position after the last that can be chosen."""
        return self.selection.end

    def spans(self, width: int, start: int | None = None) -> Iterator[Span]:
        """What there is to read, in order: spans that end at multiples of `width`."""
        first = max(self.selection.from_position, start or 0)
        if self.positions is None:
            while first < self.end:
                after = min((first // width + 1) * width, self.end)
                yield Span(first, after)
                first = after
            return
        named = [one for one in self.positions if one >= first]
        for at in range(0, len(named), _FEW):
            chosen = tuple(named[at : at + _FEW])
            yield Span(chosen[0], chosen[-1] + 1, chosen)


def select(connection: Connection, selection: Selection) -> Selected:
    """Fix a selection's end, and look up what it needs to know."""
    fixed = selection.up_to(history.head(connection).next_position - 1)
    positions = _positions_of(connection, fixed) if fixed.people else None
    return Selected(fixed, positions, _words(connection, fixed) if fixed.competencies else None)


class Reader:
    """Reads the records of a selection, span by span. For one thread."""

    def __init__(self, connection: Connection, selected: Selected) -> None:
        self._connection = connection
        self._selected = selected
        self._unpack = dictionaries.unpacker(connection).unpack

    def records(self, span: Span) -> list[tuple[Record, bytes | None]]:
        """The records of a span with their statements, in order; None: erased.

        Raises:
            BadPayload: a payload cannot be read back.
        """
        where, values = _where(self._selected.selection, span)
        found = history.records_where(self._connection, where, values)
        told = [(one, None if one.payload is None else self._unpack(one.payload)) for one in found]
        words = self._selected.words
        return told if words is None else words.named(told, self._target_of)

    def _target_of(self, void: Record) -> bytes | None:
        """The statement that a void takes back."""
        targets = _targets(self._connection, void.position, self._selected.end)
        found = history.records_at(self._connection, targets)
        return next((self._unpack(one.payload) for one in found if one.payload), None)


# -- conditions ---------------------------------------------------------------------------

# The records that a void acts on, where they stand below the selection's end.
_VOIDED: Final[LiteralString] = (
    "FROM statement_reference f JOIN statement_key k ON k.statement_id = f.target "
    "JOIN record t ON t.position = k.position "
)


def _where(selection: Selection, span: Span) -> tuple[LiteralString, dict[str, Any]]:
    values: dict[str, Any] = {"start": span.start, "end": span.end}
    conditions: list[LiteralString] = ["position >= %(start)s AND position < %(end)s"]
    for name, value in (
        ("since", selection.since), ("until", selection.until), ("parties", selection.parties),
        ("types", selection.types), ("agencies", selection.agencies), ("chosen", span.chosen),
    ):  # fmt: skip
        if value not in (None, ()):
            conditions.append(_CONDITIONS[name])
            values[name] = list(value) if isinstance(value, tuple) else value
    values["past"] = selection.end
    return "WHERE " + " AND ".join(conditions) + " ORDER BY position", values


_CONDITIONS: Final[dict[str, LiteralString]] = {
    "since": "occurred_at >= %(since)s",
    "until": "occurred_at < %(until)s",
    "parties": "party = ANY(%(parties)s)",
    "types": "event_type = ANY(%(types)s)",
    "chosen": "position = ANY(%(chosen)s)",
    "agencies": (
        "(agency = ANY(%(agencies)s) OR event_type = 'StatementVoided' AND EXISTS (SELECT "
        + _VOIDED
        + "WHERE f.position = record.position AND k.position < %(past)s "
        "AND t.agency = ANY(%(agencies)s)))"
    ),
}


_OF_PEOPLE: Final[LiteralString] = (
    "SELECT t.position, f.position FROM record t "
    "LEFT JOIN statement_reference f ON f.target = t.statement_id WHERE t.person_id = ANY(%s)"
)


def _positions_of(connection: Connection, selection: Selection) -> tuple[int, ...]:
    """Where records about the persons stand, and voids of these; read by the index of persons.

    By itself, as in `history.records_of_person`: not beside all positions before the end.
    """
    found = connection.execute(_OF_PEOPLE, [list(selection.people)])
    within = range(selection.from_position, selection.end)
    both = (at for own, void in found if own < selection.end for at in (own, void))
    return tuple(sorted({at for at in both if at in within}))


def _targets(connection: Connection, position: int, past: int) -> list[int]:
    found = connection.execute(
        "SELECT k.position FROM statement_reference f "
        "JOIN statement_key k ON k.statement_id = f.target "
        "WHERE f.position = %s AND k.position < %s",
        [position, past],
    )
    return [at for (at,) in found]


def _words(connection: Connection, selection: Selection) -> Words:
    # Only here, since it brings the whole fold: a process that reads starts in half the time.
    from jejak_lrs.replay.naming import words_of  # noqa: PLC0415

    return words_of(connection, selection.competencies, selection.end - 1)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return rfc3339(value)
    if isinstance(value, tuple):
        return sorted(str(one) for one in value)
    return value
