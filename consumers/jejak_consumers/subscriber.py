"""The agency's side: follow the changes of its own people, and read where they stand now.

```
with Subscriber(Path("2060.toml"), state=Path("2060.state")) as subscriber:
    for change in subscriber.changes():
        apply(change)
```

Needs the plain install only. Promises:
- a change is remembered as handled after the loop's body has returned for it, never before; so a
  body that is killed or raises gets the same change again, and one that completes does not;
- leaving the `with` block without an error (a `break` included) counts as handled, too;
- changes come in the order of their chain, without a gap: where some are gone for good, `Reload`.
"""

import contextlib
import json
import logging
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Literal, Self, TypeVar
from uuid import UUID

from jejak_consumers import errors
from jejak_consumers.messages import Feed, Message
from jejak_schemas import codec, newer
from jejak_schemas.chain import Numbered, Place, Verdict, judge
from jejak_schemas.credentials import Credentials
from jejak_schemas.framing import SINGLE_OBJECT, Framing
from jejak_schemas.outgoing import Change, ProfileState
from jejak_schemas.registry import errors as registry_errors

log = logging.getLogger(__name__)

_POLL_SECONDS = 0.5

Start = Literal["earliest", "latest"]
M = TypeVar("M", Change, ProfileState)


@dataclass(frozen=True, slots=True)
class State:
    """Where a subscriber stands: the last change handled, None before the first.

    `next_offset` is where to read on; with no place, any message there is the first.
    """

    topic: str
    next_offset: int
    place: Place | None = None

    def write(self, path: Path) -> None:
        """Keep it: a reader of the file sees the old state or the new, never half."""
        place = self.place
        said = {
            "topic": self.topic,
            "next_offset": self.next_offset,
            "epoch": str(place.epoch) if place else None,
            "seq": place.seq if place else None,
        }
        aside = path.with_name(path.name + ".new")
        with aside.open("w", encoding="utf-8") as file:
            json.dump(said, file)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)

    @classmethod
    def read(cls, path: Path, topic: str) -> Self | None:
        """What was kept; None where nothing was.

        Raises:
            StateDamaged: the file is no state, or another topic's.
        """
        try:
            said = json.loads(path.read_text("utf-8"))
            epoch, seq = said["epoch"], said["seq"]
            place = None if epoch is None else Place(UUID(epoch), int(seq))
            state = cls(str(said["topic"]), int(said["next_offset"]), place)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as exc:
            raise errors.StateDamaged(f"{path} is no state of a subscriber") from exc
        if state.topic != topic:
            raise errors.StateDamaged(f"{path} belongs to {state.topic}, not {topic}")
        return state


