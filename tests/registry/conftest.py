"""A home that is up with a real schema registry: `jejak up` as an operator would have it."""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import pytest

from jejak import processes, provisioning, registrar, settings
from jejak.embedded.ports import free_port
from jejak.home import Home
from jejak.provisioning import NewParty
from jejak_consumers.kafka import KafkaFeed
from jejak_consumers.messages import Message
from jejak_lrs import database, roles
from jejak_producers import Producer
from jejak_schemas.credentials import Credentials
from jejak_schemas.framing import Framing
from jejak_schemas.registry import SchemaRegistry
from tests.registry.apicurio import Apicurio, unpacked

PARTIES = [
    NewParty("bkn", "BKN", ("bkn",)),
    NewParty("pusdiklat", "Pusdiklat", ("provider",)),
    NewParty("2060", "Sebuah instansi", ("agency",)),
]


@pytest.fixture(scope="session")
def apicurio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Apicurio]:
    """A running registry; whoever kills it starts it again."""
    folder = tmp_path_factory.mktemp("apicurio")
    (folder / "data").mkdir()
    own = Apicurio(unpacked(folder), folder / "data", free_port())
    try:
        own.start()
        yield own
    finally:
        own.kill()


@dataclass
class House:
    """A home that is up, all its loops on the registry that the environment names."""

    up: processes.Up

    @property
    def home(self) -> Home:
        return self.up.home

    def credentials(self, party: str) -> Credentials:
        return Credentials.load(self.home.credentials_file(party))

    def producer(self, framing: Framing, party: str = "pusdiklat") -> Producer:
        return Producer(self.credentials(party), framing=framing)

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
        return (self.home.log / f"{loop}.log").read_text("utf-8")


@pytest.fixture(scope="session")
def house(apicurio: Apicurio, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    home = Home(tmp_path_factory.mktemp("home"))
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("JEJAK_REGISTRY_URL", apicurio.url)
        with processes.running(home, settings.load(home), tell=lambda _: None) as up:
            declare = registrar.declaring(up.services)
            provisioning.add_parties(up.services, home.credentials, PARTIES, declare)
            yield House(up)


@pytest.fixture
def framing(apicurio: Apicurio) -> Iterator[SchemaRegistry]:
    """A party's framing that knows nothing yet."""
    with closing(SchemaRegistry(apicurio.url)) as own:
        yield own


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


def eventually(what: Callable[[], bool], seconds: float = 40.0) -> None:
    """Wait until something holds."""
    until = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < until, "it did not come to be"
        time.sleep(0.1)
