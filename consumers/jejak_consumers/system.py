"""What the system itself says: the genesis record and the declaration of parties.

System events take the same append as all others, with source kind `system`; they are
refused from any inbox.
"""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from uuid import UUID

from jejak_consumers.directory import SYSTEM_PARTY
from jejak_consumers.finish import Finisher
from jejak_lrs.database import Database
from jejak_lrs.errors import HalfAppended, RegistryMoved
from jejak_lrs.ledger import history, parties
from jejak_lrs.ledger.appending import append
from jejak_lrs.ledger.batch import Batch
from jejak_schemas.clock import jakarta_date
from jejak_schemas.events import (
    ErasureOrdered,
    Genesis,
    PartyDeclared,
    PartySuspended,
    SystemEvent,
)
from jejak_schemas.events.system import MOST_NAMED, MOST_ORDERED
from jejak_schemas.parts import Institution


def begin(
    database: Database, finisher: Finisher, institutions: Sequence[Institution], now: datetime
) -> bool:
    """Write position 0, once: the epoch and the institutions. False where it stands already.

    Of many it names the first 500, as it may; `declare` the others.
    """

    def genesis(_: parties.Parties) -> list[SystemEvent]:
        head = history.head(database.connection)
        if head.next_position > 0:
            return []
        event = Genesis.model_validate(
            {
                "occurred_at": now,
                "party": SYSTEM_PARTY,
                "epoch": head.epoch,
                "institutions": tuple(institutions[:MOST_NAMED]),
            }
        )
        return [event]

    return _say(database, finisher, genesis)


def declare(
    database: Database, finisher: Finisher, institutions: Sequence[Institution], now: datetime
) -> bool:
    """Declare institutions whose roles the ledger does not know so. False where all stand."""
    today = jakarta_date(now)

    def missing(known: parties.Parties) -> list[SystemEvent]:
        return [
            PartyDeclared.model_validate(
                {
                    "occurred_at": now,
                    "party": SYSTEM_PARTY,
                    "code": institution.code,
                    "name": institution.name,
                    "roles": institution.roles,
                    "valid_from": today,
                }
            )
            for institution in institutions
            if known.roles_of(institution.code, today) != frozenset(institution.roles)
        ]

    return _say(database, finisher, missing)


def suspend(
    database: Database,
    finisher: Finisher,
    code: str,
    reason: str,
    now: datetime,
    until: date | None = None,
) -> bool:
    """Suspend a party from today to `until`, that day included; None: with no end.

    A suspension in force is stated again with the end given. False where nothing would change.
    """
    today = jakarta_date(now)

    def suspension(known: parties.Parties) -> list[SystemEvent]:
        standing = known.suspension(code, today)
        if standing is not None and until is None:
            return []
        since = today if standing is None else standing.valid_from
        said = {"code": code, "valid_from": since, "valid_until": until, "reason": reason}
        return [PartySuspended.model_validate({"occurred_at": now, "party": SYSTEM_PARTY, **said})]

    return _say(database, finisher, suspension)


def order_erasure(
    database: Database,
    finisher: Finisher,
    target: UUID,
    positions: Sequence[int],
    ordered_by: str,
    now: datetime,
) -> None:
    """Order that the content of these positions is erased, by the approval `target`.

    One record for every 10,000 positions, in one append: all are ordered, or none.
    """

    def order(_: parties.Parties) -> list[SystemEvent]:
        return [
            ErasureOrdered.model_validate(
                {
                    "occurred_at": now,
                    "party": SYSTEM_PARTY,
                    "target": target,
                    "positions": tuple(positions[start : start + MOST_ORDERED]),
                    "ordered_by": ordered_by,
                }
            )
            for start in range(0, len(positions), MOST_ORDERED)
        ]

    _say(database, finisher, order)


def _say(
    database: Database,
    finisher: Finisher,
    what: Callable[[parties.Parties], Sequence[SystemEvent]],
) -> bool:
    """Append what is to be said of the registry as it is; again where it moved meanwhile."""
    while True:
        version, known = parties.load(database.connection)
        events = what(known)
        if not events:
            return False
        rows = [finisher.finish_system(event) for event in events]
        try:
            append(database, Batch(rows, version))
        except (RegistryMoved, HalfAppended):
            continue
        return True
