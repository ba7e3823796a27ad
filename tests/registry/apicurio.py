"""A real schema registry: Apicurio, fetched once, checked against its hash, run on loopback.

It keeps what it holds in a file, so that it can be killed and started again as itself.
"""

import os
import tempfile
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from jejak.embedded import child
from jejak.embedded.jars import digest
from jejak.embedded.java import find_java
from jejak.home import default_cache
from tests.unpacking import unpack

LOCK = Path(__file__).with_name("apicurio.lock")
RUNNER = "apicurio-registry-app-2.6.13.Final-runner.jar"
START_SECONDS = 180  # on a machine with much else to do; alone some 10
# Else its transactions take a second port, of all addresses, for a number that is their own.
ONE_PORT = (
    "-DCoreEnvironmentBean.processImplementationClassName="
    "com.arjuna.ats.internal.arjuna.utils.UuidProcessId"
)


def archive() -> Path:
    """Apicurio's archive in the user's cache folder; fetched where it is not there, 142 MB."""
    coordinate, sha256 = LOCK.read_text("utf-8").splitlines()[1].split()
    group, artifact, version, packaging, classifier = coordinate.split(":")
    folder = Path(os.environ.get("JEJAK_CACHE") or default_cache()) / "apicurio"
    kept = folder / f"{artifact}-{version}-{classifier}.{packaging}"
    if digest(kept) == sha256:
        return kept
    from jgo.maven import MavenContext  # noqa: PLC0415  only where it is missing

    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as aside:
        project = MavenContext(repo_cache=Path(aside), timeout=60).project(group, artifact)
        found = project.at_version(version).artifact(classifier=classifier, packaging=packaging)
        fetched = Path(found.resolve())
        if digest(fetched) != sha256:
            raise AssertionError(f"{kept.name} as fetched has another hash than {LOCK.name} says")
        fetched.replace(kept)
    return kept


def unpacked(folder: Path) -> Path:
    """Apicurio's folder, unpacked below `folder`."""
    unpack(archive(), folder / "apicurio")
    return folder / "apicurio"


@dataclass(slots=True)
class Apicurio:
    """One registry over a folder of its own."""

    program: Path
    data: Path
    port: int
    process: child.Child | None = None

    @property
    def url(self) -> str:
        """Where it speaks Confluent's API."""
        return f"http://127.0.0.1:{self.port}/apis/ccompat/v7"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        self.process = child.start(
            "Apicurio",
            [
                find_java(os.environ),
                "-Xms64m",
                "-Xmx256m",
                "-XX:+UseSerialGC",
                f"-Djava.io.tmpdir={self.data}",
                "-Dquarkus.http.host=127.0.0.1",
                f"-Dquarkus.http.port={self.port}",
                f"-Dquarkus.datasource.jdbc.url=jdbc:h2:file:{self.data}/registry",
                ONE_PORT,
                "-jar",
                self.program / RUNNER,
            ],
            marker=self.program,
            log=self.data / "apicurio.log",
        )
        until = time.monotonic() + START_SECONDS
        while not self.answers():
            self.process.fail_if_dead()
            assert time.monotonic() < until, f"Apicurio does not start; see {self.process.log}"
            time.sleep(0.1)

    def answers(self) -> bool:
        """Whether it answers now."""
        try:
            with urllib.request.urlopen(f"{self.url}/subjects", timeout=5):  # noqa: S310  our URL
                return True
        except (urllib.error.URLError, OSError):
            return False

    def kill(self) -> None:
        """End it as a power cut would."""
        if self.process is not None:
            self.process.process.kill()
            self.process.process.wait()
