"""A topic in memory behind the port `Feed`, and changes to put into it."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from uuid import UUID, uuid5

from pydantic import BaseModel, SecretStr

from jejak_consumers import errors
from jejak_consumers.messages import Feed, Message, TopicPartition
from jejak_schemas import codec, topics
from jejak_schemas.credentials import AgencyAccess, Credentials, KafkaAccess, Topics
from jejak_schemas.outgoing import Change, LearningHoursChanged, PersonLeft, ProfileState

AGENCY = "2060"
MATCH_KEY = "5a" * 32
EPOCH = UUID("00000000-0000-4000-8000-000000000001")
LATER_EPOCH = UUID("00000000-0000-4000-8000-000000000002")
PERSON = UUID("00000000-0000-7000-8000-00000000aaaa")
CREDENTIALS = Credentials(
    party=AGENCY,
    roles=("agency",),
    kafka=KafkaAccess(bootstrap_servers="nobody:1", username=AGENCY, password=SecretStr("x")),
    topics=Topics(changes=topics.changes(AGENCY), profiles=topics.profiles(AGENCY)),
    agency=AgencyAccess(match_key=SecretStr(MATCH_KEY), database_url=SecretStr("postgresql://")),
)


class Topic:
    """What a topic holds. Offsets may skip, as they do over the ends of transactions."""

    def __init__(self, name: str = topics.changes(AGENCY)) -> None:
        self.name = name
        self.first = 0
        self.end = 0
        self.messages: list[Message] = []

    def put(self, *said: BaseModel, skip: int = 0) -> None:
        """Append messages; `skip` offsets are taken by nothing that is shown."""
        for one in said:
            key = str(getattr(one, "person_id", "")).encode()
            self.take(key, codec.encode(one))
        self.end += skip

    def take(
        self, key: bytes, value: bytes | None, headers: tuple[tuple[str, bytes], ...] = ()
    ) -> None:
        """Append one raw message."""
        self.messages.append(Message(self.name, 0, self.end, key, value, headers))
        self.end += 1

    def drop_before(self, offset: int) -> None:
        """Forget what is older, as retention does."""
        self.first = max(self.first, offset)
        self.messages = [one for one in self.messages if one.offset >= self.first]


class MemoryFeed(Feed):
    """Reads a `Topic` as Kafka would let it be read."""

    def __init__(self, topic: Topic) -> None:
        self.topic = topic
        self.at: int | None = None
        self.closed = False

    def bounds(self) -> tuple[int, int]:
        return self.topic.first, self.topic.end

    def seek(self, offset: int) -> None:
        self.at = offset

    def position(self) -> int:
        assert self.at is not None, "never sought"
        return self.at

    def poll(self, seconds: float) -> Sequence[Message]:
        at = self.position()
        if not self.topic.first <= at <= self.topic.end:
            raise errors.OffsetOutOfRange(TopicPartition(self.topic.name, 0), f"no offset {at}")
        self.at = self.topic.end
        return [one for one in self.topic.messages if one.offset >= at]

    def close(self) -> None:
        self.closed = True


def hours(seq: int, *, prev: int | None = None, epoch: UUID = EPOCH, **rest: object) -> Change:
    """The change number `seq` of a chain: a year's hours grew by a tenth of a JP."""
    said = {
        "epoch": epoch,
        "seq": seq,
        "prev_seq": seq - 1 if prev is None else prev,
        "number": seq,
        "change_id": uuid5(EPOCH, str(seq)),
        "person_id": PERSON,
        "relation": "home",
        "version": seq,
        "changed_at": datetime(2026, 11, 24, tzinfo=UTC),
        "starts_on": date(2026, 1, 1),
        "before": 10 * seq - 10,
        "after": 10 * seq,
    }
    return LearningHoursChanged.model_validate(said | rest)


def left(seq: int, **rest: object) -> Change:
    """The person left the agency."""
    said = hours(seq).model_dump(exclude={"starts_on", "before", "after"})
    return PersonLeft.model_validate(said | {"before": AGENCY, "after": "4012"} | rest)


def state(
    version: int, *, epoch: UUID = EPOCH, person: UUID = PERSON, **rest: object
) -> ProfileState:
    """A person's state of a version."""
    said = {
        "epoch": epoch,
        "person_id": person,
        "relation": "home",
        "version": version,
        "assessed_to": version,
        "digest": f"{version:064x}",
        "profile": "{}",
    }
    return ProfileState.model_validate(said | rest)
