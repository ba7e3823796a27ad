"""The supervisor: starts a home's services and loops, keeps them running, stops exactly those.

```
with running(home, settings, loops=LOOPS, tell=print) as up:   # services answer, loops started
    up.supervise()                                             # until a signal
```

Services that others run are neither started nor stopped.

Each loop is a process of its own (`jejak run LOOP`), started again after growing pauses when it
ends.
"""

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import NoReturn

from jejak import foundations, provisioning
from jejak.embedded import child
from jejak.embedded.both import Embedded, embedded
from jejak.embedded.ports import free_port
from jejak.home import Home
from jejak.running import Running, stop_leftovers, strike_out, write_down
from jejak.services import Services, services_of
from jejak.settings import Settings
from jejak_schemas import backoff

LOOPS = ("recorder", "projector", "publisher", "notary")
STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0  # seconds before a loop is started again
STEADY = 60.0  # seconds after which a loop that ends begins with the first pause again

Tell = Callable[[str], None]


@dataclass(slots=True)
class Loop:
    """One loop as a child process."""

    name: str
    home: Home
    slot: int = 1
    fixed_port: int = 0
    process: child.Child | None = None
    failures: int = 0
    port: int = 0
    started: float = 0.0
    due: float = 0.0

    @property
    def label(self) -> str:
        """What people call it: `recorder`, `recorder-2`."""
        return self.name if self.slot == 1 else f"{self.name}-{self.slot}"

    def start(self) -> None:
        """Start it, with a port of its own for its metrics."""
        self.port = self.fixed_port or free_port()
        command = [sys.executable, "-m", "jejak", "run", self.name, "--home", str(self.home.path)]
        if self.slot > 1:
            command += ["--slot", str(self.slot)]
        self.process = child.start(
            self.label,
            command,
            marker=self.home.path,
            log=self.home.logs / f"{self.label}.log",
            environment={**os.environ, "JEJAK_METRICS_PORT": str(self.port)},
            folder=None,
        )
        self.started = time.monotonic()
        self.due = 0.0

    def tend(self, tell: Tell) -> bool:
        """Look after it: note that it ended, or start it again when due. Whether it was started."""
        now = time.monotonic()
        if self.process is None or self.process.running:
            return False
        if not self.due:
            self.failures = 1 if now - self.started > STEADY else self.failures + 1
            pause = backoff.pause(self.failures, FIRST_PAUSE, LONGEST_PAUSE)
            self.due = now + pause
            tell(
                f"{self.label} ended with code {self.process.process.returncode}: "
                f"{child.last_words(self.process.log)}; again in {pause:.1f} s"
            )
        if now < self.due:
            return False
        self.start()
        return True


def fixed_port(name: str, first: int, slot: int = 1) -> int:
    """Where a loop shows its metrics, if the first port is set; 0: on a free one."""
    return first and first + (LOOPS.index(name) if slot == 1 else len(LOOPS) + slot - 2)


@dataclass(slots=True)
class Up:
    """A home that is up."""

    home: Home
    services: Services
    embedded: Embedded | None  # None: others run the services
    tell: Tell
    metrics_port: int = 0
    recorders: int = 1
    loops: list[Loop] = field(default_factory=list)

    def start_loops(self, names: Sequence[str]) -> None:
        """Start these loops beside those that run, the recorder as often as is set."""
        for name in names:
            for slot in range(1, (self.recorders if name == "recorder" else 1) + 1):
                loop = Loop(name, self.home, slot, fixed_port(name, self.metrics_port, slot))
                loop.start()
                self.loops.append(loop)
        self._write_down()

    def tend(self) -> None:
        """Start again what is due; Retry if a service is gone, for nothing works without it."""
        for service in self._services():
            service.fail_if_dead()
        started = [loop.tend(self.tell) for loop in self.loops]
        if any(started):
            self._write_down()

    def supervise(self, until: float | None = None) -> None:
        """Tend everything until a signal comes, or until this `time.monotonic()`."""
        while until is None or time.monotonic() < until:
            self.tend()
            time.sleep(0.2)

    def stop_loops(self) -> None:
        """Ask all loops to stop, then wait for each."""
        processes = [loop.process for loop in self.loops if loop.process is not None]
        for process in processes:
            if process.running:
                process.process.terminate()
        for process in processes:
            process.stop()
        self.loops.clear()

    def _services(self) -> list[child.Child]:
        if self.embedded is None:
            return []
        both = (self.embedded.kafka.process, self.embedded.postgres.process)
        return [process for process in both if process is not None]

    def _write_down(self) -> None:
        services = [Running.of(process) for process in self._services()]
        loops = [Running.of(loop.process, loop.port) for loop in self.loops if loop.process]
        write_down(self.home, [Running.this("jejak up"), *services, *loops])


@contextmanager
def running(
    home: Home, settings: Settings, *, loops: Sequence[str] = LOOPS, tell: Tell
) -> Iterator[Up]:
    """A home that is up: services answer, are set up, and `loops` are started.

    At the end everything it started is stopped, and nothing else. Refuse if the home is up already.
    """
    with ExitStack() as stack:
        stack.enter_context(home.held())
        for name in stop_leftovers(home):
            tell(f"stopped {name}, left behind by an earlier run")
        stack.callback(strike_out, home)
        services = stack.enter_context(_started(home, settings, tell))
        up = Up(home, services_of(home, settings), services, tell, settings.metrics_port)
        up.recorders = settings.recorders
        up.start_loops([])  # writes the services down
        foundations.prepare(up.services)
        provisioning.refresh_credentials(up.services, home.credentials)
        stack.callback(up.stop_loops)
        up.start_loops(loops)
        yield up


@contextmanager
def _started(home: Home, settings: Settings, tell: Tell) -> Iterator[Embedded | None]:
    """The embedded services, running; None where others run the services."""
    if not settings.embedded:
        yield None
        return
    services = embedded(home, settings, tell)
    try:
        tell("starting Kafka and PostgreSQL")
        services.start()
        yield services
    finally:
        services.stop()


@contextmanager
def interruptible() -> Iterator[None]:
    """Make SIGTERM and SIGHUP end the block as Ctrl-C does: by KeyboardInterrupt, once.

    Further signals are ignored until the block has ended, so that nobody cuts the stopping short.
    """

    def end(_number: int, _frame: FrameType | None) -> NoReturn:
        for number in STOPPING:
            signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    before = {number: signal.signal(number, end) for number in STOPPING}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
