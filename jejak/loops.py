"""The composition root of each loop: what `jejak run LOOP` runs.

A loop gets its services and an event that is set when the process is told to stop; it ends what it
has in hand and returns. One that is held up is abandoned after a while: a batch half done is not
done, and the next start goes on from the ledger.
"""

import os
import re
import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from importlib.metadata import version
from threading import Event, Timer
from types import FrameType
from typing import Any

import structlog

from jejak import issuing, keys
from jejak.errors import Fatal, Misuse
from jejak.home import Home
from jejak.logbook import open_logbook
from jejak.services import NOTARY, PUBLISHER, RECORDER, Services
from jejak.settings import Settings
from jejak.tracing import tracing
from jejak.watching import watched
from jejak_consumers.agencies import Changes, Newcomers
from jejak_consumers.figures import Layout
from jejak_consumers.finish import Finisher
from jejak_consumers.follower import Loop as FollowerLoop
from jejak_consumers.follower import Work
from jejak_consumers.kafka import NOTARY as NOTARY_WRITER
from jejak_consumers.kafka import KafkaFeed, KafkaInboxReader, KafkaOutbox
from jejak_consumers.notary import Announcing, Notarising, Topic
from jejak_consumers.projector import Projection
from jejak_consumers.publisher import Postman, Receipts
from jejak_consumers.recorder import Recorder
from jejak_consumers.vitals import Service, Vitals
from jejak_consumers.walk import DoorRules
from jejak_consumers.witness import Witness
from jejak_consumers.witnesses import Witnesses
from jejak_lrs import dictionaries, failpoint, roles
from jejak_lrs.competency import ruleset
from jejak_lrs.database import Database
from jejak_lrs.ledger.people import People
from jejak_lrs.notary.notary import Notary
from jejak_lrs.projection.projecting import Projector
from jejak_lrs.tlog.errors import Malformed
from jejak_schemas import topics
from jejak_schemas.framing import SINGLE_OBJECT, Framing
from jejak_schemas.registry import RegistryAway, SchemaRegistry
from jejak_schemas.traces import OFF, Traces

log = structlog.get_logger()

FAILPOINT = "JEJAK_FAILPOINT"  # tests kill or freeze a loop at a named point


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What every loop's process has."""

    home: Home
    services: Services
    settings: Settings
    vitals: Vitals
    stopping: Event
    traces: Traces = OFF
    slot: int = 1  # which of the recorders; the other loops have one active copy


Loop = Callable[[Surroundings], None]


def run(name: str, home: Home, services: Services, settings: Settings, slot: int = 1) -> None:
    """Run a loop until SIGTERM or Ctrl-C; Fatal if there is no such loop."""
    if name not in LOOPS:
        raise Fatal(f"{name} is not part of this build")
    loop, needs = LOOPS[name]
    open_logbook(loop=name)
    if spec := os.environ.get(FAILPOINT):
        failpoint.arm(failpoint.parse(spec))
    vitals = Vitals(name, needs, version("jejak"))
    stopping = Event()
    stop_when_told(stopping, settings.stop_seconds)
    with (
        watched(vitals, settings.metrics_host, settings.metrics_port) as address,
        tracing(settings.otel_share, name) as traces,
    ):
        log.info("started", metrics=f"{address}/metrics")
        loop(Surroundings(home, services, settings, vitals, stopping, traces, slot))
        log.info("stopped")


def stop_when_told(stopping: Event, patience: float) -> None:
    """At SIGTERM and Ctrl-C set `stopping`; end the process where that took `patience` seconds."""

    def abandon() -> None:
        log.warning("abandoned", seconds=patience)
        os._exit(0)

    def stop(_number: int, _frame: FrameType | None) -> None:
        if not stopping.is_set():
            stopping.set()
            timer = Timer(patience, abandon)
            timer.daemon = True
            timer.start()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)


def record(around: Surroundings) -> None:
    """Take the recorders' place of this slot, from whoever has it, and record."""
    services = around.services
    database = Database(partial(services.dsn, roles.WRITER), "jejak recorder")
    recorder = Recorder(
        reader=KafkaInboxReader(services.kafka(RECORDER), slot=f"{RECORDER}-{around.slot}"),
        database=database,
        people=People(),
        finisher=finisher(),
        rules=door_rules(),
        framing=framing(services),
        vitals=around.vitals,
        traces=around.traces,
    )
    try:
        recorder.run(around.stopping)
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


def project(around: Surroundings) -> None:
    """Fold records into profiles and changes; lay profiles out for whoever counts."""
    database = Database(partial(around.services.dsn, roles.PROJECTOR), "jejak projector")
    works: list[Work[Any]] = [Projection(Projector()), Layout()]
    loop = FollowerLoop("projector", database, works, around.vitals, traces=around.traces)
    loop.run(around.stopping)


def publish(around: Surroundings) -> None:
    """Send receipts, changes and profile states."""
    services = around.services
    traces = around.traces
    postman = Postman(lambda: KafkaOutbox(services.kafka(PUBLISHER)), framing(services), traces)
    database = Database(partial(services.dsn, roles.PUBLISHER), "jejak publisher")

    def match_keys() -> Mapping[str, bytes]:
        return issuing.match_keys(services)

    works: list[Work[Any]] = [
        Receipts(postman),
        Changes(postman, match_keys),
        Newcomers(postman, match_keys),
    ]
    loop = FollowerLoop("publisher", database, works, around.vitals, postman.reaches_kafka, traces)
    loop.run(around.stopping)


def notarise(around: Surroundings) -> None:
    """Grow the logs, sign their heads, announce them."""
    services, settings = around.services, around.settings
    access = services.kafka(NOTARY)
    postman = Postman(lambda: KafkaOutbox(access, writer=NOTARY_WRITER), framing(services))
    folder = settings.log_folder or around.home.log
    notary = Notary(folder, settings.log_origin, keys.load(services.secrets, os.environ))
    topic = Topic(lambda: KafkaFeed(access, topics.CHECKPOINTS), framing(services))
    works: list[Work[Any]] = [
        Notarising(notary, topic, Witnesses(witnesses(settings)), settings.notary_seconds),
        Announcing(postman),
    ]
    database = Database(partial(services.dsn, roles.NOTARY), "jejak notary")
    loop = FollowerLoop("notary", database, works, around.vitals, postman.reaches_kafka)
    loop.run(around.stopping)


def witnesses(settings: Settings) -> list[Witness]:
    """Those that are set; Misuse where one of them is none."""
    try:
        return [Witness.parse(each) for each in settings.witnesses]
    except Malformed as error:
        raise Misuse(f"setting witnesses: {error} (JEJAK_WITNESSES)") from None


_BOTH: tuple[Service, ...] = ("kafka", "postgres")
LOOPS: Mapping[str, tuple[Loop, tuple[Service, ...]]] = {
    "recorder": (record, _BOTH),
    "projector": (project, ("postgres",)),
    "publisher": (publish, _BOTH),
    "notary": (notarise, _BOTH),
}
