"""Where a platform team makes users, topics and roles: the commands make what Jejak would make."""

import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import pytest

from jejak import byhand, foundations, issuing, provisioning
from jejak.addresses import PostgresAddress
from jejak.embedded.kafka import OPERATOR
from jejak.embedded.postgres import programs
from jejak.errors import Refuse
from jejak.foundations import own_grants
from jejak.home import Secrets
from jejak.kafka_admin import Grant, Topic
from jejak.provisioning import NewParty, grants_of, topics_of
from jejak.services import OWN_USERS, Services
from jejak_lrs import database, migrations, roles
from jejak_schemas import topics
from tests.services import QUOTA, Postgres, in_containers, running_postgres

pytestmark = pytest.mark.integration

PARTY = NewParty("4951", "A", ("agency",), partitions=3)
TOOLS = ("configs", "topics", "acls")
RESOURCES = {flag: kind for kind, flag in byhand.FLAGS.items()}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Postgres]:
    """A server where nothing of ours is yet: roles belong to a whole server."""
    with running_postgres()(tmp_path) as found:
        yield found


def services(folder: Path, postgres: PostgresAddress = PostgresAddress("127.0.0.1", 1)) -> Services:  # noqa: B008  frozen
    return Services(
        secrets=Secrets(folder), postgres=postgres, public_postgres=postgres,
        superuser="postgres", bootstrap_servers="kafka-1:9092,kafka-2:9092", public_servers="",
        security_protocol="SASL_SSL", ssl_cafile="", operator=OPERATOR, quota=QUOTA,
    )  # fmt: skip


def test_the_statements_make_roles_and_database_that_jejak_can_live_in(
    server: Postgres, tmp_path: Path
) -> None:
    ours = services(tmp_path / "it's secret", server.address)
    ours.secrets.folder.mkdir(mode=0o700)
    made = [*byhand.for_foundations(ours), *byhand.for_party(ours, PARTY)]
    run(server, [line for line in made if line.startswith("psql")])
    migrations.migrate(ours.dsn(roles.MIGRATOR))
    for role in roles.LOGINS:
        with closing(database.connect(ours.dsn(role))) as connection:
            held = dict(
                line.split("=", 1)
                for (lines,) in connection.execute(
                    "SELECT rolconfig FROM pg_roles WHERE rolname = current_user"
                )
                for line in lines
            )
            assert held == roles.defaults(role)
            assert roles.too_strong(connection) == []
    access = issuing.agency_access(ours, PARTY.code)
    with closing(database.connect(access.database_url.get_secret_value())) as connection:
        assert connection.execute("SHOW default_transaction_read_only").fetchall() == [("on",)]
    if not in_containers():  # there the server's log is the engine's
        assert "PASSWORD" not in (tmp_path / "postgres.log").read_text("utf-8")


def run(server: Postgres, lines: list[str]) -> None:
    """As an administrator would, who has signed in already."""
    environment = {
        **os.environ, "PATH": f"{programs()}{os.pathsep}{os.environ['PATH']}",
        "PGHOST": server.address.host, "PGPORT": str(server.address.port),
        "PGUSER": server.user, "PGPASSWORD": server.password,
    }  # fmt: skip
    done = subprocess.run(
        ["bash"], input=byhand.script(lines), env=environment, text=True, capture_output=True,
        check=False, timeout=60,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")


def test_the_commands_make_the_same_topics_rights_and_quotas(tmp_path: Path) -> None:
    ours = services(tmp_path)
    lines = [*byhand.for_foundations(ours), *byhand.for_party(ours, PARTY)]
    kafka = [line for line in lines if line.startswith("kafka-")]
    assert all(f"--bootstrap-server {ours.bootstrap_servers} " in line for line in kafka)
    said = {tool: [line for line in kafka if line.startswith(f"kafka-{tool}.sh")] for tool in TOOLS}
    assert list(map(topic_of, said["topics"])) == [
        Topic(topics.CHECKPOINTS, 1, topics.CHECKPOINTS_KEPT), *topics_of(PARTY)
    ]  # fmt: skip
    assert list(map(grant_of, said["acls"])) == [*own_grants(), *grants_of(PARTY)]
    users = [*OWN_USERS, PARTY.code, PARTY.code]
    assert [line.rpartition(" ")[2] for line in said["configs"]] == users


def topic_of(line: str) -> Topic:
    words = shlex.split(line)
    settings = dict(after.split("=", 1) for flag, after in pairs(words) if flag == "--config")
    told = dict(pairs(words))
    return Topic(told["--topic"], int(told["--partitions"]), settings)


def grant_of(line: str) -> Grant:
    words = shlex.split(line)
    told = dict(pairs(words))
    (flag,) = RESOURCES.keys() & told.keys()
    return Grant(
        user=told["--allow-principal"].removeprefix("User:"),
        operation=told["--operation"].lower(),  # type: ignore[arg-type]
        resource=RESOURCES[flag],  # type: ignore[arg-type]
        name=told[flag],
        prefixed="--resource-pattern-type" in told,
    )


def pairs(words: list[str]) -> Iterator[tuple[str, str]]:
    yield from pairwise(words)


def test_no_password_stands_in_a_command(tmp_path: Path) -> None:
    ours = services(tmp_path)
    text = byhand.script([*byhand.for_foundations(ours), *byhand.for_party(ours, PARTY)])
    secrets = [path.read_text("utf-8").strip() for path in tmp_path.iterdir()]
    assert len(secrets) == len(OWN_USERS) + len(roles.LOGINS) + 2
    assert [secret for secret in secrets if secret in text] == []
    assert subprocess.run(["bash", "-n"], input=text, text=True, check=False).returncode == 0


def test_the_rest_is_done_without_such_rights_once_that_is_there(
    front: Services, tmp_path: Path
) -> None:
    with pytest.raises(Refuse, match=r"jejak\.inbox\.4951 is not there"):
        provisioning.add_parties(front, tmp_path, [PARTY], lambda _: None, prepared=True)
    provisioning.add_parties(front, tmp_path / "theirs", [PARTY], lambda _: None)
    told: list[object] = []
    (made,) = provisioning.add_parties(front, tmp_path, [PARTY], told.extend, prepared=True)
    assert told == [PARTY]
    assert (tmp_path / "4951.toml").exists()
    assert made.kafka.username == "4951"
    assert re.fullmatch(r"[\w.]+", str(made.topics.inbox))
    foundations.prepare(front, prepared=True)
