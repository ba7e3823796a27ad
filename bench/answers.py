"""Answers at a nation's size: `make bench ONLY=answers`, opt-in. [PEOPLE] [EVENTS] for other sizes.

The people, their registrations and what they learn are those of `jejak simulate`: walked, appended,
folded and laid out by the real functions for the first SEEDS people, then copied until there are as
many as are asked for (bench/filling.py; the figures are copied here). So every row is one that the
system made, and as many people differ as SEEDS.

Printed are milliseconds of whole answers, the database's and Python's: p50, p99 and the worst by
the clock, and the processor time of one, which a busy machine does not change much. Fails where a
target is missed by the clock.
"""

import gc
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from random import Random
from typing import Final
from uuid import UUID

import psutil
from msgspec.structs import replace
from psycopg import sql
from rich.console import Console
from rich.table import Table

from bench import mix, walk
from bench.asked import asked
from bench.filling import fill, give_aliases, hurried, person_of, without_indexes
from bench.ledgers import SUPERUSER, Server, running_server
from bench.line import Line
from bench.rounds import cpu_of
from jejak_consumers import system
from jejak_consumers.directory import STATEMENT
from jejak_consumers.recorder import MOST_MESSAGES
from jejak_lrs import database, roles
from jejak_lrs.answers import daily, individuals, workforce
from jejak_lrs.answers.figures import Figures, changed
from jejak_lrs.answers.workforce import Asked
from jejak_lrs.competency.lookups import levels_on
from jejak_lrs.competency.registry import Registry
from jejak_lrs.database import Connection, Database
from jejak_lrs.ledger import history
from jejak_lrs.ledger.appending import append
from jejak_lrs.ledger.batch import Batch, Row
from jejak_lrs.projection.projecting import Projector
from jejak_lrs.replay import gathering
from jejak_producers.simulate import REFERENCE, Nation
from jejak_schemas.events import PersonMerged
from jejak_schemas.parts import Institution

PEOPLE: Final = 1_000_000
EVENTS: Final = 4_000_000  # with a registration each: five million records
SEEDS: Final = 5_000
_FIGURES: Final = ("served", "standing", "learning_year", "certified", "enrolled")
_CHANCE: Final = Random(mix.SEED)  # noqa: S311  no secret
_MANY: Final = 2_000
_FEW: Final = 15


@dataclass(frozen=True, slots=True)
class Timing:
    """How long one kind of answer took, in milliseconds, and what it may take."""

    what: str
    times: Sequence[float]
    cpu: float  # milliseconds of processor time of one, ours and PostgreSQL's
    allowed: float | None = None

    @property
    def p99(self) -> float:
        """The time that one in a hundred takes longer than; of few the longest."""
        return sorted(self.times)[int(len(self.times) * 0.99)]

    @property
    def fine(self) -> bool:
        """Whether it is within what it may take."""
        return self.allowed is None or self.p99 <= self.allowed


def run() -> list[Line]:
    """The table that is printed is the result."""
    if not _measured(PEOPLE, EVENTS):
        raise RuntimeError("an answer takes longer than it may: see the table")
    return []