class Subscriber:
    """One agency's subscription. For one thread, and one process at a time per state file.

    Args:
        credentials: the agency's credentials, or the path of its file.
        state: the file that remembers; made at the first change. Its folder must be there.
        start: where to begin without a state: at the earliest change kept, or with what comes.
        framing: with a schema registry a `SchemaRegistry`, which reads both framings.
        schemas: a folder with .avsc files of a newer Jejak than this one, to read what it sends.
        open_feed: how a topic is read, by its name; by default from Kafka.
    """

    def __init__(
        self,
        credentials: Credentials | Path,
        state: Path,
        *,
        start: Start = "earliest",
        framing: Framing = SINGLE_OBJECT,
        schemas: Path | None = None,
        open_feed: Callable[[str], Feed] | None = None,
    ) -> None:
        own = credentials if isinstance(credentials, Credentials) else Credentials.load(credentials)
        if own.topics.changes is None or own.topics.profiles is None:
            raise errors.NotAllowed(f"{own.party} is no agency: it has no changes to follow")
        self._topic, self._profiles = own.topics.changes, own.topics.profiles
        self._file = state
        self._start = start
        self._framing = newer.WithFolder(schemas, framing) if schemas else framing
        self._open = open_feed or _kafka(own)
        self._feed: Feed | None = None
        self._state: State | None = None
        self._pending: State | None = None
        self._restart: int | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        exc: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self.settle()
        self.close()

    def changes(self, patience: float | None = None) -> Iterator[Change]:
        """The changes after the last one handled, in order, as they come.

        Args:
            patience: end after so many seconds without a change; None: never.

        Raises:
            Reload: changes are gone for good; says what to do. Asked again, raised again, until
                `start_over`.
            UnknownSchema: a newer Jejak sent it; says which file is needed. Asked again with that
                file in `schemas`, it goes on with that message.
            BrokersAway, WrongLogin, NotAllowed: Kafka cannot be reached, or refuses us.
            RegistryAway, RegistryRefuses: the same of the schema registry; nothing is skipped.
        """
        feed = self._opened()
        state = self._stand(feed)
        self._pending = None
        self._seek(feed, state)
        for message in _messages(feed, patience):
            change = self._read(message)
            if not self._accepts(feed, change, message):
                continue
            place = Place(change.epoch, change.seq)
            self._pending = State(self._topic, message.offset + 1, place)
            yield change
            self.settle()

    def settle(self) -> None:
        """Remember the change given last as handled; the loop does it before giving the next."""
        if self._pending is not None:
            self._remember(self._pending)
            self._pending = None

    def profiles(self) -> Iterator[ProfileState]:
        """Where every person of the agency stands now, in no order.

        Holds one state of each in memory until done.
        """
        people = Compacted(self._framing)
        for message in self._kept(self._profiles):
            people.take(message)
        yield from people.states()

    def kept_changes(self) -> Iterator[Change]:
        """Every change that the topic still keeps, handled or not; remembers nothing."""
        return map(self._read, self._kept(self._topic))

    def start_over(self) -> None:
        """After a `Reload` and a full reading of `profiles`: go on with the changes still kept.

        They may begin before the profiles just read: skip those whose `version` is not greater
        than the person's.
        """
        if self._restart is not None:
            self._pending = None
            self._remember(State(self._topic, self._restart))
            self._restart = None

    def close(self) -> None:
        """End; what was not settled comes again."""
        ended, self._feed = self._feed, None
        if ended is not None:
            ended.close()

    def _kept(self, topic: str) -> Iterator[Message]:
        """What a topic holds at this moment."""
        with contextlib.closing(self._open(topic)) as feed:
            first, end = feed.bounds()
            feed.seek(first)
            while feed.position() < end:
                yield from feed.poll(_POLL_SECONDS)

    def _accepts(self, feed: Feed, change: Change, message: Message) -> bool:
        state = self._stand(feed)
        verdict = judge(state.place, change, truncated=False)
        if verdict is Verdict.WAIT:
            verdict = judge(state.place, change, truncated=_truncated(feed, state))
        if verdict is Verdict.RELOAD:
            self._restart = message.offset
            raise errors.Reload(_why(state.place, change))
        if verdict is Verdict.WAIT:
            log.warning("waiting for the changes before seq %d of %s", change.seq, self._topic)
        return verdict is Verdict.ACCEPT

    def _stand(self, feed: Feed) -> State:
        """Where we stand; a start that no file remembers is remembered at once."""
        if self._state is None:
            self._state = State.read(self._file, self._topic)
        if self._state is None:
            first, end = feed.bounds()
            self._remember(State(self._topic, first if self._start == "earliest" else end))
            return self._stand(feed)
        return self._state

    @staticmethod
    def _seek(feed: Feed, state: State) -> None:
        first, end = feed.bounds()
        feed.seek(state.next_offset if first <= state.next_offset <= end else first)

    def _remember(self, state: State) -> None:
        try:
            state.write(self._file)
        except OSError as exc:
            raise errors.StateDamaged(f"cannot write {self._file}: {exc.strerror}") from exc
        self._state = state

    def _read(self, message: Message) -> Change:
        return _as(Change, message, self._framing)

    def _opened(self) -> Feed:
        if self._feed is None:
            self._feed = self._open(self._topic)
        return self._feed


