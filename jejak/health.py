"""How a home is: what `jejak status` says."""

from contextlib import closing
from dataclasses import asdict, dataclass
from typing import Any

from jejak.errors import JejakError
from jejak.home import Home
from jejak.kafka_admin import connected
from jejak.running import written_down
from jejak.services import Services
from jejak_lrs import cursor, database, history, inboxes, quarantine, roles

FOLLOWERS = ("projector", "publisher-receipts", "publisher-changes", "publisher-newcomers")


@dataclass(frozen=True, slots=True)
class InboxState:
    """One inbox partition: what is consumed, what is there. `end_offset` None: unknown."""

    topic: str
    partition: int
    party: str
    next_offset: int
    end_offset: int | None

    @property
    def lag(self) -> int | None:
        """Messages delivered by the party and not yet in the ledger."""
        return None if self.end_offset is None else max(0, self.end_offset - self.next_offset)


@dataclass(frozen=True, slots=True)
class Health:
    """All of it."""

    home: str
    up: bool
    processes: dict[str, bool]
    kafka: str
    postgres: str
    head: dict[str, Any] | None
    cursors: dict[str, dict[str, Any]]
    quarantine: dict[str, int]
    inboxes: list[InboxState]

    def document(self) -> dict[str, Any]:
        """As JSON takes it."""
        return {**asdict(self), "inboxes": [{**asdict(i), "lag": i.lag} for i in self.inboxes]}

    def summary(self) -> dict[str, object]:
        """As lines for a person."""
        cursors = ", ".join(f"{name} {at['position']}" for name, at in self.cursors.items())
        return {
            "home": f"{self.home} ({'up' if self.up else 'down'})",
            "processes": ", ".join(
                name if runs else f"{name} (ended)" for name, runs in self.processes.items()
            ),
            "kafka": self.kafka,
            "postgresql": self.postgres,
            "head": (self.head or {}).get("next_position"),
            "cursors": cursors,
            "quarantine": ", ".join(f"{kind} {n}" for kind, n in self.quarantine.items()) or 0,
            "lag": sum(state.lag or 0 for state in self.inboxes),
        }


def look(home: Home, services: Services) -> Health:
    """Ask everything once. Retry if PostgreSQL is away; an absent Kafka is told, not raised."""
    with closing(database.connect(services.dsn(roles.READER))) as connection:
        stored = inboxes.all_inboxes(connection)
        head = asdict(history.head(connection))
        cursors = {name: cursor.read(connection, name)._asdict() for name in FOLLOWERS}
        waiting = {
            f"{kind} {reason}": count
            for (kind, reason), count in quarantine.counts(connection).items()
        }
    ends, kafka = end_offsets(services, stored)
    return Health(
        home=str(home.path),
        up=home.is_held,
        processes={each.name: each.process is not None for each in written_down(home)},
        kafka=kafka,
        postgres="answers",
        head=head,
        cursors=cursors,
        quarantine=waiting,
        inboxes=[
            InboxState(
                i.topic, i.partition, i.party, i.next_offset, ends.get((i.topic, i.partition))
            )
            for i in stored
        ],
    )


def end_offsets(
    services: Services, stored: list[inboxes.Inbox]
) -> tuple[dict[tuple[str, int], int], str]:
    """Where each inbox ends on Kafka, and what to say of Kafka."""
    partitions: dict[str, int] = {}
    for inbox in stored:
        partitions[inbox.topic] = max(partitions.get(inbox.topic, 0), inbox.partition + 1)
    try:
        with connected(services.kafka(services.operator), patience=5.0) as admin:
            return admin.end_offsets(partitions), "answers"
    except JejakError as error:
        return {}, str(error)
