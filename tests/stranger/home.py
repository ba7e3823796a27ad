"""A home as a stranger has it: the commands on it, and the programs that it runs."""

import os
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psutil  # type: ignore[import-untyped]
import psycopg

LOOPS: Final = ("run recorder", "run projector", "run publisher")
PATIENCE: Final = 600.0


@dataclass(slots=True)
class Home:
    """A home that is up, or should be, and the commands on it."""

    folder: Path
    up: psutil.Popen | None = None

    @property
    def said(self) -> Path:
        """Where `jejak up` writes what it says."""
        return self.folder / "up.log"

    def jejak(self, *words: str) -> "subprocess.Popen[str]":
        """A command of ours, under way."""
        return subprocess.Popen(
            [sys.executable, "-m", "jejak", *words], env=self._environment(), text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )  # fmt: skip

    def answer(self, *words: str) -> tuple[int, str]:
        """The exit code of a command, and what it answered."""
        command = self.jejak(*words)
        answer, _ = command.communicate(timeout=PATIENCE)
        return command.returncode, answer

    def start(self) -> None:
        """`jejak up`, again and again until it is up."""
        end = time.monotonic() + PATIENCE
        while not self.is_up():
            if time.monotonic() > end:
                raise TimeoutError(f"`jejak up` does not come up: see {self.said}")
            self.said.touch()
            past = self.said.stat().st_size
            with self.said.open("ab") as log:
                self.up = psutil.Popen(
                    [sys.executable, "-m", "jejak", "up"], env=self._environment(),
                    stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                )  # fmt: skip
            while self.is_up() and b"Ctrl-C stops" not in self.said.read_bytes()[past:]:
                time.sleep(0.1)

    def is_up(self) -> bool:
        """Whether `jejak up` runs."""
        return self.up is not None and self.up.poll() is None

    def programs(self) -> dict[str, list[psutil.Process]]:
        """What `jejak up` has started, by what it is."""
        found: dict[str, list[psutil.Process]] = {}
        for each in self.up.children() if self.up is not None and self.is_up() else ():
            with suppress(psutil.Error):
                found.setdefault(_what(" ".join(each.cmdline())), []).append(each)
        return found

    def connect(self) -> psycopg.Connection[Any]:
        """The database, as `jejak_reader`; where it is, `jejak up` has said."""
        words = [line.split() for line in self.said.read_text().splitlines()]
        host, port = next(line[1] for line in words[::-1] if line[:1] == ["postgresql"]).split(":")
        secret = (self.folder / "home/secrets/postgres-jejak_reader").read_text().strip()
        return psycopg.connect(
            host=host, port=port, user="jejak_reader", password=secret, dbname="jejak"
        )

    def _environment(self) -> dict[str, str]:
        home = {"JEJAK_HOME": str(self.folder / "home"), "JEJAK_RECORDERS": "2"}
        return {**os.environ, **home}


def _what(command: str) -> str:
    names = {"kafka": "Kafka", "bin/postgres": "PostgreSQL"} | {loop: loop for loop in LOOPS}
    return next((name for word, name in names.items() if word in command), "something")