class Compacted:
    """A compacted topic's content: per person the message of the greatest (epoch, version).

    An epoch has no number: one that appears later in the topic is greater. Only the latest counts:
    a person of an earlier one may have lost this id together with the end of the ledger.
    """

    def __init__(self, framing: Framing = SINGLE_OBJECT) -> None:
        self._framing = framing
        self._epochs: dict[UUID, int] = {}
        self._held: dict[bytes, tuple[tuple[int, int], Message]] = {}

    def take(self, message: Message) -> None:
        """Take in one message, in the order of the topic."""
        epoch, version = self._version(message)
        rank = self._epochs.setdefault(epoch, len(self._epochs)), version
        key = message.key or b""
        if key not in self._held or self._held[key][0] <= rank:
            self._held[key] = rank, message

    def states(self) -> Iterator[ProfileState]:
        """The states of those who are there; a tombstone is nobody."""
        latest = len(self._epochs) - 1
        for (epoch, _), message in self._held.values():
            if epoch == latest and message.value is not None:
                yield _as(ProfileState, message, self._framing)

    def _version(self, message: Message) -> tuple[UUID, int]:
        """Epoch and version: in the state, or in a tombstone's headers."""
        if message.value is None:
            return _version_of_tombstone(message)
        state = _as(ProfileState, message, self._framing)
        return state.epoch, state.version


def _kafka(credentials: Credentials) -> Callable[[str], Feed]:
    def open_feed(topic: str) -> Feed:
        from jejak_consumers.kafka import KafkaFeed  # noqa: PLC0415  its threads start at use

        return KafkaFeed(credentials.kafka, topic)

    return open_feed


def _messages(feed: Feed, patience: float | None) -> Iterator[Message]:
    last = time.monotonic()
    while patience is None or time.monotonic() - last < patience:
        try:
            found = feed.poll(_POLL_SECONDS if patience is None else min(patience, _POLL_SECONDS))
        except errors.OffsetOutOfRange:
            # Deleted while we were reading: the chain says whether anything is missing.
            feed.seek(feed.bounds()[0])
            continue
        yield from found
        if found:
            last = time.monotonic()


def _truncated(feed: Feed, state: State) -> bool:
    """Whether what follows our place is not kept any more, or the topic was made again."""
    first, end = feed.bounds()
    return not first <= state.next_offset <= end


def _as(expected: type[M], message: Message, framing: Framing) -> M:
    try:
        return codec.read_as(expected, message.value, framing)
    except codec.Refusal as exc:
        raise _unreadable(message, exc, framing) from exc
    except registry_errors.Retry as exc:
        raise errors.RegistryAway(str(exc)) from exc
    except registry_errors.RegistryError as exc:
        raise errors.RegistryRefuses(str(exc)) from exc


def _version_of_tombstone(message: Message) -> tuple[UUID, int]:
    headers = {name: content.decode("ascii", "replace") for name, content in message.headers}
    try:
        return UUID(headers["epoch"]), int(headers["version"])
    except (KeyError, ValueError) as exc:
        raise errors.Fatal(f"a tombstone without a version in {message.topic}") from exc


def _unreadable(message: Message, refusal: codec.Refusal, framing: Framing) -> errors.Fatal:
    what = f"{message.topic} offset {message.offset} cannot be read ({refusal.reason})"
    if refusal.reason == "unknown-schema" and message.value is not None:
        return errors.UnknownSchema(f"{what}: {newer.advice(message.value, framing)}")
    return errors.Fatal(f"{what}: is this Jejak older than the ledger's?")


def _why(last: Place | None, link: Numbered) -> str:
    if last is None or last.epoch != link.epoch:
        return "the ledger has begun a new epoch"
    return f"changes {last.seq + 1} to {link.prev_seq} are not kept any more"
