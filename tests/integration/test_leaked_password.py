"""With a party's password, a plain client can write its inbox and read its receipts, and no more.

kafka-python as an attacker would use it, who knows all names; each act is tried, each is refused.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import (
    ACL,
    ACLFilter,
    ACLOperation,
    ACLPermissionType,
    ACLResourcePatternType,
    ConfigResource,
    ConfigResourceType,
    ResourcePattern,
    ResourcePatternFilter,
    ResourceType,
    UserScramCredentialUpsertion,
)
from kafka.errors import KafkaError, TopicAuthorizationFailedError

from jejak import provisioning
from jejak.foundations import PUBLISHER_TRANSACTIONS, RECORDER_GROUP
from jejak.provisioning import NewParty
from jejak.services import Services
from jejak_schemas import kafka_python, topics
from jejak_schemas.credentials import Credentials

pytestmark = pytest.mark.integration

MINE, THEIRS = NewParty("pa-leaky", "L", ("provider",)), NewParty("4941", "V", ("agency",))
FOREIGN = [*filter(None, THEIRS.topics.model_dump().values())]
REFUSED = "Authorization"
# As the brokers say it: codes 29 and 31 (Kafka protocol guide, error codes), or in words.
FORBIDDEN = re.compile(r"Authorization|error_code'?[=:] ?(29|31)\b|needs ALTER permission")
# Where the library leaves the refusal out, the answer is empty.
SHOWN_NOTHING = {
    "read a broker's settings": "{'broker': {'1': {}}}",
    "see disks": "[{'broker': 1, 'log_dirs': []}]",
}


@pytest.fixture
def leaked(front: Services, tmp_path: Path) -> Credentials:
    (mine, _) = provisioning.add_parties(front, tmp_path, [MINE, THEIRS], lambda _parties: None)
    return mine


def login(leaked: Credentials) -> dict[str, Any]:
    """As kafka-python takes it."""
    return kafka_python.settings(leaked.kafka)


def refused(act: Callable[[], object]) -> bool:
    """Whether the brokers forbid it: by an error, or in the answer's own words."""
    try:
        return REFUSED in str(act())
    except KafkaError as error:
        return REFUSED in type(error).__name__ + str(error)


def test_it_writes_no_topic_but_its_inbox(leaked: Credentials) -> None:
    with closing(KafkaProducer(**login(leaked), acks="all")) as producer:
        producer.send(MINE.topics.inbox, b"mine").get(10)
        own, ours = MINE.topics.receipts, ("__consumer_offsets", "jejak.inbox.new")
        targets = [*FOREIGN, own, topics.CHECKPOINTS, *ours]
        done = {
            topic: refused(lambda to=topic: producer.send(to, b"x").get(10)) for topic in targets
        }
    assert [topic for topic, is_refused in done.items() if not is_refused] == []


def test_it_reads_no_topic_but_its_receipts(leaked: Credentials) -> None:
    names = [*FOREIGN, "__consumer_offsets", "__transaction_state"]
    with closing(KafkaAdminClient(**login(leaked))) as admin:
        said = {one["name"]: one["error_code"] for one in admin.describe_topics(names)}
    # Kafka lets nobody read what he may not even describe.
    assert said == dict.fromkeys(names, TopicAuthorizationFailedError.errno)
    with closing(KafkaConsumer(**login(leaked), group_id="pa-leaky.sdk")) as consumer:
        # Checkpoints are for everybody: whoever keeps one can hold us to it.
        public = {topics.CHECKPOINTS}
        assert consumer.topics() == {MINE.topics.inbox, MINE.topics.receipts} | public


def test_it_does_not_even_read_its_own_inbox_back(leaked: Credentials) -> None:
    """Which it may describe, to write to it; what its people wrote stays unread."""
    with closing(KafkaProducer(**login(leaked), acks="all")) as producer:
        producer.send(MINE.topics.inbox, b"a NIP", partition=0).get(10)
    with closing(KafkaConsumer(**login(leaked), group_id=None)) as consumer:
        consumer.assign([TopicPartition(str(MINE.topics.inbox), 0)])
        consumer.seek_to_beginning()
        assert refused(lambda: consumer.poll(timeout_ms=5_000))


