"""The composition root of each loop: what `jejak run LOOP` runs.

A loop gets its services and an event that is set when the process is told to stop; it ends what it
has in hand and returns.
"""

import os
import re
import signal
from collections.abc import Callable, Mapping
from datetime import timedelta
from threading import Event
from types import FrameType

import structlog

from jejak.errors import Fatal
from jejak.home import Home
from jejak.services import PUBLISHER, RECORDER, Services
from jejak_consumers.finish import Finisher
from jejak_consumers.follower import Loop as FollowerLoop
from jejak_consumers.kafka import KafkaInboxReader, KafkaOutbox
from jejak_consumers.publisher import Postman, Receipts
from jejak_consumers.recorder import Recorder
from jejak_consumers.walk import DoorRules
from jejak_lrs import dictionaries, failpoint, roles
from jejak_lrs.competency import ruleset
from jejak_lrs.database import Database
from jejak_lrs.people import People

Loop = Callable[[Home, Services, Event], None]
FAILPOINT = "JEJAK_FAILPOINT"  # tests kill or freeze a loop at a named point


def run(name: str, home: Home, services: Services) -> None:
    """Run a loop until SIGTERM or Ctrl-C; Fatal if there is no such loop."""
    loop = LOOPS.get(name)
    if loop is None:
        raise Fatal(f"{name} is not part of this build")
    stopping = Event()

    def stop(_number: int, _frame: FrameType | None) -> None:
        stopping.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    if spec := os.environ.get(FAILPOINT):
        failpoint.arm(failpoint.parse(spec))
    structlog.configure(
        processors=[
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.add_log_level,
            structlog.processors.JSONRenderer(),
        ]
    )
    structlog.contextvars.bind_contextvars(loop=name)
    loop(home, services, stopping)


def record(home: Home, services: Services, stopping: Event) -> None:
    """Take the place of the one embedded recorder and record."""
    del home
    database = Database(services.dsn(roles.WRITER), "jejak recorder")
    recorder = Recorder(
        reader=KafkaInboxReader(services.kafka(RECORDER), slot=f"{RECORDER}-1"),
        database=database,
        people=People(),
        finisher=finisher(),
        rules=door_rules(),
    )
    try:
        recorder.run(stopping)
    finally:
        database.close()


def finisher() -> Finisher:
    """Makes rows, packed with the newest dictionary."""
    return Finisher(dictionaries.packer().pack)


def door_rules() -> DoorRules:
    """The thresholds of the door, from the newest ruleset that comes with this version."""
    rules = ruleset.parse(ruleset.shipped())
    return DoorRules(
        usual_nip=re.compile(rules.nip.usual),
        late_after=timedelta(days=rules.reporting.late_after_days),
    )


def publish(home: Home, services: Services, stopping: Event) -> None:
    """Send receipts, changes and profile states."""
    del home
    postman = Postman(lambda: KafkaOutbox(services.kafka(PUBLISHER)))
    database = Database(services.dsn(roles.PUBLISHER), "jejak publisher")
    FollowerLoop("publisher", database, [Receipts(postman)]).run(stopping)


LOOPS: Mapping[str, Loop] = {"recorder": record, "publisher": publish}
