"""The records that an approval lets be erased now."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from jejak_lrs.competency.extraction import facts_of
from jejak_lrs.competency.facts import Posting
from jejak_lrs.competency.postings import posting_on
from jejak_lrs.erasure.ties import Stated, Tie, ties
from jejak_lrs.ledger import history
from jejak_lrs.ledger.statements import Statements
from jejak_schemas.catalogue import CATALOGUE
from jejak_schemas.clock import jakarta_date

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from uuid import UUID

    from jejak_lrs.database import Connection
    from jejak_lrs.erasure.approval import Approval, Choice
    from jejak_lrs.ledger.history import Record

_STEP: Final = 50_000  # positions that one query looks at
_CHUNK: Final = 1_000
# Who is who, and what the institutions are, is never a learner's record to be destroyed.
LEARNING: Final = frozenset(entry.name for entry in CATALOGUE if entry.family == "learning")


@dataclass(slots=True)
class Selection:
    """What would be erased, and what stands against it.

    `torn` are ties of which one end would be erased and the other not, `foreign` are positions
    that were asked for and are not the agency's. `classes` counts by event type and year.
    """

    positions: list[int] = field(default_factory=list)
    torn: list[Tie] = field(default_factory=list)
    foreign: list[int] = field(default_factory=list)
    persons: int = 0
    classes: Counter[tuple[str, int]] = field(default_factory=Counter)

    @property
    def whole(self) -> bool:
        """Whether nothing would be left without what it acts on, or without what acts on it."""
        return not self.torn and not self.foreign


def select(
    connection: Connection,
    approval: Approval,
    within: Choice,
    watch: Callable[[int, int], None] = lambda _done, _total: None,
) -> Selection:
    """The records chosen by an approval and, of these, by a narrower choice.

    Only records about learning, which the approving agency owns, and which are not erased yet.

    Args:
        connection: a reader's.
        approval: what is approved.
        within: what of it is meant; an empty choice is all of it.
        watch: told how many persons are done, of how many.
    """
    selection = Selection()
    persons = sorted(_persons(connection, approval.choice, within))
    selection.persons = len(persons)
    for done, person_id in enumerate(persons):
        watch(done, len(persons))
        _Person(connection, person_id).select(approval, within, selection)
    watch(len(persons), len(persons))
    selection.positions.sort()
    return selection


class _Person:
    """The records of one person that are not erased, and those that act on them."""

    def __init__(self, connection: Connection, person_id: UUID) -> None:
        self._person_id = person_id
        self._records = {one.position: one for one in _of_person(connection, person_id)}
        statements = Statements()
        self._stated = [
            Stated(record.position, record.statement_id, event)
            for record in self._records.values()
            if (event := statements.event_of(record)) is not None
        ]
        self._postings = [
            fact
            for one in self._stated
            for fact in facts_of(one.event, one.position, one.statement_id)
            if isinstance(fact, Posting)
        ]
        self._ties = ties(self._stated)
        self._target_of = {tie.acting: tie.target for tie in self._ties}

    def select(self, approval: Approval, within: Choice, into: Selection) -> None:
        chosen = set()
        for position, record in self._records.items():
            if record.event_type not in LEARNING or not within.admits(record, self._person_id):
                continue
            approved = approval.choice.admits(record, self._person_id)
            if approved and self._owner(record) == approval.agency:
                chosen.add(position)
                into.classes[record.event_type, jakarta_date(record.occurred_at).year] += 1
            elif within.statements:  # it was asked for by its name
                into.foreign.append(position)
        into.positions += chosen
        into.torn += sorted(
            tie for tie in self._ties if (tie.acting in chosen) != (tie.target in chosen)
        )

    def _owner(self, record: Record) -> str | None:
        """The agency that said it, else the one whose person it was about, then.

        A void belongs with what it withdraws, whoever says it.
        """
        if record.person_id is None:
            record = self._records.get(self._target_of.get(record.position, -1), record)
        posting = posting_on(self._postings, jakarta_date(record.occurred_at))
        return record.agency or (posting.home if posting else None)


def _of_person(connection: Connection, person_id: UUID) -> Iterator[Record]:
    after, own = -1, []
    while found := history.records_of_person(connection, person_id, after, _CHUNK):
        own += found
        after = found[-1].position
    yield from own
    referring = history.references_to(connection, [record.statement_id for record in own])
    acting = history.records_at(connection, {position for _, position in referring})
    yield from (record for record in acting if record.person_id is None)


def _persons(connection: Connection, *choices: Choice) -> set[UUID]:
    """Whom some record that all choices may choose is about."""
    for choice in choices:
        if choice.person_id is not None:
            return {choice.person_id}
    for choice in choices:
        if choice.statements:
            return _of_statements(connection, choice.statements)
    types = [set(choice.types) or LEARNING for choice in choices]
    since = [choice.since for choice in choices if choice.since]
    until = [choice.until for choice in choices if choice.until]
    found: set[UUID] = set()
    past = history.head(connection).next_position
    for start in range(0, past, _STEP):
        rows = connection.execute(
            "SELECT DISTINCT person_id FROM record WHERE position >= %s AND position < %s "
            "AND person_id IS NOT NULL AND event_type = ANY(%s) "
            "AND (occurred_at AT TIME ZONE 'Asia/Jakarta')::date "
            "BETWEEN coalesce(%s, '-infinity'::date) AND coalesce(%s, 'infinity'::date)",
            [
                start, start + _STEP, sorted(LEARNING.intersection(*types)),
                max(since, default=None), min(until, default=None),
            ],
        )  # fmt: skip
        found |= {person_id for (person_id,) in rows}
    return found


def _of_statements(connection: Connection, statement_ids: Iterable[UUID]) -> set[UUID]:
    """The persons of these statements; of a void, its target's."""
    ids = list(statement_ids)
    found = connection.execute(
        "SELECT person_id FROM statement_key JOIN record USING (position) "
        "WHERE statement_key.statement_id = ANY(%s) UNION "
        "SELECT r.person_id FROM statement_key v JOIN statement_reference s USING (position) "
        "JOIN statement_key t ON t.statement_id = s.target "
        "JOIN record r ON r.position = t.position "
        "WHERE v.statement_id = ANY(%s)",
        [ids, ids],
    )
    return {person_id for (person_id,) in found if person_id is not None}