def _measured(people: int, events: int) -> bool:
    with running_server() as server:
        server.make_ledger("nation")
        _tell(f"{SEEDS:,} people of the simulator: walked, folded, laid out")
        known = _seeded(server, events * SEEDS // people)
        with closing(database.connect(server.dsn(SUPERUSER, "nation"))) as root:
            _tell(f"copied until there are {people:,}")
            copies = fill(root, history.head(root).next_position * people // SEEDS)
            with hurried(root), without_indexes(root, _FIGURES):
                _copy_figures(root, copies)
            _show_sizes(root)
        with closing(database.connect(server.dsn(roles.READER, "nation"))) as reader:
            whom = [person_of(_CHANCE.choice(known), _CHANCE.randrange(copies + 1))
                    for _ in range(_MANY)]  # fmt: skip
            timings = list(_timings(reader, whom))
    _show(timings)
    return all(one.fine for one in timings)


# -- the nation ---------------------------------------------------------------------------


def _seeded(server: Server, events: int) -> list[UUID]:
    """A ledger of the seeds, projected and laid out; the persons in it."""
    nation = mix.simulated(events, SEEDS)
    with closing(Database(server.dsn(roles.WRITER, "nation"))) as writer:
        _declare(writer, nation)
        for rows in mix.batches(_rows(nation), MOST_MESSAGES):
            append(writer, Batch(rows, history.head(writer.connection).registry_version))
    with closing(database.connect(server.dsn(SUPERUSER, "nation"))) as root:
        give_aliases(root)
    with closing(Database(server.dsn(roles.PROJECTOR, "nation"))) as projecting:
        projector = Projector()
        while projector.project(projecting.connection, 1_000):
            pass
        return _laid_out(projecting.connection)


def _laid_out(connection: Connection) -> list[UUID]:
    """Everybody's figures, and the day's tables, as the follower makes them; who there is."""
    figures, last, everybody = Figures(), -1, set[UUID]()
    while (found := changed(connection, last, 5_000))[1]:
        last, people = found
        everybody.update(people)
    for some in mix.batches(sorted(everybody), 500):
        with connection.transaction():
            figures.lay_out(connection, some)
    registry = gathering.registry_at(connection, history.head(connection).next_position - 1)
    with connection.transaction():
        daily.refresh(connection, registry, REFERENCE, figures.places, figures.competencies)
    return sorted(everybody)


def _declare(writer: Database, nation: Nation) -> None:
    institutions = [
        Institution(code=party.code, name=party.name, roles=party.roles) for party in nation.parties
    ]
    system.begin(writer, walk.house_of(nation, []).finisher, institutions, datetime.now(UTC))


def _rows(nation: Nation) -> list[Row]:
    deliveries = [
        one
        for phase in nation.phases()
        if phase.name != "irregular"
        for one in phase.deliveries
        if not one.note and one.event is not None
        if not isinstance(one.event, PersonMerged)  # a copy would be merged with the first one
    ]
    house = walk.house_of(nation, deliveries)
    targets = {target for one in deliveries if (target := getattr(one.event, "target", None))}
    messages = [walk.message_of(offset, one) for offset, one in enumerate(deliveries)]
    rows: list[Row] = []
    for batch in mix.batches(messages, MOST_MESSAGES):
        walked = house.walk()
        walked.directory.learn({(STATEMENT, str(target)) for target in targets}, {})
        walked.directory.statements.update(targets)
        rows += [item for message in batch if isinstance(item := walked.carry(message), Row)]
    for row in rows:
        row.source = replace(row.source, kind="redrive")  # no offsets are moved
    return rows


def _copy_figures(root: Connection, copies: int) -> None:
    """The figures of the copied people; the same places."""
    for table in _FIGURES:
        named = sql.Identifier(table)
        columns = [
            name
            for (name,) in root.execute(
                "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 "
                "AND NOT attisdropped AND attname <> 'person_id' ORDER BY attnum",
                [table],
            )
        ]
        others = sql.SQL(", ").join(map(sql.Identifier, columns))
        root.execute(
            sql.SQL(
                "INSERT INTO {table} (person_id, {others}) "
                "SELECT md5(person_id::text || copy)::uuid, {others} "
                "FROM {table}, generate_series(1, %s) AS copy"
            ).format(table=named, others=others),
            [copies],
        )


# -- what is asked ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Clock:
    """Times answers that one connection gives."""

    reader: Connection

    def time(
        self, what: str, ask: Callable[[], object], times: int = 3, allowed: float | None = None
    ) -> Timing:
        """Ask so often; what is asked a few times only, once before it counts."""
        if times <= _FEW:
            ask()
        backend = psutil.Process(self.reader.info.backend_pid)
        taken, before, ours = [], cpu_of(backend), time.process_time()
        for _ in range(times):
            began = time.perf_counter()
            ask()
            taken.append((time.perf_counter() - began) * 1_000)
        used = time.process_time() - ours + cpu_of(backend) - before
        return Timing(what, taken, used / times * 1_000, allowed)


def _timings(reader: Connection, whom: Sequence[UUID]) -> Iterator[Timing]:
    clock, head = _Clock(reader), history.head(reader).next_position - 1
    yield clock.time(
        "the registry, read from the ledger", lambda: gathering.registry_at(reader, head)
    )
    registry = gathering.registry_at(reader, head)
    gc.collect()
    gc.freeze()  # whoever asks holds no nation of seeds when garbage is looked for
    agency, people = _largest(reader)
    yield from _of_agency(clock, agency, people, registry)
    yield from _of_persons(clock, whom)
    some = iter(whom)
    yield clock.time(
        "profile known at a position, folded from the ledger",
        lambda: gathering.fold_person(reader, next(some), head, registry),
        200,
    )


def _of_agency(clock: _Clock, agency: str, people: int, registry: Registry) -> Iterator[Timing]:
    reader = clock.reader
    now, then = Asked(REFERENCE), Asked(date(2026, 3, 31))
    for asked_of in (now, then):
        yield clock.time(
            f"gaps of the largest agency, {people:,} people, {asked_of.day}",
            partial(workforce.overview_of, reader, agency, asked_of, registry),
            _FEW,
            200.0,
        )
    yield clock.time(
        "its learning hours by unit",
        lambda: workforce.hours_by_unit(reader, agency, 2026, 2_000, now, registry),
        _FEW,
        200.0,
    )
    yield clock.time(
        "its plans", lambda: workforce.demands_of(reader, agency, now, registry), _FEW, 200.0
    )


def _of_persons(clock: _Clock, whom: Sequence[UUID]) -> Iterator[Timing]:
    reader = clock.reader
    some, days = iter(whom), iter(whom)
    yield clock.time("a profile", lambda: individuals.profile_of(reader, next(some)), _MANY, 5.0)

    def as_of() -> object:
        found = individuals.profile_of(reader, next(days))
        day = REFERENCE - timedelta(days=_CHANCE.randrange(900))
        return levels_on(found.profile, day) if found else None

    yield clock.time("a profile as of a day", as_of, _MANY, 20.0)


def _largest(reader: Connection) -> tuple[str, int]:
    found = reader.execute(
        "SELECT working, count(*) FROM served JOIN place ON id = place WHERE starts <= %(day)s "
        "AND ends > %(day)s GROUP BY working ORDER BY 2 DESC LIMIT 1",
        {"day": REFERENCE},
    ).fetchone()
    return found or ("", 0)


# -- what is shown ------------------------------------------------------------------------


def _show(timings: Sequence[Timing]) -> None:
    table = Table(title="answers, in milliseconds", title_justify="left")
    for column in ("what", "asked", "p50", "p99", "worst", "CPU", "allowed", ""):
        table.add_column(column, justify="left" if column == "what" else "right")
    for one in timings:
        numbers = (statistics.median(one.times), one.p99, max(one.times), one.cpu)
        allowed = "" if one.allowed is None else f"{one.allowed:g}"
        table.add_row(
            one.what, str(len(one.times)), *(f"{number:.1f}" for number in numbers), allowed,
            "" if one.fine else "SLOW",
        )  # fmt: skip
    Console().print(table)


def _show_sizes(root: Connection) -> None:
    table = Table(title="what there is", title_justify="left")
    for column in ("table", "rows", "MB with indexes"):
        table.add_column(column, justify="left" if column == "table" else "right")
    for name in ("record", "evidence", "profile", *_FIGURES):
        ((rows, size),) = root.execute(
            "SELECT sum(greatest(c.reltuples, 0))::bigint, "
            "sum(pg_total_relation_size(c.oid))::bigint "
            "FROM pg_class c LEFT JOIN pg_inherits i ON i.inhrelid = c.oid "
            "WHERE c.relkind = 'r' AND (c.oid = to_regclass(%(name)s) "
            "OR i.inhparent = to_regclass(%(name)s))",
            {"name": name},
        ).fetchall()
        table.add_row(name, f"{rows:,}", f"{size / 1e6:,.0f}")
    Console().print(table)


def _tell(line: str) -> None:
    print(line, file=sys.stderr)


def main() -> int:
    """Measure; 0 where every answer is within what it may take."""
    people, events = asked(people=PEOPLE, events=EVENTS)
    return 0 if _measured(people, events) else 1


if __name__ == "__main__":
    sys.exit(main())
