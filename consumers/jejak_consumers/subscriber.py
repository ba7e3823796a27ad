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
- changes come in the order of their chain, without a gap: where some are gone for good, `Reload`;
- after a reload only those come that the profiles read do not hold already.
"""

import contextlib
import logging
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Literal, Self, TextIO

from jejak_consumers import bookmark, errors
from jejak_consumers.bookmark import State
from jejak_consumers.compacted import Compacted
from jejak_consumers.messages import Feed, Message
from jejak_consumers.reading import read_as
from jejak_schemas import newer
from jejak_schemas.chain import Numbered, Place, Verdict, judge
from jejak_schemas.credentials import Credentials
from jejak_schemas.framing import SINGLE_OBJECT, Framing
from jejak_schemas.outgoing import Change, ProfileState

log = logging.getLogger(__name__)

_POLL_SECONDS = 0.5

Start = Literal["earliest", "latest"]


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
        self._taken: TextIO | None = None
        self._state: State | None = None
        self._pending: State | None = None
        self._restart: int | None = None
        self._read_last: dict[str, int] = {}  # versions of the profiles read last
        self._versions: dict[str, int] = {}  # versions of the profiles that it began from

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
            StateTaken: another subscriber goes on by the same file.
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
            held = self._holds(change)
            began = bool(self._versions)
            self._pending = State(self._topic, message.offset + 1, place, began)
            if not held:
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
        self._read_last = people.versions()
        yield from people.states()

    def kept_changes(self) -> Iterator[Change]:
        """Every change that the topic still keeps, handled or not; remembers nothing."""
        return map(self._read, self._kept(self._topic))

    def start_over(self) -> None:
        """After a full reading of `profiles`, and keeping it: go on with the changes since then.

        Both after a `Reload` and to begin with. Those of the changes still kept that the profiles
        hold already are not given.
        """
        restart = self._opened().bounds()[0] if self._restart is None else self._restart
        self._pending = self._restart = None
        self._versions, self._read_last = self._read_last, {}
        # Killed between the two: the old state finds what it found, and is told to reload again.
        bookmark.write_versions(self._file, self._versions)
        self._remember(State(self._topic, restart, began=True))

    def close(self) -> None:
        """End; what was not settled comes again."""
        ended, self._feed = self._feed, None
        if ended is not None:
            ended.close()
        taken, self._taken = self._taken, None
        if taken is not None:
            taken.close()

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

    def _holds(self, change: Change) -> bool:
        """Whether the profiles that it began from hold the change; once one does not, none will."""
        person = str(change.person_id)
        held = change.version <= self._versions.get(person, -1)
        if not held:
            self._versions.pop(person, None)
        return held

    def _stand(self, feed: Feed) -> State:
        """Where we stand; a start that no file remembers is remembered at once."""
        if self._state is None:
            self._state = State.read(self._file, self._topic)
            if self._state is not None and self._state.began:
                self._versions = bookmark.read_versions(self._file)
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
        state.write(self._file)
        self._state = state

    def _read(self, message: Message) -> Change:
        return read_as(Change, message, self._framing)

    def _opened(self) -> Feed:
        if self._taken is None:
            self._taken = bookmark.take(self._file)
        if self._feed is None:
            self._feed = self._open(self._topic)
        return self._feed


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


def _why(last: Place | None, link: Numbered) -> str:
    if last is None or last.epoch != link.epoch:
        return "the ledger has begun a new epoch"
    return f"changes {last.seq + 1} to {link.prev_seq} are not kept any more"
