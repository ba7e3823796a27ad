"""A whole site on the cluster: its home, its parties, loops and traffic, as the torture's house."""

import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from jejak import foundations, provisioning, registrar, settings
from jejak.embedded.both import Embedded
from jejak.home import Home
from jejak.processes import Up
from jejak.services import services_of
from jejak_schemas import topics
from tests.cluster import brokers, certificates, standby
from tests.cluster.brokers import Cluster
from tests.cluster.standby import Pair
from tests.torture.house import LOOPS, PARTIES, House, first_words
from tests.torture.proxy import Proxy
from tests.torture.traffic import Log, Traffic

RATE = 100.0  # events a second
PATIENCE = 120.0  # seconds; twelve sessions of a recorder


@dataclass(slots=True)
class Site:
    """All of it."""

    house: House
    cluster: Cluster
    pair: Pair

    def goes_on(self) -> float:
        """The seconds until all that is acknowledged is recorded, and a new event answered."""
        began = time.monotonic()
        ends: dict[tuple[str, int], int] = {}
        for topic, partition, offset in list(self.house.traffic.log.acknowledged):
            ends[topic, partition] = max(offset + 1, ends.get((topic, partition), 0))
        self.house.recover(PATIENCE)
        self.house.wait(lambda: self._recorded(ends), PATIENCE, "not all was recorded")
        return time.monotonic() - began

    def whole(self) -> None:
        """Wait until every broker has everything."""
        nodes = self.cluster.nodes
        self.house.wait(lambda: self.cluster.in_sync(self.topics) == nodes, PATIENCE, "not whole")

    def _recorded(self, ends: Mapping[tuple[str, int], int]) -> bool:
        stands = self.house.ask("SELECT topic, partition, next_offset FROM inbox_offset")
        known = {(topic, number): past for topic, number, past in stands}
        return all(known.get(place, 0) >= end for place, end in ends.items())

    def promote(self) -> None:
        """The standby takes the primary's place; everybody's line leads to it."""
        self.pair.promote()
        served = self.house.up.embedded
        assert served is not None
        self.house.up.embedded = Embedded(served.kafka, self.pair.standby)

    @property
    def topics(self) -> list[str]:
        """Every topic that must not lose what was acknowledged, Kafka's own among them."""
        named = [made.name for party in PARTIES for made in provisioning.topics_of(party)]
        return [*named, topics.CHECKPOINTS, "__consumer_offsets", "__transaction_state"]


@contextmanager
def opened(folder: Path) -> Iterator[Site]:
    """A site under traffic."""
    ca, certificate = certificates.make(folder)
    home = Home(folder / "home")
    home.make()
    for_kafka = home.secrets.ensure("kafka-operator")
    for_postgres = home.secrets.ensure("postgres-postgres")
    with ExitStack() as stack:
        pair = stack.enter_context(standby.running(folder, for_postgres))
        cluster = stack.enter_context(brokers.running(folder, for_kafka, ca, certificate))
        proxy = Proxy(lambda: pair.serving.port)
        stack.callback(proxy.close)
        home.settings_file.write_text(settings_text(cluster, ca, proxy.port), "utf-8")
        services = services_of(home, settings.load(home))
        up = Up(home, services, Embedded(cluster.nodes[0], pair.primary), print)
        foundations.prepare(services)
        declare = registrar.declaring(services)
        provisioning.add_parties(services, home.credentials, PARTIES, declare)
        log = Log(folder / "sent.jsonl")
        stack.callback(log.close)
        house = House(up, Traffic(services.kafka(services.operator), log, RATE), proxy)
        stack.callback(house.stop)
        for loop in LOOPS:
            house.start(loop)
        house.traffic.say(first_words())
        stack.callback(house.traffic.stop)
        house.traffic.start()
        house.recover()
        yield Site(house, cluster, pair)


def settings_text(cluster: Cluster, ca: Path, port: int) -> str:
    """The home's settings: services that others run."""
    return (
        f'kafka_bootstrap_servers = "{cluster.operator.bootstrap_servers}"\n'
        f'kafka_security_protocol = "SASL_SSL"\nkafka_ssl_cafile = "{ca}"\n'
        f'database_host = "127.0.0.1"\ndatabase_port = {port}\n'
    )
