"""The walk of one message: decode, check, resolve, statement, seal, compress.

What a message says is read by itself; then one function carries the message all the way, in plain
values, and keeps only the finished row. What that promises: docs/guarantees.md, "A bad message".
"""

import re
import traceback
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Final, TypeAlias
from uuid import UUID

import orjson
from msgspec import Struct

from jejak_consumers.directory import CutHere, Directory, NoSuchPerson, NotLookedUp, seal_of
from jejak_consumers.finish import Finisher, Standing
from jejak_consumers.messages import Message
from jejak_lrs.ledger.batch import Alias, Hidden, Item, Refused, Source, SourceKind
from jejak_lrs.ledger.parties import Parties
from jejak_schemas import avro, codec
from jejak_schemas.catalogue import CHANGES_PARTIES, Entry
from jejak_schemas.clock import MOST_AHEAD, jakarta_date, jakarta_day_of, micros_of
from jejak_schemas.codec import Read, Refusal
from jejak_schemas.events import Event, PersonMoved, PersonRegistered
from jejak_schemas.framing import SINGLE_OBJECT, Framing
from jejak_schemas.mapping import own_name
from jejak_schemas.plain import Said, id_of, values_of
from jejak_schemas.registry.errors import RegistryError
from jejak_schemas.resolve import (
    Reference,
    Resolved,
    aliases_in,
    reference_in,
    references_in,
    resolve,
)

_PROVIDING: Final = frozenset({"provider", "marketplace"})
_POSTINGS: Final = frozenset({PersonRegistered, PersonMoved})
_Asked: TypeAlias = tuple[str, str, str | None, Entry]  # owner of the inbox, party, provider, row


@dataclass(frozen=True, slots=True)
class DoorRules:
    """Thresholds of the warnings given at the door; ruleset data."""

    usual_nip: re.Pattern[str]
    late_after: timedelta


@dataclass(frozen=True, slots=True)
class Inbox:
    """Whose inbox a topic is, and Kafka's id of it."""

    party: str
    topic_id: UUID


class Voice(Struct, frozen=True, gc=False):
    """The institution spoken for, where it may say what it says; `code` is its own."""

    code: str
    agency: str | None  # its code again, if it is one
    provides: bool  # says it as a provider, who must be accredited


class People(Hidden, Struct, frozen=True, gc=False):
    """Whom an event names, and the aliases that must be inserted with it.

    `seals` are the commitments of the aliases that a posting states. Its repr shows nothing.
    """

    named: Mapping[Reference, UUID]
    needs: tuple[Alias, ...]
    seals: Mapping[Reference, str] = {}

    def __repr__(self) -> str:
        return "People()"

    def name_of(self, person: Said) -> str:
        """The person_id behind a PersonRef's values, as text."""
        quoted = orjson.dumps(self.named[reference_in(person)])  # a third of str's time (measured)
        return quoted[1:-1].decode()

    def resolved(self) -> dict[Reference, Resolved]:
        """The same for `resolve`."""
        return {ref: Resolved(person, self.seals.get(ref)) for ref, person in self.named.items()}


