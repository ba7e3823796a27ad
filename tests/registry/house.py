"""A home that is up on a real schema registry, and what its parties say in it."""

import json
import urllib.error
import urllib.request
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from typing import Any
from uuid import UUID

from jejak import processes, provisioning, registrar
from jejak.home import Home
from jejak.provisioning import NewParty
from jejak_consumers.kafka import KafkaFeed
from jejak_consumers.messages import Message
from jejak_lrs import database, roles
from jejak_producers import Producer, event_of
from jejak_schemas.credentials import Credentials
from jejak_schemas.events import CourseCompleted, Event, PersonRegistered
from jejak_schemas.framing import Framing
from jejak_schemas.outgoing import Receipt
from jejak_schemas.parts import Activity, PersonRef

NIP = "198503122010011002"
NOW = datetime.now(UTC)
QUIET_SECONDS = 3.0  # in which a loop that did something wrong would have done it
WAIT_SECONDS = 60.0
PARTIES = [
    NewParty("bkn", "BKN", ("bkn",)),
    NewParty("pusdiklat", "Pusdiklat", ("provider",)),
    NewParty("lms", "Sebuah LMS", ("provider",)),
    NewParty("2060", "Sebuah instansi", ("agency",)),
    NewParty("2070", "Instansi tanpa orang", ("agency",)),
]


@dataclass
class House:
    """A home that is up, all its loops on the registry that the environment names."""

    up: processes.Up

    @property
    def home(self) -> Home:
        return self.up.home

    def furnish(self) -> None:
        """Add the parties."""
        declare = registrar.declaring(self.up.services)
        provisioning.add_parties(self.up.services, self.home.credentials, PARTIES, declare)

    def credentials(self, party: str) -> Credentials:
        return Credentials.load(self.home.credentials_file(party))

    def producer(self, framing: Framing, party: str = "pusdiklat") -> Producer:
        return Producer(self.credentials(party), framing=framing)

    def told(self, framing: Framing, events: Sequence[Event]) -> list[Receipt]:
        """Emit events of one party, and what the ledger says of each."""
        with self.producer(framing, events[0].party) as producer:
            waits = [producer.emit(event, wait="receipt") for event in events]
            return [each.result(WAIT_SECONDS) for each in waits]

    def restart_loops(self) -> None:
        """New processes, which have learnt nothing yet."""
        self.up.stop_loops()
        self.up.start_loops(processes.LOOPS)

    def count(self, query: str) -> int:
        """The one number that a query on the ledger answers."""
        with closing(database.connect(self.up.services.dsn(roles.READER))) as connection:
            found = connection.execute(query.encode()).fetchone()
            assert found is not None
            return int(found[0])

    def recorded(self) -> int:
        """How many messages of inboxes have become records."""
        return self.count("SELECT count(*) FROM record WHERE source_kind = 'inbox'")

    def refused(self) -> int:
        """How many messages were refused."""
        return self.count("SELECT count(*) FROM outcome WHERE kind = 'refused'")

    def read(self, party: str, topic: str) -> list[Message]:
        """What a party's own topic holds."""
        with closing(KafkaFeed(self.credentials(party).kafka, topic)) as feed:
            first, end = feed.bounds()
            feed.seek(first)
            found: list[Message] = []
            while feed.position() < end:
                found += feed.poll(0.5)
            return found

    def log_of(self, loop: str) -> str:
        return (self.home.logs / f"{loop}.log").read_text("utf-8")


def registered() -> PersonRegistered:
    since = NOW - timedelta(days=90)
    return PersonRegistered(
        occurred_at=since,
        party="bkn",
        person=PersonRef(nip=NIP),
        home_agency="2060",
        working_agency="2060",
        position_class="pengawas",
        kind="PNS",
        valid_from=since.date(),
    )


def completed(number: int = 0, party: str = "pusdiklat") -> CourseCompleted:
    return CourseCompleted(
        occurred_at=NOW - timedelta(hours=1 + number % 500),
        party=party,
        learner=PersonRef(nip=NIP),
        activity=Activity(id=f"https://contoh.id/kursus/{number % 7}", name={"id": "Kursus"}),
        form="9",
        duration=3600,
    )


def example(name: str, event_id: UUID) -> Event:
    """The documented example of a class, as the provider would say it of the one person."""
    text = files("jejak_schemas").joinpath(f"documents/examples/{name}.json").read_text("utf-8")
    mine = {"event_id": str(event_id), "party": "pusdiklat", "learner": {"nip": NIP}}
    said = {"event": name, **json.loads(text), **mine}
    said.pop("on_behalf_of", None)
    return event_of(said)


def asked(url: str, body: Any = None) -> Any:
    """What a registry answers to a plain client, or the HTTP status of its refusal."""
    data = None if body is None else json.dumps(body).encode()
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(url, data, headers)  # noqa: S310  our URL
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310  our URL
            return json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code
