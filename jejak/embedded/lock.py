"""Renew `kafka.lock`: `python -m jejak.embedded.lock`. Needs the network; run by `make lock`.

`kafka_2.13` is resolved alone: asked for Kafka and log4j's bridge together, jgo chose an older
kafka-clients, and the broker died. The bridge has the version of the log4j that Kafka brings.
"""

import sys
import tempfile
from pathlib import Path

from jejak.embedded.jars import LOCK, Jar, digest, download

KAFKA = ("org.apache.kafka", "kafka_2.13", "4.3.1")
BRIDGE = ("org.apache.logging.log4j", "log4j-slf4j-impl")  # slf4j 1.7, as Kafka has it
HEADER = "# Made by `python -m jejak.embedded.lock`; do not edit. group:artifact:version sha256\n"


def resolve(repository: Path) -> list[tuple[str, str, str]]:
    """The broker and all it needs at run time: (group, artifact, version), sorted."""
    from jgo.maven import MavenContext  # noqa: PLC0415  not part of the plain install

    context = MavenContext(repo_cache=repository, timeout=30)
    group, artifact, version = KAFKA
    _, nodes = context.pom_dependency_list(
        context.project(group, artifact).at_version(version).pom()
    )
    needed = {(node.dep.groupId, node.dep.artifactId, node.dep.version) for node in nodes}
    log4j = next(version for _, artifact, version in needed if artifact == "log4j-core")
    return sorted({*needed, KAFKA, (*BRIDGE, log4j)})


def main() -> None:
    """Resolve, download, hash and write the lock file."""
    with tempfile.TemporaryDirectory() as folder:
        repository = Path(folder)
        jars = []
        for coordinate in resolve(repository):
            path = download(Jar(*coordinate, sha256=""), repository)
            jars.append(Jar(*coordinate, sha256=digest(path) or ""))
    lock = Path(__file__).with_name(LOCK)
    lock.write_text(HEADER + "".join(f"{jar}\n" for jar in jars), "utf-8")
    sys.stderr.write(f"{lock}: {len(jars)} jars\n")


if __name__ == "__main__":
    main()
