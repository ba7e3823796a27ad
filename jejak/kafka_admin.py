"""What the operator does to a Kafka cluster: topics, users, rights.

The only module of the front door that imports `kafka`, which has no types; others see `KafkaAdmin`.
All calls take many things at once and may be repeated without harm.
"""

import socket
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, Literal, Protocol
from uuid import UUID

from kafka import KafkaAdminClient, KafkaConsumer
from kafka.admin import (
    ACL,
    ACLFilter,
    ACLOperation,
    ACLPermissionType,
    ACLResourcePatternType,
    ConfigResource,
    ConfigResourceType,
    OffsetSpec,
    ResourcePattern,
    ResourcePatternFilter,
    ResourceType,
    UserScramCredentialDeletion,
    UserScramCredentialUpsertion,
)
from kafka.errors import (
    CoordinatorLoadInProgressError,
    CoordinatorNotAvailableError,
    KafkaConnectionError,
    KafkaError,
    KafkaTimeoutError,
    NotCoordinatorError,
)
from kafka.protocol.admin import AlterClientQuotasRequest, DescribeClientQuotasRequest
from kafka.structs import TopicPartition

from jejak.addresses import Quota
from jejak.errors import Fatal, Retry
from jejak_consumers import errors as loop_errors
from jejak_consumers.kafka import Line
from jejak_consumers.messages import Reported
from jejak_consumers.messages import TopicPartition as InboxPartition
from jejak_schemas.credentials import SCRAM, KafkaAccess

Place = tuple[str, int]  # a topic and the number of a partition

ANY_NAME: Final = 2  # every entity that has a name (KIP-546)
ALREADY_EXISTS = 36  # TOPIC_ALREADY_EXISTS, Kafka protocol guide, error codes
LEAST_PATIENCE: Final = 2.0  # seconds to sign in, once a broker takes connections
NO_COORDINATOR: Final = (
    CoordinatorLoadInProgressError,
    CoordinatorNotAvailableError,
    NotCoordinatorError,
)
SMALL_FETCH: Final = 64 * 1024  # bytes of a partition at once, where one message is enough
OPERATIONS = {
    "read": ACLOperation.READ,
    "write": ACLOperation.WRITE,
    "describe": ACLOperation.DESCRIBE,
}
RESOURCES = {
    "topic": ResourceType.TOPIC,
    "group": ResourceType.GROUP,
    "transaction": ResourceType.TRANSACTIONAL_ID,
}


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


# Kafka's names (documentation, "Enforcing Client Quotas").
QUOTA_KEYS = {
    "write": "producer_byte_rate",
    "read": "consumer_byte_rate",
    "work": "request_percentage",
}


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

    def reported(self, group: str) -> dict[InboxPartition, Reported]:
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


@contextmanager
def connected(access: KafkaAccess, patience: float = 30.0) -> Iterator[KafkaAdmin]:
    """A connection as the operator, tried for `patience` seconds.

    Retry where no broker answers, Fatal where one does and does not let us in.
    """
    end = time.monotonic() + patience
    _await_port(access.bootstrap_servers, end)
    admin = _Client(access, max(LEAST_PATIENCE, end - time.monotonic()))
    try:
        yield admin
    finally:
        admin.close()