def test_it_joins_no_group_but_its_own(leaked: Credentials) -> None:
    offsets = {TopicPartition(str(MINE.topics.receipts), 0): None}
    with closing(KafkaAdminClient(**login(leaked))) as admin:
        for group in (RECORDER_GROUP, "4941.sdk", "jejak-recorder-2", ""):
            assert refused(lambda g=group: admin.list_group_offsets({g: offsets})), group
            assert refused(lambda g=group: admin.delete_groups([g])), group


def test_it_opens_no_transaction(leaked: Credentials) -> None:
    for name in (PUBLISHER_TRANSACTIONS, "pa-leaky", "anything"):
        producer = KafkaProducer(**login(leaked), transactional_id=name)
        try:
            assert refused(producer.init_transactions), name
        finally:
            with suppress(KafkaError):
                producer.close(timeout=1)


def acts(admin: KafkaAdminClient) -> Iterator[tuple[str, Callable[[], object]]]:
    """What an administrator may do, and nobody else."""
    inbox, receipts = str(MINE.topics.inbox), str(MINE.topics.receipts)
    theirs = str(THEIRS.topics.inbox)
    everything = ACLFilter(
        principal=None, host=None, operation=ACLOperation.ANY,
        permission_type=ACLPermissionType.ANY,
        resource_pattern=ResourcePatternFilter(ResourceType.ANY, None, ACLResourcePatternType.ANY),
    )  # fmt: skip
    all_topics = ACL(
        principal=f"User:{MINE.code}", host="*", operation=ACLOperation.ALL,
        permission_type=ACLPermissionType.ALLOW,
        resource_pattern=ResourcePattern(ResourceType.TOPIC, "*"),
    )  # fmt: skip
    topic = ConfigResource(ConfigResourceType.TOPIC, inbox, {"retention.ms": "1"})
    broker = ConfigResource(ConfigResourceType.BROKER, "1", {"log.cleaner.threads": "2"})
    yield "make a topic", lambda: admin.create_topics({"mine.too": {}}, raise_errors=False)
    yield "delete its inbox", lambda: admin.delete_topics([inbox], raise_errors=False)
    yield "delete another's inbox", lambda: admin.delete_topics([theirs], raise_errors=False)
    yield "widen its inbox", lambda: admin.create_partitions({inbox: 9}, raise_errors=False)
    yield "delete records", lambda: admin.delete_records({TopicPartition(inbox, 0): 0})
    yield "delete its receipts", lambda: admin.delete_records({TopicPartition(receipts, 0): 0})
    yield "shorten retention", lambda: admin.alter_configs([topic], raise_on_unknown=False)
    yield "set a broker", lambda: admin.alter_configs([broker], raise_on_unknown=False)
    yield "read a broker's settings", lambda: admin.describe_configs([broker])
    yield "see rights", lambda: admin.describe_acls(everything)
    yield "give itself rights", lambda: admin.create_acls([all_topics])
    yield "take rights", lambda: admin.delete_acls([everything])
    yield (
        "change the operator's password",
        lambda: admin.alter_user_scram_credentials(
            [UserScramCredentialUpsertion("operator", "SCRAM-SHA-512", "mine")]
        ),
    )
    yield "elect leaders", lambda: admin.elect_leaders(0, {inbox: [0]})
    yield "see disks", admin.describe_log_dirs
    yield "see the quorum", admin.describe_metadata_quorum


def test_it_administers_nothing(leaked: Credentials) -> None:
    with closing(KafkaAdminClient(**login(leaked))) as admin:
        done = {name: outcome_of(act) for name, act in acts(admin)}
    assert {
        name: said for name, said in done.items() if not FORBIDDEN.search(said)
    } == SHOWN_NOTHING


def outcome_of(act: Callable[[], object]) -> str:
    try:
        return str(act())
    except KafkaError as error:
        return f"{type(error).__name__} {error}"
