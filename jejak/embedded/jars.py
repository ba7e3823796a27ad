"""Kafka's jars: listed with their hashes in `kafka.lock`, fetched once, kept in the user's cache.

A jar enters the cache only whole and only if its hash is the listed one, by a rename, so an
interrupted or a second download at the same time does no harm.
"""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Self

from jejak.errors import Fatal, Retry

AT_ONCE = 8
LOCK = "kafka.lock"


@dataclass(frozen=True, slots=True)
class Jar:
    """One line of the lock file: `group:artifact:version sha256`."""

    group: str
    artifact: str
    version: str
    sha256: str

    @classmethod
    def parse(cls, line: str) -> Self:
        """The jar that a line of the lock file names; ValueError if it is none."""
        coordinate, sha256 = line.split()
        group, artifact, version = coordinate.split(":")
        return cls(group, artifact, version, sha256)

    def __str__(self) -> str:
        return f"{self.group}:{self.artifact}:{self.version} {self.sha256}"

    @property
    def name(self) -> str:
        """The file's name in the cache."""
        return f"{self.artifact}-{self.version}.jar"


def locked() -> list[Jar]:
    """The jars of the broker, in the order of the lock file."""
    text = files("jejak.embedded").joinpath(LOCK).read_text("utf-8")
    return [Jar.parse(line) for line in text.splitlines() if line and not line.startswith("#")]


def fetched(cache: Path, jars: Iterable[Jar], tell: Callable[[str], None]) -> list[Path]:
    """The paths of `jars` in the cache, each checked; those that are not there are fetched.

    `tell` hears one line before a fetch. Retry if the network does not give them.
    """
    folder = cache / "kafka"
    jars = list(jars)
    missing = [jar for jar in jars if digest(folder / jar.name) != jar.sha256]
    if missing:
        tell(f"fetching {len(missing)} of {len(jars)} Kafka jars, once, into {folder}")
        fetch(folder, missing)
    return [folder / jar.name for jar in jars]


def fetch(folder: Path, jars: Iterable[Jar]) -> None:
    """Bring `jars` into `folder`, several at a time."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        aside = Path(tempfile.mkdtemp(prefix=".fetching-", dir=folder))
    except OSError as error:
        raise Fatal(
            f"cannot keep Kafka's jars in {folder}: {error.strerror}; set JEJAK_CACHE to a folder "
            "that can be written"
        ) from error
    try:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(lambda jar: fetch_one(jar, aside, folder), jars))
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def fetch_one(jar: Jar, aside: Path, folder: Path) -> None:
    """Download one jar aside, check it, move it in."""
    downloaded = download(jar, aside)
    if digest(downloaded) != jar.sha256:
        raise Fatal(
            f"{jar.name} as downloaded has another hash than {LOCK} says; not used: "
            "something between here and the registry changed it, try another network"
        )
    downloaded.replace(folder / jar.name)


def download(jar: Jar, repository: Path) -> Path:
    """Fetch one jar from Maven Central into a local repository; Retry if it cannot be had."""
    try:
        from jgo.maven import MavenContext  # noqa: PLC0415  only where something is missing
    except ImportError:
        raise Fatal(
            "the embedded Kafka is not installed; pip install 'jejak[server,embedded]'"
        ) from None
    project = MavenContext(repo_cache=repository, timeout=30).project(jar.group, jar.artifact)
    try:
        return Path(project.at_version(jar.version).artifact().resolve())
    except (OSError, RuntimeError) as error:
        raise Retry(
            f"Kafka's jars are neither in the cache {repository.parent} nor to be had from Maven "
            f"Central ({type(error).__name__} for {jar.name}): connect this machine once, or copy "
            "that folder from a machine that has it, or point JEJAK_CACHE to such a copy"
        ) from error


def digest(path: Path) -> str | None:
    """The SHA-256 of a file in hex, or None if there is no such file."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except (FileNotFoundError, NotADirectoryError):
        return None


def class_path(jars: Iterable[Path]) -> str:
    """What Java's -cp takes."""
    return os.pathsep.join(map(str, jars))
