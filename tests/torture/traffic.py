"""Steady traffic on plain kafka-python, and our own list of what was sent and acknowledged."""

import hashlib
import json
import random
import secrets
import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import mean
from typing import Any
from uuid import UUID

from kafka import KafkaProducer
from kafka.errors import KafkaError

from jejak_schemas import codec, kafka_python, topics
from jejak_schemas.catalogue import entry_of
from jejak_schemas.credentials import KafkaAccess
from jejak_schemas.events import CourseCompleted, Event
from jejak_schemas.parts import Activity, PersonRef
from tests.torture.checker import Place

PROVIDERS = ("pusdiklat", "bpsdm")
PEOPLE = 800  # many, for a person's fold grows with their events
NOW = datetime.now(UTC)
_BURSTS = (1, 1, 2, 20)  # events at once, so that there are batches to be killed in
_REMEMBERED = 400  # of the latest good messages, for floods
_PATIENCE = 120.0

Message = tuple[str, bytes, bytes]  # topic, key, value


def nip(number: int) -> str:
    """The number of one of our people."""
    return f"19850312201001{1 + number % 2}{number:03d}"


def completed(party: str, person: int, **fields: Any) -> CourseCompleted:
    """A seminar that one of our people attended."""
    course = Activity(id=f"https://{party}.example/{person % 7}", name={"id": "Seminar"})
    return CourseCompleted(
        occurred_at=NOW - timedelta(hours=person), party=party,
        learner=PersonRef(nip=nip(person)), form="9", duration=3600, activity=course, **fields,
    )  # fmt: skip


class Log:
    """Our own list, in a file, so that a torture that was stopped can go on."""

    def __init__(self, file: Path) -> None:
        self.sent: dict[bytes, UUID | None] = {}
        self.acknowledged: dict[Place, UUID | None] = {}
        self._lock = threading.Lock()
        if file.exists():
            for line in file.read_text().splitlines():
                self._take(json.loads(line))
        self._file = file.open("a", buffering=1)

    def send(self, value: bytes, event_id: UUID | None) -> None:
        """Before it is sent: what it is."""
        self._add({"sent": hashlib.sha256(value).hexdigest(), "id": event_id and str(event_id)})

    def acknowledge(self, place: Place, event_id: UUID | None) -> None:
        """After the broker's word: where it is."""
        self._add({"at": place, "id": event_id and str(event_id)})

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _add(self, line: dict[str, Any]) -> None:
        with self._lock:
            self._take(line)
            self._file.write(json.dumps(line) + "\n")

    def _take(self, line: dict[str, Any]) -> None:
        event_id = UUID(line["id"]) if line["id"] else None
        if "sent" in line:
            self.sent[bytes.fromhex(line["sent"])] = event_id
        else:
            topic, partition, offset = line["at"]
            self.acknowledged[topic, partition, offset] = event_id


class Traffic:
    """Sends good events in bursts on a thread of its own, `rate` a second, while not paused."""

    def __init__(self, access: KafkaAccess, log: Log, rate: float) -> None:
        self.log = log
        self.recent: deque[tuple[Message, UUID]] = deque(maxlen=_REMEMBERED)
        self._access = access
        self._producer: Any = None
        self._pause = mean(_BURSTS) / rate
        self._ended = threading.Event()
        self._flowing = threading.Event()
        self._turn = threading.Lock()
        self._thread = threading.Thread(target=self._flow, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._flowing.set()
        self._thread.start()

    def pause(self) -> None:
        """Send nothing more by itself until `resume`; what is under way arrives or fails first."""
        with self._turn:
            self._flowing.clear()
            if self._producer is not None:
                with suppress(KafkaError):
                    self._producer.flush(timeout=_PATIENCE)

    def resume(self) -> None:
        """Go on."""
        self._flowing.set()

    def stop(self) -> None:
        """End, and close the producer."""
        self._ended.set()
        self._thread.join(_PATIENCE)
        self._renew()

    def say(self, events: Sequence[Event]) -> None:
        """Send events and wait until the broker has them all, however long it is away."""
        self.deliver([(message_of(event), event.event_id) for event in events])

    def deliver(self, messages: Sequence[tuple[Message, UUID | None]]) -> None:
        """Send messages, again where the broker did not acknowledge, until it has them all."""
        waiting = list(messages)
        while waiting:
            sent = [(one, self._try(*one)) for one in waiting]
            waiting = [one for one, wait in sent if not wait()]
            if waiting:
                self._renew()

    def _try(self, message: Message, event_id: UUID | None) -> Callable[[], bool]:
        """Send once; what waits for the broker's word and says whether it came."""
        topic, key, value = message
        self.log.send(value, event_id)
        try:
            future = self._connected().send(topic, key=key, value=value)
        except KafkaError:
            return lambda: False
        future.add_callback(
            lambda at: self.log.acknowledge((at.topic, at.partition, at.offset), event_id)
        )

        def acknowledged() -> bool:
            with suppress(KafkaError):
                future.get(_PATIENCE)
                return True
            return False

        return acknowledged

    def _flow(self) -> None:
        chosen = random.Random(secrets.randbits(32))  # noqa: S311  no secret
        while not self._ended.wait(self._pause):
            events = [
                completed(chosen.choice(PROVIDERS), chosen.randrange(PEOPLE))
                for _ in range(chosen.choice(_BURSTS))
            ]
            with self._turn:
                if self._flowing.is_set():
                    self._burst(events)

    def _burst(self, events: Sequence[Event]) -> None:
        for event in events:
            message = message_of(event)
            self._try(message, event.event_id)
            self.recent.append((message, event.event_id))

    def _connected(self) -> Any:
        if self._producer is None:
            self._producer = KafkaProducer(
                **kafka_python.settings(self._access),
                acks="all", linger_ms=5, request_timeout_ms=5_000, delivery_timeout_ms=20_000,
                max_block_ms=20_000, enable_idempotence=False, metadata_max_age_ms=5_000,
            )  # fmt: skip
        return self._producer

    def _renew(self) -> None:
        ended, self._producer = self._producer, None
        if ended is not None:
            ended._sender.force_close()  # else it flushes, and where it cannot, its thread runs on
            with suppress(KafkaError):
                ended.close(timeout=5)


def message_of(event: Event) -> Message:
    """An event as a provider sends it."""
    key = entry_of(event).key_of(event).encode()
    return topics.inbox(event.party), key, codec.encode(event)
