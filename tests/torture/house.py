"""A home under fire: its services, its loops, the traffic, and how one sees that it is well."""

import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, LiteralString
from uuid import UUID

import psutil  # type: ignore[import-untyped]
import psycopg

from jejak import cli, processes, provisioning, registrar, settings
from jejak.embedded import child
from jejak.embedded.postgres import EmbeddedPostgres
from jejak.home import Home
from jejak.loops import FAILPOINT
from jejak_lrs.competency import ruleset
from jejak_schemas import topics
from jejak_schemas.events import Event, PersonRegistered, RulesetPublished
from jejak_schemas.parts import PersonRef
from tests.torture import extra_recorder, nursery, reading
from tests.torture.checker import Verdict, judge
from tests.torture.nursery import Program
from tests.torture.proxy import Proxy
from tests.torture.traffic import NOW, PEOPLE, PROVIDERS, Log, Traffic, completed, nip

LOOPS = ("recorder", "projector", "publisher")
AGENCY = "2060"
PARTIES = [
    *(provisioning.NewParty(code, code, ("provider",)) for code in PROVIDERS),
    provisioning.NewParty("bkn", "BKN", ("bkn",)),
    provisioning.NewParty("lan", "LAN", ("lan",)),
    provisioning.NewParty(AGENCY, "Kementerian PANRB", ("agency",)),
]
_BEGUN = NOW - timedelta(days=90)
_STANDS: LiteralString = (
    "SELECT coalesce((SELECT min(position) FROM cursor"
    " WHERE follower IN ('projector', 'publisher-receipts')), -1),"
    " coalesce((SELECT position FROM cursor WHERE follower = 'publisher-changes'), -1),"
    " (SELECT next_number FROM change_head)"
)


class NotWell(Exception):  # noqa: N818  what it says
    """The home did not recover within its time."""


@dataclass(slots=True)
class House:
    """A home whose loops are killed, frozen and started again; `kills` counts SIGKILLs."""

    up: processes.Up
    traffic: Traffic
    proxy: Proxy
    running: dict[str, Program] = field(default_factory=dict)
    kills: int = 0
    ended: Counter[str] = field(default_factory=Counter)

    # -- processes ------------------------------------------------------------------------

    def start(self, loop: str, failpoint: str = "") -> Program:
        """Start a loop in place of the one of its name."""
        words = ("run", loop, "--home", str(self.up.home.path))
        network = self._network(loop) | ({FAILPOINT: failpoint} if failpoint else {})
        log = self.up.home.logs / f"{loop}.log"
        found = nursery.start(loop, run_loop, *words, log=log, environment=network)
        self.running[loop] = found
        return found

    def start_recorder(self, group: str, slot: str, dsn: str = "") -> Program:
        """One more recorder, which nobody tends."""
        login = {extra_recorder.DSN: dsn or self.up.services.dsn("jejak_writer")}
        words = (str(self.up.home.path), group, slot)
        log = self.up.home.logs / f"{slot}.log"
        return nursery.start(slot, extra_recorder.main, *words, log=log, environment=login)

    def kill(self, loop: str) -> None:
        """SIGKILL, and wait for the end."""
        self.end(self.running[loop])

    def end(self, program: Program) -> None:
        """SIGKILL to any program of ours."""
        self.kills += program.running
        program.kill()

    def tend(self) -> None:
        """Start again what ended by itself, as the supervisor does."""
        for loop, program in list(self.running.items()):
            if not program.running:
                self.ended[loop] += 1
                self.start(loop)

    def stop(self) -> None:
        """End the loops."""
        for program in self.running.values():
            program.kill()

    def _network(self, loop: str) -> dict[str, str]:
        if loop != "recorder":
            return {}
        return {"JEJAK_DATABASE_HOST": "127.0.0.1", "JEJAK_DATABASE_PORT": str(self.proxy.port)}

    # -- seeing ---------------------------------------------------------------------------

    def wait(self, until: Callable[[], bool], seconds: float, what: str, tend: bool = True) -> None:
        """Wait for something to become true, looking after the loops meanwhile."""
        end = time.monotonic() + seconds
        while not until():
            if time.monotonic() > end:
                raise NotWell(f"{what} in {seconds:.0f} s")
            if tend:
                self.tend()
            time.sleep(0.05)

    def dead(self, program: Program | child.Child, seconds: float = 180.0) -> None:
        """Wait until a program has ended."""
        self.wait(lambda: not program.running, seconds, f"{program.name} did not end", tend=False)

    def frozen(self, program: Program, seconds: float = 180.0) -> None:
        """Wait until a program has stopped itself."""

        def stopped() -> bool:
            return bool(psutil.Process(program.pid).status() == psutil.STATUS_STOPPED)

        self.wait(stopped, seconds, f"{program.name} did not freeze", tend=False)

    def recover(self, seconds: float = 300.0) -> float:
        """Send one more event; the seconds until all loops have done with it."""
        began = time.monotonic()
        event = completed(PROVIDERS[0], self.kills % PEOPLE)
        self.traffic.say([event])
        self.wait(lambda: self._done_with(event.event_id), seconds, "did not recover")
        return time.monotonic() - began

    def recorded(self, seconds: float = 180.0, tend: bool = False) -> None:
        """Send one more event and wait for its record alone."""
        event = completed(PROVIDERS[1], 1)
        self.traffic.say([event])
        held = "SELECT 1 FROM statement_key WHERE statement_id = %s"
        self.wait(lambda: bool(self.ask(held, event.event_id)), seconds, "not recorded", tend)

    def _done_with(self, event_id: UUID) -> bool:
        held = self.ask("SELECT position FROM statement_key WHERE statement_id = %s", event_id)
        stands = held and self.ask(_STANDS)
        return bool(stands) and bool(stands[0][0] >= held[0][0])

    def ask(self, query: LiteralString, *values: object) -> list[tuple[Any, ...]]:
        """An answer of PostgreSQL to its superuser; none where it is away."""
        with suppress(psycopg.OperationalError), self.superuser() as connection:
            return connection.execute(query, values).fetchall()
        return []

    @contextmanager
    def superuser(self, database: str = "jejak") -> Iterator[psycopg.Connection[Any]]:
        """A connection as superuser, in autocommit."""
        dsn = self.up.embedded.postgres.superuser_dsn(database)
        with closing(psycopg.connect(dsn, autocommit=True, connect_timeout=5)) as connection:
            yield connection

    # -- judging --------------------------------------------------------------------------

    def settle(self, seconds: float = 300.0) -> None:
        """Let the traffic rest and wait until all that was sent is done with."""
        self.traffic.pause()
        self.recover(seconds)
        ends = self.ends()
        self.wait(lambda: self._settled(ends), seconds, "not settled")

    def ends(self) -> dict[tuple[str, int], int]:
        """Where every inbox partition ends, by Kafka."""
        access = self.up.services.kafka(self.up.services.operator)
        return reading.ends(access, [topics.inbox(party.code) for party in PARTIES])

    def _settled(self, ends: Mapping[tuple[str, int], int]) -> bool:
        stands = self.ask("SELECT topic, partition, next_offset FROM inbox_offset")
        if {(topic, number): past for topic, number, past in stands} != ends:
            return False
        found = self.ask(_STANDS)
        heads = self.ask("SELECT next_position - 1, next_outcome - 1 FROM ledger_head")
        behind = self.ask("SELECT outcome_number FROM cursor WHERE follower = 'publisher-receipts'")
        if not (found and heads and behind):
            return False
        (least, changes, next_change), (last, outcome) = found[0], heads[0]
        refolds = self.ask("SELECT count(*) FROM refold") == [(0,)]
        told = changes >= next_change - 1 and behind[0][0] >= outcome
        return bool(least >= last and told and refolds)

    def judge(self) -> Verdict:
        """Settle, look at everything and judge it."""
        self.settle()
        services = self.up.services
        with self.superuser() as connection:
            seen = reading.see(
                connection, services.kafka(services.operator),
                [party.code for party in PARTIES], AGENCY,
            )  # fmt: skip
        verdict = judge(seen, self.traffic.log.sent, self.traffic.log.acknowledged)
        self.traffic.resume()
        return verdict


