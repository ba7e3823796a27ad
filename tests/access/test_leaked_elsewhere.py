"""With a party's password, clients that are not ours and not Python are refused everything else.

Opt-in (`make test-access`): needs Go and a JDK. `leaked-go` sends the protocol's requests as they
are, `leaked-java` does what Kafka's own clients do; each says what became of every act.
`tests/integration/test_leaked_password.py` does it with kafka-python.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import closing
from itertools import product
from pathlib import Path

import pytest
from kafka import KafkaConsumer, TopicPartition
from kafka.structs import OffsetAndMetadata

from jejak import provisioning
from jejak.embedded import jars
from jejak.embedded.java import find_java
from jejak.foundations import PUBLISHER_TRANSACTIONS, RECORDER_GROUP, prepare_kafka
from jejak.home import default_cache
from jejak.kafka_admin import connected
from jejak.provisioning import NewParty
from jejak.services import Services
from jejak_schemas import kafka_python, topics
from tests.brokers import Brokers
from tests.services import Database, Kafka, running_kafka, services_on

HERE = Path(__file__).parent
MINE, THEIRS = NewParty("pa-abroad", "P", ("provider",)), NewParty("4971", "V", ("agency",))
THEIR_GROUP = f"{THEIRS.code}.sdk"

FOREIGN = (
    "their-inbox their-receipts their-changes their-profiles consumer-offsets transaction-state"
)
TOPICS = f"{FOREIGN} own-inbox own-receipts checkpoints"
GROUPS = "their-group our-group"
TRANSACTIONS = "our-transaction own-transaction"


def each(acts: str, things: str) -> set[str]:
    """Every act on every thing."""
    return {f"{act}-{thing}" for act, thing in product(acts.split(), things.split())}


def outcomes(**names: set[str]) -> dict[str, str]:
    """What is said of each act: by the error that denies it, or that it is allowed."""
    return {
        name: "ALLOWED" if error == "ALLOWED" else f"denied {error}"
        for error, acts in names.items()
        for name in acts
    }


BY_BOTH = outcomes(
    # Without these three a refusal would say nothing. Checkpoints are for everybody.
    ALLOWED={"write-own-inbox", "read-own-receipts", "read-checkpoints"},
    TOPIC_AUTHORIZATION_FAILED=(
        each("write read see see-size-of see-producers-of", FOREIGN)
        | each("write", "own-receipts checkpoints")
        | each("read see-producers-of", "own-inbox")
        | each("see-settings-of set widen delete-records-of delete", TOPICS)
        | {"make-a-topic"}
    ),
    GROUP_AUTHORIZATION_FAILED=(
        each("join leave see see-offsets-of set-offsets-of delete delete-offsets-of", GROUPS)
        | {f"{act}-as-{kind}" for act in each("join", GROUPS) for kind in ("consumer", "share")}
    ),
    TRANSACTIONAL_ID_AUTHORIZATION_FAILED=each("open see", TRANSACTIONS),
    CLUSTER_AUTHORIZATION_FAILED=(
        each("see", "rights passwords quotas a-broker what-can-be-set moves disks the-quorum")
        | each("set", "own-quota their-quota an-own-password a-password-of-the-operator")
        | each("set", "a-broker all-brokers a-broker-s-log features")
        | {"give-itself-rights", "take-rights", "delete-their-password"}
        | {"elect-leaders", "move-partitions", "move-between-disks", "unregister-a-broker"}
        | {"join-the-quorum", "shrink-the-quorum", "mark-a-transaction-ended"}
    ),
    DELEGATION_TOKEN_AUTH_DISABLED={"make-a-token"},
    NOTHING_SHOWN=each("list", "topics groups transactions"),
)
GO = BY_BOTH | outcomes(
    ALLOWED={f"{act}-unasked" for act, said in BY_BOTH.items() if said == "ALLOWED"},
    TOPIC_AUTHORIZATION_FAILED=(
        {f"{act}-unasked" for act in each("write read", FOREIGN) | {"read-own-inbox"}}
        | {"write-own-receipts-unasked", "write-checkpoints-unasked"}
        | {"read-their-inbox-by-id", "read-their-inbox-as-a-broker"}
        | each("see-epochs-of", FOREIGN)
        | {f"{act}-the-old-way" for act in each("set", TOPICS)}
    ),
    GROUP_AUTHORIZATION_FAILED=each("find", GROUPS),
    TRANSACTIONAL_ID_AUTHORIZATION_FAILED=each(
        "find write-in set-offsets-in commit-offsets-in end", TRANSACTIONS
    ),
    CLUSTER_AUTHORIZATION_FAILED=(
        {"see-share-state", "delete-share-state", "write-in-our-transaction-as-a-broker"}
    ),
    NOTHING_SHOWN={"list-partitions"},
)
JAVA = BY_BOTH | outcomes(TRANSACTIONAL_ID_AUTHORIZATION_FAILED=each("fence", TRANSACTIONS))

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(shutil.which("go") is None, reason="there is no Go here"),
    pytest.mark.skipif(shutil.which("javac") is None, reason="there is no JDK here"),
]


@pytest.fixture
def told(kafka: Kafka, front: Services, tmp_path: Path) -> dict[str, str]:
    return names_on(kafka, front, tmp_path)


@pytest.fixture
def told_all(database: Database, tmp_path: Path) -> Iterator[dict[str, str]]:
    """The same with the operator's password, on a broker that nobody needs afterwards."""
    with running_kafka()(tmp_path) as own:
        front = services_on(own, database, tmp_path / "secrets")
        with connected(own.operator) as admin:
            prepare_kafka(front, admin)
        login = {"USERNAME": own.operator.username, "PASSWORD": own.password}
        yield names_on(own, front, tmp_path) | login


