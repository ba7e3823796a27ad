"""What the operator asks of a cluster, as types."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol
from uuid import UUID

from jejak.addresses import Quota
from jejak_consumers.messages import Reported, TopicPartition
from jejak_schemas.credentials import SCRAM

Place = tuple[str, int]  # a topic and the number of a partition


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic to be made: partitions are fixed for life, `settings` are Kafka's topic settings."""

    name: str
    partitions: int = 1
    settings: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Grant:
    """One right: `user` may do `operation` on a resource, or on all whose name begins with it."""

    user: str
    operation: Literal["read", "write", "describe"]
    resource: Literal["topic", "group", "transaction"]
    name: str
    prefixed: bool = False


@dataclass(frozen=True, slots=True)
class Broker:
    """One broker: where it says clients reach it, its version, its settings, its folders' room.

    `settings` leaves out what the broker does not tell; `free` and `size` are bytes of the fullest
    disk, None where the broker does not tell.
    """

    number: int
    host: str
    port: int
    version: tuple[int, ...]
    settings: Mapping[str, str]
    free: int | None
    size: int | None


@dataclass(frozen=True, slots=True)
class Made:
    """A topic as it is: partitions, the fewest replicas one of them has, and its settings."""

    partitions: int
    replicas: int
    settings: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Log:
    """What the brokers hold of a topic now: its id; by partition the first offset and the end."""

    topic_id: UUID
    bounds: Mapping[int, tuple[int, int]]


class KafkaAdmin(Protocol):
    """The operator's hand on a cluster.

    Every method raises Retry where the brokers are away and Fatal where they say no.
    """

    def create_topics(self, topics: Sequence[Topic]) -> None:
        """Make the topics that are not there yet; all are usable when this returns."""

    def topic_ids(self, names: Collection[str]) -> dict[str, UUID]:
        """Kafka's own id of each of these topics that exists."""

    def set_passwords(self, passwords: Mapping[str, str], mechanism: str = SCRAM) -> None:
        """Make users, or give them these passwords; known to the brokers when this returns.

        A user has one password for each mechanism, and may sign in with either.
        """

    def passwords(self) -> dict[str, set[str]]:
        """All users that have a password, and for which mechanisms."""

    def remove_passwords(self, users: Collection[str], mechanism: str) -> None:
        """Take these users' passwords of one mechanism; who has none is passed over."""

    def brokers(self) -> list[Broker]:
        """Every broker of the cluster."""

    def topics(self, names: Collection[str]) -> dict[str, Made]:
        """How each of these topics that exists was made."""

    def lacking(self, grants: Sequence[Grant]) -> list[Grant]:
        """Those of these rights that are not given."""

    def allow(self, grants: Sequence[Grant]) -> None:
        """Give these rights; in force when this returns."""

    def revoke(self, users: Collection[str]) -> None:
        """Take every right from these users; in force when this returns."""

    def limit(self, quotas: Mapping[str, Quota]) -> None:
        """Give each of these users its quota; brokers hold them to it within moments."""

    def quotas(self) -> dict[str, Quota]:
        """The quota of every user that has one of ours."""

    def logs(self, names: Collection[str]) -> dict[str, Log]:
        """What there is of each of these topics that exists."""

    def reported(self, group: str) -> dict[TopicPartition, Reported]:
        """What the recorders of a group have told of each partition."""

    def written_at(
        self, places: Mapping[Place, int], patience: float = 5.0
    ) -> dict[Place, datetime]:
        """When the first message at or after each offset was written, by the broker's clock.

        Places where none came within `patience` seconds are missing.
        """

    def cut(self, names: Collection[str], before: datetime) -> dict[Place, int]:
        """Delete what was written before a moment and nothing newer; each place's new beginning.

        Brokers keep what is older than its retention until a whole segment is; this does not wait.
        """
