"""The recorder's walk: decode, check, resolve, map, seal, compress; no Kafka, no PostgreSQL.

Batches as large as the recorder's, each with a directory of its own; every person is known.
Beside it fastavro alone, decoding the same bodies.
"""

import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial
from typing import Any, Final
from uuid import uuid4

import fastavro
from uuid_utils.compat import uuid7

from bench import mix
from bench.line import Line, line
from bench.rounds import Round, Watch, take_turns
from jejak.loops import door_rules, finisher
from jejak_consumers.carriage import Carriage
from jejak_consumers.directory import Directory
from jejak_consumers.finish import Finisher
from jejak_consumers.messages import Message
from jejak_consumers.recorder import MOST_MESSAGES
from jejak_consumers.walk import DoorRules, Inbox, Walk
from jejak_lrs.ledger import parties, seal
from jejak_lrs.ledger.batch import PartyChange, Refused, Row
from jejak_lrs.ledger.effects import party_change
from jejak_lrs.ledger.parties import Parties
from jejak_lrs.ledger.people import Known
from jejak_lrs.tidying import Tidying
from jejak_producers.simulate import Delivery, Nation
from jejak_schemas import codec, topics
from jejak_schemas.resolve import Reference, references

_EVENTS: Final = 5_000
_PEOPLE: Final = 2_000
_ROUNDS: Final = 15
_NOW: Final = datetime(2026, 11, 24, 3, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class _House:
    """What the recorder knows besides the messages."""

    inboxes: Mapping[str, Inbox]
    parties: Parties
    people: Mapping[Reference, Known]
    finisher: Finisher
    rules: DoorRules

    def walk(self) -> Walk:
        """A walk of a new batch."""
        directory = Directory(self.finisher, _NOW)
        directory.learn(self.people, self.people)
        return Walk(self.inboxes, self.parties, directory, self.finisher, self.rules, _NOW)


def run() -> list[Line]:
    """From a message to a finished row."""
    nation = mix.simulated(_EVENTS, _PEOPLE)
    deliveries = mix.ordinary(nation)
    messages = [message_of(offset, delivery) for offset, delivery in enumerate(deliveries)]
    house = house_of(nation, deliveries)
    works = [partial(_walk, house, messages), partial(_decode, messages)]
    walked, decoded = take_turns(works, _ROUNDS)
    what = "walk: decode, check, resolve, map, seal, compress"
    return [line(what, walked, "fastavro: decode of the same bytes", decoded)]


def _walk(house: _House, messages: Sequence[Message]) -> Round:
    with Tidying() as tidying:  # as the recorder's loop
        watch = Watch()
        for batch in mix.batches(messages, MOST_MESSAGES):
            carriage = Carriage(house.walk(), 0, batch)
            carriage.go()
            rows = carriage.arrive(_nobody_else)
            if any(isinstance(row, Refused) for row in rows):
                raise ValueError("a message of the bench was refused")
            tidying.tidy()
        return watch.stop(len(messages))


def _nobody_else(_directory: Directory, references: Iterable[Reference]) -> None:
    raise LookupError(f"the bench knows everybody but {len(list(references))}")


def _decode(messages: Sequence[Message]) -> Round:
    bodies = [_schema_and_body(message) for message in messages]
    watch = Watch()
    for schema, body in bodies:
        fastavro.schemaless_reader(io.BytesIO(body), schema, None)
    return watch.stop(len(bodies))


def _schema_and_body(message: Message) -> tuple[Any, bytes]:
    read = codec.read(message.value)
    return read.schema.reader, read.body


def message_of(offset: int, delivery: Delivery) -> Message:
    return Message(topics.inbox(delivery.party), 0, offset, delivery.key, delivery.value)


def house_of(nation: Nation, deliveries: Sequence[Delivery]) -> _House:
    named = {ref for one in deliveries if one.event for ref in references(one.event)}
    return _House(
        inboxes={topics.inbox(p.code): Inbox(p.code, uuid4()) for p in nation.parties},
        parties=Parties.of(_changes(nation)),
        people={reference: Known(uuid7(), seal.salt(), registered=True) for reference in named},
        finisher=finisher(),
        rules=door_rules(),
    )


def rows_of(events: int) -> list[Row]:
    """The rows that the recorder makes of so many events of the demo's mix; it knows everybody."""
    nation = mix.simulated(events, events // 10)
    deliveries = mix.ordinary(nation)
    house = house_of(nation, deliveries)
    messages = [message_of(offset, one) for offset, one in enumerate(deliveries)]
    rows: list[Row] = []
    for batch in mix.batches(messages, MOST_MESSAGES):
        walked = house.walk()
        items = [walked.carry(message) for message in batch]
        rows += [item for item in items if isinstance(item, Row)]
    return rows


def _changes(nation: Nation) -> list[PartyChange]:
    """What the ledger knows of parties once the nation's registry is recorded."""
    declared = [
        PartyChange(party.code, parties.DECLARED, date(2020, 1, 1), roles=party.roles)
        for party in nation.parties
    ]
    told = (one.event for one in nation.deliveries() if one.event is not None)
    return declared + [change for event in told if (change := party_change(event)) is not None]
