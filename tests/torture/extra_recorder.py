"""One more recorder.

The product's own, but in a group and slot of the torture's choice and on a database of its choice:
another slot of the group makes it join and divide, another group makes it believe that it owns
everything, a side copy lets it read every inbox again. The DSN of its database comes from the
environment, `TORTURE_DSN`, for it holds a password.
"""

import os
from pathlib import Path
from threading import Event

from jejak import loops, settings
from jejak.home import Home
from jejak.services import RECORDER, services_of
from jejak_consumers.kafka import KafkaInboxReader
from jejak_consumers.recorder import Recorder
from jejak_lrs.database import Database
from jejak_lrs.ledger.people import People

DSN = "TORTURE_DSN"


def main(folder: str, group: str, slot: str) -> None:
    """Record until killed."""
    home = Home(Path(folder))
    services = services_of(home, settings.load(home))
    Recorder(
        reader=KafkaInboxReader(services.kafka(RECORDER), slot=slot, group=group),
        database=Database(os.environ[DSN], "jejak recorder"),
        people=People(),
        finisher=loops.finisher(),
        rules=loops.door_rules(),
    ).run(Event())
