"""The look-up of people remembers what cannot change, and no more than it may."""

import pytest
from msgspec.structs import replace

from jejak_lrs.database import Database
from jejak_lrs.ledger import appending
from jejak_lrs.ledger.people import People
from tests import rows

pytestmark = pytest.mark.integration


def test_a_provisional_person_is_asked_again_until_registered(writer: Database) -> None:
    people = People()
    seen = rows.newcomer("199001012015031001")
    asked = [seen.alias.reference, ("person_id", str(seen.person_id))]
    appending.append(writer, rows.batch([rows.needing(rows.row(0), seen)], newcomers=[seen]))

    before = people.resolve_many(writer.connection, asked)
    confirming = replace(rows.row(1), registers=seen.person_id)
    appending.append(writer, rows.batch([confirming], start=1))
    after = people.resolve_many(writer.connection, asked)

    assert [known.registered for known in before.values()] == [False, False]
    assert [known.registered for known in after.values()] == [True, True]


def test_the_registered_are_found_without_the_database(writer: Database) -> None:
    people = People()
    seen = rows.newcomer("199001012015031001")
    row = replace(rows.needing(rows.row(0), seen), registers=seen.person_id)
    appending.append(writer, rows.batch([row], newcomers=[seen]))
    first = people.resolve_many(writer.connection, [seen.alias.reference])

    writer.close()
    nothing = writer._connection
    assert nothing is not None

    assert people.resolve_many(nothing, [seen.alias.reference]) == first


def test_no_more_is_remembered_than_allowed(writer: Database) -> None:
    people = People(remembered=2)
    new = [rows.newcomer(f"19900101201503100{n}") for n in range(4)]
    items = [
        replace(rows.needing(rows.row(n), each), registers=each.person_id)
        for n, each in enumerate(new)
    ]
    appending.append(writer, rows.batch(items, newcomers=new))

    known = people.resolve_many(writer.connection, [each.alias.reference for each in new])

    assert len(known) == 4
    assert len(people._memory) == 2


def test_a_number_never_shows() -> None:
    alias = rows.newcomer("199001012015031001").alias

    assert "1990" not in repr(alias)
    assert alias.salt not in repr(alias).encode()
