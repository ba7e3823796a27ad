"""Apache Kafka as one node, KRaft, from its own jars: real, and as strict as production.

Clients sign in with SCRAM-SHA-512 from the first second, the controller port with PLAIN (left open
it would be a way around the ACLs); nothing is allowed that no ACL allows; no topic makes itself;
both ports are on loopback only. The operator is the only superuser.
"""

import os
import shutil
import socket
import time
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import as_file, files
from pathlib import Path

from jejak.embedded import child
from jejak.embedded.jars import class_path
from jejak.errors import Fatal, Retry
from jejak.private import private_file, private_folder, write_private

LOOPBACK = "127.0.0.1"
OPERATOR = "operator"
SCRAM = "org.apache.kafka.common.security.scram.ScramLoginModule"
PLAIN = "org.apache.kafka.common.security.plain.PlainLoginModule"
STRICT = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "listener.security.protocol.map": "CLIENT:SASL_PLAINTEXT,CONTROLLER:SASL_PLAINTEXT",
    "inter.broker.listener.name": "CLIENT",
    "controller.listener.names": "CONTROLLER",
    "listener.name.client.sasl.enabled.mechanisms": "SCRAM-SHA-512,SCRAM-SHA-256",
    "listener.name.controller.sasl.enabled.mechanisms": "PLAIN",
    "sasl.mechanism.inter.broker.protocol": "SCRAM-SHA-512",
    "sasl.mechanism.controller.protocol": "PLAIN",
    "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
    "super.users": f"User:{OPERATOR}",
    "allow.everyone.if.no.acl.found": "false",
    "auto.create.topics.enable": "false",
}
ONE_NODE = {
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "1",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "transaction.state.log.num.partitions": "1",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "share.coordinator.state.topic.num.partitions": "1",
    "default.replication.factor": "1",
    "min.insync.replicas": "1",
    "group.initial.rebalance.delay.ms": "0",
    "group.min.session.timeout.ms": "1000",  # the default refuses less than 6 s; tests would wait
    # After a kill the controller waits this long for the old broker before it takes the new one.
    "broker.session.timeout.ms": "5000",
    "broker.heartbeat.interval.ms": "1000",
}


def cluster_id() -> str:
    """A new id in the form that Kafka gives: 16 bytes in URL-safe Base64, not leading with `-`."""
    return urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=").replace("-", "A")


