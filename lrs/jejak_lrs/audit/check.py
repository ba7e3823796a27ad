"""`jejak audit check`: the whole ledger, up to one moment, beside the writers.

The upper bound is read once, because what is committed below it cannot change; everything else is
read in short queries and forgotten again, so memory does not grow with the ledger.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Final

import psycopg

from jejak_lrs import errors, moment
from jejak_lrs.audit import catalogue
from jejak_lrs.audit.difference import Difference
from jejak_lrs.audit.scan import Scan
from jejak_lrs.books import Balance

if TYPE_CHECKING:
    from collections.abc import Callable

    from jejak_lrs.books import Balance
    from jejak_lrs.database import Connection
    from jejak_lrs.moment import Moment

# So many differences are named; all are counted.
NAMED: Final = 100


@dataclass(frozen=True, slots=True)
class Report:
    """What was checked, and what differs: the first ones by name, all by count.

    `until` is None where the tables are so damaged that only the catalogue could be compared.
    """

    until: Moment | None
    differences: tuple[Difference, ...]
    count: int
    balances: tuple[Balance, ...]

    @property
    def sound(self) -> bool:
        """Whether everything is what it must be."""
        return not self.count


def check(connection: Connection, watch: Callable[[int, int], None] | None = None) -> Report:
    """Check everything that the database alone can show.

    Args:
        connection: the auditor's; superusers may, too.
        watch: told how many records and outcomes are done, of how many.

    Raises:
        Unreachable, Busy: PostgreSQL went away in the middle.
    """
    try:
        return _check(connection, watch or (lambda _done, _total: None))
    except psycopg.Error as exc:
        raise errors.of(exc) from None


def _check(connection: Connection, watch: Callable[[int, int], None]) -> Report:
    compared = catalogue.compare(connection)
    until = moment.read(connection) if compared.readable else None
    if until is None:
        lost = () if not compared.readable else (Difference("ledger_head", "it has no row"),)
        differences = (*compared.differences, *lost)
        return Report(None, differences[:NAMED], len(differences), ())
    scan = Scan(connection, until)
    named: list[Difference] = []
    count = 0
    for difference in chain(compared.differences, scan.differences(watch)):
        count += 1
        if len(named) < NAMED:
            named.append(difference)
    return Report(until, tuple(named), count, tuple(scan.books.balances()))
