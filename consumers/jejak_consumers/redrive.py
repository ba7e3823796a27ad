"""Redriving: a message in quarantine is walked again, by the very same walk, against today's rules.

Each message is an append of its own, with source kind `redrive` and its inbox's topic, partition
and offset; its status moves in the same transaction. So whoever is killed goes on by doing it
again: what is settled waits no more. Refused again, it waits on, with the new reason noted.
"""

from collections.abc import Callable
from dataclasses import dataclass
from dataclasses import field as of
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

import psycopg

from jejak_consumers.directory import Directory, NotLookedUp, look_up
from jejak_consumers.finish import Finisher
from jejak_consumers.messages import Message
from jejak_consumers.walk import DoorRules, Inbox, Walk
from jejak_lrs import errors
from jejak_lrs.database import Database
from jejak_lrs.failpoint import failpoint
from jejak_lrs.ledger import handling, inboxes, parties, writing
from jejak_lrs.ledger.appending import append
from jejak_lrs.ledger.batch import Batch, Item, Redrive
from jejak_lrs.ledger.people import People
from jejak_lrs.ledger.quarantine import Quarantined
from jejak_lrs.ledger.sorting import sort
from jejak_schemas.framing import SINGLE_OBJECT, Framing

SETTLED: Final = "settled before"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a message becomes: recorded, duplicate, conflict or refused; or it was settled before.

    `position` is that of a new record.
    """

    number: int
    outcome: str
    reason: str | None = None
    field: str | None = None
    position: int | None = None


@dataclass(slots=True)
class Redriver:
    """Redrives one message at a time. What it needs comes in; `who` is the person that asks."""

    database: Database
    people: People
    finisher: Finisher
    rules: DoorRules
    who: str
    framing: Framing = SINGLE_OBJECT
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    _inboxes: dict[tuple[UUID | None, int | None], inboxes.Inbox] = of(default_factory=dict)

    def foresee(self, held: Quarantined) -> Verdict:
        """What a redrive would do now; writes nothing."""
        try:
            items = self._batch(held).items
            parts = sort(items, writing.find_known(self.database.connection, items))
            handling.require_better(parts)
        except errors.StillRefused as still:
            return _refused(held, still)
        except psycopg.Error as exc:
            raise errors.of(exc) from None
        return Verdict(held.number, "duplicate" if parts.others else "recorded")

    def redrive(self, held: Quarantined) -> Verdict:
        """Record a message, if it can be; note the new reason, if not."""
        try:
            return self._redrive(held)
        except errors.NotWaiting:
            return Verdict(held.number, SETTLED)
        except psycopg.Error as exc:
            raise errors.of(exc) from None

    def _redrive(self, held: Quarantined) -> Verdict:
        while True:
            try:
                appended = append(self.database, self._batch(held))
            except (errors.RegistryMoved, errors.AliasesLost):
                continue  # the world has moved: look up again, walk again
            except errors.StillRefused as still:
                handling.note_refused(self.database.connection, self._redrive_of(held), still)
                return _refused(held, still)
            failpoint("redrive.after-append")
            if appended.recorded:
                return Verdict(held.number, "recorded", position=appended.next_position - 1)
            return Verdict(held.number, "duplicate")

    def _redrive_of(self, held: Quarantined) -> Redrive:
        return Redrive(held.number, self.who)

    def _batch(self, held: Quarantined) -> Batch:
        """The message walked against the registry of now; StillRefused if it is from no inbox."""
        inbox = self._inbox_of(held)
        version, registry = parties.load(self.database.connection)
        now = self.clock()
        walk = Walk(
            inboxes={inbox.topic: Inbox(inbox.party, inbox.topic_id)},
            parties=registry,
            directory=Directory(self.finisher, now),
            finisher=self.finisher,
            rules=self.rules,
            now=now,
            framing=self.framing,
            kind="redrive",
        )
        item = self._walked(walk, _message(held, inbox))
        newcomers = walk.directory.newcomers
        return Batch([item], version, newcomers=newcomers, redrive=self._redrive_of(held))

    def _inbox_of(self, held: Quarantined) -> inboxes.Inbox:
        """The inbox partition that it came from, also where its topic was made anew since."""
        key = held.source.topic_id, held.source.partition
        if key not in self._inboxes:
            found = inboxes.all_inboxes(self.database.connection)
            self._inboxes.update({inbox.key: inbox for inbox in found})
        if key not in self._inboxes:
            raise errors.StillRefused("internal")
        return self._inboxes[key]

    def _walked(self, walk: Walk, message: Message) -> Item:
        while True:
            try:
                return walk.carry(message)
            except NotLookedUp as signal:
                connection = self.database.connection
                look_up(walk.directory, connection, self.people, signal.references)


def _message(held: Quarantined, inbox: inboxes.Inbox) -> Message:
    original = held.original
    headers = tuple((name, content or b"") for name, content in original.headers)
    return Message(
        inbox.topic,
        inbox.partition,
        held.source.offset or 0,
        original.key,
        original.value,
        headers,
    )


def _refused(held: Quarantined, still: errors.StillRefused) -> Verdict:
    outcome = "conflict" if still.reason == "conflict" else "refused"
    return Verdict(held.number, outcome, still.reason, still.field)
