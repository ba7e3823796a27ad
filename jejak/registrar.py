"""Telling the ledger about institutions, from the front door.

The seam between provisioning, which knows Kafka and PostgreSQL, and the ledger's records.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime

from jejak.loops import finisher
from jejak.provisioning import Declare, NewParty
from jejak.services import Services
from jejak_consumers import system
from jejak_lrs import roles
from jejak_lrs.database import Database, connect
from jejak_lrs.ledger.batch import PartyChange
from jejak_lrs.ledger.parties import load
from jejak_schemas.clock import jakarta_date
from jejak_schemas.parts import Institution


def begin(services: Services, parties: Sequence[NewParty] = ()) -> bool:
    """Write the genesis record, naming these institutions; False where it stands already."""
    with _writer(services) as database:
        return system.begin(database, finisher(), _institutions(parties), datetime.now(UTC))


def declaring(services: Services) -> Declare:
    """What appends a PartyDeclared record for each party that the ledger does not know so yet."""

    def declare(parties: Sequence[NewParty]) -> None:
        institutions = _institutions(parties)
        with _writer(services) as database:
            system.begin(database, finisher(), institutions, datetime.now(UTC))
            system.declare(database, finisher(), institutions, datetime.now(UTC))

    return declare


def suspend(services: Services, code: str, reason: str, until: date | None = None) -> bool:
    """Append PartySuspended; False where nothing would change."""
    with _writer(services) as database:
        return system.suspend(database, finisher(), code, reason, datetime.now(UTC), until)


def suspensions(services: Services, codes: Iterable[str]) -> dict[str, PartyChange]:
    """Which of these parties are suspended today, by the ledger's word, and from when to when."""
    with closing(connect(services.dsn(roles.READER), "jejak command")) as connection:
        _, known = load(connection)
    today = jakarta_date(datetime.now(UTC))
    return {code: found for code in codes if (found := known.suspension(code, today))}


def _institutions(parties: Sequence[NewParty]) -> list[Institution]:
    return [Institution(code=each.code, name=each.name, roles=each.roles) for each in parties]


@contextmanager
def _writer(services: Services) -> Iterator[Database]:
    database = Database(services.dsn(roles.WRITER), "jejak registrar")
    try:
        yield database
    finally:
        database.close()