@contextmanager
def opened(home: Home, rate: float) -> Iterator[House]:
    """A home under traffic: new, or as an earlier torture left it."""
    known = (home.path / "sent.jsonl").exists()
    with ExitStack() as stack:
        up = stack.enter_context(
            processes.running(home, settings.load(home), loops=(), tell=lambda _: None)
        )
        keep_memory_out_of_files(up.embedded.postgres)
        log = Log(home.path / "sent.jsonl")
        stack.callback(log.close)
        traffic = Traffic(up.services.kafka(up.services.operator), log, rate)
        proxy = Proxy(lambda: up.embedded.postgres.port)
        stack.callback(proxy.close)
        house = House(up, traffic, proxy)
        stack.callback(house.stop)
        if not known:
            declare = registrar.declaring(up.services)
            provisioning.add_parties(up.services, home.credentials, PARTIES, declare)
        for loop in LOOPS:
            house.start(loop)
        if not known:
            traffic.say(first_words())
        stack.callback(traffic.stop)
        traffic.start()
        house.recover()
        yield house


def keep_memory_out_of_files(server: EmbeddedPostgres) -> None:
    """Let PostgreSQL share memory by System V's means, which no limit on file sizes meets.

    By POSIX's it is a file. Where that may not grow in a recovery, the process that recovers hangs
    while it ends (PostgreSQL 18.4), and its server refuses everybody from then on.
    """
    with closing(psycopg.connect(server.superuser_dsn(), autocommit=True)) as connection:
        connection.execute("ALTER SYSTEM SET dynamic_shared_memory_type = 'sysv'")
    server.stop()
    server.start()


def first_words() -> list[Event]:
    """The rules and the people."""
    rules = RulesetPublished(
        occurred_at=_BEGUN, party="lan", version="2026.1", valid_from=_BEGUN.date(),
        document=ruleset.shipped(),
    )  # fmt: skip
    people = [
        PersonRegistered(
            occurred_at=_BEGUN, party="bkn", person=PersonRef(nip=nip(number)),
            home_agency=AGENCY, working_agency=AGENCY, position_class="pengawas", kind="PNS",
            valid_from=_BEGUN.date(),
        )
        for number in range(PEOPLE)
    ]  # fmt: skip
    return [rules, *people]


def run_loop(*words: str) -> None:
    """`jejak run LOOP`, to its exit code."""
    sys.exit(cli.run(list(words), debug=False))


def running_process(process: child.Child | None) -> child.Child:
    """A service's process; it was started."""
    if process is None:
        raise NotWell("a service was never started")
    return process


def run_aside(command: list[str]) -> subprocess.CompletedProcess[bytes]:
    """A short program, to its end."""
    return subprocess.run(command, check=True, capture_output=True, timeout=60)