class _Client:
    """`KafkaAdmin` over kafka-python."""

    def __init__(self, access: KafkaAccess, patience: float) -> None:
        self._access = access
        self._patience = patience
        self._client = self._open(KafkaAdminClient)

    def close(self) -> None:
        self._client.close()

    def create_topics(self, topics: Sequence[Topic]) -> None:
        if not topics:
            return
        wanted = {
            topic.name: {"num_partitions": topic.partitions, "configs": dict(topic.settings)}
            for topic in topics
        }
        with self._speaking():
            answer = self._client.create_topics(wanted, raise_errors=False)
            for made in answer["topics"]:
                if made["error_code"] not in (0, ALREADY_EXISTS):
                    raise Fatal(f"Kafka did not make topic {made['name']}: {made['error_message']}")
            self._client.wait_for_topics(list(wanted))

    def topic_ids(self, names: Collection[str]) -> dict[str, UUID]:
        with self._speaking():
            found = self._client.describe_topics(list(names)) if names else []
        there = [topic for topic in found if not topic["error_code"]]
        return {topic["name"]: UUID(str(topic["topic_id"])) for topic in there}

    def set_passwords(self, passwords: Mapping[str, str], mechanism: str = SCRAM) -> None:
        if not passwords:
            return
        changes = [
            UserScramCredentialUpsertion(user, mechanism, password)
            for user, password in passwords.items()
        ]
        with self._speaking():
            refused = {
                user: why
                for user, why in self._client.alter_user_scram_credentials(changes).items()
                if why
            }
            if refused:
                raise Fatal(f"Kafka refused users: {refused}")
            _until(lambda: passwords.keys() <= self._having(mechanism))

    def passwords(self) -> dict[str, set[str]]:
        with self._speaking():
            found = self._client.describe_user_scram_credentials()
        return {
            user: {one["mechanism"].name.replace("_", "-") for one in told["credential_infos"]}
            for user, told in found.items()
        }

    def remove_passwords(self, users: Collection[str], mechanism: str) -> None:
        there = self._having(mechanism) & set(users)
        if not there:
            return
        with self._speaking():
            self._client.alter_user_scram_credentials(
                [UserScramCredentialDeletion(user, mechanism) for user in there]
            )
            _until(lambda: not there & self._having(mechanism))

    def _having(self, mechanism: str) -> set[str]:
        return {user for user, held in self.passwords().items() if mechanism in held}

    def brokers(self) -> list[Broker]:
        with self._speaking():
            found = self._client.describe_cluster()["brokers"]
            disks = {one["broker"]: one["log_dirs"] for one in self._client.describe_log_dirs()}
            return [self._broker(one, disks) for one in found]

    def _broker(self, found: Mapping[str, Any], disks: Mapping[int, Any]) -> Broker:
        number = found["broker_id"]
        told = self._settings(ConfigResourceType.BROKER, [str(number)])[str(number)]
        rooms = [(one["usable_bytes"], one["total_bytes"]) for one in disks.get(number, ())]
        fullest = min((one for one in rooms if one[0] >= 0), default=(None, None))
        return Broker(
            number,
            found["host"],
            found["port"],
            tuple(self._client.get_broker_version_data(number).broker_version),
            told,
            *fullest,
        )

    def topics(self, names: Collection[str]) -> dict[str, Made]:
        with self._speaking():
            found = self._client.describe_topics(list(names)) if names else []
            there = {one["name"]: one["partitions"] for one in found if not one["error_code"]}
            settings = self._settings(ConfigResourceType.TOPIC, list(there))
        return {
            name: Made(
                len(partitions),
                min(len(one["replica_nodes"]) for one in partitions),
                settings[name],
            )
            for name, partitions in there.items()
        }

    def _settings(self, kind: Any, names: Sequence[str]) -> dict[str, dict[str, str]]:
        if not names:
            return {}
        asked = [ConfigResource(kind, name) for name in names]
        found = self._client.describe_configs(asked, config_filter="all")[kind.name.lower()]
        return {
            name: {key: one["value"] for key, one in told.items() if one["value"] is not None}
            for name, told in found.items()
        }

    def lacking(self, grants: Sequence[Grant]) -> list[Grant]:
        with self._speaking():
            given = self._acls()
        return [grant for grant in grants if _acl(grant) not in given]

    def allow(self, grants: Sequence[Grant]) -> None:
        if not grants:
            return
        wanted = [_acl(grant) for grant in grants]
        with self._speaking():
            failed = self._client.create_acls(wanted)["failed"]
            if failed:
                raise Fatal(f"Kafka refused rights: {', '.join(map(str, failed))}")
            _until(lambda: set(wanted) <= self._acls())

    def revoke(self, users: Collection[str]) -> None:
        filters = [_everything_of(user) for user in users]
        if filters:
            with self._speaking():
                self._client.delete_acls(filters)
                gone = {f"User:{user}" for user in users}
                _until(lambda: not any(acl.principal in gone for acl in self._acls()))

    def limit(self, quotas: Mapping[str, Quota]) -> None:
        if not quotas:
            return
        # Tuples: a dict would fail in the library's thread, and the call would wait for ever.
        entries = [([("user", user)], _quota_acts(quota)) for user, quota in quotas.items()]
        with self._speaking():
            answer = self._ask(AlterClientQuotasRequest(entries=entries, validate_only=False))
            refused = [one.error_message for one in answer.entries if one.error_code]
            if refused:
                raise Fatal(f"Kafka refused quotas: {refused[0]}")
            _until(lambda: quotas.items() <= self.quotas().items())

    def quotas(self) -> dict[str, Quota]:
        of_users = ("user", ANY_NAME, None)
        with self._speaking():
            answer = self._ask(DescribeClientQuotasRequest(components=[of_users], strict=True))
        if answer.error_code:
            raise Fatal(f"Kafka does not tell quotas: {answer.error_message}")
        found = {
            one.entity[0].entity_name: {each.key: each.value for each in one.values}
            for one in answer.entries or ()
        }
        return {
            user: Quota(**{name: int(values[key]) for name, key in QUOTA_KEYS.items()})
            for user, values in found.items()
            if values.keys() >= set(QUOTA_KEYS.values())
        }

    def _ask(self, request: Any) -> Any:
        """Send a request for which the library has no method of its own."""
        manager = self._client._manager  # noqa: SLF001

        async def send() -> Any:
            return await manager.send(request)

        return manager.run(send)

    def logs(self, names: Collection[str]) -> dict[str, Log]:
        with self._speaking():
            found = self._client.describe_topics(list(names)) if names else []
            there = [topic for topic in found if not topic["error_code"]]
            places = [
                TopicPartition(topic["name"], partition["partition_index"])
                for topic in there
                for partition in topic["partitions"]
            ]
            firsts = self._offsets(places, OffsetSpec.EARLIEST)
            ends = self._offsets(places, OffsetSpec.LATEST)
        bounds: defaultdict[str, dict[int, tuple[int, int]]] = defaultdict(dict)
        for at in places:
            bounds[at.topic][at.partition] = firsts[at], ends[at]
        return {
            topic["name"]: Log(UUID(str(topic["topic_id"])), bounds[topic["name"]])
            for topic in there
        }

    def reported(self, group: str) -> dict[InboxPartition, Reported]:
        with self._speaking():
            try:
                found = self._client.list_group_offsets({group: None})[group]
            except NO_COORDINATOR:  # the brokers never had a group, or have just started
                return {}
        return {
            InboxPartition(*place): Reported(told.offset, told.metadata or "")
            for place, told in found.items()
        }

    def written_at(
        self, places: Mapping[Place, int], patience: float = 5.0
    ) -> dict[Place, datetime]:
        if not places:
            return {}
        with self._speaking(), closing(self._reader()) as reader:
            reader.assign([TopicPartition(*place) for place in places])
            for place, offset in places.items():
                reader.seek(TopicPartition(*place), offset)
            return _first_times(reader, len(places), patience)

    def cut(self, names: Collection[str], before: datetime) -> dict[Place, int]:
        logs = self.logs(names)
        places = [
            TopicPartition(name, number) for name, log in logs.items() for number in log.bounds
        ]
        with self._speaking():
            newer = self._offsets(places, int(before.timestamp() * 1000))
            begin = {}
            for place in places:
                first, end = logs[place.topic].bounds[place.partition]
                offset = newer.get(place, -1)
                to = offset if offset >= 0 else end  # -1: nothing is newer
                if to > first:
                    begin[place] = to
            if begin:
                self._client.delete_records(begin)
        return {(place.topic, place.partition): to for place, to in begin.items()}

    def _offsets(self, places: Sequence[TopicPartition], which: int) -> dict[TopicPartition, int]:
        asked = dict.fromkeys(places, which)
        found = self._client.list_partition_offsets(asked) if asked else {}
        return {place: at.offset for place, at in found.items()}

    def _reader(self) -> Any:
        return self._open(
            KafkaConsumer,
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="none",
            max_partition_fetch_bytes=SMALL_FETCH,
            allow_auto_create_topics=False,
            metrics_enabled=False,
        )

    def _open(self, make: Callable[..., Any], **settings: Any) -> Any:
        """A client of the library; our errors where the brokers do not let us in."""
        try:
            return Line(self._access, self._patience).open(make, **settings)
        except loop_errors.Retry as error:
            raise Retry(str(error)) from error
        except loop_errors.LoopError as error:
            raise Fatal(str(error)) from error

    def _acls(self) -> set[ACL]:
        found, _ = self._client.describe_acls(_everything_of(None))
        return set(found)

    @contextmanager
    def _speaking(self) -> Iterator[None]:
        """Turn kafka-python's errors into ours."""
        try:
            yield
        except (KafkaConnectionError, KafkaTimeoutError) as error:
            raise Retry(
                f"Kafka at {self._access.bootstrap_servers} went away ({type(error).__name__})"
            ) from error
        except KafkaError as error:
            raise Fatal(f"Kafka said no: {error}") from error


