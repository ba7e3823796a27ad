"""What the system says of itself, on a ledger of its own."""

from datetime import UTC, datetime

import pytest

from jejak.loops import finisher
from jejak_consumers import system
from jejak_lrs.database import Database
from jejak_lrs.ledger import parties
from jejak_schemas.clock import jakarta_date
from jejak_schemas.parts import Institution

pytestmark = pytest.mark.integration

NOW = datetime(2026, 11, 24, 3, tzinfo=UTC)
MANY = [Institution(code=f"p{n:03}", name="P", roles=("provider",)) for n in range(501)]


def test_a_ledger_begins_with_more_institutions_than_its_genesis_may_name(writer: Database) -> None:
    assert system.begin(writer, finisher(), MANY, NOW)
    assert system.declare(writer, finisher(), MANY, NOW)
    assert not system.declare(writer, finisher(), MANY, NOW)
    _, known = parties.load(writer.connection)
    today = jakarta_date(NOW)
    assert all(known.roles_of(one.code, today) == {"provider"} for one in MANY)


def test_parties_are_read_again_only_where_the_registry_has_moved(writer: Database) -> None:
    system.begin(writer, finisher(), MANY[:1], NOW)
    system.declare(writer, finisher(), MANY[:1], NOW)
    version, known = parties.load(writer.connection)
    assert known.codes() == {"p000"}
    nobody = (version, parties.Parties.of(()))
    assert parties.load(writer.connection, nobody)[1].codes() == frozenset()
    system.declare(writer, finisher(), MANY[:2], NOW)
    assert parties.load(writer.connection, nobody)[1].codes() == {"p000", "p001"}