@dataclass(frozen=True, slots=True)
class Walk:
    """Everything that the messages of one batch are walked against."""

    inboxes: Mapping[str, Inbox]
    parties: Parties
    directory: Directory
    finisher: Finisher
    rules: DoorRules
    now: datetime
    framing: Framing = SINGLE_OBJECT
    kind: SourceKind = "inbox"  # a redrive keeps its inbox's topic, partition and offset
    today: date = field(init=False)  # in Jakarta
    _future: int = field(init=False)  # microseconds: later than this is refused
    _late: int = field(init=False)  # before this is late
    _voices: dict[_Asked, Voice] = field(init=False, default_factory=dict)  # those let in

    def __post_init__(self) -> None:
        object.__setattr__(self, "today", jakarta_date(self.now))
        object.__setattr__(self, "_future", micros_of(self.now + MOST_AHEAD))
        object.__setattr__(self, "_late", micros_of(self.now - self.rules.late_after))

    def read(self, message: Message) -> Read | Exception:
        """What a message says, which nothing else has a part in; or why it cannot be read."""
        try:
            return codec.read(message.value, self.framing)
        except Exception as exc:  # noqa: BLE001  `carry` says what becomes of it
            return exc

    def carry(self, message: Message, read: Read | Exception | None = None) -> Item:
        """One message to one finished row or refusal; `read` is what was read of it before.

        Raises NotLookedUp where a person must be looked up first, CutHere where the message
        must wait for the next batch, RegistryError where the schema registry cannot say what the
        message is; nothing else, whatever the bytes are.
        """
        try:
            return self._carry(message, read or self.read(message))
        except (NotLookedUp, CutHere, RegistryError):
            raise
        except Refusal as refusal:
            return self._refused(message, refusal)
        except Exception:  # noqa: BLE001  never a crash loop: quarantined with the traceback
            return self._refused(message, Refusal("internal"), traceback.format_exc())

    def ends_batch(self, item: Item) -> bool:
        """Whether what follows must be walked against the registry that this item makes."""
        return not isinstance(item, Refused) and item.event_type in CHANGES_PARTIES

    def _carry(self, message: Message, read: Read | Exception) -> Item:
        if isinstance(read, Exception):
            raise read
        entry, said = read.entry, read.said
        subject = said[entry.key]
        about = reference_in(subject) if isinstance(subject, dict) else None
        try:
            voice = self._voice(message, entry, said)
            self._check(message, entry, said, about[1] if about else str(subject))
            people = self._people(entry, read)
        except Refusal as refusal:
            refusal.event_id = id_of(said["event_id"])
            raise
        standing = self._standing(message, entry, said, about, people, voice)
        name_of = people.name_of
        if people.seals or entry.stated:
            resolved = resolve(read.event, people.resolved())
            read, name_of = replace(read, said=values_of(resolved)), own_name
        row = self.finisher.finish(read, standing, name_of)
        self.directory.arrive(row.statement_id)
        return row

    # -- checks -------------------------------------------------------------------------

    def _voice(self, message: Message, entry: Entry, said: Said) -> Voice:
        """Whose voice a message is; once in a batch for each who says such a thing."""
        asked = (self.inboxes[message.topic].party, said["party"], said["on_behalf_of"], entry)
        voice = self._voices.get(asked)
        if voice is None:
            voice = self._voices[asked] = self._let_in(*asked)
        return voice

    def _let_in(self, owner: str, party: str, provider: str | None, entry: Entry) -> Voice:
        if entry.family == "system":
            raise Refusal("system-only")
        today = self.today
        if party != owner:
            raise Refusal("wrong-party", "party")
        if self.parties.is_suspended(party, today):
            raise Refusal("party-suspended", "party")
        if provider is not None and self.parties.is_suspended(provider, today):
            raise Refusal("party-suspended", "on_behalf_of")
        if provider is not None and not self.parties.may_speak_for(party, provider, today):
            raise Refusal("on-behalf-not-granted", "on_behalf_of")
        code = provider or party
        roles = self.parties.roles_of(code, today)
        if not entry.roles & roles:
            raise Refusal("role-not-allowed", "party")
        provides = not (entry.roles & roles) - _PROVIDING
        return Voice(code, code if "agency" in roles else None, provides)

    def _check(self, message: Message, entry: Entry, said: Said, key: str) -> None:
        if said["occurred_at"] > self._future:
            raise Refusal("occurred-in-future", "occurred_at")
        if message.key != key.encode():
            raise Refusal("key-mismatch")
        if message.headers:
            _check_headers(message, entry, said)

    # -- people -------------------------------------------------------------------------

    def _people(self, entry: Entry, read: Read) -> People:
        """Whom the event names. All are looked up before the first new person is made."""
        said = read.said
        named = references_in(entry, said)
        if "aliases" in said and (stated := set(aliases_in(said))):
            return self._posted(read.event, reference_in(said["person"]), named, stated)
        found = self._found(said["event_id"], named)
        return People(found, self.directory.needed(named))

    def _posted(
        self,
        event: Event,
        subject: Reference,
        named: Iterable[Reference],
        stated: AbstractSet[Reference],
    ) -> People:
        """The same of a posting, which gives aliases to its person."""
        posting = str(event.event_id)
        self.directory.claim(stated - {subject}, posting)
        found = self._found(posting, named, stated - {subject})
        further = tuple(
            self.directory.state(reference, found[subject], event)
            for reference in stated - found.keys()
        )
        new = {alias.reference: alias.person_id for alias in further}
        seals = {ref: self.directory.seal_of(ref) for ref in stated & found.keys()}
        seals |= {alias.reference: seal_of(alias) for alias in further}
        return People(found | new, self.directory.needed(named) + further, seals)

    def _found(
        self, event_id: str, named: Iterable[Reference], given: AbstractSet[Reference] = frozenset()
    ) -> dict[Reference, UUID]:
        """Whom the references name; who is unknown is met, but for the aliases given with it."""
        try:
            found = self.directory.find_all(named, event_id)
        except NoSuchPerson:
            raise Refusal("person-unknown") from None
        for reference in named:
            if reference not in found and reference not in given:
                found[reference] = self.directory.meet(reference)
        return found

    # -- what the record says beside its statement ----------------------------------------

    def _standing(
        self,
        message: Message,
        entry: Entry,
        said: Said,
        about: Reference | None,
        people: People,
        voice: Voice,
    ) -> Standing:
        person = people.named[about] if about else None
        posting = entry.event in _POSTINGS
        return Standing(
            self._source(message),
            person,
            said["home_agency"] if posting else voice.agency,
            self._warnings(entry, said, about, people, voice),
            people.needs,
            person if posting else None,
            message,
        )

    def _source(self, message: Message) -> Source:
        topic_id = self.inboxes[message.topic].topic_id
        return Source(self.kind, topic_id, message.partition, message.offset)

    def _warnings(
        self, entry: Entry, said: Said, about: Reference | None, people: People, voice: Voice
    ) -> tuple[str, ...]:
        found: list[str] = []
        if entry.event in _POSTINGS and len(set(people.named.values())) > 1:
            found.append("alias-held-elsewhere")
        if said["occurred_at"] < self._late:
            found.append("late")
        if self._odd_nip(people.named):
            found.append("nip-pattern")
        if "learner" in said and about is not None:
            if voice.provides and not self._accredited(said, voice):
                found.append("outside-accreditation")
            if not self.directory.is_registered(about):
                found.append("person-unconfirmed")
        target = said.get("target")
        if target is not None and not self.directory.holds(id_of(target)):
            found.append("target-unknown-yet")
        return tuple(found)  # in the order of the alphabet

    def _odd_nip(self, named: Iterable[Reference]) -> bool:
        for kind, number in named:
            if kind == "nip" and not self.rules.usual_nip.match(number):
                return True
        return False

    def _accredited(self, said: Said, voice: Voice) -> bool:
        """Whether the provider is accredited for the form of learning, on the day it was."""
        day = jakarta_day_of(said["occurred_at"])
        return self.parties.accredited(voice.code, said.get("form"), day)

    def _refused(self, message: Message, refusal: Refusal, trace: str | None = None) -> Refused:
        return Refused(
            source=self._source(message),
            event_id=refusal.event_id,
            reason=refusal.reason,
            field=refusal.field,
            detail=refusal.detail,
            original=message,
            trace=trace,
        )


def _check_headers(message: Message, entry: Entry, said: Said) -> None:
    """CloudEvents' hints may be absent; present, they must agree with the body."""
    expected = {
        "ce_id": said["event_id"],
        "ce_type": f"{avro.NAMESPACE}.{entry.name}",
        "ce_specversion": "1.0",
        "content-type": "application/avro",
    }
    for name, value in message.headers:
        if name in expected and value != expected[name].encode():
            raise Refusal("header-mismatch", name)