@dataclass(slots=True)
class EmbeddedKafka:
    """One broker over `folder`.

    Args:
        folder: where its data and settings are; made if not there, private.
        port: for clients, on 127.0.0.1; must be free.
        controller_port: for itself, on 127.0.0.1; must be free.
        password: of the user `operator`. Matters at the first start, when the user is made.
        java: a Java 17 or later.
        jars: of the broker (see `jars.fetched`).
        log: the file that takes what the broker says.
        heap_mb: its largest heap, MiB.
        cluster: the id of its cluster. Matters at the first start.
    """

    folder: Path
    port: int
    controller_port: int
    password: str = field(repr=False)
    java: Path
    jars: list[Path] = field(repr=False)
    log: Path
    heap_mb: int = 512
    cluster: str = field(default_factory=cluster_id)
    process: child.Child | None = None

    @property
    def bootstrap_servers(self) -> str:
        """Where clients connect."""
        return f"{LOOPBACK}:{self.port}"

    @property
    def settings(self) -> Path:
        """The broker's settings file. It holds the operator's password."""
        return self.folder / "server.properties"

    @property
    def data(self) -> Path:
        """The folder of its logs."""
        return self.folder / "data"

    def start(self) -> None:
        """Start it and wait until it takes connections. Retry if it does not."""
        self.prepare()
        self.launch()
        self.wait_until_ready()

    def prepare(self) -> None:
        """Write the settings; format the data folder if it is new. Safe to be killed anywhere."""
        private_folder(self.folder)
        write_private(self.settings, properties(self._properties(self.data)))
        if not (self.data / "meta.properties").exists():
            self._format()

    def launch(self) -> None:
        """Start it without waiting. Call from a thread that outlives it (see `child`)."""
        with as_file(files("jejak.embedded").joinpath("log4j2.properties")) as logging:
            shutil.copyfile(logging, self.folder / "log4j2.properties")
        self.process = child.start(
            "Kafka",
            [
                self.java,
                "-Xms256m",
                f"-Xmx{self.heap_mb}m",
                "-XX:+UseSerialGC",
                "-XX:+ExitOnOutOfMemoryError",
                "-Djava.awt.headless=true",
                f"-Dlog4j2.configurationFile={self.folder / 'log4j2.properties'}",
                "-Dlog4j2.disableJmx=true",
                "-cp",
                class_path(self.jars),
                "kafka.Kafka",
                self.settings,
            ],
            marker=self.settings,
            log=self.log,
            environment=bare_environment(os.environ),
        )

    def wait_until_ready(self, patience: float = 60.0) -> None:
        """Wait until the client port is open."""
        if self.process is None:
            raise Fatal("Kafka was not started")
        end = time.monotonic() + patience
        while not answers(self.port):
            self.process.fail_if_dead()
            if time.monotonic() > end:
                raise Retry(f"Kafka did not answer in {patience:.0f} s (see {self.log})")
            time.sleep(0.05)

    def stop(self) -> None:
        """Stop it: logs closed, so that the next start needs no recovery."""
        if self.process is not None:
            self.process.stop()

    def _properties(self, data: Path) -> dict[str, str]:
        client, controller = f"{LOOPBACK}:{self.port}", f"{LOOPBACK}:{self.controller_port}"
        login = f'required username="{OPERATOR}" password="{self.password}"'
        return {
            **STRICT,
            **ONE_NODE,
            "listeners": f"CLIENT://{client},CONTROLLER://{controller}",
            "advertised.listeners": f"CLIENT://{client}",
            "controller.quorum.voters": f"1@{controller}",
            "listener.name.client.scram-sha-512.sasl.jaas.config": f"{SCRAM} {login};",
            "listener.name.client.scram-sha-256.sasl.jaas.config": f"{SCRAM} required;",
            "listener.name.controller.plain.sasl.jaas.config": (
                f'{PLAIN} {login} user_{OPERATOR}="{self.password}";'
            ),
            "log.dirs": str(data),
        }

    def _format(self) -> None:
        """Format aside and rename: half a folder is never taken for a whole."""
        aside = self.folder / "data.new"
        shutil.rmtree(aside, ignore_errors=True)
        with (
            private_file(self.folder, properties(self._properties(aside))) as settings,
            # an argument file, so that the password stands in no process list
            private_file(
                self.folder,
                "\n".join(
                    [
                        *("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp"),
                        quoted(class_path(self.jars)),
                        *("kafka.tools.StorageTool", "format", "--cluster-id", self.cluster),
                        *("--config", quoted(str(settings)), "--add-scram"),
                        quoted(f"SCRAM-SHA-512=[name={OPERATOR},password={self.password}]"),
                    ]
                ),
            ) as arguments,
        ):
            child.run("formatting Kafka's folder", [self.java, f"@{arguments}"], log=self.log)
        aside.rename(self.data)


def properties(values: Mapping[str, str]) -> str:
    """A Java properties file; a backslash is the only thing in our values that needs care."""
    lines = [f"{name}={value}\n" for name, value in values.items()]
    return "".join(lines).replace("\\", "\\\\")


def quoted(argument: str) -> str:
    """An argument as Java's argument files take it."""
    return '"' + argument.replace("\\", "\\\\").replace('"', '\\"') + '"'


def bare_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """What the broker needs of the environment: no Java options meant for another program."""
    return {
        key: environment[key] for key in ("PATH", "HOME", "LANG", "TMPDIR") if key in environment
    }


def answers(port: int) -> bool:
    """Whether something listens on a loopback port."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        return probe.connect_ex((LOOPBACK, port)) == 0
