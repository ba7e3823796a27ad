"""How a Jejak is: what `jejak status` says, of the home's own services or of those others run."""

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from typing import Any

from jejak import lag
from jejak.embedded.ports import LOOPBACK
from jejak.errors import Fatal, JejakError, Retry
from jejak.foundations import RECORDER_GROUP
from jejak.home import Home
from jejak.kafka_admin import connected
from jejak.lag import InboxState
from jejak.running import written_down
from jejak.services import Services
from jejak_consumers import tail
from jejak_consumers.messages import Reported, TopicPartition
from jejak_lrs import cursor, database, roles
from jejak_lrs import errors as ledger_errors
from jejak_lrs.answers import aside
from jejak_lrs.cursor import Cursor
from jejak_lrs.database import Connection
from jejak_lrs.ledger import history, inboxes, quarantine, standing
from jejak_lrs.ledger.history import Head
from jejak_lrs.ledger.standing import Outcomes
from jejak_lrs.notary import checkpoints
from jejak_lrs.projection import profiles, refolding

LOOPS = ("recorder", "projector", "publisher", "notary")
FOLLOWERS = ("projector", "figures", "publisher-receipts", "publisher-changes", "notary")
PATIENCE = 5.0  # seconds until a service counts as away


@dataclass(frozen=True, slots=True)
class Service:
    """How a service answered, in one line; `code` is the exit code that it is worth."""

    says: str = "answers"
    code: int = 0

    @classmethod
    def failed(cls, error: Exception, code: int) -> "Service":
        """What it answered with is an error."""
        return cls(" ".join(str(error).split()), code)


