"""A program that we started: it dies with us, we stop it, and it is never mistaken for another.

On Linux every child is started through `setpriv --pdeathsig` where that is to be had, so that it
is told to stop when the process that started it is killed. The signal follows the *thread* that
started the child: start children from a thread that lives as long as they should (the main one).
"""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from jejak.errors import Retry

FAILURES = ("FATAL", "ERROR", "Exception", "error:")


@dataclass(slots=True)
class Child:
    """A running program. `log` holds what it says; `marker` stands in its command line."""

    name: str
    marker: str
    log: Path
    process: subprocess.Popen[bytes]
    stop_signals: tuple[signal.Signals, ...]

    @property
    def running(self) -> bool:
        """Whether the program still runs."""
        return self.process.poll() is None

    def stop(self, patience: float = 20.0) -> None:
        """Stop the program: each of its signals in turn, `patience` seconds apart, then SIGKILL."""
        for number in (*self.stop_signals, signal.SIGKILL):
            if not self.running:
                return
            self.process.send_signal(number)
            try:
                self.process.wait(patience)
            except subprocess.TimeoutExpired:
                continue

    def fail_if_dead(self) -> None:
        """Raise Retry with the program's last words if it has ended."""
        if not self.running:
            raise Retry(
                f"{self.name} stopped with code {self.process.returncode}: "
                f"{last_words(self.log)} (see {self.log})"
            )


def start(
    name: str,
    command: Sequence[str | Path],
    *,
    marker: Path,
    log: Path,
    prefix: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
    folder: str | None = "/",
    stop_signals: tuple[signal.Signals, ...] = (signal.SIGTERM,),
) -> Child:
    """Start `command` in a session of its own, so that a Ctrl-C at the terminal reaches only us.

    `prefix` comes before the command (see `account`); `marker` is a path that stands in the
    command, by which a later process knows it again; `folder` is where it works (None: where we
    do).
    """
    argv = [*prefix, *dying_with_us(stop_signals[0]), *map(str, command)]
    with private_append(log) as sink:
        process = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=subprocess.STDOUT,
            env=dict(environment) if environment is not None else None,
            cwd=folder,
            start_new_session=True,
        )
    return Child(name, str(marker), log, process, stop_signals)


def run(name: str, command: Sequence[str | Path], *, log: Path, prefix: Sequence[str] = ()) -> None:
    """Run `command` to its end; Retry if it fails, what it said being added to `log`.

    What a successful command said is dropped: Kafka's formatting prints the keys it made.
    """
    argv = [*prefix, *dying_with_us(signal.SIGKILL), *map(str, command)]
    done = subprocess.run(
        argv,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd="/",
        check=False,
    )
    if done.returncode:
        with private_append(log) as sink:
            os.write(sink, done.stdout)
        raise Retry(f"{name} failed: {last_words(log)} (see {log})")


def dying_with_us(number: signal.Signals) -> list[str]:
    """The words before a command that make the kernel send it `number` when we die.

    They come after a change of account: the kernel forgets the wish when the account changes.
    """
    return ["setpriv", "--pdeathsig", number.name.removeprefix("SIG")] if setpriv_works() else []


@cache
def setpriv_works() -> bool:
    """Whether util-linux's setpriv is here (BusyBox's knows no --pdeathsig)."""
    if shutil.which("setpriv") is None:
        return False
    attempt = subprocess.run(
        ["setpriv", "--pdeathsig", "TERM", "true"], capture_output=True, check=False
    )
    return attempt.returncode == 0


@contextmanager
def private_append(path: Path) -> Iterator[int]:
    """A descriptor that appends to `path`, readable by its owner only."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def last_words(log: Path, limit: int = 300) -> str:
    """The line of a log's end that says most: the last failure, else the last line."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - 8192))
            text = file.read().decode(errors="replace")
    except OSError:
        return "it said nothing"
    lines = [line.strip()[:limit] for line in text.split("\n") if line.strip()]
    failures = [line for line in lines if any(word in line for word in FAILURES)]
    return next(reversed(failures or lines), "it said nothing")
