"""Three brokers, each also a controller, TLS on every port; what acknowledges outlives any one."""

import os
import signal
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from kafka import KafkaAdminClient
from kafka.errors import KafkaError

from jejak.embedded import jars
from jejak.embedded.java import find_java
from jejak.embedded.kafka import LOOPBACK, EmbeddedKafka, cluster_id
from jejak.embedded.ports import free_port
from jejak.home import default_cache
from jejak_schemas import kafka_python
from jejak_schemas.credentials import KafkaAccess
from tests.torture.house import running_process

NODES = (1, 2, 3)
PATIENCE = 300.0
REPLICATED = {
    "default.replication.factor": "3",
    "min.insync.replicas": "2",
    "offsets.topic.replication.factor": "3",
    "transaction.state.log.replication.factor": "3",
    "transaction.state.log.min.isr": "2",
    "share.coordinator.state.topic.replication.factor": "3",
    "share.coordinator.state.topic.min.isr": "2",
    "unclean.leader.election.enable": "false",
}


@dataclass(slots=True)
class Node(EmbeddedKafka):
    """One broker of three."""

    number: int = 1
    voters: str = ""
    ca: Path = Path()
    certificate: Path = Path()

    def _properties(self, data: Path) -> dict[str, str]:
        # Named, for a dataclass with slots is another class than the one `super()` remembers.
        return {
            **EmbeddedKafka._properties(self, data),
            **REPLICATED,
            "node.id": str(self.number),
            "controller.quorum.voters": self.voters,
            "listener.security.protocol.map": "CLIENT:SASL_SSL,CONTROLLER:SASL_SSL",
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": str(self.certificate),
            "ssl.truststore.type": "PEM",
            "ssl.truststore.location": str(self.ca),
        }

    def start(self) -> None:
        """Start it; after a kill it reads its logs first, on a machine that is busy with others."""
        self.launch()
        self.wait_until_ready(PATIENCE)

    @property
    def hears(self) -> bool:
        """Whether it runs and is not frozen."""
        process = running_process(self.process)
        stopped = psutil.STATUS_STOPPED
        return process.running and psutil.Process(process.process.pid).status() != stopped

    def kill(self) -> None:
        """SIGKILL."""
        running_process(self.process).process.kill()
        running_process(self.process).process.wait()

    def freeze(self) -> None:
        """SIGSTOP: the others see a broker that does not answer, as behind a cut line."""
        running_process(self.process).process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """SIGCONT."""
        running_process(self.process).process.send_signal(signal.SIGCONT)


@dataclass(slots=True)
class Cluster:
    """The three of them."""

    nodes: list[Node]
    operator: KafkaAccess = field(repr=False)

    def controller(self) -> Node:
        """The node whose controller leads."""
        with self._asking() as admin:
            (topic,) = admin.describe_metadata_quorum()["topics"]
        (partition,) = topic["partitions"]
        return self.nodes[partition["leader_id"] - 1]

    def leader(self, topic: str) -> Node:
        """The node that leads a topic's first partition."""
        with self._asking() as admin:
            (found,) = admin.describe_topics([topic])
        return self.nodes[found["partitions"][0]["leader_id"] - 1]

    def members(self, group: str) -> int:
        """How many share a group's partitions; 0 while they are being divided."""
        with self._asking() as admin:
            found = admin.describe_groups([group])[group]
        return len(found["members"]) if found["group_state"] == "Stable" else 0

    def in_sync(self, names: list[str]) -> list[Node]:
        """The nodes that have all that was acknowledged in these topics; none if nobody says so."""
        try:
            with self._asking() as admin:
                found = admin.describe_topics(names)
        except KafkaError:
            return []
        held = [set(each["isr_nodes"]) for topic in found for each in topic["partitions"]]
        return [node for node in self.nodes if all(node.number in nodes for nodes in held)]

    @contextmanager
    def _asking(self) -> Iterator[KafkaAdminClient]:
        servers = [node.bootstrap_servers for node in self.nodes if node.hears]
        access = self.operator.model_copy(update={"bootstrap_servers": ",".join(servers)})
        with closing(
            KafkaAdminClient(**kafka_python.settings(access), request_timeout_ms=5_000)
        ) as admin:
            yield admin


@contextmanager
def running(folder: Path, password: str, ca: Path, certificate: Path) -> Iterator[Cluster]:
    """Three brokers over a folder, stopped at the end."""
    taken: list[int] = []
    for _ in range(2 * len(NODES)):
        taken.append(free_port(taken))
    clients, controllers = taken[: len(NODES)], taken[len(NODES) :]
    voters = ",".join(
        f"{number}@{LOOPBACK}:{port}" for number, port in zip(NODES, controllers, strict=True)
    )
    ids, java = cluster_id(), find_java(os.environ)
    cached = jars.fetched(
        Path(os.environ.get("JEJAK_CACHE") or default_cache()), jars.locked(), print
    )
    nodes = [
        Node(
            folder=folder / f"kafka-{number}", port=port, controller_port=controller,
            password=password, java=java, jars=cached, log=folder / f"kafka-{number}.log",
            heap_mb=384, cluster=ids, number=number, voters=voters, ca=ca, certificate=certificate,
        )
        for number, port, controller in zip(NODES, clients, controllers, strict=True)
    ]  # fmt: skip
    servers = ",".join(node.bootstrap_servers for node in nodes)
    operator = KafkaAccess(
        bootstrap_servers=servers, security_protocol="SASL_SSL", username="operator",
        password=password, ssl_cafile=str(ca),
    )  # type: ignore[arg-type]  # fmt: skip
    try:
        for node in nodes:
            node.prepare()
            node.launch()
        for node in nodes:
            node.wait_until_ready(PATIENCE)
        yield Cluster(nodes, operator)
    finally:
        for node in nodes:
            if node.process is not None:
                node.thaw()
                node.stop()
