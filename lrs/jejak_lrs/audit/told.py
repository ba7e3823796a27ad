"""What agencies were told: every change still has its number, and no profile is behind them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from jejak_lrs.audit.difference import Difference
from jejak_lrs.projection import profiles

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID

    from jejak_lrs.database import Connection

_STEP: Final = 100_000


def differences(connection: Connection) -> Iterator[Difference]:
    """Where changes are missing, or stand above their head."""
    past = profiles.last_change(connection) + 1  # what is below it is committed
    for start in range(0, past, _STEP):
        end = min(start + _STEP, past)
        ((found,),) = connection.execute(
            "SELECT count(*) FROM change WHERE number >= %s AND number < %s", [start, end]
        ).fetchall()
        if found != end - start:
            what = f"{end - start - found} of the changes from here to {end - 1} are missing"
            yield Difference(f"change {start}", what)
    for (number,) in connection.execute(
        "SELECT number FROM change WHERE number < 0 "
        "OR number >= (SELECT next_number FROM change_head) ORDER BY number"
    ):
        yield Difference(f"change {number}", "nobody gave it this number")


def is_behind(connection: Connection, generation: int, person_id: UUID) -> bool:
    """Whether agencies were told of a later version of a profile than stands."""
    query = (
        "SELECT version < (SELECT max(c.version) FROM change c WHERE c.person_id = p.person_id) "
        "FROM profile p WHERE generation = %s AND person_id = %s"
    )
    found = connection.execute(query, [generation, person_id]).fetchone()
    return found is not None and bool(found[0])
