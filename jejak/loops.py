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
from typing import Any

import structlog

from jejak import provisioning
from jejak.errors import Fatal
from jejak.home import Home
from jejak.services import PUBLISHER, RECORDER, Services
from jejak_consumers.agencies import Changes, Newcomers
from jejak_consumers.finish import Finisher
from jejak_consumers.follower import Loop as FollowerLoop
from jejak_consumers.follower import Work
from jejak_consumers.kafka import KafkaInboxReader, KafkaOutbox
from jejak_consumers.projector import Projection
from jejak_consumers.publisher import Postman, Receipts
from jejak_consumers.recorder import Recorder
from jejak_consumers.walk import DoorRules
from jejak_lrs import dictionaries, failpoint, roles
from jejak_lrs.competency import ruleset
from jejak_lrs.database import Database
from jejak_lrs.people import People
from jejak_lrs.projection import Projector
from jejak_schemas.framing import SINGLE_OBJECT, Framing
from jejak_schemas.registry import RegistryAway, SchemaRegistry

log = structlog.get_logger()

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
        framing=framing(services),
    )
    try:
        recorder.run(stopping)
    finally:
        database.close()


def framing(services: Services) -> Framing:
    """What our messages begin with. A registry is asked at once for all that we shall need of it.

    One that is away does not keep a loop from starting; the loop's own back-off asks it again.
    """
    if services.registry is None:
        return SINGLE_OBJECT
    found = SchemaRegistry(services.registry, patience=0)
    try:
        lacking = found.learn()
    except RegistryAway as away:
        log.warning("registry away", error=str(away))
    else:
        if lacking:
            log.warning("not in the registry", schemas=lacking, mend="jejak schema register")
    return found


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


def project(home: Home, services: Services, stopping: Event) -> None:
    """Fold records into profiles and changes."""
    del home
    database = Database(services.dsn(roles.PROJECTOR), "jejak projector")
    FollowerLoop("projector", database, [Projection(Projector())]).run(stopping)


def publish(home: Home, services: Services, stopping: Event) -> None:
    """Send receipts, changes and profile states."""
    del home
    postman = Postman(lambda: KafkaOutbox(services.kafka(PUBLISHER)), framing(services))
    database = Database(services.dsn(roles.PUBLISHER), "jejak publisher")

    def match_keys() -> Mapping[str, bytes]:
        return provisioning.match_keys(services)

    works: list[Work[Any]] = [
        Receipts(postman),
        Changes(postman, match_keys),
        Newcomers(postman, match_keys),
    ]
    FollowerLoop("publisher", database, works).run(stopping)


LOOPS: Mapping[str, Loop] = {"recorder": record, "projector": project, "publisher": publish}