@dataclass(frozen=True, slots=True)
class Follower:
    """Where a follower stands, and how many positions (or changes) it has not seen."""

    position: int
    outcome_number: int
    behind: int


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What was signed last of a log, and when."""

    size: int
    stored: datetime


@dataclass(frozen=True, slots=True)
class Ledger:
    """How the ledger stands. `loops`: how many of each are connected to it, wherever they run.

    `quarantine` counts messages by status, then reason; `refold` persons still to be folded anew;
    `aside` whom or what figures cannot be made of, by kind of error.
    """

    head: Head
    outcomes: Outcomes
    cursors: Mapping[str, Follower]
    quarantine: Mapping[str, Mapping[str, int]]
    refold: int
    aside: Mapping[str, int]
    loops: Mapping[str, int]
    checkpoints: Mapping[str, Checkpoint]


@dataclass(frozen=True, slots=True)
class Health:
    """All of it. `up` is None where the services are not this home's to start.

    `processes` are those that `jejak up` wrote down, with whether they run; `metrics` where those
    that run show theirs.
    """

    home: str
    up: bool | None
    processes: Mapping[str, bool]
    metrics: Mapping[str, str]
    kafka: Service
    postgres: Service
    ledger: Ledger | None
    inboxes: Sequence[InboxState]

    @property
    def stopped(self) -> list[str]:
        """A line for each partition that is stopped."""
        return [
            f"STOPPED {state.topic} partition {state.partition}: {state.stopped}"
            for state in self.inboxes
            if state.stopped
        ]

    @property
    def exit_code(self) -> int:
        """4 if an operator is needed, 3 if a service is away, else 0."""
        return max(4 if self.stopped else 0, self.kafka.code, self.postgres.code)

    def document(self) -> dict[str, Any]:
        """As JSON takes it."""
        nothing = {each.name: None for each in fields(Ledger)}
        return {
            "home": self.home,
            "up": self.up,
            "processes": self.processes,
            "metrics": self.metrics,
            "kafka": self.kafka.says,
            "postgres": self.postgres.says,
            **(asdict(self.ledger) if self.ledger else nothing),
            "inboxes": [{**asdict(state), "lag": state.lag} for state in self.inboxes],
            "stopped": self.stopped,
        }


def look(home: Home, services: Services, *, embedded: bool) -> Health:
    """Ask everything once. A service that is away or refuses us is told, not raised."""
    stored, ledger, postgres = ask_postgres(services)
    states, kafka = ask_kafka(services, stored, ledger)
    written = {each: each.process is not None for each in written_down(home)}
    return Health(
        home=str(home.path),
        up=home.is_held if embedded else None,
        processes={each.name: runs for each, runs in written.items()},
        metrics={
            each.name: f"http://{LOOPBACK}:{each.port}/metrics"
            for each, runs in written.items()
            if runs and each.port
        },
        kafka=kafka,
        postgres=postgres,
        ledger=ledger,
        inboxes=states,
    )


def ask_postgres(services: Services) -> tuple[list[inboxes.Inbox], Ledger | None, Service]:
    """Every inbox row and how the ledger stands, as the reader."""
    try:
        with closing(database.connect(services.dsn(roles.READER), "jejak command")) as connection:
            return inboxes.all_inboxes(connection), ledger_of(connection), Service()
    except (ledger_errors.Retry, Retry) as error:
        return [], None, Service.failed(error, Retry.exit_code)
    except (ledger_errors.LedgerError, JejakError) as error:
        return [], None, Service.failed(error, Fatal.exit_code)


def ledger_of(connection: Connection) -> Ledger:
    """How the ledger stands."""
    head = history.head(connection)
    waiting: dict[str, dict[str, int]] = {}
    for (status, reason), count in sorted(quarantine.counts(connection).items()):
        waiting.setdefault(status, {})[reason] = count
    last_change = profiles.last_change(connection)
    cursors = {name: cursor.read(connection, name) for name in FOLLOWERS}
    return Ledger(
        head=head,
        outcomes=standing.outcomes(connection),
        cursors={name: follower(name, at, head, last_change) for name, at in cursors.items()},
        quarantine=waiting,
        refold=refolding.backlog(connection, profiles.active_generation(connection)),
        aside=aside.counts(connection),
        loops=loops_of(connection),
        checkpoints={
            tree: Checkpoint(last.size, last.stored)
            for tree in checkpoints.TREES
            if (last := checkpoints.largest(connection, head.epoch, tree))
        },
    )


def loops_of(connection: Connection) -> dict[str, int]:
    """How many of each loop are connected to the ledger, wherever they run."""
    connected_as = standing.sessions(connection)
    return {name: connected_as.get(f"jejak {name}", 0) for name in LOOPS}


def follower(name: str, at: Cursor, head: Head, last_change: int) -> Follower:
    """Where a follower stands: receipts follow records and outcomes, figures changes."""
    records = head.next_position - 1 - at.position
    behind = {
        "publisher-receipts": records + head.next_outcome - 1 - at.outcome_number,
        "notary": records + head.next_outcome - 1 - at.outcome_number,
        "publisher-changes": last_change - at.position,
        "figures": last_change - at.position,
    }.get(name, records)
    return Follower(at.position, at.outcome_number, max(0, behind))


def ask_kafka(
    services: Services, stored: Sequence[inboxes.Inbox], ledger: Ledger | None
) -> tuple[list[InboxState], Service]:
    """How each inbox partition stands, as the operator."""
    try:
        with connected(services.kafka(services.operator), PATIENCE) as admin:
            logs = admin.logs({inbox.topic for inbox in stored})
            states = lag.compare(stored, logs)
            if ledger is not None:
                reported = admin.reported(RECORDER_GROUP)
                states = lag.stopped(states, lost_tails(services, ledger, stored, reported))
            unread = {(at.topic, at.partition): at.next_offset for at in states if at.lag}
            return lag.aged(states, admin.written_at(unread), datetime.now(UTC)), Service()
    except JejakError as error:
        return lag.unknown(stored), Service.failed(error, error.exit_code)


def lost_tails(
    services: Services,
    ledger: Ledger,
    stored: Sequence[inboxes.Inbox],
    reported: Mapping[TopicPartition, Reported],
) -> dict[TopicPartition, str]:
    """The partitions of which the ledger does not hold what it had recorded."""
    if not tail.lost(ledger.head.epoch, stored, reported):
        return {}
    later, _, _ = ask_postgres(services)  # `stored` is older than the reports: it may have grown
    return tail.lost(ledger.head.epoch, later, reported)