def _first_times(reader: Any, wanted: int, patience: float) -> dict[Place, datetime]:
    """The time of the first message of each partition that a reader reads."""
    end = time.monotonic() + patience
    found: dict[Place, datetime] = {}
    while len(found) < wanted and time.monotonic() < end:
        for at, messages in reader.poll(timeout_ms=200).items():
            found[at.topic, at.partition] = datetime.fromtimestamp(
                messages[0].timestamp / 1000, UTC
            )
            reader.pause(at)
    return found


def _await_port(servers: str, end: float) -> None:
    """Wait until a broker takes connections; kafka-python leaks the socket of a refused one."""
    while not any(_answers(server) for server in servers.split(",")):
        if time.monotonic() > end:
            raise Retry(f"no Kafka answers at {servers}")
        time.sleep(0.1)


def _answers(server: str) -> bool:
    host, _, port = server.strip().rpartition(":")
    try:
        with socket.create_connection((host, int(port)), timeout=2):
            return True
    except (OSError, ValueError):
        return False


def _acl(grant: Grant) -> ACL:
    kind = ACLResourcePatternType.PREFIXED if grant.prefixed else ACLResourcePatternType.LITERAL
    return ACL(
        principal=f"User:{grant.user}",
        host="*",
        operation=OPERATIONS[grant.operation],
        permission_type=ACLPermissionType.ALLOW,
        resource_pattern=ResourcePattern(RESOURCES[grant.resource], grant.name, kind),
    )


def _quota_acts(quota: Quota) -> list[tuple[str, float, bool]]:
    return [(key, float(getattr(quota, name)), False) for name, key in QUOTA_KEYS.items()]


def _everything_of(user: str | None) -> ACLFilter:
    """Every ACL of one user, or of all."""
    return ACLFilter(
        principal=None if user is None else f"User:{user}",
        host=None,
        operation=ACLOperation.ANY,
        permission_type=ACLPermissionType.ANY,
        resource_pattern=ResourcePatternFilter(ResourceType.ANY, None, ACLResourcePatternType.ANY),
    )


def _until(visible: Callable[[], bool], patience: float = 30.0) -> None:
    """Wait until the brokers show what they accepted: they answer before all of them know it."""
    end = time.monotonic() + patience
    while not visible():
        if time.monotonic() > end:
            raise Retry(f"Kafka accepted a change and does not show it after {patience:.0f} s")
        time.sleep(0.05)