def names_on(kafka: Kafka, front: Services, folder: Path) -> dict[str, str]:
    """What may be known besides a password: every name. Behind each of them is something."""
    (mine, _) = provisioning.add_parties(front, folder, [MINE, THEIRS], lambda _parties: None)
    theirs = {name: topic for name, topic in THEIRS.topics.model_dump().items() if topic}
    there = Brokers(kafka.operator)
    for topic in (MINE.topics.receipts, topics.CHECKPOINTS, theirs["receipts"], theirs["changes"]):
        there.write(topic, [b"secret"], PUBLISHER_TRANSACTIONS)
    for group in (THEIR_GROUP, RECORDER_GROUP):
        with closing(
            KafkaConsumer(**kafka_python.settings(kafka.operator), group_id=group)
        ) as reader:
            reader.commit({TopicPartition(theirs["receipts"], 0): OffsetAndMetadata(0, "", -1)})
    with connected(kafka.operator) as admin:
        inbox_id = admin.logs([theirs["inbox"]])[theirs["inbox"]].topic_id
    return os.environ | {
        "BOOTSTRAP": mine.kafka.bootstrap_servers,
        "MECHANISM": mine.kafka.sasl_mechanism,
        "USERNAME": mine.kafka.username,
        "PASSWORD": mine.kafka.password.get_secret_value(),
        "OWN_INBOX": str(MINE.topics.inbox), "OWN_RECEIPTS": str(MINE.topics.receipts),
        **{f"THEIR_{name.upper()}": topic for name, topic in theirs.items()},
        "THEIR_INBOX_ID": inbox_id.hex,
        "THEIR_USER": THEIRS.code, "THEIR_GROUP": THEIR_GROUP, "OUR_GROUP": RECORDER_GROUP,
        "TRANSACTION": PUBLISHER_TRANSACTIONS, "CHECKPOINTS": topics.CHECKPOINTS,
    }  # fmt: skip


def said_by(*command: str | Path, told: dict[str, str]) -> dict[str, str]:
    """What a program says of each act; it must end well."""
    done = subprocess.run(
        command, env=told, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return dict(line.split(": ", 1) for line in done.stdout.splitlines())


@pytest.fixture
def leaked_go(tmp_path: Path) -> Path:
    built = tmp_path / "leaked"
    subprocess.run(["go", "build", "-o", built, "."], cwd=HERE / "leaked-go", check=True)
    return built


def test_a_program_in_go_is_refused_all_else(leaked_go: Path, told: dict[str, str]) -> None:
    assert said_by(leaked_go, told=told) == GO


def test_the_same_program_is_refused_nothing_with_the_operators_password(
    leaked_go: Path, told_all: dict[str, str]
) -> None:
    """It was for want of a right, then. Nobody at all is given a token: brokers have them off."""
    done = said_by(leaked_go, told=told_all)
    assert done.keys() == GO.keys()
    assert {act for act, said in done.items() if said.startswith("denied")} == {"make-a-token"}


def test_a_program_in_java_is_refused_all_else(told: dict[str, str]) -> None:
    cache = Path(os.environ.get("JEJAK_CACHE") or default_cache())
    path = jars.class_path(jars.fetched(cache, jars.locked(), print))
    java = (find_java(os.environ), "-Dorg.apache.logging.log4j.level=OFF", "-cp", path)
    assert said_by(*java, HERE / "leaked-java/Leaked.java", told=told) == JAVA
