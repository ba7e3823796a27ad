"""`jejak audit check`: the whole ledger, up to one moment, beside the writers.

The upper bound is read once, because what is committed below it cannot change; everything else is
read in short queries and forgotten again, so memory does not grow with the ledger.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Final

import psycopg

from jejak_lrs import database, errors, workers
from jejak_lrs.audit import accesses, catalogue, cosigned, logs, projections, told
from jejak_lrs.audit.difference import Difference
from jejak_lrs.audit.examiner import Examining, Place
from jejak_lrs.audit.findings import NAMED
from jejak_lrs.audit.scan import STRETCH, Scan
from jejak_lrs.ledger import moment

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from jejak_lrs.audit.logs import Published
    from jejak_lrs.audit.scan import Examine
    from jejak_lrs.database import Connection
    from jejak_lrs.ledger.books import Balance
    from jejak_lrs.ledger.moment import Moment
    from jejak_lrs.notary.checkpoints import Name

    Watch = Callable[[int, int], None]

FEW: Final = 300_000 // STRETCH  # stretches; below, processes take longer to start (measured)
SAMPLE: Final = 100  # persons whose profiles are folded anew unless more are asked for


@dataclass(frozen=True, slots=True)
class Report:
    """What was checked, and what differs: the first ones by name, all by count.

    `until` is None where the tables are so damaged that only the catalogue could be compared.
    `signed` is up to where each tree of the log is signed; what lies past it nobody vouches for.
    """

    until: Moment | None
    differences: tuple[Difference, ...]
    count: int
    balances: tuple[Balance, ...]
    signed: Mapping[Name, int] = field(default_factory=dict)

    @property
    def sound(self) -> bool:
        """Whether everything is what it must be."""
        return not self.count


def check(
    connection: Connection,
    watch: Watch | None = None,
    beside: int = 0,
    published: Published | None = None,
    profiles: int | None = SAMPLE,
) -> Report:
    """Check everything that the database can show, and the log with it.

    Args:
        connection: the auditor's; superusers may, too.
        watch: told how many records and outcomes are done, of how many.
        beside: how many processes beside this one read the records; with 0 it does so itself,
            over its connection, and in a small ledger always.
        published: the transparency log; None: there is none, or it is not asked.
        profiles: how many persons' profiles are folded anew; None: everybody's.

    Raises:
        Unreachable, Busy: PostgreSQL went away in the middle.
        Retry: one of the processes did.
    """
    try:
        return _check(
            connection, watch or (lambda _done, _total: None), beside, published, profiles
        )
    except psycopg.Error as exc:
        raise errors.of(exc) from None


def _check(
    connection: Connection,
    watch: Watch,
    beside: int,
    published: Published | None,
    profiles: int | None,
) -> Report:
    compared = catalogue.compare(connection)
    until = moment.read(connection) if compared.readable else None
    if until is None:
        lost = () if not compared.readable else (Difference("ledger_head", "it has no row"),)
        differences = (*compared.differences, *lost)
        return Report(None, differences[:NAMED], len(differences), ())
    until = moment.with_looks(connection, until)
    of_log = logs.of(connection, published, until) if published else {}
    places = {
        name: Place(published.folder(name).path, log.published)
        for name, log in of_log.items()
        if published and log.published is not None
    }
    scan = Scan(connection, until, _examining(connection, places, beside), of_log)
    named: list[Difference] = []
    count = 0
    found = chain(
        compared.differences,
        scan.differences(watch),
        accesses.differences(connection),
        cosigned.differences(connection, published.witnesses if published else ()),
        told.differences(connection),
        projections.differences(connection, profiles, watch),
    )
    for difference in found:
        count += 1
        if len(named) < NAMED:
            named.append(difference)
    signed = {name: log.size for name, log in of_log.items()}
    return Report(until, tuple(named), count, tuple(scan.books.balances()), signed)


def _examining(connection: Connection, places: Mapping[Name, Place], beside: int) -> Examine:
    """What examines stretches: so many processes, over connections like this one, or itself."""
    work = Examining(places)
    if not beside:
        return partial(workers.alone, connection, work)
    info = connection.info
    dsn = psycopg.conninfo.make_conninfo(**info.get_parameters(), password=info.password)
    connect = partial(database.connect, dsn, "jejak audit")
    return partial(workers.in_order, connect, work, workers=beside, worth=FEW)
