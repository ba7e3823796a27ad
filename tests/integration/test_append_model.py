"""append held against a list and a dict: whatever is sent, both say the same."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from uuid_utils.compat import uuid7

from jejak_lrs import errors
from jejak_lrs.database import Database
from jejak_lrs.ledger import appending, books, history, inboxes
from jejak_lrs.ledger.batch import Item, NewPerson, Row
from tests import rows

pytestmark = pytest.mark.integration


@dataclass
class Model:
    """The ledger as a list of statement ids, and what was said of each message."""

    first: int
    records: list[UUID] = field(default_factory=list)
    said: dict[UUID, bytes] = field(default_factory=dict)
    people: set[UUID] = field(default_factory=set)
    outcomes: list[tuple[str, int | None]] = field(default_factory=list)

    def append(self, items: Sequence[Item], newcomers: Sequence[NewPerson]) -> None:
        by_id = {new.person_id: new for new in newcomers}
        survivors, repeats = [], []
        for item in items:
            if not isinstance(item, Row):
                repeats.append((None, "refused"))
            elif item.statement_id in self.said:
                same = self.said[item.statement_id] == item.digest
                repeats.append((item.statement_id, "duplicate" if same else "conflict"))
            else:
                self.said[item.statement_id] = item.digest
                survivors.append(item)
        needed = dict.fromkeys(alias.person_id for row in survivors for alias in row.needs)
        fresh = [person for person in needed if person not in self.people]
        self.people.update(fresh)
        self.records += [by_id[person].row.statement_id for person in fresh]
        self.records += [row.statement_id for row in survivors]
        self.outcomes += [
            (kind, None if of is None else self.first + self.records.index(of))
            for of, kind in repeats
        ]


# (which of six ids, what it says, which of three persons it needs or 3), None for a refusal
Message: TypeAlias = tuple[int, bytes, int] | None
MESSAGES = st.none() | st.tuples(
    st.integers(0, 5), st.sampled_from([b"a", b"b"]), st.integers(0, 3)
)


def item(offset: int, message: Message, ids: Sequence[UUID], people: Sequence[NewPerson]) -> Item:
    if message is None:
        return rows.refused(offset)
    which, said, person = message
    row = rows.row(offset, statement_id=ids[which], said=said)
    return rows.needing(row, people[person]) if person < len(people) else row


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.lists(st.lists(MESSAGES, min_size=1, max_size=8), min_size=1, max_size=5))
def test_the_ledger_is_its_model(writer: Database, batches: list[list[Message]]) -> None:
    # Examples follow one another on one ledger, each with ids and people of its own.
    before = history.head(writer.connection)
    offset = inboxes.all_inboxes(writer.connection)[0].next_offset
    model = Model(before.next_position)
    ids = [uuid7() for _ in range(6)]
    people = [rows.newcomer(str(uuid7()), kind="bkn-id") for _ in range(3)]
    for messages in batches:
        items = [item(offset + n, message, ids, people) for n, message in enumerate(messages)]
        batch = rows.batch(items, start=offset, newcomers=people)
        appending.append(writer, batch)
        model.append(items, people)
        offset += len(items)
        with pytest.raises(errors.Fenced):  # sent twice, it is written once
            appending.append(writer, batch)

    recorded = history.records(writer.connection, before.next_position - 1, 1000)
    outcomes = history.outcomes(writer.connection, before.next_outcome - 1, 1000)
    (inbox, _) = inboxes.all_inboxes(writer.connection)
    assert [record.position for record in recorded] == [
        before.next_position + n for n in range(len(model.records))
    ]
    assert [record.statement_id for record in recorded] == model.records
    assert [outcome.number for outcome in outcomes] == [
        before.next_outcome + n for n in range(len(model.outcomes))
    ]
    assert [(outcome.kind, outcome.of_position) for outcome in outcomes] == model.outcomes
    assert (inbox.next_offset, inbox.delivered) == (offset, offset)
    assert all(balance.balanced for balance in books.balance(writer.connection))
